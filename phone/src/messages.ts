/** What the page and the listener's thread tell each other. */

import type { Event } from "./events";

export type Request =
  | { kind: "load"; runtime: string; model: string }
  /** Blocks come through `port`, at `rate`; the session's clock stands at sample `begin`. */
  | { kind: "listen"; port: MessagePort; rate: number; begin: number }
  /** Ends what sounds; answered by `rested`. */
  | { kind: "rest" }
  | { kind: "transcribe"; samples: Float32Array }
  /** Ends a transcription early; answered by its last `transcribed`. */
  | { kind: "cut" };

export type Reply =
  | { kind: "loading"; share: number }
  | { kind: "ready"; name: string; version: string; licence: string; lookaheadMs: number }
  | Heard
  | { kind: "rested" }
  | Transcribed
  | { kind: "failed"; problem: string; remedy: string };

/** So many samples of a recording have been heard; nothing more comes once it is done. */
export interface Transcribed {
  kind: "transcribed";
  samples: number;
  done: boolean;
  events: Event[];
}

/** A block, or several that had queued up, were heard. Times are milliseconds since 1970. */
export interface Heard {
  kind: "heard";
  events: Event[];
  /** Sample of the session's clock after the last one taken, and when that one came. */
  end: number;
  at: number;
  /** When the events were decided. */
  decidedAt: number;
  /** Milliseconds of work, and seconds of sound it was for. */
  workMs: number;
  soundS: number;
  lostS: number;
  /** Largest amplitude, full scale 1.0. */
  peak: number;
}
