/** From the pedal probability to presses: the twin of transcriber/pedal.py. */

import type { Event } from "./events";
import type { Activations } from "./outputs";
import type { FrameClock } from "./timing";

const HYSTERESIS = 0.1;
const SHORTEST_FRAMES = 3;

export interface PedalState {
  frame: number;
  down: boolean;
  since: number;
  sample: number;
}

export class PedalDecoder {
  constructor(
    readonly threshold: number,
    readonly clock: FrameClock,
  ) {}

  step(activations: Activations, before: PedalState | null): [Event[], PedalState] {
    const state = before ?? { frame: 0, down: false, since: -SHORTEST_FRAMES, sample: -1 };
    const events: Event[] = [];
    for (let t = 0; t < activations.length; t++) {
      const limit = this.threshold - (state.down ? HYSTERESIS : 0.0);
      const down = activations.pedal(t) >= limit;
      if (down !== state.down && state.frame - state.since >= SHORTEST_FRAMES) {
        const sample = Math.max(this.clock.instant(state.frame), state.sample + 1, 0);
        const decided = this.clock.availableAt(state.frame);
        events.push({ kind: down ? "down" : "up", sample, decided });
        state.down = down;
        state.since = state.frame;
        state.sample = sample;
      }
      state.frame += 1;
    }
    return [events, state];
  }

  /** Releases the pedal at the end of a stream of `samples` samples. */
  finish(state: PedalState | null, samples: number): Event[] {
    if (state === null || !state.down) return [];
    state.down = false;
    return [{ kind: "up", sample: Math.max(samples, state.sample + 1), decided: samples }];
  }
}
