/** What the network answers for each frame, laid out as in transcriber/outputs.py. */

import { PITCHES } from "./timing";

export const WIDTH = 5 * PITCHES + 1;
export const VELOCITY_SCALE = 128.0;

const FRAME = PITCHES;
const OFFSET = 2 * PITCHES;
const VELOCITY = 3 * PITCHES;
const SHIFT = 4 * PITCHES;
const PEDAL = 5 * PITCHES;

/** Answers for consecutive frames: a view into one array of rows. Keys are numbered 0..87. */
export class Activations {
  readonly length: number;

  constructor(private readonly rows: Float32Array) {
    this.length = rows.length / WIDTH;
  }

  onset(t: number, key: number): number {
    return this.rows[t * WIDTH + key];
  }

  frame(t: number, key: number): number {
    return this.rows[t * WIDTH + FRAME + key];
  }

  offset(t: number, key: number): number {
    return this.rows[t * WIDTH + OFFSET + key];
  }

  velocity(t: number, key: number): number {
    return this.rows[t * WIDTH + VELOCITY + key];
  }

  shift(t: number, key: number): number {
    return this.rows[t * WIDTH + SHIFT + key];
  }

  pedal(t: number): number {
    return this.rows[t * WIDTH + PEDAL];
  }
}
