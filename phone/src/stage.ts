/** What is seen: the roll of a live session or of a replay, held, scrolled, drawn with every picture. */

import { attachGestures } from "./gestures";
import { History } from "./history";
import { pitchName } from "./keyboard";
import type { Live } from "./live";
import { page, say, showPedal } from "./page";
import type { Replay } from "./replay";
import { clockText, Roll } from "./roll";
import { SAMPLE_RATE } from "./timing";
import { Viewport } from "./viewport";

/** What is said in words is brought up to date so often, in milliseconds. */
const TELL_MS = 250;

export class Stage {
  live: Live | null = null;
  replay: Replay | null = null;
  history = new History();
  private readonly view = new Viewport();
  private readonly roll = new Roll(page.roll, this.view);
  /** The view stands still; listening goes on. */
  private held = false;
  private dirty = true;
  private drawnAt = 0;
  private toldAt = 0;

  /** `tell` is called several times a second, to say in words what else there is to say. */
  constructor(private readonly tell: () => void) {
    page.hold.onclick = () => this.hold(!this.held);
    page.back.onclick = () => this.hold(false);
    page.fit.onclick = () => this.fit();
    page.play.onclick = () => this.togglePlaying();
    page.position.oninput = () => this.seek(Number(page.position.value));
    attachGestures(page.roll, this.view, {
      scroll: (seconds) => this.scroll(seconds),
      changed: () => this.redraw(),
      fit: () => this.fit(),
      toggle: () => (this.replay === null ? this.hold(!this.held) : this.togglePlaying()),
    });
    matchMedia("(prefers-color-scheme: light)").onchange = () => this.redraw();
    document.addEventListener("visibilitychange", () => {
      // No pictures come, and tones with them: a replay waits until it is seen again.
      if (document.visibilityState === "hidden") this.replay?.pause();
      else this.live?.figures.unseen();
      this.redraw();
    });
    requestAnimationFrame((at) => this.draw(at));
  }

  /** Something has changed: the next picture is drawn even if nothing moves. */
  redraw(): void {
    this.dirty = true;
  }

  /** Shows a session that begins. */
  begin(live: Live): void {
    this.live = live;
    this.history = live.history;
    this.hold(false);
  }

  /** Shows a replay, from its beginning. */
  playBack(replay: Replay, history: History): void {
    this.leaveReplay();
    this.hold(false);
    this.replay = replay;
    this.history = history;
    this.view.falls = true;
    page.position.max = String(replay.durationS);
    page.player.hidden = false;
    this.view.follow(history.heard);
    this.view.jump();
  }

  leaveReplay(): void {
    if (this.replay === null) return;
    void this.replay.close();
    this.replay = null;
    this.view.falls = false;
    page.player.hidden = true;
    this.history = this.live?.history ?? new History();
    this.view.edge = this.history.now;
  }

  private hold(yes: boolean): void {
    this.held = yes && this.live !== null;
    say(page.holdName, this.held ? "Go on" : "Pause");
    page.back.hidden = !this.held;
    // After the end of a session nothing else moves the view.
    if (!this.held && this.replay === null) this.view.edge = this.history.now;
    this.redraw();
  }

  private scroll(seconds: number): void {
    if (this.replay !== null) {
      return this.seek(this.replay.positionS - seconds);
    }
    if (!this.held) this.hold(true);
    const latest = Math.max(this.history.now, 0);
    const edge = this.view.edge - seconds * SAMPLE_RATE;
    this.view.edge = Math.min(Math.max(edge, 0), latest);
    this.redraw();
  }

  private fit(): void {
    this.view.follows = true;
    this.redraw();
  }

  private togglePlaying(): void {
    if (this.replay?.playing) this.replay.pause();
    else this.replay?.play().catch(() => undefined); // closed before it began
    this.redraw();
  }

  private seek(positionS: number): void {
    this.replay?.seek(positionS).catch(() => undefined); // closed meanwhile
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
    if (at - this.toldAt < TELL_MS) return;
    this.toldAt = at;
    this.describe();
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

  /** Says in words what the picture shows. */
  private describe(): void {
    const { history, replay, view } = this;
    showPedal(history.presses(view.edge - 1, view.edge + 1).length > 0);
    page.fit.hidden = view.follows;
    const [low, high] = history.heard ?? [0, 0];
    const range = low ? `, ${pitchName(low)} to ${pitchName(high)}` : ", empty";
    const label = `Piano roll${range}, ${history.notes} notes`;
    if (page.roll.ariaLabel !== label) page.roll.ariaLabel = label;
    if (replay === null) return;
    const time = `${clockText(replay.positionS)} / ${clockText(replay.durationS)}`;
    page.position.value = String(replay.positionS);
    page.position.ariaValueText = time;
    say(page.time, time);
    page.play.classList.toggle("on", replay.playing);
    page.play.ariaLabel = replay.playing ? "Stop playing" : "Play";
  }
}
