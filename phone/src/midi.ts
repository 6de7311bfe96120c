/**
 * Standard MIDI Files out: the twin of transcriber/midi_writer.py for notes heard live, whose key
 * releases are not known: the same bytes, by test. What it writes and why is said there.
 */

import { lifted } from "./lifts";
import { MIN_NOTE_S, type Note, type Transcript } from "./notes";
import { countBefore } from "./search";
import { round } from "./timing";

const TICKS_PER_QUARTER = 1920;
const TICKS_PER_SECOND = 2 * TICKS_PER_QUARTER;
const SHORTEST = Math.ceil(MIN_NOTE_S * TICKS_PER_SECOND);

const PEDAL_UP = 0;
const PEDAL_DOWN = 1;
const KEY_UP = 2;
const KEY_DOWN = 3;

/** Tick, kind, pitch, velocity: in this order they sort into the order of playing. */
type Action = [tick: number, kind: number, pitch: number, velocity: number];

/** Writes a transcript as a MIDI file; `text` names its maker. */
export function midiFile(transcript: Transcript, text = ""): Uint8Array<ArrayBuffer> {
  const ruler = new Track();
  if (text) ruler.add(0, [0xff, 0x01, ...counted(new TextEncoder().encode(text))]);
  ruler.add(0, [0xff, 0x51, 0x03, 0x07, 0xa1, 0x20]); // 500,000 microseconds per quarter
  ruler.add(0, [0xff, 0x2f, 0x00]);
  const piano = new Track();
  piano.add(0, [0xff, 0x03, ...counted(new TextEncoder().encode("Piano"))]);
  piano.add(0, [0xc0, 0]);
  let now = 0;
  for (const [at, kind, pitch, velocity] of actions(transcript)) {
    piano.add(at - now, message(kind, pitch, velocity));
    now = at;
  }
  piano.add(Math.max(tick(transcript.durationS) - now, 0), [0xff, 0x2f, 0x00]);
  const head = [0x4d, 0x54, 0x68, 0x64, 0, 0, 0, 6, 0, 1, 0, 2, TICKS_PER_QUARTER >> 8];
  return Uint8Array.from([...head, TICKS_PER_QUARTER & 255, ...ruler.chunk(), ...piano.chunk()]);
}

/** Ticks that four bytes hold; a longer pause is divided by empty texts. */
const LONGEST_DELTA = 0x0fffffff;

class Track {
  private readonly bytes: number[] = [];
  private running = 0;

  /** Adds a message so many ticks after the one before; a repeated status byte is left out. */
  add(delta: number, message: number[]): void {
    for (; delta > LONGEST_DELTA; delta -= LONGEST_DELTA) {
      this.bytes.push(...quantity(LONGEST_DELTA), 0xff, 0x01, 0x00);
      this.running = 0;
    }
    this.bytes.push(...quantity(delta));
    const status = message[0];
    if (status === this.running) this.bytes.push(...message.slice(1));
    else this.bytes.push(...message);
    this.running = status < 0xf0 ? status : 0;
  }

  chunk(): number[] {
    const n = this.bytes.length;
    return [0x4d, 0x54, 0x72, 0x6b, n >>> 24, (n >> 16) & 255, (n >> 8) & 255, n & 255].concat(
      this.bytes,
    );
  }
}

function actions(transcript: Transcript): Action[] {
  const notes = mergeDoublings(transcript.notes, (SHORTEST + 1.5) / TICKS_PER_SECOND);
  const presses = lifted(notes, transcript.pedals)
    .map(({ onsetS, offsetS }) => [tick(onsetS), tick(offsetS)])
    .filter(([down, up]) => down < up);
  const out: Action[] = [];
  for (const [down, up] of presses) out.push([down, PEDAL_DOWN, 0, 0], [up, PEDAL_UP, 0, 0]);
  const downs = presses.map(([down]) => down);
  for (const [start, end, note] of placed(notes, downs)) {
    out.push([start, KEY_DOWN, note.pitch, note.velocity], [end, KEY_UP, note.pitch, 0]);
  }
  return out.sort((a, b) => a[0] - b[0] || a[1] - b[1] || a[2] - b[2] || a[3] - b[3]);
}

/** Start, end and note, with no two notes of a pitch overlapping. */
function placed(notes: Note[], downs: number[]): [number, number, Note][] {
  return notes.map((note, i) => {
    const following = notes[i + 1];
    const start = tick(note.onsetS);
    let released = Math.max(tick(note.offsetS), start + SHORTEST);
    if (following?.pitch === note.pitch) released = Math.min(released, tick(following.onsetS));
    return [start, clearOfPedal(start, released, tick(note.offsetS), downs), note];
  });
}

/** Twin of transcriber/doublings.py. */
function mergeDoublings(notes: Note[], withinS: number): Note[] {
  const merged: Note[] = [];
  for (const note of [...notes].sort((a, b) => a.pitch - b.pitch || a.onsetS - b.onsetS)) {
    const last = merged.at(-1);
    if (last?.pitch !== note.pitch || note.onsetS - last.onsetS >= withinS - 1e-6) {
      merged.push(note);
      continue;
    }
    merged[merged.length - 1] = {
      onsetS: last.onsetS,
      offsetS: Math.max(last.offsetS, note.offsetS),
      pitch: note.pitch,
      velocity: Math.max(last.velocity, note.velocity),
    };
  }
  return merged;
}

/** The tick of a note-off that no pedal press catches which did not catch the note itself. */
function clearOfPedal(start: number, released: number, until: number, downs: number[]): number {
  if (until > released) return released;
  const earliest = released - start <= SHORTEST ? start + 1 : released;
  const at = countBefore(downs, (down) => down < earliest);
  if (at < downs.length && downs[at] <= released) return Math.max(downs[at] - 1, start + 1);
  return released;
}

function message(kind: number, pitch: number, velocity: number): number[] {
  if (kind === KEY_UP) return [0x80, pitch, 0];
  if (kind === KEY_DOWN) return [0x90, pitch, velocity];
  return [0xb0, 64, kind === PEDAL_DOWN ? 127 : 0];
}

/** A variable-length quantity. */
function quantity(value: number): number[] {
  const out = [value & 0x7f];
  for (let rest = value >>> 7; rest > 0; rest >>>= 7) out.unshift((rest & 0x7f) | 0x80);
  return out;
}

function counted(bytes: Uint8Array): number[] {
  return [...quantity(bytes.length), ...bytes];
}

function tick(seconds: number): number {
  return round(seconds * TICKS_PER_SECOND);
}
