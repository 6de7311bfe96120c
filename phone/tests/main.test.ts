/** What the buttons do, and when: the page's parts around them are played by the test. */

import { beforeEach, expect, test, vi } from "vitest";
import type { Event } from "../src/events";
import type { Reply } from "../src/messages";
import type { Label } from "../src/sessions";

interface Answer<T> {
  resolve(value: T): void;
  reject(error: unknown): void;
}

const world = vi.hoisted(() => ({
  page: {} as Record<string, Record<string, unknown>>,
  hear: (_reply: unknown): void => undefined,
  /** Chosen in the list of sessions. */
  choose: (_label: unknown, _events: unknown): void => undefined,
  readings: [] as unknown[],
  openings: [] as unknown[],
  transcribed: 0,
  cuts: 0,
  locks: 0,
  journals: [] as { events: unknown[]; samples: number; closed: number | null }[],
  listeners: {} as Record<string, () => void>,
  running: (_id: number): boolean => false,
  problems: [] as unknown[],
  saved: [] as unknown[],
}));

vi.mock("../src/browser", () => ({ checkBrowser: () => undefined }));
vi.mock("../src/history", () => ({
  History: class {
    add() {}
    advance() {}
  },
}));
vi.mock("../src/library", () => ({
  saveMidi: async (events: Event[]) => void world.saved.push(events),
  showLibrary: async (
    _sessions: unknown,
    running: typeof world.running,
    play: typeof world.choose,
  ) => Object.assign(world, { running, choose: play }),
  titled: ({ source }: Label) => source,
}));
vi.mock("../src/journal", () => ({
  Journal: class {
    id = 7;
    events: unknown[] = [];
    samples = 0;
    closed: number | null = null;
    constructor() {
      world.journals.push(this);
    }
    add(events: unknown[], samples: number) {
      this.events.push(...events);
      this.samples = samples;
    }
    async flush() {}
    async close(notes: number) {
      this.closed = notes;
    }
  },
}));
vi.mock("../src/listener", () => ({
  Listener: {
    start: async (_loading: unknown, hear: typeof world.hear) => {
      world.hear = hear;
      const model = { name: "live", version: "1", licence: "CC0", lookaheadMs: 120 };
      const cut = () => world.cuts++;
      return { model, cut, transcribe: () => world.transcribed++, stop: () => undefined };
    },
  },
}));
vi.mock("../src/live", () => ({
  Live: { begin: () => new Promise((resolve, reject) => world.openings.push({ resolve, reject })) },
}));
vi.mock("../src/page", () => ({
  page: new Proxy(world.page, {
    get: (all, id: string) => (all[id] ??= { classList: { toggle: () => undefined } }),
  }),
  say: (target: Record<string, unknown>, text: string) => void (target.textContent = text),
  showProblem: (problem: unknown) => void world.problems.push(problem),
  showStats: () => undefined,
}));
vi.mock("../src/recordings", () => ({
  readRecording: () => new Promise((resolve, reject) => world.readings.push({ resolve, reject })),
}));
vi.mock("../src/replay", () => ({ Replay: class {} }));
vi.mock("../src/sessions", () => ({
  MICROPHONE: "Microphone",
  Sessions: { open: async () => ({}) },
  sourceOf: ({ name }: File) => name,
}));
vi.mock("../src/stage", () => ({
  Stage: class {
    live: unknown = null;
    replay: unknown = null;
    history = { notes: 0 };
    begin(live: unknown) {
      this.live = live;
    }
    playBack(replay: unknown) {
      this.replay = replay;
    }
    leaveReplay() {
      this.replay = null;
    }
    redraw() {}
  },
}));
vi.mock("../src/wakelock", () => ({
  WakeLock: class {
    async acquire() {
      world.locks = 1;
    }
    async release() {
      world.locks = 0;
    }
  },
}));

const readings = world.readings as Answer<Float32Array>[];
const openings = world.openings as Answer<unknown>[];

function note(pitch: number): Event {
  return { kind: "on", sample: 0, decided: 0, pitch, velocity: 70, confidence: 0.9 };
}

function element(id: string): Record<string, unknown> {
  return world.page[id] ?? {};
}

function enabled(id: string): boolean {
  return !element(id).disabled;
}

/** What was begun goes on as far as it can. */
async function settled(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 0));
}

async function tap(id: string): Promise<void> {
  (element(id).onclick as () => void)();
  await settled();
}

/** Chooses a file; a dialog that was open before may do so even where Open is disabled now. */
async function choose(name: string): Promise<void> {
  Object.assign(element("file"), { files: [{ name }] });
  (element("file").onchange as () => void)();
  await settled();
}

