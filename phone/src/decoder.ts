/**
 * From activations to notes: the twin of transcriber/decoder.py, line by line, held equal to it by
 * tests/golden. Why it decides as it does is said there.
 *
 * NumPy compares a float32 with a Python number in float32, so thresholds are rounded to float32
 * wherever Python compares an array element, and only there.
 */

import type { Event } from "./events";
import { VELOCITY_SCALE, type Activations } from "./outputs";
import { LOWEST_PITCH, PITCHES, round, type FrameClock } from "./timing";

const REARM = 0.5;
const MAX_SHIFT = 1.5;

/** Thresholds stored in the model file; named as there. */
export interface DecoderSettings {
  onset_threshold: number;
  frame_threshold: number;
  offset_threshold: number;
  pedal_threshold: number;
  refractory: number;
  silent_frames: number;
  min_velocity: number;
}

interface Sounding {
  /** Sample of the strike. */
  since: number;
  /** Frame of the strike. */
  struck: number;
  /** Last frame in which the note sounded. */
  last: number;
}

export interface DecoderState {
  frame: number;
  sounding: Map<number, Sounding>;
  /** Keys struck lately, with the frame of the strike. */
  disarmed: Map<number, number>;
}

export class NoteDecoder {
  constructor(
    readonly settings: DecoderSettings,
    readonly clock: FrameClock,
  ) {}

  /** Decodes frames; the state of a stream is updated in place and returned. */
  step(activations: Activations, before: DecoderState | null): [Event[], DecoderState] {
    const state = before ?? { frame: 0, sounding: new Map(), disarmed: new Map() };
    const threshold = Math.fround(this.settings.onset_threshold);
    const events: Event[] = [];
    for (let t = 0; t < activations.length; t++) {
      this.rearm(activations, t, state);
      this.release(activations, t, state, events);
      for (let key = 0; key < PITCHES; key++) {
        if (activations.onset(t, key) >= threshold && !state.disarmed.has(key)) {
          this.strike(activations, t, key, state, events);
        }
      }
      state.frame += 1;
    }
    return [events, state];
  }

  /** Ends what still sounds at the end of a stream of `samples` samples. */
  finish(state: DecoderState | null, samples: number): Event[] {
    if (state === null) return [];
    const open = [...state.sounding].sort(([a], [b]) => a - b);
    state.sounding.clear();
    return open.map(([key, note]) => ({
      kind: "off",
      sample: Math.max(samples, note.since + 1),
      decided: samples,
      pitch: LOWEST_PITCH + key,
    }));
  }

  private rearm(activations: Activations, t: number, state: DecoderState): void {
    const quiet = Math.fround(this.settings.onset_threshold * REARM);
    for (const [key, since] of [...state.disarmed]) {
      const rested = state.frame - since >= this.settings.refractory;
      if (rested && activations.onset(t, key) < quiet) state.disarmed.delete(key);
    }
  }

  private release(activations: Activations, t: number, state: DecoderState, events: Event[]): void {
    const s = this.settings;
    const now = state.frame;
    const sounds = Math.fround(s.frame_threshold);
    const damped = Math.fround(s.offset_threshold);
    for (const [key, note] of [...state.sounding]) {
      let ended: number | null = null;
      if (activations.frame(t, key) >= sounds) note.last = now;
      else if (now - note.last >= s.silent_frames) ended = note.last + 1;
      if (activations.offset(t, key) >= damped && now - note.struck >= s.refractory) {
        ended = ended ?? now;
      }
      if (ended !== null) {
        const sample = Math.max(this.clock.instant(ended), note.since + 1);
        const decided = this.clock.availableAt(now);
        events.push({ kind: "off", sample, decided, pitch: LOWEST_PITCH + key });
        state.sounding.delete(key);
      }
    }
  }

  private strike(
    activations: Activations,
    t: number,
    key: number,
    state: DecoderState,
    events: Event[],
  ): void {
    const now = state.frame;
    let velocity = round(activations.velocity(t, key) * VELOCITY_SCALE);
    velocity = Math.min(127, Math.max(1, velocity));
    state.disarmed.set(key, now);
    if (velocity < this.settings.min_velocity) return;
    const shift = Math.min(Math.max(activations.shift(t, key), -MAX_SHIFT), MAX_SHIFT);
    let sample = Math.max(0, this.clock.instant(now) + round(shift * this.clock.hop));
    const decided = this.clock.availableAt(now);
    const pitch = LOWEST_PITCH + key;
    const before = state.sounding.get(key);
    if (before !== undefined) {
      sample = Math.max(sample, before.since + 1);
      state.sounding.delete(key);
      events.push({ kind: "off", sample, decided, pitch });
    }
    const confidence = activations.onset(t, key);
    events.push({ kind: "on", sample, decided, pitch, velocity, confidence });
    state.sounding.set(key, { since: sample, struck: now, last: now });
  }
}
