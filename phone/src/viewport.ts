/** What part of the piano and of time is in view, and where on the canvas it lies. */

import { keyOf, WHITE_KEYS } from "./keyboard";
import { SAMPLE_RATE } from "./timing";

/** White keys shown at least when the range is chosen for the player: three octaves. */
const LEAST_WHITES = 21;
/** A white key is made no wider than this many pixels by itself. */
const WIDEST_KEY = 30;
const MARGIN_WHITES = 1;
/** Pinching goes so far. */
const FEWEST_WHITES = 7;
const SLOWEST = 12;
const FASTEST = 600;

/** Milliseconds in which a chosen range is reached, to about two thirds. */
const GLIDE_MS = 120;

export class Viewport {
  width = 1;
  height = 1;
  /** Pixels per second. */
  speed = 100;
  /** Sample at the line where notes meet the keys. */
  edge = 0;
  /** Time after `edge` is shown, as in a replay, instead of time before it. */
  falls = false;
  /** The range follows what is played. */
  follows = true;
  private from = 0;
  private whites = WHITE_KEYS;
  private wanted = { from: 0, whites: WHITE_KEYS };

  resize(width: number, height: number): void {
    this.width = Math.max(width, 1);
    this.height = Math.max(height, 1);
  }

  get keyboardHeight(): number {
    return Math.round(Math.min(132, Math.max(56, this.height * 0.2)));
  }

  /** Where the blocks end and the keys begin. */
  get floor(): number {
    return this.height - this.keyboardHeight;
  }

  get keyWidth(): number {
    return this.width / this.whites;
  }

  /** Samples in view, first and last. */
  get window(): [number, number] {
    const shown = (this.floor / this.speed) * SAMPLE_RATE;
    return this.falls ? [this.edge, this.edge + shown] : [this.edge - shown, this.edge];
  }

  y(sample: number): number {
    const distance = ((sample - this.edge) / SAMPLE_RATE) * this.speed;
    return this.floor - (this.falls ? distance : -distance);
  }

  x(whites: number): number {
    return (whites - this.from) * this.keyWidth;
  }

  /** Chooses the range that shows all that was heard; it stays where it is while it does. */
  follow(heard: [number, number] | null): void {
    if (!this.follows) return;
    const least = Math.min(WHITE_KEYS, Math.max(LEAST_WHITES, Math.ceil(this.width / WIDEST_KEY)));
    const [low, high] = heard ?? [60, 60];
    const left = Math.max(keyOf(low).x - MARGIN_WHITES, 0);
    const right = Math.min(keyOf(high).x + keyOf(high).width + MARGIN_WHITES, WHITE_KEYS);
    const whites = Math.min(Math.max(Math.ceil(right - left), least), WHITE_KEYS);
    // Middle C stands in the middle until the music leaves no other choice.
    let from = Math.round(keyOf(60).x - whites / 2);
    from = Math.min(Math.max(from, Math.ceil(right) - whites), Math.floor(left));
    this.want(from, whites);
  }

  /** Moves towards the range that was chosen; whether it is there. */
  glide(elapsedMs: number): boolean {
    const share = 1 - Math.exp(-elapsedMs / GLIDE_MS);
    this.from += (this.wanted.from - this.from) * share;
    this.whites += (this.wanted.whites - this.whites) * share;
    const far = Math.abs(this.wanted.from - this.from) + Math.abs(this.wanted.whites - this.whites);
    if (far > 0.01) return false;
    this.jump();
    return true;
  }

  /** Shows the range that was chosen at once. */
  jump(): void {
    this.from = this.wanted.from;
    this.whites = this.wanted.whites;
  }

  /** Widens keys by `factor` around a place on the canvas, which stays where it is. */
  zoomKeys(factor: number, x: number): void {
    const at = this.from + x / this.keyWidth;
    const whites = Math.min(Math.max(this.whites / factor, FEWEST_WHITES), WHITE_KEYS);
    this.choose(at - (x / this.width) * whites, whites);
  }

  zoomTime(factor: number): void {
    this.speed = Math.min(Math.max(this.speed * factor, SLOWEST), FASTEST);
  }

  panKeys(pixels: number): void {
    this.choose(this.from - pixels / this.keyWidth, this.whites);
  }

  private choose(from: number, whites: number): void {
    this.follows = false;
    this.want(from, whites);
    this.jump();
  }

  private want(from: number, whites: number): void {
    this.wanted = { from: Math.min(Math.max(from, 0), WHITE_KEYS - whites), whites };
  }
}
