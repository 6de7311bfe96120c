/** Sessions, figures, sentences, and the model file's description. */

import "fake-indexeddb/auto";
import { afterEach, describe, expect, test, vi } from "vitest";
import { metadata } from "../src/envelope";
import type { Event } from "../src/events";
import { Figures, percentile } from "../src/figures";
import { Journal } from "../src/journal";
import type { Heard } from "../src/messages";
import { readInfo } from "../src/model";
import { keepingProblem, listenerProblem, microphoneProblem, Problem } from "../src/problems";
import { Sessions } from "../src/sessions";

const LABEL = { started: 1000, source: "Microphone", model: "live 1" };

function on(sample: number): Event {
  return { kind: "on", sample, decided: sample + 1920, pitch: 60, velocity: 70, confidence: 0.9 };
}

afterEach(() => vi.restoreAllMocks());

describe("sessions", () => {
  test("are listed, read in order, and removed whole", async () => {
    const sessions = await Sessions.open();
    const first = await sessions.begin("Microphone", "live 1", 1000);
    await sessions.append(first, [on(10), on(20)], 500);
    const second = await sessions.begin("take.wav", "live 1", 2000);
    await sessions.append(second, [on(1)], 100);
    await sessions.append(first, [on(30)], 900);
    await sessions.append(first, [], 1000);
    expect(await sessions.list()).toMatchObject([
      { id: second, source: "take.wav", samples: 100, notes: 1 },
      { id: first, source: "Microphone", samples: 1000, notes: 3 },
    ]);
    expect((await sessions.read(first)).map(({ sample }) => sample)).toEqual([10, 20, 30]);
    await sessions.remove(first);
    expect((await sessions.list()).map(({ id }) => id)).toEqual([second]);
    expect(await sessions.read(first)).toEqual([]);
    expect((await sessions.read(second)).length).toBe(1);
    await sessions.append(first, [on(40)], 2000); // removed while it was being written
    expect(await sessions.read(first)).toEqual([]);
  });

  /** Takes the database from every page that has it open, as a phone does that sleeps. */
  function lose(): void {
    const real = IDBDatabase.prototype.transaction;
    const lost = new WeakSet<IDBDatabase>();
    vi.spyOn(IDBDatabase.prototype, "transaction").mockImplementation(function (
      this: IDBDatabase,
      ...given
    ) {
      if (!lost.has(this) && lost.add(this) && losses-- > 0) {
        throw new DOMException("The database connection is closing.", "InvalidStateError");
      }
      return real.apply(this, given);
    });
  }
  let losses = 0;

  test("are reached again when the system has taken the database", async () => {
    const sessions = await Sessions.open();
    losses = 1;
    lose();
    const id = await sessions.begin("Microphone", "live 1", 1000);
    await sessions.append(id, [on(10)], 500);
    expect((await sessions.read(id)).length).toBe(1);
  });

  test("that cannot be reached again have a sentence", async () => {
    const sessions = await Sessions.open();
    losses = 2;
    lose();
    const error = await sessions.list().catch((error) => error);
    expect(keepingProblem(error).problem).toMatch(/lost its store of sessions/);
    expect((await sessions.list()).length).toBeGreaterThan(0);
  });
});

describe("the journal", () => {
  /** A shelf that is full until `room` is set. */
  async function full() {
    const sessions = await Sessions.open();
    const state = { room: false };
    const append = sessions.append.bind(sessions);
    sessions.append = async (...given) => {
      if (!state.room) throw new DOMException("full", "QuotaExceededError");
      return append(...given);
    };
    return { sessions, state };
  }

  test("tells a failure once, and writes what it could not write before", async () => {
    const { sessions, state } = await full();
    const problems: Problem[] = [];
    const journal = new Journal(sessions, LABEL, (one) => problems.push(one));
    journal.add([on(10)], 500);
    await journal.flush();
    journal.add([on(20)], 900);
    await journal.flush();
    expect(problems.map(({ problem }) => problem)).toEqual([
      "There is no room left to keep this session.",
    ]);
    state.room = true;
    await journal.close(2);
    const [head] = await sessions.list();
    expect(head).toMatchObject({ samples: 900, notes: 2 });
    expect((await sessions.read(head.id)).map(({ sample }) => sample)).toEqual([10, 20]);
  });

  test("keeps a session that could not be begun, once there is room", async () => {
    const sessions = await Sessions.open();
    const begin = sessions.begin.bind(sessions);
    sessions.begin = async () => {
      throw new DOMException("full", "QuotaExceededError");
    };
    const problems: Problem[] = [];
    const journal = new Journal(sessions, LABEL, (one) => problems.push(one));
    journal.add([on(10)], 500);
    await journal.flush();
    expect(problems.map(({ problem }) => problem)).toEqual([
      "There is no room left to keep this session.",
    ]);
    sessions.begin = begin;
    journal.add([on(20)], 900);
    await journal.close(2);
    const [head] = await sessions.list();
    expect(head).toMatchObject({ id: journal.id, started: 1000, samples: 900, notes: 2 });
  });

  test("keeps no session without a note", async () => {
    const sessions = await Sessions.open();
    const before = await sessions.list();
    const journal = new Journal(sessions, LABEL, () => undefined);
    await journal.flush();
    expect((await sessions.list()).length).toBe(before.length + 1);
    await journal.close(0);
    expect(await sessions.list()).toEqual(before);
  });
});

