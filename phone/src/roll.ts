/**
 * The picture: blocks over a keyboard, painted on a canvas.
 *
 * While somebody plays, blocks rise from the keys, because a note cannot fall towards its key
 * before it is struck; in a replay they fall onto the keys, as in amt_tui/live/falling.py.
 */

import { DARK, LIGHT, paintsOf, RINGS_S, type Part, type Stop } from "./colours";
import { partsOf, type History, type Press, type Span } from "./history";
import { KEYS, keyOf } from "./keyboard";
import { FONT, Keybed } from "./keybed";
import { SAMPLE_RATE } from "./timing";
import type { Viewport } from "./viewport";

/** A key stays lit so long after its note ended: a short note is over before it is decided. */
const GLOW_S = 0.15;
/** How far a lit key shines. */
const LIGHT_RADIUS = 42;
const BLOCK_GAP = 0.75;
const BLOCK_RADIUS = 4;
/** Narrower blocks are flat and have corners: what they would show more is not worth what it costs. */
const FINE_FROM = 8;
/** Seconds of them drawn as their strike. */
const HEAD_S = 0.1;
const NAME_WIDTH = 13;
const NAME_HEIGHT = 14;
const PEDAL_WIDTH = 4;
const TICKS_S = [1, 2, 5, 10, 15, 30, 60];
const TICK_SPACING = 56;

/** A name on a block: where, and in which ink. */
type Label = [name: string, x: number, y: number, ink: string];

export class Roll {
  private readonly context: CanvasRenderingContext2D;
  private readonly keybed: Keybed;
  private readonly light = matchMedia("(prefers-color-scheme: light)");
  private readonly themes = { dark: paintsOf(DARK), light: paintsOf(LIGHT) };
  private paints = this.themes.dark;
  /** Made once for a theme, a zoom and a direction. */
  private gradients = new Map<Stop[], CanvasGradient>();
  private gradientsFor = "";
  private labels: Label[] = [];

  constructor(
    private readonly canvas: HTMLCanvasElement,
    private readonly view: Viewport,
  ) {
    // Opaque: the browser need not blend it with the page.
    this.context = canvas.getContext("2d", { alpha: false })!;
    this.keybed = new Keybed(view);
    // A graphics chip that was lost has forgotten scale and picture: `fit` sets both anew.
    canvas.addEventListener("contextrestored", () => (canvas.width = 0));
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
    // The keys are copied pixel by pixel.
    this.context.imageSmoothingEnabled = false;
    return true;
  }

  paint(history: History): void {
    this.paints = this.light.matches ? this.themes.light : this.themes.dark;
    this.renewGradients();
    const [start, end] = this.view.window;
    const spans = history.spans(start, end + 1);
    const presses = history.presses(start, end + 1);
    const lit = this.lit(history);
    this.paintGround();
    this.paintTicks(start, end);
    this.paintPedal(presses);
    for (const [pitch, velocity] of lit) this.paintLight(pitch, velocity);
    this.labels = [];
    // Black keys lie on top of white ones.
    for (const span of spans) if (!keyOf(span.pitch).black) this.paintNote(span, presses);
    for (const span of spans) if (keyOf(span.pitch).black) this.paintNote(span, presses);
    this.paintLabels();
    this.keybed.paint(this.context, this.paints, lit);
  }

  /** Velocities of the keys that sound at the edge. */
  private lit(history: History): Map<number, number> {
    const { edge, falls } = this.view;
    const glow = falls ? 0 : Math.round(GLOW_S * SAMPLE_RATE);
    const spans = history.spans(edge - glow, edge + 1).sort((a, b) => a.start - b.start);
    return new Map(spans.map(({ pitch, velocity }) => [pitch, velocity]));
  }

  private paintGround(): void {
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
  }

  private paintTicks(start: number, end: number): void {
    const { context: c, view, paints } = this;
    const step = TICKS_S.find((s) => s * view.speed >= TICK_SPACING) ?? 60;
    c.font = `10px ${FONT}`;
    c.textAlign = "left";
    c.textBaseline = "bottom";
    for (let s = Math.max(Math.ceil(start / SAMPLE_RATE / step), 0) * step; ; s += step) {
      if (s * SAMPLE_RATE > end) break;
      const y = Math.round(view.y(s * SAMPLE_RATE));
      c.fillStyle = paints.second;
      c.fillRect(0, y, view.width, 1);
      c.fillStyle = paints.text;
      c.fillText(clockText(s), PEDAL_WIDTH + 4, y - 1);
    }
  }

