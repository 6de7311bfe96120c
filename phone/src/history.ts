/**
 * All notes of a session, found again by time, as amt_tui/live/history.py: hours of playing must
 * not slow a frame, so notes are indexed by stretches of four seconds.
 */

import type { Part } from "./colours";
import type { Event, NoteOn } from "./events";
import { SAMPLE_RATE } from "./timing";

const STRETCH = 4 * SAMPLE_RATE;

/** A note with both ends in samples, `end` exclusive; an open note ends now. */
export interface Span {
  start: number;
  end: number;
  pitch: number;
  velocity: number;
}

export type Press = [start: number, end: number];

/** Cuts a note where the pedal goes down or up; `presses` are disjoint, the latest first. */
export function partsOf({ start, end }: Span, presses: Press[]): [Part, number, number][] {
  const parts: [Part, number, number][] = [];
  let at = start;
  for (let i = presses.length - 1; i >= 0; i--) {
    const [down, up] = [Math.max(presses[i][0], start), Math.min(presses[i][1], end)];
    if (down >= up) continue;
    if (down > at) parts.push(["held", at, down]);
    parts.push(["sustained", down, up]);
    at = up;
  }
  if (at < end) parts.push(["held", at, end]);
  return parts;
}

export class History {
  /** Samples heard so far; open notes are drawn up to here. */
  now = 0;
  /** Lowest and highest pitch struck so far. */
  heard: [low: number, high: number] | null = null;
  notes = 0;
  private readonly open = new Map<number, NoteOn>();
  private readonly index = new Map<number, Span[]>();
  private readonly pedals: Press[] = [];
  private pressed: number | null = null;

  /** Takes events in the order in which they were decided. */
  add(events: Iterable<Event>): void {
    for (const event of events) {
      switch (event.kind) {
        case "on":
          this.close(event.pitch, event.sample);
          this.open.set(event.pitch, event);
          this.notes += 1;
          this.heard = [
            Math.min(this.heard?.[0] ?? event.pitch, event.pitch),
            Math.max(this.heard?.[1] ?? event.pitch, event.pitch),
          ];
          break;
        case "off":
          this.close(event.pitch, event.sample);
          break;
        case "down":
          this.release(event.sample);
          this.pressed = event.sample;
          break;
        case "up":
          this.release(event.sample);
      }
    }
  }

  /** Moves the present on. It never moves back: a present that is estimated may waver. */
  advance(now: number): void {
    this.now = Math.max(this.now, now);
  }

  /** Notes that sound anywhere between two samples. */
  spans(start: number, end: number): Span[] {
    const found: Span[] = [];
    const first = Math.floor(start / STRETCH);
    for (let stretch = first; stretch * STRETCH < end; stretch++) {
      for (const span of this.index.get(stretch) ?? []) {
        // A long note stands in several stretches: it is given in the first asked for.
        if (Math.max(Math.floor(span.start / STRETCH), first) !== stretch) continue;
        if (span.start < end && span.end > start) found.push(span);
      }
    }
    for (const { sample, pitch, velocity } of this.open.values()) {
      if (sample < end && this.now > start) {
        found.push({ start: sample, end: Math.max(this.now, sample + 1), pitch, velocity });
      }
    }
    return found;
  }

  /** Presses of the pedal that touch the time between two samples, the latest first. */
  presses(start: number, end: number): Press[] {
    const found: Press[] = [];
    if (this.pressed !== null && this.pressed < end && this.now > start) {
      found.push([this.pressed, this.now]);
    }
    // Presses are disjoint and in order, so the first that ended too early ends the search.
    for (let i = this.pedals.length - 1; i >= 0 && this.pedals[i][1] > start; i--) {
      if (this.pedals[i][0] < end) found.push(this.pedals[i]);
    }
    return found;
  }

  private close(pitch: number, sample: number): void {
    const on = this.open.get(pitch);
    if (on === undefined) return;
    this.open.delete(pitch);
    const end = Math.max(sample, on.sample + 1);
    const span = { start: on.sample, end, pitch, velocity: on.velocity };
    const last = Math.floor((end - 1) / STRETCH);
    for (let stretch = Math.floor(on.sample / STRETCH); stretch <= last; stretch++) {
      const spans = this.index.get(stretch);
      if (spans === undefined) this.index.set(stretch, [span]);
      else spans.push(span);
    }
  }

  private release(sample: number): void {
    if (this.pressed === null) return;
    this.pedals.push([this.pressed, Math.max(sample, this.pressed + 1)]);
    this.pressed = null;
  }
}
