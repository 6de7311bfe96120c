/** Time, as in transcriber/timing.py: an integer number of samples since the start of the stream. */

export const SAMPLE_RATE = 16_000;
export const LOWEST_PITCH = 21;
export const PITCHES = 88;
export const HIGHEST_PITCH = LOWEST_PITCH + PITCHES - 1;

/** Converts between samples and frames; the drawing is in transcriber/timing.py. */
export class FrameClock {
  constructor(
    readonly hop: number,
    readonly right: number,
    readonly delay: number,
  ) {}

  /** Algorithmic look-ahead in samples: window's right side + delay + one block. */
  get lookahead(): number {
    return this.right + this.delay * this.hop + this.hop;
  }

  /** Number of samples that must have arrived before `frame` can be computed. */
  availableAt(frame: number): number {
    return (frame + 1) * this.hop;
  }

  /** Sample that the outputs of `frame` speak about; negative in the first frames. */
  instant(frame: number): number {
    return (frame + 1) * this.hop - this.right - this.delay * this.hop;
  }
}

/** Rounds as Python does: halves go to the even neighbour. */
export function round(value: number): number {
  const below = Math.floor(value);
  const rest = value - below;
  if (rest !== 0.5) return Math.round(value);
  return below % 2 === 0 ? below : below + 1;
}
