/**
 * What is heard now: microphone, listener, journal and history of one session, from Listen to Stop.
 * A session that is interrupted goes on; a second Listen begins a new one.
 */

import { Figures } from "./figures";
import { History } from "./history";
import { Journal } from "./journal";
import type { Listener } from "./listener";
import type { Heard } from "./messages";
import { Microphone } from "./microphone";
import type { Event } from "./events";
import { soon } from "./patience";
import type { Problem } from "./problems";
import { MICROPHONE, type Sessions } from "./sessions";
import { SAMPLE_RATE } from "./timing";

/** The present is estimated for so long after the last sound, in milliseconds. */
const AHEAD_MS = 1000;
/** Share of a new estimate that is believed: single blocks come early or late. */
const BELIEF = 0.1;
const JUMP_MS = 200;
/** Where no block comes for so long, the system holds the sound back, whatever it says. */
const SILENT_MS = 2000;

/** Told what the page must show. */
export interface Watcher {
  interrupted(yes: boolean): void;
  /** It cannot go on; the session is kept. */
  ended(problem: Problem | null): void;
  unkept(problem: Problem): void;
}

export class Live {
  readonly history = new History();
  readonly figures = new Figures();
  readonly events: Event[] = [];
  private microphone: Microphone | null = null;
  private journal: Journal | null = null;
  /** Sample of the session's clock and the world's, in milliseconds: their difference. */
  private offsetMs: number | null = null;
  private lastAt = 0;
  private tookAt = Date.now();
  /** Stopped, and what had come is still being heard. */
  finishing = false;
  private end = 0;

  private constructor(private readonly listener: Listener) {}

  /** Opens the microphone and begins. Throws `Problem`. */
  static async begin(
    listener: Listener,
    sessions: Sessions | null,
    watcher: Watcher,
  ): Promise<Live> {
    const microphone = await Microphone.open({
      interrupted: watcher.interrupted,
      lost: (problem) => watcher.ended(problem),
    });
    const live = new Live(listener);
    if (sessions !== null) {
      const model = `${listener.model.name} ${listener.model.version}`;
      const label = { started: Date.now(), source: MICROPHONE, model };
      live.journal = new Journal(sessions, label, watcher.unkept);
    }
    live.microphone = microphone;
    listener.listen(microphone.port, microphone.rate, 0);
    return live;
  }

  get listening(): boolean {
    return this.microphone !== null;
  }

  /** No block comes, and perhaps nobody has said why. */
  get silent(): boolean {
    return this.listening && Date.now() - this.tookAt > SILENT_MS;
  }

  /** Its number on the shelf while it is being written. */
  get session(): number | null {
    return this.listening || this.finishing ? (this.journal?.id ?? null) : null;
  }

  /** Sample of the session's clock that sounds in the room now; moves evenly. */
  get now(): number {
    if (this.offsetMs === null) return 0;
    const aheadMs = Math.min(Date.now() - this.lastAt, AHEAD_MS);
    return Math.max(((this.lastAt + aheadMs + this.offsetMs) / 1000) * SAMPLE_RATE, 0);
  }

  /** Length of the session, in samples. */
  get samples(): number {
    return Math.round(this.end);
  }

  took(heard: Heard): void {
    const offsetMs = (heard.end / SAMPLE_RATE) * 1000 - heard.at;
    const before = this.offsetMs ?? offsetMs;
    const far = Math.abs(offsetMs - before) > JUMP_MS;
    this.offsetMs = far ? offsetMs : before + BELIEF * (offsetMs - before);
    this.lastAt = heard.at;
    this.tookAt = Date.now();
    this.end = heard.end;
    this.events.push(...heard.events);
    this.history.add(heard.events);
    this.figures.took(heard);
    this.journal?.add(heard.events, heard.end);
  }

  /** The page comes back into view, or a call is over. */
  async resume(): Promise<void> {
    await this.microphone?.resume();
  }

  /** The page may be going: what was heard is written. */
  async flush(): Promise<void> {
    await this.journal?.flush();
  }

  /** Lets go of the microphone; the listener still ends what sounds, and tells by `rested`. */
  async stop(): Promise<void> {
    const microphone = this.microphone;
    if (microphone === null) return;
    this.microphone = null;
    this.finishing = true;
    await soon(microphone.close());
    this.listener.rest();
  }

  /** The listener has rested, or has failed. */
  async close(): Promise<void> {
    const microphone = this.microphone;
    this.microphone = null;
    this.finishing = false;
    if (microphone !== null) await soon(microphone.close());
    this.history.advance(this.end);
    await this.journal?.close(this.history.notes);
  }
}