async function transcribe(name: string, events: Event[]): Promise<void> {
  await choose(name);
  readings.at(-1)!.resolve(new Float32Array(16));
  await settled();
  world.hear({ kind: "transcribed", samples: 16, done: true, events } satisfies Reply);
  await settled();
}

/** A session of the microphone's. */
function session(events: Event[]) {
  const live = {
    events,
    samples: 16_000,
    listening: true,
    finishing: false,
    session: 5,
    figures: { behindMs: 0, peakDb: () => -60, rows: () => [] },
    stops: 0,
    silent: false,
    resume: vi.fn(async () => undefined),
    /** The microphone is closed when the test says so. */
    closed: (): void => undefined,
    stop: () => {
      live.stops++;
      [live.listening, live.finishing] = [false, true];
      return new Promise<void>((resolve) => (live.closed = resolve));
    },
    close: async () => void (live.listening = live.finishing = false),
  };
  return live;
}

/** Listens and stops. */
async function playMicrophone(events: Event[]): Promise<void> {
  await tap("listen");
  const live = session(events);
  openings.at(-1)!.resolve(live);
  await settled();
  live.listening = false;
}

async function replayKept(source: string, events: Event[]): Promise<void> {
  await tap("sessions");
  world.choose({ started: 0, source, model: "live 1", samples: 16 }, events);
}

async function saved(): Promise<Event[]> {
  world.saved.length = 0;
  await tap("save");
  return world.saved[0] as Event[];
}

beforeEach(async () => {
  vi.resetModules();
  for (const id of Object.keys(world.page)) delete world.page[id];
  readings.length = openings.length = world.transcribed = world.cuts = world.locks = 0;
  world.journals.length = world.problems.length = 0;
  const target = {
    addEventListener: (kind: string, act: () => void) => void (world.listeners[kind] = act),
    visibilityState: "visible",
  };
  vi.stubGlobal("document", target);
  vi.stubGlobal("addEventListener", target.addEventListener);
  vi.stubGlobal("navigator", {});
  world.page.stats = { hidden: true };
  await import("../src/main");
  await settled();
  expect(element("status").textContent).toBe("Ready");
});

test("while a file is read nothing else is begun", async () => {
  await choose("a.wav");
  expect(element("status").textContent).toBe("Reading a.wav");
  expect([enabled("open"), enabled("file"), enabled("listen")]).toEqual([false, false, false]);
  await choose("b.wav");
  await tap("listen");
  expect([readings.length, openings.length]).toEqual([1, 0]);
  readings[0].resolve(new Float32Array(16));
  await settled();
  expect(world.transcribed).toBe(1);
  world.hear({ kind: "transcribed", samples: 16, done: true, events: [] } satisfies Reply);
  expect(element("status").textContent).toBe("a.wav");
  expect(enabled("open") && enabled("listen")).toBe(true);
});

test("a file that cannot be read leaves the buttons as they were", async () => {
  await choose("a.wav");
  readings[0].reject(new Error("no recording"));
  await settled();
  expect(element("status").textContent).toBe("Ready");
  expect(enabled("open") && enabled("file") && enabled("listen")).toBe(true);
});

test("while the microphone is being opened nothing else is begun", async () => {
  await tap("listen");
  expect(element("status").textContent).toBe("Opening the microphone");
  expect([enabled("open"), enabled("file"), enabled("listen")]).toEqual([false, false, false]);
  await choose("a.wav");
  await tap("listen");
  expect([readings.length, openings.length]).toEqual([0, 1]);
  openings[0].reject(new DOMException("refused", "NotAllowedError"));
  await settled();
  expect(element("status").textContent).toBe("Not listening");
  expect(enabled("open") && enabled("listen")).toBe(true);
});

test("a replay that is begun meanwhile gives way to the microphone", async () => {
  await tap("listen");
  await replayKept("kept", [note(50)]);
  const events = [note(60)];
  openings[0].resolve(session(events));
  await settled();
  expect(element("status").textContent).toBe("Listening");
  expect(await saved()).toBe(events);
});

test("Save writes the replay that is shown, and what was played before when that is closed", async () => {
  const played = [note(60)];
  const kept = [note(50)];
  await playMicrophone(played);
  await replayKept("kept", kept);
  expect(await saved()).toBe(kept);
  await tap("leave");
  expect(await saved()).toBe(played);
  await transcribe("a.wav", [note(40)]);
  expect(await saved()).toEqual([note(40)]);
  await tap("leave");
  expect(await saved()).toBe(played);
});

