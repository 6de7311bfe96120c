/**
 * Samples in, events out: the twin of transcriber/stream.py. Any way of cutting the samples into
 * pushes gives the same events, by test.
 */

import { NoteDecoder, type DecoderState } from "./decoder";
import type { Event } from "./events";
import type { ModelInfo } from "./model";
import type { Memory, Network } from "./network";
import { PedalDecoder, type PedalState } from "./pedal";
import type { FrameClock } from "./timing";

/** Most frames given to the network at once: more would cost memory and gain no speed. */
export const BLOCK_FRAMES = 64;

/** One stream of one model. Pushes must not overlap: each is awaited before the next. */
export class Transcriber {
  /** Samples pushed so far. */
  samples = 0;
  private readonly clock: FrameClock;
  private readonly notes: NoteDecoder;
  private readonly pedal: PedalDecoder;
  private rest = new Float32Array(0);
  private memory: Memory | null = null;
  private notesState: DecoderState | null = null;
  private pedalState: PedalState | null = null;
  private finished = false;

  constructor(
    info: ModelInfo,
    private readonly network: Network,
  ) {
    this.clock = info.clock;
    this.notes = new NoteDecoder(info.decoder, this.clock);
    this.pedal = new PedalDecoder(info.decoder.pedal_threshold, this.clock);
  }

  /** Hears samples (mono, 16 kHz, full scale 1.0) and returns the events they decide. */
  async push(samples: Float32Array): Promise<Event[]> {
    if (this.finished) throw new Error("the stream was finished: start a new Transcriber");
    this.samples += samples.length;
    return this.hear(samples);
  }

  /** Ends the stream: decides what the look-ahead held back, ends open notes and the pedal. */
  async finish(): Promise<Event[]> {
    if (this.finished) return [];
    this.finished = true;
    const events = await this.hear(new Float32Array(this.clock.lookahead + this.clock.hop));
    events.push(...this.notes.finish(this.notesState, this.samples));
    events.push(...this.pedal.finish(this.pedalState, this.samples));
    return until(events, this.samples);
  }

  private async hear(samples: Float32Array): Promise<Event[]> {
    const sound = new Float32Array(this.rest.length + samples.length);
    sound.set(this.rest);
    sound.set(samples, this.rest.length);
    const whole = sound.length - (sound.length % this.clock.hop);
    const block = BLOCK_FRAMES * this.clock.hop;
    const events: Event[] = [];
    for (let start = 0; start < whole; start += block) {
      const piece = sound.slice(start, Math.min(start + block, whole));
      const [answers, memory] = await this.network.step(piece, this.memory);
      this.memory = memory;
      const [notes, notesState] = this.notes.step(answers, this.notesState);
      const [pedal, pedalState] = this.pedal.step(answers, this.pedalState);
      this.notesState = notesState;
      this.pedalState = pedalState;
      events.push(...merge(notes, pedal));
    }
    this.rest = sound.slice(whole);
    return events;
  }
}

/** Two lists in the order of decision as one; the pedal first where they are equal. */
function merge(notes: Event[], pedal: Event[]): Event[] {
  return [...pedal, ...notes].sort((a, b) => a.decided - b.decided);
}

/** Leaves out what begins at or after sample `end`, and ends everything there. */
function until(events: Event[], end: number): Event[] {
  const kept: Event[] = [];
  const phantom = new Set<number | "pedal">();
  for (const event of events) {
    const key = "pitch" in event ? event.pitch : "pedal";
    if (event.kind === "on" || event.kind === "down") {
      if (event.sample >= end) phantom.add(key);
      else kept.push(event);
    } else if (!phantom.delete(key)) {
      kept.push({ ...event, sample: Math.min(event.sample, end) });
    }
  }
  return kept;
}
