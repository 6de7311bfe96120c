/** Fingers on the roll: what is a tap, and what is none. */

import { beforeEach, expect, test } from "vitest";
import { attachGestures } from "../src/gestures";
import { Viewport } from "../src/viewport";

let canvas: EventTarget;
let fitted: number;
let scrolled: number;
let now: number;

beforeEach(() => {
  canvas = Object.assign(new EventTarget(), { setPointerCapture: () => undefined });
  [fitted, scrolled, now] = [0, 0, 1000];
  attachGestures(canvas as HTMLCanvasElement, new Viewport(), {
    scroll: (seconds) => void (scrolled += seconds),
    changed: () => undefined,
    fit: () => void fitted++,
    toggle: () => undefined,
  });
});

function finger(kind: string, pointerId: number, x = 100, y = 100): void {
  const event = new Event(kind);
  Object.defineProperty(event, "timeStamp", { value: now });
  canvas.dispatchEvent(Object.assign(event, { pointerId, offsetX: x, offsetY: y }));
  now += 20;
}

function tap(pointerId: number): void {
  for (const kind of ["pointerdown", "pointerup", "lostpointercapture"]) finger(kind, pointerId);
}

test("two taps fit the keys, one does not", () => {
  tap(1);
  now += 1000;
  tap(2);
  expect(fitted).toBe(0);
  tap(3);
  expect(fitted).toBe(1);
});

test("two fingers that tap together are no double tap", () => {
  finger("pointerdown", 1);
  finger("pointerdown", 2);
  finger("pointerup", 1);
  finger("pointerup", 2);
  expect(fitted).toBe(0);
});

test("a finger that the system has taken away does not turn the next one's drag into a pinch", () => {
  finger("pointerdown", 1);
  finger("lostpointercapture", 1);
  finger("pointerdown", 2);
  finger("pointermove", 2, 100, 140);
  expect(scrolled).toBeGreaterThan(0);
});
