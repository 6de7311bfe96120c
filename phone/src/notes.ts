/** Notes, pedal and transcripts: the twin of what transcriber/notes.py does with live events. */

import type { Event, NoteOn } from "./events";
import { SAMPLE_RATE } from "./timing";

/** Shortest note written anywhere, in seconds: MIDI programs drop notes of no length. */
export const MIN_NOTE_S = 0.01;

export interface Note {
  onsetS: number;
  offsetS: number;
  pitch: number;
  velocity: number;
}

export interface Press {
  onsetS: number;
  offsetS: number;
}

export interface Transcript {
  /** By onset, then pitch. */
  notes: Note[];
  pedals: Press[];
  durationS: number;
}

/** The notes of a stream of `samples` samples, from its events in the order of their decision. */
export function transcriptOf(events: Iterable<Event>, samples: number): Transcript {
  const notes: Note[] = [];
  const pedals: Press[] = [];
  const open = new Map<number, NoteOn>();
  const released = new Map<number, number>(); // ends of open notes, by pitch
  let pressed: number | null = null;

  function span(from: number, to: number): Press {
    const onsetS = Math.max(0, from) / SAMPLE_RATE;
    return { onsetS, offsetS: Math.max(to / SAMPLE_RATE, onsetS + MIN_NOTE_S) };
  }

  function close(pitch: number, sample: number): void {
    const on = open.get(pitch);
    if (on === undefined) return;
    open.delete(pitch);
    released.delete(pitch);
    notes.push({ ...span(on.sample, sample), pitch, velocity: on.velocity });
  }

  function release(sample: number): void {
    if (pressed !== null) pedals.push(span(pressed, sample));
    pressed = null;
  }

  for (const event of events) {
    if (event.kind === "on") {
      // A strike may lie before the end that was told last: no note outlasts the next of its key.
      close(event.pitch, Math.min(released.get(event.pitch) ?? event.sample, event.sample));
      open.set(event.pitch, event);
    } else if (event.kind === "off") {
      if (!released.has(event.pitch)) released.set(event.pitch, event.sample);
    } else {
      release(event.sample);
      if (event.kind === "down") pressed = event.sample;
    }
  }
  for (const pitch of [...open.keys()]) close(pitch, released.get(pitch) ?? samples);
  release(samples);
  notes.sort((a, b) => a.onsetS - b.onsetS || a.pitch - b.pitch);
  pedals.sort((a, b) => a.onsetS - b.onsetS || a.offsetS - b.offsetS);
  const durationS = [...notes, ...pedals].reduce(
    (latest, { offsetS }) => Math.max(latest, offsetS),
    samples / SAMPLE_RATE,
  );
  return { notes, pedals, durationS };
}
