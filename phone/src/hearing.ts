/**
 * From blocks of the microphone to events on one clock, through gaps: as transcriber/hearing.py.
 *
 * The session's clock counts samples since the session began. Losing sound for up to `BRIDGED_S`
 * puts silence in its place; after a longer gap open notes are ended and a new stream begins
 * further on. Either way the clock moves by what is missing, and no note moves at all.
 */

import type { Event } from "./events";
import type { ModelInfo } from "./model";
import type { Network } from "./network";
import { Resampler } from "./resampling";
import { Transcriber } from "./stream";
import { SAMPLE_RATE } from "./timing";

/** Longest loss that is filled with silence. */
export const BRIDGED_S = 1.0;

export class Ear {
  /** Samples of the session's clock heard, or gone by unheard. */
  samples: number;
  /** Sample of the session's clock at which the present stream began. */
  private base: number;
  private stream: Transcriber;
  private resampler: Resampler;

  constructor(
    private readonly info: ModelInfo,
    private readonly network: Network,
    rate: number,
    begin = 0,
  ) {
    this.samples = this.base = begin;
    this.stream = new Transcriber(info, network);
    this.resampler = new Resampler(rate);
  }

  /** Takes a block at the microphone's rate: first what was lost before it, then its samples. */
  async hear(block: Float32Array, lostS = 0): Promise<Event[]> {
    const events: Event[] = [];
    if (lostS > BRIDGED_S) events.push(...(await this.skip(lostS)));
    else if (lostS > 0) {
      const silence = new Float32Array(Math.round(lostS * this.resampler.rate));
      events.push(...(await this.push(this.resampler.push(silence))));
    }
    // One NaN would stay in the network's memory for good.
    const sound = block.map((x) => (Number.isFinite(x) ? x : 0));
    events.push(...(await this.push(this.resampler.push(sound))));
    return events;
  }

  /** Ends what sounds, lets time go by unheard, and begins a new stream. */
  async skip(lostS = 0): Promise<Event[]> {
    const events = await this.push(this.resampler.finish());
    events.push(...this.onSession(await this.stream.finish()));
    this.samples += Math.round(lostS * SAMPLE_RATE);
    this.base = this.samples;
    this.stream = new Transcriber(this.info, this.network);
    this.resampler = new Resampler(this.resampler.rate);
    return events;
  }

  /** Sample of the session's clock that the last sample taken stands for. */
  get end(): number {
    return this.samples + this.resampler.heldS * SAMPLE_RATE;
  }

  private async push(samples: Float32Array): Promise<Event[]> {
    this.samples += samples.length;
    return this.onSession(await this.stream.push(samples));
  }

  private onSession(events: Event[]): Event[] {
    const base = this.base;
    if (base === 0) return events;
    return events.map((event) => ({
      ...event,
      sample: event.sample + base,
      decided: event.decided + base,
    }));
  }
}
