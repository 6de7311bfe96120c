/** A replay's clock, and the notes it gives to the sound card. */

import { beforeEach, expect, test, vi } from "vitest";
import { Replay } from "../src/replay";

const context = { currentTime: 0 };
let started: number[];

beforeEach(() => {
  context.currentTime = 0;
  started = [];
  const param = {
    setValueAtTime: () => undefined,
    linearRampToValueAtTime: () => undefined,
    setTargetAtTime: () => undefined,
  };
  const node = { connect: (to: unknown) => to, disconnect: () => undefined };
  const oscillator = {
    ...node,
    frequency: {},
    setPeriodicWave: () => undefined,
    start: (at: number) => started.push(at),
    stop: () => undefined,
  };
  const Context = class {
    get currentTime() {
      return context.currentTime;
    }
    createPeriodicWave = () => ({});
    createGain = () => ({ ...node, gain: { ...param } });
    createOscillator = () => oscillator;
    resume = async () => undefined;
    close = async () => undefined;
  };
  vi.stubGlobal("AudioContext", Context);
});

function replay(): Replay {
  const notes = Array.from({ length: 100 }, (_, i) => {
    return { onsetS: i, offsetS: i + 0.5, pitch: 60, velocity: 70 };
  });
  return new Replay({ notes, pedals: [], durationS: 100 });
}

test("notes sound a little ahead of their time", async () => {
  const player = replay();
  await player.play();
  player.tick();
  expect(started).toEqual([0]);
  context.currentTime = 0.7;
  player.tick();
  expect(started).toEqual([0, 1]);
});

test("notes that were missed, because no picture was drawn, are left out", async () => {
  const player = replay();
  await player.play();
  player.tick();
  context.currentTime = 60.02;
  player.tick();
  expect(started).toEqual([0, 60.02]);
});
