/**
 * Streaming conversion to 16 kHz by a windowed sinc, one row of taps per phase (J. O. Smith,
 * Digital Audio Resampling; the window is Kaiser's). The filter is symmetric and its delay is
 * compensated: a click at t seconds of the input lies at t seconds of the output, for any way of
 * cutting the stream. It holds back 2.5 ms at 44.1 and 48 kHz.
 *
 * Passband to 7.5 kHz; what folds back lies above 7.5 kHz and otherwise 80 dB down.
 */

import { SAMPLE_RATE } from "./timing";

const ATTENUATION_DB = 80;
const TRANSITION_HZ = 1000;
const KAISER_BETA = 0.1102 * (ATTENUATION_DB - 8.7);

export class Resampler {
  private readonly up: number;
  private readonly down: number;
  /** Taps on either side of an output's place. */
  private readonly half: number;
  private readonly taps: Float32Array[];
  /** Input from sample `first` on; what lies before the stream is silence. */
  private buffer: Float32Array;
  private first: number;
  private taken = 0;
  private given = 0;

  constructor(readonly rate: number) {
    const divisor = gcd(rate, SAMPLE_RATE);
    this.up = SAMPLE_RATE / divisor;
    this.down = rate / divisor;
    const share = Math.min(1, rate / SAMPLE_RATE);
    const width = (2 * Math.PI * TRANSITION_HZ * share) / rate;
    this.half = Math.ceil((ATTENUATION_DB - 8) / (2.285 * width) / 2);
    this.taps = rate === SAMPLE_RATE ? [] : this.design(share);
    this.buffer = new Float32Array(this.half);
    this.first = -this.half;
  }

  /** Seconds of input that the outputs given so far do not cover yet. */
  get heldS(): number {
    return Math.max(this.taken / this.rate - this.given / SAMPLE_RATE, 0);
  }

  /** Takes samples at `rate`; returns what is ready at 16 kHz. */
  push(samples: Float32Array): Float32Array {
    this.taken += samples.length;
    if (this.rate === SAMPLE_RATE) {
      this.given += samples.length;
      return samples;
    }
    return this.convert(samples, this.taken - this.half);
  }

  /** The samples held back; nothing may be pushed afterwards. */
  finish(): Float32Array {
    if (this.rate === SAMPLE_RATE) return new Float32Array(0);
    return this.convert(new Float32Array(this.half + 1), this.taken);
  }

  /** Outputs whose place in the input lies before sample `end`. */
  private convert(samples: Float32Array, end: number): Float32Array {
    const buffer = new Float32Array(this.buffer.length + samples.length);
    buffer.set(this.buffer);
    buffer.set(samples, this.buffer.length);
    const until = Math.max(Math.ceil((end * this.up) / this.down), this.given);
    const out = new Float32Array(until - this.given);
    for (let i = 0; i < out.length; i++) {
      const place = (this.given + i) * this.down;
      const taps = this.taps[place % this.up];
      const from = Math.floor(place / this.up) - this.half + 1 - this.first;
      let sum = 0;
      for (let k = 0; k < taps.length; k++) sum += taps[k] * buffer[from + k];
      out[i] = sum;
    }
    this.given = until;
    const needed = Math.floor((until * this.down) / this.up) - this.half + 1;
    const keep = Math.max(needed - this.first, 0);
    this.buffer = buffer.slice(keep);
    this.first += keep;
    return out;
  }

  /** One row of 2 * half taps for each of `up` places between two input samples. */
  private design(share: number): Float32Array[] {
    const cutoff = (share * SAMPLE_RATE) / this.rate; // in cycles per two input samples
    const rows: Float32Array[] = [];
    for (let phase = 0; phase < this.up; phase++) {
      const row = new Float64Array(2 * this.half);
      let sum = 0;
      for (let k = 0; k < row.length; k++) {
        const x = k - this.half + 1 - phase / this.up;
        const edge = x / this.half;
        const window = Math.abs(edge) < 1 ? bessel(KAISER_BETA * Math.sqrt(1 - edge * edge)) : 0;
        row[k] = sinc(cutoff * x) * window;
        sum += row[k];
      }
      rows.push(Float32Array.from(row, (tap) => tap / sum));
    }
    return rows;
  }
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}

/** Modified Bessel function of the first kind and order 0, by its power series. */
function bessel(x: number): number {
  let sum = 1;
  let term = 1;
  for (let k = 1; term > 1e-12 * sum; k++) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}
