/** The page: wires elements, listener, roll and sessions together. */

import type { Event } from "./events";
import { attachGestures } from "./gestures";
import { History } from "./history";
import { pitchName } from "./keyboard";
import { saveMidi, showLibrary } from "./library";
import { Listener } from "./listener";
import { Live } from "./live";
import type { Reply } from "./messages";
import { transcriptOf } from "./notes";
import { page, say, showPedal, showProblem, showStats } from "./page";
import { keepingProblem, listenerProblem, Problem } from "./problems";
import { readRecording } from "./recordings";
import { Replay } from "./replay";
import { clockText, Roll } from "./roll";
import { Sessions, type Head } from "./sessions";
import { SAMPLE_RATE } from "./timing";
import { Viewport } from "./viewport";
import { WakeLock } from "./wakelock";

/** The figures are worked out anew so often, in milliseconds. */
const STATS_MS = 250;

/** A phone that is further behind says so. */
const BEHIND_S = 1;

class App {
  private readonly view = new Viewport();
  private readonly roll = new Roll(page.roll, this.view);
  private readonly wakeLock = new WakeLock();
  private listener: Listener | null = null;
  private sessions: Sessions | null = null;
  private live: Live | null = null;
  private replay: Replay | null = null;
  private history = new History();
  /** What Save writes. */
  private shown: { events: Event[]; head: Omit<Head, "id" | "notes"> } | null = null;
  /** A recording that is being transcribed: its name and length, and the events so far. */
  private job: { name: string; samples: number; events: Event[] } | null = null;
  /** The view stands still; listening goes on. */
  private held = false;
  private interrupted = false;
  private dirty = true;
  private drawnAt = 0;
  private statsAt = 0;

  async start(): Promise<void> {
    this.attach();
    requestAnimationFrame((at) => this.draw(at));
    try {
      this.sessions = await Sessions.open();
    } catch (error) {
      showProblem(keepingProblem(error));
    }
    try {
      this.listener = await Listener.start(
        (share) => say(page.status, `Loading ${Math.round(100 * share)} %`),
        (reply) => this.take(reply),
      );
    } catch (error) {
      say(page.status, "Cannot listen");
      showProblem(listenerProblem(error));
      return;
    }
    const { name, version, licence } = this.listener.model;
    say(page.about, `Model ${name} ${version}, weights ${licence}. Nothing leaves this phone.`);
    this.refresh("Ready");
  }

  // -- what the player does ------------------------------------------------------------------

