/* The microphone as pieces of 16 kHz sound; what can go wrong with it, in words. */

import { TARGET } from "./resampler.js";

const REFUSED = {
  NotAllowedError: "The microphone was refused. Allow it for this page (the icon beside the address), then press Start again.",
  NotFoundError: "No microphone was found. Connect one, then press Start again.",
  NotReadableError: "The microphone cannot be opened: another program may be using it. Close that, then press Start again.",
};

/** Why there can be no microphone here, "" if there can. */
export function unavailable() {
  if (!window.isSecureContext) {
    return "Browsers give the microphone only to pages over HTTPS or from this machine itself. "
      + `Open the page as http://localhost:${location.port || 80} on the machine that serves it, or put HTTPS in front of it.`;
  }
  if (!navigator.mediaDevices?.getUserMedia || !window.AudioWorkletNode) {
    return "This browser cannot record sound in a page. A current Firefox, Chrome, Edge or Safari can.";
  }
  return "";
}

/**
 * Open the microphone.
 *
 * `onPiece(pcm, level)`: a tenth of a second, an ArrayBuffer of little-endian 16-bit
 * samples, and its level (root mean square, 0 to 1). `onEnded()`: it was unplugged.
 * Returns a function that closes it.
 */
export async function openMicrophone(onPiece, onEnded) {
  const stream = await granted();
  let context;
  try {
    context = await pipeline(stream, onPiece);
  } catch (error) {
    close(stream, null);
    throw new Error(`The sound of the microphone cannot be read here (${error.message}).`);
  }
  stream.getAudioTracks()[0].addEventListener("ended", onEnded);
  return () => close(stream, context);
}

async function granted() {
  // What makes speech pleasant to hear also takes out what is measured: loudness and timbre.
  const audio = { channelCount: 1, echoCancellation: false, noiseSuppression: false, autoGainControl: false };
  try {
    return await navigator.mediaDevices.getUserMedia({ audio });
  } catch (error) {
    throw new Error(REFUSED[error.name] ?? `The microphone cannot be opened (${error.message || error.name}).`);
  }
}

async function pipeline(stream, onPiece) {
  let context = new AudioContext({ sampleRate: TARGET });
  let source;
  try {
    source = context.createMediaStreamSource(stream);
  } catch {
    // Some browsers do not change a microphone's rate: the worklet then does.
    await context.close();
    context = new AudioContext();
    source = context.createMediaStreamSource(stream);
  }
  try {
    await context.audioWorklet.addModule("/static/microphone-worklet.js");
    const node = new AudioWorkletNode(context, "microphone", { numberOfOutputs: 0 });
    node.port.onmessage = ({ data }) => onPiece(data.pcm, data.level);
    source.connect(node);
    await context.resume();
  } catch (error) {
    await context.close();
    throw error;
  }
  return context;
}

function close(stream, context) {
  for (const track of stream.getTracks()) track.stop();
  if (context && context.state !== "closed") context.close();
}