describe("figures", () => {
  const heard: Heard = {
    kind: "heard",
    events: [on(16_000)],
    end: 18_000,
    at: 5000,
    decidedAt: 5010,
    workMs: 4,
    soundS: 0.02,
    lostS: 0,
    peak: 0.1,
  };

  test("count from the instant a string was struck", () => {
    const figures = new Figures();
    figures.took(heard);
    expect(figures.decided(0.5)).toBeCloseTo(125 + 10);
    expect(figures.screen(0.5)).toBeNull();
    figures.drawn(5026);
    expect(figures.screen(0.95)).toBeCloseTo(125 + 26);
    expect(figures.load).toBeCloseTo(4);
    expect(figures.peakDb(5000)).toBeCloseTo(-20);
  });

  test("forget after a minute, and let the level fall", () => {
    const figures = new Figures();
    figures.took(heard);
    figures.took({ ...heard, events: [], at: 6000, decidedAt: 66_000, peak: 0, lostS: 0.5 });
    expect(figures.decided(0.5)).toBeNull();
    expect(figures.peakDb(6000)).toBeCloseTo(-40);
    expect(figures.peakDb(7000)).toBeCloseTo(-60); // and no block has come since
    expect(figures.peakDb(60_000)).toBe(-96);
    expect(figures.lostS).toBe(0.5);
  });

  test("do not count as drawn late what nobody was there to see", () => {
    const figures = new Figures();
    figures.took(heard);
    figures.unseen();
    figures.drawn(65_000);
    expect(figures.screen(0.5)).toBeNull();
    figures.took({ ...heard, at: 65_000, decidedAt: 65_010 });
    figures.drawn(65_026);
    expect(figures.screen(0.5)).toBeCloseTo(125 + 26);
  });

  test("percentiles are NumPy's", () => {
    expect(percentile([], 0.5)).toBeNull();
    expect(percentile([3, 1, 2], 0.5)).toBe(2);
    expect(percentile([4, 1, 3, 2], 0.95)).toBeCloseTo(3.85);
  });
});

describe("problems", () => {
  test.each([
    ["NotAllowedError", /may not be used/],
    ["NotFoundError", /No microphone/],
    ["NotReadableError", /used by another app/],
    ["SomethingElse", /could not be opened/],
  ])("%s of the microphone is told", (name, text) => {
    const told = microphoneProblem(new DOMException("x", name));
    expect(told.problem).toMatch(text);
    expect(told.remedy).toMatch(/\.$/);
  });

  test("memory, network and room each have a sentence", () => {
    expect(listenerProblem(new RangeError("Out of memory")).problem).toMatch(
      /too little free memory/,
    );
    expect(listenerProblem("std::bad_alloc").problem).toMatch(/too little free memory/);
    expect(listenerProblem(new TypeError("Failed to fetch")).problem).toMatch(
      /could not be loaded/,
    );
    expect(listenerProblem(new Error("odd")).problem).toMatch(/odd/);
    expect(keepingProblem(new DOMException("", "QuotaExceededError")).problem).toMatch(/no room/);
    expect(keepingProblem(null).remedy).toMatch(/Save as MIDI/);
    const known = new Problem("a", "b");
    expect(listenerProblem(known)).toBe(known);
    expect(microphoneProblem(known)).toBe(known);
  });
});

describe("the model's description", () => {
  const field = (tag: number, body: Uint8Array): number[] => [(tag << 3) | 2, body.length, ...body];
  const text = (value: string): Uint8Array => new TextEncoder().encode(value);

  test("is found between the fields of an ONNX file", () => {
    const entry = Uint8Array.from([...field(1, text("amt")), ...field(2, text("{}"))]);
    const file = Uint8Array.from([0x08, 0x0a, ...field(7, text("graph")), ...field(14, entry)]);
    expect([...metadata(file)]).toEqual([["amt", "{}"]]);
    expect(() => metadata(file.subarray(0, file.length - 2))).toThrow(RangeError);
  });

  test("a file without one, or of another version, is refused in words", () => {
    expect(() => readInfo(text("nonsense"))).toThrow(Problem);
    const values = { format_version: 99, features: { sample_rate: 16_000 } };
    const body = text(JSON.stringify(values));
    const entry = Uint8Array.from([...field(1, text("amt")), ...field(2, body)]);
    expect(() => readInfo(Uint8Array.from(field(14, entry)))).toThrow(/does not fit this page/);
  });
});
