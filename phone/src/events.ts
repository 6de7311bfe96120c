/**
 * Live events, as in transcriber/events.py: `sample` is the musical instant, `decided` the number
 * of samples that had been pushed when the decision fell.
 */

export interface NoteOn {
  kind: "on";
  sample: number;
  decided: number;
  pitch: number;
  velocity: number;
  confidence: number;
}

export interface NoteOff {
  kind: "off";
  sample: number;
  decided: number;
  pitch: number;
}

export interface PedalChange {
  kind: "down" | "up";
  sample: number;
  decided: number;
}

export type Event = NoteOn | NoteOff | PedalChange;
