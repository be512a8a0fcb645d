/* Sound of any rate → 16 kHz, piece by piece, as if it were done in one go.

   A band-limited resampler in polyphase form. With the rates' ratio in lowest terms,
   from/to = M/L, output n lies at input position n·M/L, whose fractional part takes L
   values only. For each there is one row of taps

       h(t) = 2f · sinc(2f·t) · w(t),     t: distance in input samples,

   w a Kaiser window (β = 9: side lobes about 90 dB down) and f, in cycles an input sample, a
   little under half the lower of the two rates, so that nothing above 8 kHz folds down into
   speech. Each row is scaled to sum to 1: a constant stays the same constant. */

export const TARGET = 16000;

const ZEROS = 24; // zero crossings of the sinc on each side
const ROOM = 0.91; // of the band that is kept; the rest is the filter's slope
const BETA = 9;

function gcd(a, b) {
  return b ? gcd(b, a % b) : a;
}

// Modified Bessel function of order 0, by its power series.
function bessel(x) {
  let sum = 1;
  let term = 1;
  for (let k = 1; term > 1e-12 * sum; k += 1) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}

function sinc(x) {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}

function row(offset, half, cutoff) {
  const taps = new Float32Array(2 * half);
  let sum = 0;
  for (let k = 0; k < taps.length; k += 1) {
    const t = k - half + 1 - offset;
    const place = Math.min(1, Math.abs(t) / half);
    taps[k] = sinc(2 * cutoff * t) * bessel(BETA * Math.sqrt(1 - place * place));
    sum += taps[k];
  }
  return taps.map((tap) => tap / sum);
}

export class Resampler {
  /** `from`: the rate of what comes in, a whole number of samples a second. */
  constructor(from, to = TARGET) {
    const common = gcd(from, to);
    this.step = from / common;
    this.phases = to / common;
    const cutoff = (ROOM / 2) * Math.min(1, to / from);
    this.half = Math.ceil(ZEROS / (2 * cutoff));
    this.rows = new Array(this.phases);
    this.row = (phase) => (this.rows[phase] ??= row(phase / this.phases, this.half, cutoff));
    this.kept = new Float32Array(this.half - 1); // before the first sample was silence
    this.at = 0; // position of the next output in `kept`, as phase and whole samples
    this.phase = 0;
  }

  /** The next samples (Float32Array) → those at the new rate that are known by now. */
  add(samples) {
    const heard = new Float32Array(this.kept.length + samples.length);
    heard.set(this.kept);
    heard.set(samples, this.kept.length);
    const made = [];
    const width = 2 * this.half;
    while (this.at + width <= heard.length) {
      const taps = this.row(this.phase);
      let sum = 0;
      for (let k = 0; k < width; k += 1) sum += taps[k] * heard[this.at + k];
      made.push(sum);
      this.phase += this.step;
      this.at += Math.floor(this.phase / this.phases);
      this.phase %= this.phases;
    }
    const done = Math.min(this.at, heard.length);
    this.kept = heard.slice(done);
    this.at -= done;
    return Float32Array.from(made);
  }
}