  private attach(): void {
    page.listen.onclick = () => void (this.live?.listening ? this.stop() : this.listen());
    page.hold.onclick = () => this.hold(!this.held);
    page.back.onclick = () => this.hold(false);
    page.fit.onclick = () => this.fit();
    page.save.onclick = () => {
      const shown = this.showing();
      if (shown !== null) void saveMidi(shown.events, shown.head);
    };
    page.sessions.onclick = () => {
      if (this.sessions === null) return showProblem(keepingProblem(null));
      void showLibrary(this.sessions, (head, events) => this.play(head, events));
    };
    page.open.onclick = () => page.file.click();
    page.file.onchange = () => {
      const [file] = page.file.files ?? [];
      page.file.value = "";
      if (file !== undefined) void this.transcribe(file);
    };
    page.figures.onclick = () => {
      page.stats.hidden = !page.stats.hidden;
      page.figures.ariaExpanded = String(!page.stats.hidden);
      this.statsAt = 0;
    };
    page.play.onclick = () => this.togglePlaying();
    page.leave.onclick = () => this.leaveReplay();
    page.position.oninput = () => void this.replay?.seek(Number(page.position.value));
    attachGestures(page.roll, this.view, {
      scroll: (seconds) => this.scroll(seconds),
      changed: () => (this.dirty = true),
      fit: () => this.fit(),
      toggle: () => (this.replay === null ? this.hold(!this.held) : this.togglePlaying()),
    });
    addEventListener("resize", () => (this.dirty = true));
    matchMedia("(prefers-color-scheme: light)").onchange = () => (this.dirty = true);
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "hidden") void this.live?.flush();
      else void this.live?.resume();
      this.dirty = true;
    });
    addEventListener("pagehide", () => void this.live?.flush());
  }

  private async listen(): Promise<void> {
    if (this.listener === null) return;
    this.leaveReplay();
    page.listen.disabled = true;
    say(page.status, "Opening the microphone");
    try {
      this.live = await Live.begin(this.listener, this.sessions, {
        interrupted: (yes) =>
          this.refresh(yes ? "Interrupted: waiting for the sound" : "Listening"),
        ended: (problem) => void this.stop(problem),
        unkept: showProblem,
      });
    } catch (error) {
      showProblem(error instanceof Problem ? error : listenerProblem(error));
      return this.refresh("Not listening");
    }
    showProblem(null);
    this.history = this.live.history;
    const model = `${this.listener.model.name} ${this.listener.model.version}`;
    const head = { started: Date.now(), source: "Microphone", model, samples: 0 };
    this.shown = { events: this.live.events, head };
    this.interrupted = false;
    this.hold(false);
    void this.wakeLock.acquire();
    this.refresh("Listening");
  }

  private async stop(problem: Problem | null = null): Promise<void> {
    if (problem !== null) showProblem(problem);
    if (!this.live?.listening) return;
    void this.wakeLock.release();
    await this.live.stop();
    this.refresh("Finishing");
  }

  /** The listener has heard what had come. */
  private rested(): void {
    const status = page.status.textContent ?? "";
    this.refresh(status === "Finishing" ? "Stopped" : status);
  }

  private hold(yes: boolean): void {
    this.held = yes && this.live !== null;
    page.hold.ariaPressed = String(this.held);
    say(page.hold, this.held ? "Go on" : "Pause");
    page.back.hidden = !this.held;
    this.dirty = true;
  }

  private scroll(seconds: number): void {
    if (this.replay !== null) {
      void this.replay.seek(this.replay.positionS - seconds);
      return;
    }
    if (!this.held) this.hold(true);
    const latest = Math.max(this.history.now, 0);
    const edge = this.view.edge - seconds * SAMPLE_RATE;
    this.view.edge = Math.min(Math.max(edge, 0), latest);
    this.dirty = true;
  }

  private fit(): void {
    this.view.follows = true;
    this.dirty = true;
  }

  private async transcribe(file: File): Promise<void> {
    if (this.listener === null || this.job !== null) return;
    if (this.live?.listening) await this.stop();
    this.leaveReplay();
    this.refresh(`Reading ${file.name}`);
    try {
      const samples = await readRecording(file);
      this.job = { name: file.name, samples: samples.length, events: [] };
      this.listener.transcribe(samples);
      showProblem(null);
    } catch (error) {
      showProblem(error instanceof Problem ? error : listenerProblem(error));
    }
    this.refresh(this.job === null ? "Ready" : `Transcribing ${file.name}`);
  }

  // -- what the listener says ----------------------------------------------------------------

  private take(reply: Reply): void {
    switch (reply.kind) {
      case "heard":
        this.live?.took(reply);
        break;
      case "rested":
        void this.live?.close().then(() => this.rested());
        break;
      case "transcribed":
        this.transcribed(reply.events, reply.share);
        break;
      case "failed":
        void this.fail(reply);
    }
    this.dirty = true;
  }

  private async fail({ problem, remedy }: { problem: string; remedy: string }): Promise<void> {
    showProblem({ problem, remedy });
    this.job = null;
    await this.live?.close();
    this.listener?.stop();
    this.listener = null;
    this.refresh("Stopped");
  }

  private transcribed(events: Event[], share: number): void {
    const job = this.job;
    if (job === null || this.listener === null) return;
    job.events.push(...events);
    say(page.status, `Transcribing ${job.name}: ${Math.round(100 * share)} %`);
    if (share < 1) return;
    this.job = null;
    const model = `${this.listener.model.name} ${this.listener.model.version}`;
    const head = { started: Date.now(), source: job.name, model, samples: job.samples };
    void this.keep(head, job.events);
    this.play(head, job.events);
  }

  private async keep(head: Omit<Head, "id" | "notes">, events: Event[]): Promise<void> {
    try {
      const id = await this.sessions?.begin(head.source, head.model, head.started);
      if (id !== undefined) await this.sessions?.append(id, events, head.samples);
    } catch (error) {
      showProblem(keepingProblem(error));
    }
  }

  // -- replay --------------------------------------------------------------------------------

  private play(head: Omit<Head, "id" | "notes">, events: Event[]): void {
    if (this.live?.listening) void this.stop();
    this.leaveReplay();
    this.hold(false);
    this.history = new History();
    this.history.add(events);
    this.history.advance(head.samples);
    this.replay = new Replay(transcriptOf(events, head.samples));
    this.shown = { events, head };
    this.view.falls = true;
    page.position.max = String(this.replay.durationS);
    page.player.hidden = false;
    this.refresh(head.source);
    this.view.follow(this.history.heard);
    this.view.jump();
  }

  private togglePlaying(): void {
    if (this.replay?.playing) this.replay.pause();
    else void this.replay?.play();
    this.dirty = true;
  }

  private leaveReplay(): void {
    if (this.replay === null) return;
    void this.replay.close();
    this.replay = null;
    this.view.falls = false;
    page.player.hidden = true;
    this.history = this.live?.history ?? new History();
    this.refresh("Ready");
  }

  private showing(): { events: Event[]; head: Omit<Head, "id" | "notes"> } | null {
    if (this.shown === null || this.shown.events !== this.live?.events) return this.shown;
    return { ...this.shown, head: { ...this.shown.head, samples: this.live.samples } };
  }

  // -- the screen ----------------------------------------------------------------------------

  /** Brings the buttons in line with what can be done now. */
  private refresh(status: string): void {
    say(page.status, status);
    const ready = this.listener !== null && this.job === null && !this.live?.finishing;
    page.listen.disabled = page.open.disabled = page.file.disabled = !ready;
    say(page.listen, this.live?.listening ? "Stop" : "Listen");
    page.hold.disabled = this.live === null || this.replay !== null;
    page.save.disabled = this.shown === null;
    this.dirty = true;
  }

  private draw(at: number): void {
    requestAnimationFrame((next) => this.draw(next));
    const moving = this.move();
    const resized = this.roll.fit();
    this.view.follow(this.history.heard);
    const gliding = !this.view.glide(Math.min(at - this.drawnAt, 100));
    this.drawnAt = at;
    if (moving || resized || gliding || this.dirty) {
      this.dirty = false;
      this.roll.paint(this.history);
      if (this.live?.listening) this.live.figures.drawn(Date.now());
    }
    if (at - this.statsAt < STATS_MS) return;
    this.statsAt = at;
    this.tell();
  }

  /** Moves time on; whether it moved. */
  private move(): boolean {
    if (this.replay !== null) {
      this.replay.tick();
      const before = this.view.edge;
      this.view.edge = this.replay.sample;
      return this.view.edge !== before;
    }
    if (!this.live?.listening) return false;
    this.live.history.advance(this.live.now);
    if (!this.held) this.view.edge = this.live.history.now;
    return true;
  }

  private condition(live: Live): string {
    if (this.interrupted) return "Interrupted: waiting for the sound";
    const behindS = live.figures.behindMs / 1000;
    return behindS > BEHIND_S ? `${behindS.toFixed(0)} s behind` : "Listening";
  }

  /** Everything that is said in words. */
  private tell(): void {
    const pressed = this.history.presses(this.view.edge - 1, this.view.edge + 1).length > 0;
    showPedal(pressed);
    page.fit.hidden = this.view.follows;
    const [low, high] = this.history.heard ?? [0, 0];
    const range = low ? `, ${pitchName(low)} to ${pitchName(high)}` : ", empty";
    page.roll.ariaLabel = `Piano roll${range}, ${this.history.notes} notes`;
    if (this.replay !== null) {
      page.position.value = String(this.replay.positionS);
      page.position.ariaValueText = clockText(this.replay.positionS);
      say(page.play, this.replay.playing ? "Stop" : "Play");
    }
    if (this.live?.listening && this.replay === null) say(page.status, this.condition(this.live));
    const figures = this.live?.figures;
    page.level.value = this.live?.listening && figures ? figures.peakDb : -60;
    if (page.stats.hidden) return;
    const ms = (value: number | null | undefined) =>
      value == null ? "–" : `${value.toFixed(0)} ms`;
    const both = (of: (share: number) => number | null) => `${ms(of(0.5))}, ${ms(of(0.95))}`;
    const model = this.listener?.model;
    showStats([
      ["Decided (p50, p95)", figures ? both((s) => figures.decided(s)) : "–"],
      ["Drawn (p50, p95)", figures ? both((s) => figures.screen(s)) : "–"],
      ["Look-ahead", ms(model?.lookaheadMs)],
      ["Work per 20 ms", figures ? `${figures.load.toFixed(1)} ms` : "–"],
      ["Level", figures ? `${figures.peakDb.toFixed(0)} dB` : "–"],
      ["Lost", figures ? `${figures.lostS.toFixed(2)} s` : "–"],
      ["Notes", String(this.history.notes)],
      ["Model", model ? `${model.name} ${model.version}` : "–"],
    ]);
  }
}

void new App().start();

if (import.meta.env.PROD) {
  // Refused where the certificate is self-signed: the page works, but not without the network.
  void navigator.serviceWorker?.register("sw.js").catch(() => undefined);
}