  private paintPedal(presses: Press[]): void {
    this.context.fillStyle = this.paints.pedal;
    for (const [down, up] of presses) {
      const [top, bottom] = this.between(down, up);
      this.context.fillRect(0, top, PEDAL_WIDTH, bottom - top);
    }
  }

  /** The light a key casts on the lanes while it sounds. */
  private paintLight(pitch: number, velocity: number): void {
    const { context: c, view } = this;
    const { x, width } = keyOf(pitch);
    const middle = view.x(x + width / 2);
    c.translate(middle, view.floor);
    c.fillStyle = this.gradient(this.paints.light[velocity], () =>
      c.createRadialGradient(0, 0, 0, 0, 0, LIGHT_RADIUS),
    );
    c.fillRect(-LIGHT_RADIUS, -LIGHT_RADIUS, 2 * LIGHT_RADIUS, LIGHT_RADIUS);
    c.translate(-middle, -view.floor);
  }

  private paintNote(span: Span, presses: Press[]): void {
    const { view } = this;
    const { x, width, name } = keyOf(span.pitch);
    const left = view.x(x) + BLOCK_GAP;
    const wide = view.keyWidth * width - 2 * BLOCK_GAP;
    if (left > view.width || left + wide < 0) return;
    for (const [part, from, to] of partsOf(span, presses)) {
      if (wide < FINE_FROM)
        this.paintFlat(this.paints[part][span.velocity][2], left, wide, from, to);
      else this.paintPart(span, part, left, wide, from, to);
    }
    if (wide < FINE_FROM) {
      const head = Math.min(span.end, span.start + HEAD_S * SAMPLE_RATE);
      this.paintFlat(this.paints.held[span.velocity][1], left, wide, span.start, head);
    }
    const [top, bottom] = this.between(span.start, span.end);
    const struckInView = span.start >= view.window[0] && span.start <= view.window[1];
    if (!struckInView || wide < NAME_WIDTH || bottom - top < NAME_HEIGHT) return;
    const y = view.falls ? bottom - 2 : top + NAME_HEIGHT;
    this.labels.push([name, left + wide / 2, y, this.paints.inks[span.velocity]]);
  }

  /** A part of a block, rounded where the note begins and ends. */
  private paintPart(
    { start, end, velocity }: Span,
    part: Part,
    left: number,
    wide: number,
    from: number,
    to: number,
  ): void {
    const { context: c, view } = this;
    const struck = view.y(start);
    const [top, bottom] = this.between(from, to);
    c.translate(0, struck);
    c.fillStyle = this.gradient(this.paints[part][velocity], () =>
      c.createLinearGradient(0, 0, 0, (view.falls ? -RINGS_S : RINGS_S) * view.speed),
    );
    const radius = Math.min(BLOCK_RADIUS, wide / 3);
    const before = from === start ? radius : 0;
    const after = to === end ? radius : 0;
    const [above, below] = view.falls ? [after, before] : [before, after];
    c.beginPath();
    c.roundRect(left, top - struck, wide, Math.max(bottom - top, 1), [above, above, below, below]);
    c.fill();
    c.translate(0, -struck);
  }

  private paintFlat([, css]: Stop, left: number, wide: number, from: number, to: number): void {
    const [top, bottom] = this.between(from, to);
    this.context.fillStyle = css;
    this.context.fillRect(left, top, wide, Math.max(bottom - top, 1));
  }

  private renewGradients(): void {
    const wanted = `${this.view.speed} ${this.view.falls} ${this.paints.ground}`;
    if (wanted !== this.gradientsFor) this.gradients.clear();
    this.gradientsFor = wanted;
  }

  private gradient(stops: Stop[], make: () => CanvasGradient): CanvasGradient {
    const made = this.gradients.get(stops);
    if (made !== undefined) return made;
    const gradient = make();
    for (const [offset, css] of stops) gradient.addColorStop(offset, css);
    this.gradients.set(stops, gradient);
    return gradient;
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

  /** Top and bottom of a stretch of time; a little beyond the picture, where it goes on. */
  private between(from: number, to: number): [number, number] {
    const [a, b] = [this.view.y(from), this.view.y(to)];
    const [first, last] = [-BLOCK_RADIUS, this.view.floor + BLOCK_RADIUS];
    return [Math.max(Math.min(a, b), first), Math.min(Math.max(a, b), last)];
  }
}

/** `1:05`, or `1:02:05` from an hour on. */
export function clockText(seconds: number): string {
  const whole = Math.max(Math.floor(seconds), 0);
  const two = (n: number) => String(n).padStart(2, "0");
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  return hours ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}
