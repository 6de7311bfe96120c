/** What the roll is made of: colours, keys, history, and what is in view. */

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { contrast, DARK, LIGHT, noteColours, velocityColour } from "../src/colours";
import type { Event } from "../src/events";
import { History, partsOf } from "../src/history";
import { KEYS, keyOf, pitchName, WHITE_KEYS } from "../src/keyboard";
import { SAMPLE_RATE } from "../src/timing";
import { Viewport } from "../src/viewport";

/** The least contrast of graphics with their ground (WCAG 2.2, 1.4.11). */
const LEAST_CONTRAST = 3;

describe("colours", () => {
  test("on the dark ground are those of the terminal", () => {
    const golden = new URL("golden/velocities.json", import.meta.url);
    const wanted = JSON.parse(readFileSync(golden, "utf8"));
    expect(wanted.length).toBe(127);
    expect(wanted.map((_: unknown, i: number) => velocityColour(i + 1, DARK))).toEqual(wanted);
  });

  test.each([
    ["dark", DARK],
    ["light", LIGHT],
  ])("of struck notes stand out from the %s ground", (_, theme) => {
    for (let velocity = 30; velocity < 128; velocity++) {
      const [[, colour]] = noteColours(velocity, "held", theme);
      expect(contrast(colour, theme.ground)).toBeGreaterThan(LEAST_CONTRAST);
    }
    expect(contrast(theme.text, theme.ground)).toBeGreaterThan(4.5);
    expect(contrast(theme.pedal, theme.ground)).toBeGreaterThan(LEAST_CONTRAST);
  });

  test.each([
    ["dark", DARK],
    ["light", LIGHT],
  ])("get further from the %s ground when struck harder", (_, theme) => {
    const ratios = [20, 50, 80, 110].map((v) => contrast(velocityColour(v, theme), theme.ground));
    expect([...ratios].sort((a, b) => a - b)).toEqual(ratios);
  });
});

describe("keys", () => {
  test("are 52 white ones side by side and 36 black ones between them", () => {
    const white = KEYS.filter(({ black }) => !black);
    expect(white.map(({ x }) => x)).toEqual(Array.from({ length: WHITE_KEYS }, (_, i) => i));
    expect(KEYS.length).toBe(88);
    for (const { pitch, x, width } of KEYS.filter(({ black }) => black)) {
      expect(x + width / 2).toBe(keyOf(pitch + 1).x);
    }
  });

  test("have names", () => {
    expect([21, 60, 61, 108].map(pitchName)).toEqual(["A0", "C4", "C♯4", "C8"]);
  });
});

describe("history", () => {
  const on = (s: number, pitch: number): Event => ({
    kind: "on",
    sample: s * SAMPLE_RATE,
    decided: 0,
    pitch,
    velocity: 64,
    confidence: 1,
  });
  const off = (s: number, pitch: number): Event => ({
    kind: "off",
    sample: s * SAMPLE_RATE,
    decided: 0,
    pitch,
  });
  const between = (history: History, from: number, to: number) =>
    history.spans(from * SAMPLE_RATE, to * SAMPLE_RATE).map(({ pitch }) => pitch);

  test("finds what sounds between two instants, each note once", () => {
    const history = new History();
    history.add([on(1, 60), off(2, 60), on(3, 62), off(30, 62), on(31, 64)]);
    history.advance(40 * SAMPLE_RATE);
    expect(between(history, 0, 50)).toEqual([60, 62, 64]);
    expect(between(history, 1.5, 1.6)).toEqual([60]);
    expect(between(history, 2, 3)).toEqual([]);
    expect(between(history, 20, 21)).toEqual([62]);
    expect(between(history, 35, 36)).toEqual([64]);
    expect(history.heard).toEqual([60, 64]);
    expect(history.notes).toBe(3);
  });

  test("a strike ends the note before it on the same key", () => {
    const history = new History();
    history.add([on(1, 60), on(2, 60), off(3, 60)]);
    const spans = history.spans(0, 10 * SAMPLE_RATE);
    expect(spans.map(({ start, end }) => [start / SAMPLE_RATE, end / SAMPLE_RATE])).toEqual([
      [1, 2],
      [2, 3],
    ]);
  });

  test("knows when the pedal is down, and that the present never goes back", () => {
    const history = new History();
    history.add([{ kind: "down", sample: 10, decided: 10 }]);
    history.advance(100);
    history.advance(50);
    expect(history.now).toBe(100);
    expect(history.presses(20, 30)).toEqual([[10, 100]]);
    history.add([{ kind: "up", sample: 60, decided: 90 }]);
    expect(history.presses(0, 5)).toEqual([]);
    expect(history.presses(59, 70)).toEqual([[10, 60]]);
  });
});

