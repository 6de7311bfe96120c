/** The keys under the roll: painted once for a range and a theme, what is lit on top of them. */

import type { Paints, Stop } from "./colours";
import { KEYS, keyOf, type Key } from "./keyboard";
import type { Viewport } from "./viewport";

export const FONT = "system-ui, sans-serif";

const FELT = 3;
const BLACK_HEIGHT = 0.62;
/** Height of the shadow that the felt casts on the keys. */
const SHADOW = 9;

/** All white or all black keys at rest, and what they were painted for. */
class Layer {
  readonly canvas = document.createElement("canvas");
  readonly context: CanvasRenderingContext2D;
  made = "";

  constructor(alpha: boolean) {
    this.context = this.canvas.getContext("2d", { alpha })!;
    this.canvas.addEventListener("contextrestored", () => (this.made = ""));
  }
}

export class Keybed {
  private readonly whites = new Layer(false);
  private readonly blacks = new Layer(true);

  constructor(private readonly view: Viewport) {}

  /** Paints the keys, those that sound in the colours of their velocities. */
  paint(c: CanvasRenderingContext2D, paints: Paints, lit: Map<number, number>): void {
    const { floor, width } = this.view;
    const ratio = c.canvas.width / width;
    for (const black of [false, true]) {
      const layer = this.layer(black, paints, ratio);
      c.drawImage(layer, 0, floor, layer.width / ratio, layer.height / ratio);
      for (const [pitch, velocity] of lit) {
        const key = keyOf(pitch);
        if (key.black === black) this.paintLit(c, key, paints, velocity);
      }
    }
    c.fillStyle = paints.felt;
    c.fillRect(0, floor, width, FELT);
  }

  private layer(black: boolean, paints: Paints, ratio: number): HTMLCanvasElement {
    const { view } = this;
    const layer = black ? this.blacks : this.whites;
    const height = black ? this.blackHeight : view.keyboardHeight;
    const sizes = [view.width, height, view.keyWidth, view.x(0), ratio];
    const made = `${sizes.join(" ")} ${paints.ground}`;
    if (layer.made === made) return layer.canvas;
    layer.made = made;
    layer.canvas.width = Math.round(view.width * ratio);
    layer.canvas.height = Math.round(height * ratio);
    const c = layer.context;
    c.scale(ratio, ratio);
    if (!black) {
      c.fillStyle = paints.keyEdge;
      c.fillRect(0, 0, view.width, view.keyboardHeight);
    }
    for (const key of KEYS) {
      if (key.black === black && this.inView(key)) this.paintAtRest(c, key, paints);
    }
    return layer.canvas;
  }

  private get blackHeight(): number {
    return Math.round(this.view.keyboardHeight * BLACK_HEIGHT);
  }

  private inView({ x, width }: Key): boolean {
    const left = this.view.x(x);
    return left < this.view.width && left + this.view.keyWidth * width > 0;
  }

  private paintAtRest(c: CanvasRenderingContext2D, key: Key, paints: Paints): void {
    const { left, wide, tall } = this.place(key);
    const { stops, ink } = key.black ? paints.blackKey : paints.whiteKey;
    if (key.black) {
      // Its sides are in the dark; what catches the light is its upper face.
      this.fillKey(c, left, wide, tall, [stops[0], [1, stops[0][1]]]);
      this.fillKey(c, left + 0.12 * wide, 0.76 * wide, tall - 5, stops);
    } else {
      this.fillKey(c, left, wide, tall, stops);
    }
    const shadow = c.createLinearGradient(0, FELT, 0, FELT + SHADOW);
    shadow.addColorStop(0, "rgb(0 0 0 / 0.4)");
    shadow.addColorStop(1, "rgb(0 0 0 / 0)");
    c.fillStyle = shadow;
    c.fillRect(left, FELT, wide, SHADOW);
    if (key.pitch % 12 === 0 && wide >= 10) this.name(c, key, ink, 0.6);
  }

  private paintLit(
    c: CanvasRenderingContext2D,
    key: Key,
    { lit, blackKey }: Paints,
    velocity: number,
  ): void {
    if (!this.inView(key)) return;
    const { floor } = this.view;
    const { left, wide, tall } = this.place(key);
    const { stops, ink } = lit[velocity];
    c.translate(0, floor);
    if (key.black) this.fillKey(c, left, wide, tall, blackKey.stops);
    // A key that is down lies a little deeper.
    if (key.black) this.fillKey(c, left + 0.12 * wide, 0.76 * wide, tall - 2, stops);
    else this.fillKey(c, left, wide, tall + 1, stops);
    if (wide >= 12) this.name(c, key, ink);
    c.translate(0, -floor);
  }

  private place({ x, width, black }: Key): { left: number; wide: number; tall: number } {
    const { keyWidth, keyboardHeight } = this.view;
    const gap = black ? 0 : 0.5;
    const tall = black ? this.blackHeight : keyboardHeight - 2;
    return { left: this.view.x(x) + gap, wide: keyWidth * width - 2 * gap, tall };
  }

  private fillKey(
    c: CanvasRenderingContext2D,
    left: number,
    wide: number,
    tall: number,
    stops: Stop[],
  ): void {
    const round = Math.min(4, wide / 4);
    const gradient = c.createLinearGradient(0, 0, 0, tall);
    for (const [offset, css] of stops) gradient.addColorStop(offset, css);
    c.fillStyle = gradient;
    c.beginPath();
    c.roundRect(left, 0, wide, tall, [0, 0, round, round]);
    c.fill();
  }

  private name(c: CanvasRenderingContext2D, key: Key, ink: string, alpha = 1): void {
    const { left, wide, tall } = this.place(key);
    c.font = `600 ${Math.min(11, this.view.keyWidth * 0.6)}px ${FONT}`;
    c.textAlign = "center";
    c.textBaseline = "bottom";
    c.globalAlpha = alpha;
    c.fillStyle = ink;
    c.fillText(key.name, left + wide / 2, tall - 4);
    c.globalAlpha = 1;
  }
}
