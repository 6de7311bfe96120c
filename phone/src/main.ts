/** The page: wires buttons, listener, stage and sessions together. */

import { checkBrowser } from "./browser";
import type { Event } from "./events";
import { History } from "./history";
import { Journal } from "./journal";
import { saveMidi, showLibrary, titled } from "./library";
import { Listener } from "./listener";
import { Live } from "./live";
import type { Reply, Transcribed } from "./messages";
import { transcriptOf } from "./notes";
import { page, say, showProblem, showStats } from "./page";
import { keepingProblem, listenerProblem, type Problem } from "./problems";
import { readRecording } from "./recordings";
import { Replay } from "./replay";
import { MICROPHONE, Sessions, sourceOf, type Label } from "./sessions";
import { Stage } from "./stage";
import { WakeLock } from "./wakelock";

/** A phone that is further behind says so. */
const BEHIND_S = 1;

/** Notes that can be saved. */
interface Take {
  events: Event[];
  label: Label;
}

/** A recording that is being transcribed; its label tells how much of it was heard. */
interface Job extends Take {
  length: number;
  journal: Journal | null;
}

class App {
  private readonly stage = new Stage(() => this.tell());
  private readonly wakeLock = new WakeLock();
  private listener: Listener | null = null;
  private readonly shelf = Sessions.open().catch((error) => {
    showProblem(keepingProblem(error));
    return null;
  });
  private sessions: Sessions | null = null;
  /** What Save writes. */
  private shown: Take | null = null;
  /** What Save writes when no replay is shown. */
  private played: Take | null = null;
  /** The microphone is being opened or a recording read: nothing else can be begun meanwhile. */
  private waiting = false;
  private job: Job | null = null;
  /** What the status says while nothing goes on. */
  private idle = "Loading";
  private interrupted = false;

  async start(): Promise<void> {
    this.attach();
    try {
      this.listener = await Listener.start(
        (share) => this.rest(`Loading ${Math.round(100 * share)} %`),
        (reply) => this.take(reply),
      );
    } catch (error) {
      showProblem(listenerProblem(error));
      return this.rest("Cannot listen");
    }
    this.sessions = await this.shelf;
    const { licence } = this.listener.model;
    say(page.about, `Model ${this.model}, weights ${licence}. Nothing leaves this phone.`);
    this.rest("Ready");
  }

  private get live(): Live | null {
    return this.stage.live;
  }

  /** Nothing goes on that something else would have to wait for. */
  private get free(): boolean {
    return !this.waiting && this.job === null && !this.live?.finishing;
  }

  private get model(): string {
    return this.listener ? `${this.listener.model.name} ${this.listener.model.version}` : "–";
  }

  private label(source: string, samples: number): Label {
    return { started: Date.now(), source, model: this.model, samples };
  }

  // -- what the player does ------------------------------------------------------------------

