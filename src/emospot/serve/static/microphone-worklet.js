/* Runs on the browser's audio thread: what the microphone hears becomes pieces of a tenth
   of a second, 16 kHz, mono, 16-bit, with the level of each. */

import { Resampler, TARGET } from "./resampler.js";

const PIECE = TARGET / 10;

class Microphone extends AudioWorkletProcessor {
  constructor() {
    super();
    this.resampler = sampleRate === TARGET ? null : new Resampler(sampleRate);
    this.piece = new Int16Array(PIECE);
    this.filled = 0;
    this.power = 0;
  }

  process([channels]) {
    if (channels.length) this.take(mono(channels));
    return true;
  }

  take(heard) {
    for (const sample of this.resampler ? this.resampler.add(heard) : heard) {
      const limited = Math.max(-1, Math.min(1, sample));
      this.piece[this.filled] = Math.round(limited * 32767);
      this.power += limited * limited;
      this.filled += 1;
      if (this.filled === PIECE) this.hand();
    }
  }

  hand() {
    const level = Math.sqrt(this.power / PIECE);
    this.port.postMessage({ pcm: this.piece.buffer, level }, [this.piece.buffer]);
    this.piece = new Int16Array(PIECE);
    this.filled = 0;
    this.power = 0;
  }
}

function mono(channels) {
  if (channels.length === 1) return channels[0];
  return channels[0].map((_, i) => channels.reduce((sum, channel) => sum + channel[i], 0) / channels.length);
}

registerProcessor("microphone", Microphone);