test("Save writes what was played when a replay gives way to what then fails", async () => {
  const played = [note(60)];
  await playMicrophone(played);
  await replayKept("kept", [note(50)]);
  await tap("listen");
  openings.at(-1)!.reject(new DOMException("refused", "NotAllowedError"));
  await settled();
  expect(await saved()).toBe(played);
  await replayKept("kept", [note(50)]);
  await choose("a.wav");
  readings[0].reject(new Error("no recording"));
  await settled();
  expect(await saved()).toBe(played);
});

test("with nothing played Save writes the last recording, and no replay that is closed", async () => {
  await replayKept("kept", [note(50)]);
  await tap("leave");
  expect(enabled("save")).toBe(false);
  await transcribe("a.wav", [note(40)]);
  await replayKept("kept", [note(50)]);
  await tap("leave");
  expect(await saved()).toEqual([note(40)]);
});

async function listening() {
  await tap("listen");
  const live = session([note(60)]);
  openings.at(-1)!.resolve(live);
  await settled();
  return live;
}

test("a second tap on Stop does nothing: what was heard is still being finished", async () => {
  const live = await listening();
  await tap("listen");
  expect(element("status").textContent).toBe("Finishing");
  expect(enabled("listen")).toBe(false);
  await tap("listen");
  await choose("a.wav");
  expect([live.stops, openings.length, readings.length]).toEqual([1, 1, 0]);
  live.closed();
  await settled();
  world.hear({ kind: "rested" } satisfies Reply);
  await settled();
  expect(element("status").textContent).toBe("Stopped");
  expect(enabled("listen")).toBe(true);
});

test("sound that is held back is told, and a tap asks for it", async () => {
  const live = await listening();
  live.silent = true;
  await tap("figures"); // says anew what there is to say
  expect(element("status").textContent).toBe("Interrupted: waiting for the sound");
  world.listeners.pointerdown();
  expect(live.resume).toHaveBeenCalledTimes(1);
});

test("a rest that was of an earlier session does not end a later one", async () => {
  const live = await listening();
  world.hear({ kind: "rested" } satisfies Reply);
  await settled();
  expect(live.listening).toBe(true);
});

test("listening goes on until a file has proved to be a recording", async () => {
  const live = await listening();
  await choose("a.wav");
  expect(element("status").textContent).toBe("Reading a.wav");
  expect([live.stops, enabled("listen")]).toEqual([0, true]);
  readings[0].reject(new Error("no recording"));
  await settled();
  expect(element("status").textContent).toBe("Listening");
  await choose("b.wav");
  readings[1].resolve(new Float32Array(16));
  await settled();
  expect(live.stops).toBe(1);
});

/** A quarter of the recording `a.wav`, with a note in it. */
const QUARTER: Reply = { kind: "transcribed", samples: 4, done: false, events: [note(60)] };

test("a recording keeps the screen on, is kept while it is heard, and can be stopped", async () => {
  await choose("a.wav");
  readings[0].resolve(new Float32Array(16));
  await settled();
  expect([world.locks, element("listenName").textContent, enabled("listen")]).toEqual([
    1,
    "Stop",
    true,
  ]);
  world.hear(QUARTER);
  expect(element("status").textContent).toBe("Transcribing a.wav: 25 %");
  expect(world.journals[0]).toMatchObject({ events: [note(60)], samples: 4, closed: null });
  await tap("listen");
  expect([world.cuts, openings.length]).toEqual([1, 0]);
  world.hear({ kind: "transcribed", samples: 4, done: true, events: [] } satisfies Reply);
  await settled();
  expect(world.journals[0]).toMatchObject({ closed: 1 });
  expect(world.locks).toBe(0);
  expect(await saved()).toEqual([note(60)]);
});

test("a recording that fails half way is kept as far as it was heard", async () => {
  await choose("a.wav");
  readings[0].resolve(new Float32Array(16));
  await settled();
  world.hear(QUARTER);
  world.hear({ kind: "failed", problem: "No memory.", remedy: "Close apps." } satisfies Reply);
  await settled();
  expect(world.journals[0]).toMatchObject({ samples: 4, closed: 1 });
  expect([world.locks, enabled("listen")]).toEqual([0, false]);
});

test("what is being written is known to the list of sessions", async () => {
  await tap("sessions");
  expect([world.running(5), world.running(7)]).toEqual([false, false]);
  await listening();
  await tap("sessions");
  expect([world.running(5), world.running(7)]).toEqual([true, false]);
});