  private attach(): void {
    page.listen.onclick = () => {
      if (this.job !== null) this.listener?.cut();
      else void (this.live?.listening ? this.stop() : this.listen());
    };
    page.save.onclick = () => this.save();
    page.sessions.onclick = () => void this.list();
    page.open.onclick = () => page.file.click();
    page.file.onchange = () => {
      const [file] = page.file.files ?? [];
      page.file.value = "";
      if (file !== undefined) void this.transcribe(file);
    };
    page.figures.onclick = () => {
      page.stats.hidden = !page.stats.hidden;
      page.figures.ariaExpanded = String(!page.stats.hidden);
      this.tell();
    };
    page.leave.onclick = () => {
      this.leaveReplay();
      this.rest("Ready");
    };
    page.dismiss.onclick = () => showProblem(null);
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "hidden") this.flush();
      else void this.live?.resume();
    });
    // Some systems give the sound back only to a player who asks.
    document.addEventListener("pointerdown", () => void this.live?.resume());
    addEventListener("pagehide", () => this.flush());
  }

  private flush(): void {
    void this.live?.flush();
    void this.job?.journal?.flush();
  }

  private async listen(): Promise<void> {
    const { listener } = this;
    if (listener === null || !this.free) return;
    const begun = await this.attempt("Opening the microphone", async () => {
      this.interrupted = false;
      const live = await Live.begin(listener, this.sessions, {
        interrupted: (yes) => {
          this.interrupted = yes;
          this.tell();
        },
        ended: (problem) => void this.stop(problem),
        unkept: showProblem,
      });
      showProblem(null);
      this.leaveReplay(); // one begun meanwhile
      this.shown = this.played = { events: live.events, label: this.label(MICROPHONE, 0) };
      this.stage.begin(live);
    });
    if (!begun) return this.rest("Not listening");
    void this.wakeLock.acquire();
    // That sessions outlive a phone that is short of room; asked where there is one to keep.
    void navigator.storage?.persist?.().catch(() => undefined);
    this.rest("Stopped");
  }

  private async stop(problem: Problem | null = null): Promise<void> {
    if (problem !== null) showProblem(problem);
    if (!this.live?.listening) return;
    void this.wakeLock.release();
    const stopped = this.live.stop();
    this.refresh(); // before the microphone is closed: a second tap must not listen again
    await stopped;
  }

  private save(): void {
    if (this.shown === null) return;
    const { events, label } = this.shown;
    const samples = events === this.live?.events ? this.live.samples : label.samples;
    saveMidi(events, { ...label, samples }).catch(showProblem);
  }

  private async list(): Promise<void> {
    try {
      const sessions = await this.shelf;
      if (sessions === null) throw new Error("there is no database");
      const running = (id: number) => id === this.live?.session || id === this.job?.journal?.id;
      await showLibrary(sessions, running, (label, events) => this.play(label, events));
    } catch (error) {
      showProblem(keepingProblem(error));
    }
  }

  private async transcribe(file: File): Promise<void> {
    if (this.listener === null || !this.free) return;
    await this.attempt(`Reading ${file.name}`, async () => {
      const samples = await readRecording(file);
      // Only now: nobody stops playing for a file that is no recording.
      if (this.live?.listening) await this.stop();
      if (this.listener === null) return; // it has failed meanwhile, and said so
      const label = this.label(sourceOf(file), 0);
      const journal = this.sessions && new Journal(this.sessions, label, showProblem);
      this.job = { label, events: [], length: samples.length, journal };
      this.listener.transcribe(samples);
      void this.wakeLock.acquire();
      showProblem(null);
    });
    this.rest("Ready");
  }

  /** Does what takes a while and may fail, which is told; true when it was done. */
  private async attempt(status: string, work: () => Promise<void>): Promise<boolean> {
    this.waiting = true;
    this.leaveReplay();
    this.rest(status);
    try {
      await work();
      return true;
    } catch (error) {
      showProblem(listenerProblem(error));
      return false;
    } finally {
      this.waiting = false;
    }
  }

  /** The roll and Save go back to the session before the replay. */
  private leaveReplay(): void {
    this.stage.leaveReplay();
    this.shown = this.played;
  }

  private play(label: Label, events: Event[]): void {
    if (this.live?.listening) void this.stop();
    const history = new History();
    history.add(events);
    history.advance(label.samples);
    this.shown = { events, label };
    this.stage.playBack(new Replay(transcriptOf(events, label.samples)), history);
    this.refresh();
  }

  // -- what the listener says ----------------------------------------------------------------

  private take(reply: Reply): void {
    switch (reply.kind) {
      case "heard":
        this.live?.took(reply);
        break;
      case "rested":
        if (this.live?.finishing) void this.live.close().then(() => this.refresh());
        break;
      case "transcribed":
        this.transcribed(reply);
        break;
      case "failed":
        void this.fail(reply);
    }
    this.stage.redraw();
  }

  private async fail({ problem, remedy }: { problem: string; remedy: string }): Promise<void> {
    showProblem({ problem, remedy });
    void this.wakeLock.release();
    await Promise.all([this.live?.close(), this.endJob()]);
    this.listener?.stop();
    this.listener = null;
    this.rest("Stopped");
  }

  private transcribed({ events, samples, done }: Transcribed): void {
    const { job } = this;
    if (job === null) return;
    job.events.push(...events);
    job.label.samples = samples;
    job.journal?.add(events, samples);
    if (!done) return this.tell();
    void this.endJob();
    // Where no session lies under its replay, Save goes on writing it when that is closed.
    if (this.live === null) this.played = job;
    this.play(job.label, job.events);
  }

  /** Nothing more of a recording is heard; what was heard is kept. */
  private async endJob(): Promise<void> {
    const { job } = this;
    if (job === null) return;
    this.job = null;
    void this.wakeLock.release();
    await job.journal?.close(job.events.filter(({ kind }) => kind === "on").length);
  }

  // -- what the page says --------------------------------------------------------------------

  /** Says what the status is while nothing goes on. */
  private rest(idle: string): void {
    this.idle = idle;
    this.refresh();
  }

  /** Brings the buttons in line with what can be done now. */
  private refresh(): void {
    const ready = this.listener !== null && this.free;
    const hears = this.job !== null || (this.live?.listening ?? false);
    page.open.disabled = page.file.disabled = !ready;
    page.listen.disabled = !ready && !hears;
    page.listen.classList.toggle("on", hears);
    say(page.listenName, hears ? "Stop" : "Listen");
    page.hold.disabled = this.live === null || this.stage.replay !== null;
    page.save.disabled = this.shown === null;
    this.stage.redraw();
    this.tell();
  }

  private get status(): string {
    if (this.job !== null) {
      const { label, length } = this.job;
      return `Transcribing ${label.source}: ${Math.round((100 * label.samples) / length)} %`;
    }
    if (this.stage.replay !== null && this.shown !== null) return titled(this.shown.label);
    if (this.live?.finishing) return "Finishing";
    if (this.waiting || !this.live?.listening) return this.idle;
    if (this.interrupted || this.live.silent) return "Interrupted: waiting for the sound";
    const behindS = this.live.figures.behindMs / 1000;
    return behindS > BEHIND_S ? `${behindS.toFixed(0)} s behind` : "Listening";
  }

  private tell(): void {
    const { history, live, replay } = this.stage;
    const listening = live?.listening ?? false;
    say(page.status, this.status);
    page.hint.hidden = history.notes > 0 || listening || replay !== null;
    page.level.value = listening && live ? live.figures.peakDb(Date.now()) : -60;
    if (page.stats.hidden) return;
    const lookahead = this.listener?.model.lookaheadMs;
    showStats([
      ...(live?.figures.rows(Date.now()) ?? []),
      ["Look-ahead", lookahead === undefined ? "–" : `${lookahead.toFixed(0)} ms`],
      ["Notes", String(history.notes)],
      ["Model", this.model],
    ]);
  }
}

/** Not before all is loaded: the service worker would fetch the large files a second time. */
function keepPage(): void {
  if (!import.meta.env.PROD) return;
  // Refused where the certificate is self-signed: the page works, but not without the network.
  void navigator.serviceWorker?.register("sw.js").catch(() => undefined);
}

try {
  checkBrowser();
  void new App().start().finally(keepPage);
} catch (error) {
  say(page.status, "Cannot listen");
  showProblem(listenerProblem(error));
}
