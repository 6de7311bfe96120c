/**
 * The picture: blocks over a keyboard, painted on a canvas.
 *
 * While somebody plays, blocks rise from the keys, because a note cannot fall towards its key
 * before it is struck; in a replay they fall onto the keys, as in amt_tui/live/falling.py.
 */

import { DARK, LIGHT, paintsOf, type Part } from "./colours";
import type { History, Press, Span } from "./history";
import { KEYS, keyOf } from "./keyboard";
import { SAMPLE_RATE } from "./timing";
import type { Viewport } from "./viewport";

/** Seconds of a note drawn as its strike. */
const HEAD_S = 0.1;
/** A key stays lit so long after its note ended: a short note is over before it is decided. */
const GLOW_S = 0.15;
const FONT = "system-ui, sans-serif";
const NAME_WIDTH = 15;
const PEDAL_WIDTH = 4;
const TICKS_S = [1, 2, 5, 10, 15, 30, 60];
const TICK_SPACING = 56;

/** A name on a block: where, and in which ink. */
type Label = [name: string, x: number, y: number, ink: string];

export class Roll {
  private readonly context: CanvasRenderingContext2D;
  private readonly light = matchMedia("(prefers-color-scheme: light)");
  private readonly themes = { dark: paintsOf(DARK), light: paintsOf(LIGHT) };
  private paints = this.themes.dark;
  private labels: Label[] = [];

  constructor(
    private readonly canvas: HTMLCanvasElement,
    private readonly view: Viewport,
  ) {
    // Opaque: the browser need not blend it with the page.
    this.context = canvas.getContext("2d", { alpha: false })!;
  }

  /** Fits the canvas's own pixels to the screen's; whether that changed anything. */
  fit(): boolean {
    const { clientWidth, clientHeight } = this.canvas;
    const ratio = Math.min(devicePixelRatio || 1, 3);
    const width = Math.round(clientWidth * ratio);
    const height = Math.round(clientHeight * ratio);
    this.view.resize(clientWidth, clientHeight);
    if (this.canvas.width === width && this.canvas.height === height) return false;
    this.canvas.width = width;
    this.canvas.height = height;
    this.context.setTransform(ratio, 0, 0, ratio, 0, 0);
    return true;
  }

  paint(history: History): void {
    this.paints = this.light.matches ? this.themes.light : this.themes.dark;
    const [start, end] = this.view.window;
    const spans = history.spans(start, end + 1);
    const presses = history.presses(start, end + 1);
    this.paintGround(start, end);
    this.paintPedal(presses);
    this.labels = [];
    // Black keys lie on top of white ones.
    for (const span of spans) if (!keyOf(span.pitch).black) this.paintNote(span, presses);
    for (const span of spans) if (keyOf(span.pitch).black) this.paintNote(span, presses);
    this.paintLabels();
    this.paintKeyboard(this.lit(history));
  }

  /** Velocities of the keys that sound at the edge. */
  private lit(history: History): Map<number, number> {
    const { edge, falls } = this.view;
    const glow = falls ? 0 : Math.round(GLOW_S * SAMPLE_RATE);
    const spans = history.spans(edge - glow, edge + 1).sort((a, b) => a.start - b.start);
    return new Map(spans.map(({ pitch, velocity }) => [pitch, velocity]));
  }

  private paintGround(start: number, end: number): void {
    const { context: c, view, paints } = this;
    c.fillStyle = paints.ground;
    c.fillRect(0, 0, view.width, view.height);
    c.fillStyle = paints.blackLane;
    for (const { black, x, width } of KEYS) {
      if (black) c.fillRect(view.x(x), 0, view.keyWidth * width, view.floor);
    }
    c.fillStyle = paints.octave;
    for (const { pitch, x } of KEYS) {
      if (pitch % 12 === 0) c.fillRect(Math.round(view.x(x)), 0, 1, view.floor);
    }
    const step = TICKS_S.find((s) => s * view.speed >= TICK_SPACING) ?? 60;
    c.font = `11px ${FONT}`;
    c.textAlign = "left";
    c.textBaseline = "bottom";
    for (let s = Math.max(Math.ceil(start / SAMPLE_RATE / step), 0) * step; ; s += step) {
      if (s * SAMPLE_RATE > end) break;
      const y = Math.round(view.y(s * SAMPLE_RATE));
      c.fillStyle = paints.second;
      c.fillRect(0, y, view.width, 1);
      c.fillStyle = paints.text;
      c.fillText(clockText(s), PEDAL_WIDTH + 3, y - 1);
    }
  }

