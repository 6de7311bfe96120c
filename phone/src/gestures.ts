/** Fingers, mouse and keys on the roll, told in its own words. */

import type { Viewport } from "./viewport";

/** A finger must move so far before it drags. */
const SLOP = 6;
const DOUBLE_TAP_MS = 300;
/** Fingers closer than this along an axis do not pinch along it. */
const PINCH_ROOM = 30;

export interface Gestures {
  /** Time is dragged by so many seconds, into the past where positive. */
  scroll(seconds: number): void;
  /** Something else changed. */
  changed(): void;
  /** The range is to follow what is played again. */
  fit(): void;
  /** The space bar. */
  toggle(): void;
}

/** Listens to a canvas for as long as the page lives. */
export function attachGestures(canvas: HTMLCanvasElement, view: Viewport, to: Gestures): void {
  const fingers = new Map<number, { x: number; y: number }>();
  let moved = 0;
  /** One finger alone; two that tap at once are no double tap. */
  let single = true;
  /** What the finger drags, decided when it begins to. */
  let drags: "time" | "keys" | null = null;
  let tappedAt = 0;

  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    single = fingers.size === 0;
    if (single) [moved, drags] = [0, null];
    fingers.set(event.pointerId, { x: event.offsetX, y: event.offsetY });
  });

  canvas.addEventListener("pointermove", (event) => {
    const finger = fingers.get(event.pointerId);
    if (finger === undefined) return;
    const next = { x: event.offsetX, y: event.offsetY };
    const [dx, dy] = [next.x - finger.x, next.y - finger.y];
    const other = [...fingers].find(([id]) => id !== event.pointerId)?.[1];
    fingers.set(event.pointerId, next);
    moved += Math.abs(dx) + Math.abs(dy);
    if (moved < SLOP) return;
    if (other !== undefined) pinch(finger, next, other);
    else drag(dx, dy);
  });

  function pinch(before: { x: number; y: number }, after: typeof before, other: typeof before) {
    const wide = [Math.abs(before.x - other.x), Math.abs(after.x - other.x)];
    const tall = [Math.abs(before.y - other.y), Math.abs(after.y - other.y)];
    if (wide[0] > PINCH_ROOM && wide[1] > PINCH_ROOM) {
      view.zoomKeys(wide[1] / wide[0], (after.x + other.x) / 2);
    }
    if (tall[0] > PINCH_ROOM && tall[1] > PINCH_ROOM) view.zoomTime(tall[1] / tall[0]);
    to.changed();
  }

  function drag(dx: number, dy: number) {
    // Blocks follow the finger: above the keys is the future in a replay, the past otherwise.
    drags ??= Math.abs(dx) > Math.abs(dy) ? "keys" : "time";
    if (drags === "keys") view.panKeys(dx);
    else to.scroll((view.falls ? -dy : dy) / view.speed);
    to.changed();
  }

  for (const kind of ["pointerup", "pointercancel"] as const) {
    canvas.addEventListener(kind, (event) => {
      fingers.delete(event.pointerId);
      if (kind === "pointercancel" || moved >= SLOP || !single) return;
      if (event.timeStamp - tappedAt < DOUBLE_TAP_MS) to.fit();
      tappedAt = event.timeStamp;
    });
  }

  // A finger that the system takes away is not told by the two above.
  canvas.addEventListener("lostpointercapture", ({ pointerId }) => fingers.delete(pointerId));

  canvas.addEventListener(
    "wheel",
    (event) => {
      event.preventDefault();
      if (event.ctrlKey) view.zoomKeys(Math.exp(-event.deltaY / 300), event.offsetX);
      else if (event.shiftKey) view.zoomTime(Math.exp(-event.deltaY / 300));
      else to.scroll(-event.deltaY / view.speed);
      to.changed();
    },
    { passive: false },
  );

  const keys: Record<string, () => void> = {
    ArrowUp: () => to.scroll(1),
    ArrowDown: () => to.scroll(-1),
    ArrowLeft: () => view.panKeys(view.keyWidth),
    ArrowRight: () => view.panKeys(-view.keyWidth),
    "+": () => view.zoomKeys(1.25, view.width / 2),
    "-": () => view.zoomKeys(0.8, view.width / 2),
    f: () => to.fit(),
    " ": () => to.toggle(),
  };
  canvas.addEventListener("keydown", (event) => {
    const act = keys[event.key];
    if (act === undefined) return;
    event.preventDefault();
    act();
    to.changed();
  });
}
