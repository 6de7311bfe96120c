/** Writes the running session to the shelf, once a second and whenever the page may be going. */

import type { Event } from "./events";
import { keepingProblem, type Problem } from "./problems";
import type { Label, Sessions } from "./sessions";

const EVERY_MS = 1000;

export class Journal {
  private unwritten: Event[] = [];
  private samples = 0;
  private writing: Promise<void> = Promise.resolve();
  private begun: number | null = null;
  /** A failure is told once, and again only after something could be written. */
  private told = false;
  private readonly timer: ReturnType<typeof setInterval>;

  constructor(
    private readonly sessions: Sessions,
    private readonly label: Omit<Label, "samples">,
    private readonly failed: (problem: Problem) => void,
  ) {
    void this.flush();
    this.timer = setInterval(() => this.flush(), EVERY_MS);
  }

  /** Its number on the shelf; null until it could be begun. */
  get id(): number | null {
    return this.begun;
  }

  add(events: Event[], samples: number): void {
    this.unwritten.push(...events);
    this.samples = Math.max(this.samples, Math.round(samples));
  }

  /** Writes what has come since; what cannot be written is tried again with the next. */
  flush(): Promise<void> {
    this.writing = this.writing.then(async () => {
      const events = this.unwritten;
      this.unwritten = [];
      try {
        const { source, model, started } = this.label;
        this.begun ??= await this.sessions.begin(source, model, started);
        await this.sessions.append(this.begun, events, this.samples);
        this.told = false;
      } catch (error) {
        this.unwritten = [...events, ...this.unwritten];
        if (!this.told) this.failed(keepingProblem(error));
        this.told = true;
      }
    });
    return this.writing;
  }

  /** Writes the rest. A session without a note is not kept. */
  async close(notes: number): Promise<void> {
    clearInterval(this.timer);
    await this.flush();
    if (notes > 0 || this.begun === null) return;
    await this.sessions.remove(this.begun).catch(() => undefined); // an empty one in the list, no more
  }
}
