/** A microphone that is taken away and given back, and a session that ends whatever it does. */

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Listener } from "../src/listener";
import { Live } from "../src/live";
import type { Heard } from "../src/messages";
import { soon } from "../src/patience";

vi.mock("../src/recorder.worklet?worker&url", () => ({ default: "recorder.js" }));

const never = () => new Promise<void>(() => undefined);
/** The system's end of the microphone. */
let context: any;
let track: any;
let rests: number;
let interruptions: boolean[];

beforeEach(() => {
  vi.useFakeTimers();
  [rests, interruptions] = [0, []];
  track = { muted: false, stop: () => undefined };
  context = {
    state: "running",
    sampleRate: 48_000,
    audioWorklet: { addModule: async () => undefined },
    createMediaStreamSource: () => node,
    resume: vi.fn(async () => undefined),
    close: async () => undefined,
  };
  const node = { connect: (to: unknown) => to, port: { postMessage: () => undefined } };
  vi.stubGlobal("isSecureContext", true);
  vi.stubGlobal("AudioContext", function () {
    return context;
  });
  vi.stubGlobal("AudioWorkletNode", function () {
    return node;
  });
  vi.stubGlobal("MessageChannel", class {});
  const getUserMedia = async () => ({ getAudioTracks: () => [track], getTracks: () => [track] });
  vi.stubGlobal("navigator", { mediaDevices: { getUserMedia } });
});

afterEach(() => vi.useRealTimers());

function begin(): Promise<Live> {
  const model = { name: "live", version: "1" };
  const listener = { model, listen: () => undefined, rest: () => rests++ };
  return Live.begin(listener as unknown as Listener, null, {
    interrupted: (yes) => void interruptions.push(yes),
    ended: () => undefined,
    unkept: () => undefined,
  });
}

test.each([
  ["hangs", never],
  ["fails", () => Promise.reject(new DOMException("", "InvalidStateError"))],
])("a microphone whose closing %s does not keep a session from ending", async (_, close) => {
  const live = await begin();
  context.close = close;
  const stopped = live.stop();
  expect([live.listening, live.finishing]).toEqual([false, true]);
  await vi.advanceTimersByTimeAsync(1100);
  await stopped;
  expect(rests).toBe(1);
});

test("a system that does not let the microphone begin is told as an interruption", async () => {
  Object.assign(context, { state: "suspended", resume: never });
  const beginning = begin();
  await vi.advanceTimersByTimeAsync(1100);
  expect((await beginning).listening).toBe(true);
  expect(interruptions).toEqual([true]);
});

test("sound is asked for as soon as the system says that it may come back", async () => {
  await begin();
  context.resume.mockClear();
  context.state = "suspended";
  context.onstatechange();
  expect(interruptions).toEqual([false, true]);
  track.onunmute();
  expect(context.resume).toHaveBeenCalledTimes(2);
  context.state = "running";
  context.onstatechange();
  expect(interruptions.at(-1)).toBe(false);
  expect(context.resume).toHaveBeenCalledTimes(2);
});

test("where no block comes for two seconds the session is silent", async () => {
  const live = await begin();
  const block = { events: [], end: 320, at: Date.now(), decidedAt: Date.now() };
  live.took({ ...block, workMs: 1, soundS: 0.02, lostS: 0, peak: 0 } as unknown as Heard);
  expect(live.silent).toBe(false);
  await vi.advanceTimersByTimeAsync(2100);
  expect(live.silent).toBe(true);
  live.took({ ...block, workMs: 1, soundS: 0.02, lostS: 2.1, peak: 0 } as unknown as Heard);
  expect(live.silent).toBe(false);
});

test("waiting ends when the work does", async () => {
  let done = false;
  void soon(Promise.resolve()).then(() => (done = true));
  await vi.advanceTimersByTimeAsync(1);
  expect(done).toBe(true);
});
