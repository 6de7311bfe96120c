/** What is seen, and when it moves; the picture itself is painted by nobody here. */

import { beforeEach, expect, test, vi } from "vitest";
import type { History } from "../src/history";
import type { Live } from "../src/live";
import type { Replay } from "../src/replay";
import type { Viewport } from "../src/viewport";

const world = vi.hoisted(() => ({
  page: {} as Record<string, Record<string, unknown>>,
  view: null as unknown,
  scroll: (_seconds: number): void => undefined,
}));

vi.mock("../src/page", () => ({
  page: new Proxy(world.page, {
    get: (all, id: string) => (all[id] ??= { classList: { toggle: () => undefined } }),
  }),
  say: (target: Record<string, unknown>, text: string) => void (target.textContent = text),
  showPedal: () => undefined,
}));
vi.mock("../src/roll", () => ({
  clockText: () => "",
  Roll: class {
    constructor(_canvas: unknown, view: unknown) {
      world.view = view;
    }
    fit = () => false;
    paint = () => undefined;
  },
}));
vi.mock("../src/gestures", () => ({
  attachGestures: (_canvas: unknown, _view: unknown, to: { scroll: typeof world.scroll }) => {
    world.scroll = to.scroll;
  },
}));

const { Stage } = await import("../src/stage");

let visible: (state: "visible" | "hidden") => void;

beforeEach(() => {
  const target = {
    visibilityState: "visible",
    addEventListener: (_kind: string, act: () => void) => {
      visible = (state) => {
        target.visibilityState = state;
        act();
      };
    },
  };
  vi.stubGlobal("document", target);
  vi.stubGlobal("matchMedia", () => ({}));
  vi.stubGlobal("requestAnimationFrame", () => 0);
});

test("Back to now leads to the end of a session that is over", () => {
  const stage = new Stage(() => undefined);
  const history = { now: 160_000, heard: null } as History;
  stage.begin({ history, listening: false } as Live);
  world.scroll(4);
  const view = world.view as Viewport;
  expect(view.edge).toBe(160_000 - 4 * 16_000);
  expect(world.page.back.hidden).toBe(false);
  (world.page.back.onclick as () => void)();
  expect(view.edge).toBe(160_000);
  expect(world.page.back.hidden).toBe(true);
});

test("a hidden page plays nothing, and counts no picture as late", () => {
  const stage = new Stage(() => undefined);
  const pause = vi.fn();
  const unseen = vi.fn();
  stage.replay = { pause } as unknown as Replay;
  stage.live = { figures: { unseen } } as unknown as Live;
  visible("hidden");
  expect([pause.mock.calls.length, unseen.mock.calls.length]).toEqual([1, 0]);
  visible("visible");
  expect([pause.mock.calls.length, unseen.mock.calls.length]).toEqual([1, 1]);
});

test("the button that holds the view says by its name alone what it does", () => {
  const stage = new Stage(() => undefined);
  stage.begin({ history: { now: 0 }, listening: true } as Live);
  (world.page.hold.onclick as () => void)();
  expect(world.page.holdName.textContent).toBe("Go on");
  expect(world.page.hold.ariaPressed).toBeUndefined();
});
