/**
 * Latency, load and level, as docs/latency.md defines them. The clock starts when a block reaches
 * the page's audio thread: what the device and the browser held back before is not known here.
 */

import type { Heard } from "./messages";
import { SAMPLE_RATE } from "./timing";

const MINUTE_MS = 60_000;
const LOAD_MS = 5_000;
const FLOOR_DB = -96;
const FALL_DB_S = 20;

/** A strike: when its event was decided and drawn, in milliseconds since the string was struck. */
interface Strike {
  at: number;
  decidedMs: number;
  drawnMs: number | null;
}

export class Figures {
  /** Seconds of sound lost since the start. */
  lostS = 0;
  /** How long the last block waited, and was worked on. */
  behindMs = 0;
  private loudestDb = FLOOR_DB;
  private loudestAt = 0;
  private readonly strikes: Strike[] = [];
  private readonly undrawn: { strike: Strike; struckAt: number }[] = [];
  private readonly steps: { at: number; workMs: number; soundS: number }[] = [];

  took(heard: Heard): void {
    const { at, end, decidedAt, workMs, soundS, lostS, peak } = heard;
    for (const event of heard.events) {
      if (event.kind !== "on") continue;
      const struckAt = at - ((end - event.sample) / SAMPLE_RATE) * 1000;
      const strike = { at: decidedAt, decidedMs: decidedAt - struckAt, drawnMs: null };
      this.strikes.push(strike);
      this.undrawn.push({ strike, struckAt });
    }
    if (soundS > 0) this.steps.push({ at: decidedAt, workMs, soundS });
    this.lostS += lostS;
    this.behindMs = decidedAt - at;
    this.loudestDb = Math.max(20 * Math.log10(Math.max(peak, 1e-5)), this.peakDb(at));
    this.loudestAt = at;
    forget(this.strikes, decidedAt - MINUTE_MS);
    forget(this.steps, decidedAt - LOAD_MS);
  }

  /** Everything taken so far stands on the screen. */
  drawn(now: number): void {
    for (const { strike, struckAt } of this.undrawn.splice(0)) strike.drawnMs = now - struckAt;
  }

  /** The page was hidden: what came meanwhile was not drawn late, but not at all. */
  unseen(): void {
    this.undrawn.length = 0;
  }

  /** The level, which falls where no block comes, too. */
  peakDb(now: number): number {
    const fallen = this.loudestDb - (FALL_DB_S * Math.max(now - this.loudestAt, 0)) / 1000;
    return Math.max(fallen, FLOOR_DB);
  }

  /** Percentiles of the last minute, in milliseconds; null where nothing was struck. */
  decided(share: number): number | null {
    return percentile(
      this.strikes.map(({ decidedMs }) => decidedMs),
      share,
    );
  }

  screen(share: number): number | null {
    return percentile(
      this.strikes.flatMap(({ drawnMs }) => (drawnMs === null ? [] : [drawnMs])),
      share,
    );
  }

  /** Milliseconds of work per 20 ms of sound, over the last five seconds. */
  get load(): number {
    const soundS = this.steps.reduce((sum, step) => sum + step.soundS, 0);
    const workMs = this.steps.reduce((sum, step) => sum + step.workMs, 0);
    return soundS > 0 ? workMs / (50 * soundS) : 0;
  }

  /** What the panel shows: label, value. */
  rows(now: number): [label: string, value: string][] {
    const ms = (value: number | null) => (value === null ? "–" : `${value.toFixed(0)} ms`);
    const both = (of: (share: number) => number | null) => `${ms(of(0.5))}, ${ms(of(0.95))}`;
    return [
      ["Decided (p50, p95)", both((share) => this.decided(share))],
      ["Drawn (p50, p95)", both((share) => this.screen(share))],
      ["Work per 20 ms", `${this.load.toFixed(1)} ms`],
      ["Level", `${this.peakDb(now).toFixed(0)} dB`],
      ["Lost", `${this.lostS.toFixed(2)} s`],
    ];
  }
}

function forget(list: { at: number }[], before: number): void {
  const keep = list.findIndex(({ at }) => at >= before);
  list.splice(0, keep < 0 ? list.length : keep);
}

/** Linear between neighbours, as NumPy does it. */
export function percentile(values: number[], share: number): number | null {
  if (values.length === 0) return null;
  const sorted = [...values].sort((a, b) => a - b);
  const place = share * (sorted.length - 1);
  const below = Math.floor(place);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (sorted[above] - sorted[below]) * (place - below);
}