  private paintPedal(presses: Press[]): void {
    this.context.fillStyle = this.paints.pedal;
    for (const [down, up] of presses) {
      const [top, bottom] = this.between(down, up);
      this.context.fillRect(0, top, PEDAL_WIDTH, bottom - top);
    }
  }

  private paintNote(span: Span, presses: Press[]): void {
    const { view } = this;
    const { x, width, name } = keyOf(span.pitch);
    const left = view.x(x) + 0.5;
    const wide = view.keyWidth * width - 1;
    if (left > view.width || left + wide < 0) return;
    this.paintPart(span, "held", left, wide, span.start, span.end);
    for (const [down, up] of presses) {
      const [from, to] = [Math.max(span.start, down), Math.min(span.end, up)];
      this.paintPart(span, "sustained", left, wide, from, to);
    }
    const head = Math.min(span.end, span.start + HEAD_S * SAMPLE_RATE);
    this.paintPart(span, "struck", left, wide, span.start, head);
    const [top, bottom] = this.between(span.start, span.end);
    const struckInView = span.start >= view.window[0] && span.start <= view.window[1];
    if (!struckInView || wide < NAME_WIDTH || bottom - top < 14) return;
    const { ink } = this.paints.notes.struck[span.velocity];
    this.labels.push([name, left + wide / 2, view.falls ? bottom - 1 : top + 13, ink]);
  }

  private paintPart(
    { velocity }: Span,
    part: Part,
    left: number,
    wide: number,
    from: number,
    to: number,
  ): void {
    if (to <= from) return;
    const [top, bottom] = this.between(from, to);
    this.context.fillStyle = this.paints.notes[part][velocity].fill;
    this.context.fillRect(left, top, wide, Math.max(bottom - top, 1));
  }

  /** All names at once: changing the font for each would cost more than the blocks. */
  private paintLabels(): void {
    const { context: c } = this;
    c.font = `600 10px ${FONT}`;
    c.textAlign = "center";
    c.textBaseline = "bottom";
    for (const [name, x, y, ink] of this.labels) {
      c.fillStyle = ink;
      c.fillText(name, x, y);
    }
  }

  /** Top and bottom on the canvas of a stretch of time, above the keys. */
  private between(from: number, to: number): [number, number] {
    const [a, b] = [this.view.y(from), this.view.y(to)];
    return [Math.max(Math.min(a, b), -2), Math.min(Math.max(a, b), this.view.floor)];
  }

  private paintKeyboard(lit: Map<number, number>): void {
    const { context: c, view, paints } = this;
    const tall = view.keyboardHeight;
    c.font = `600 ${Math.min(11, view.keyWidth * 0.62)}px ${FONT}`;
    for (const { pitch, name, black, x, width } of KEYS) {
      const left = view.x(x);
      const wide = view.keyWidth * width;
      if (left > view.width || left + wide < 0) continue;
      const velocity = lit.get(pitch);
      const rest = black ? paints.blackKey : paints.whiteKey;
      const { fill, ink } = velocity === undefined ? rest : paints.notes.held[velocity];
      const height = black ? tall * 0.62 : tall;
      c.fillStyle = paints.keyEdge;
      c.fillRect(left, view.floor, wide, height);
      c.fillStyle = fill;
      c.fillRect(left + 0.5, view.floor + 1, wide - 1, height - (black ? 1.5 : 1));
      const named = velocity === undefined ? pitch % 12 === 0 && wide >= 10 : wide >= 12;
      if (!named) continue;
      c.fillStyle = ink;
      c.fillText(name, left + wide / 2, view.floor + height - 3);
    }
  }
}

/** `1:05`, or `1:02:05` from an hour on. */
export function clockText(seconds: number): string {
  const whole = Math.max(Math.floor(seconds), 0);
  const two = (n: number) => String(n).padStart(2, "0");
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  return hours ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}