describe("a note under the pedal", () => {
  const note = { start: 100, end: 200, pitch: 60, velocity: 64 };

  test("is cut where the pedal goes down or up", () => {
    const presses: [number, number][] = [
      [180, 300],
      [150, 160],
      [0, 120],
    ];
    expect(partsOf(note, presses)).toEqual([
      ["sustained", 100, 120],
      ["held", 120, 150],
      ["sustained", 150, 160],
      ["held", 160, 180],
      ["sustained", 180, 200],
    ]);
  });

  test.each([
    ["beside it", [[200, 300]], [["held", 100, 200]]],
    ["around it", [[0, 300]], [["sustained", 100, 200]]],
  ] as [string, [number, number][], unknown[]][])(
    "stays whole with a press %s",
    (_, presses, parts) => expect(partsOf(note, presses)).toEqual(parts),
  );
});

describe("viewport", () => {
  function portrait(): Viewport {
    const view = new Viewport();
    view.resize(360, 500);
    return view;
  }

  test("follows what is played, and stays where it is while it can", () => {
    const view = portrait();
    view.follow(null);
    view.jump();
    expect(view.x(keyOf(60).x)).toBeGreaterThan(100);
    const width = view.keyWidth;
    view.follow([60, 64]);
    view.jump();
    expect(view.keyWidth).toBe(width);
    view.follow([24, 96]);
    view.jump();
    expect(view.x(keyOf(24).x)).toBeGreaterThanOrEqual(0);
    expect(view.x(keyOf(96).x + 1)).toBeLessThanOrEqual(360);
    view.follow([21, 108]);
    view.jump();
    expect(view.keyWidth).toBeCloseTo(360 / WHITE_KEYS);
  });

  test("glides to a range and arrives", () => {
    const view = portrait();
    view.follow([60, 64]);
    view.jump();
    view.follow([21, 108]);
    expect(view.glide(16)).toBe(false);
    let steps = 0;
    while (!view.glide(16)) steps++;
    expect(steps).toBeGreaterThan(5);
    expect(view.keyWidth).toBeCloseTo(360 / WHITE_KEYS);
  });

  test("pinching keeps the place between the fingers, and ends following", () => {
    const view = portrait();
    view.follow([48, 72]);
    view.jump();
    const place = keyOf(60).x;
    const x = view.x(place);
    view.zoomKeys(1.5, x);
    expect(view.x(place)).toBeCloseTo(x);
    expect(view.follows).toBe(false);
    const width = view.keyWidth;
    view.follow([21, 108]);
    view.jump();
    expect(view.keyWidth).toBe(width);
  });

  test("the past is above the keys while listening, the future in a replay", () => {
    const view = portrait();
    view.edge = 10 * SAMPLE_RATE;
    expect(view.y(9 * SAMPLE_RATE)).toBe(view.floor - view.speed);
    expect(view.window[1]).toBe(view.edge);
    view.falls = true;
    expect(view.y(11 * SAMPLE_RATE)).toBe(view.floor - view.speed);
    expect(view.window[0]).toBe(view.edge);
  });
});
