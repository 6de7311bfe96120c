import { expect, test } from "vitest";
import { Ear } from "../src/hearing";
import { describe } from "../src/model";
import type { Memory, Network } from "../src/network";
import { Activations, WIDTH } from "../src/outputs";
import { SAMPLE_RATE } from "../src/timing";

const KEY = 39; // middle C

/** Strikes middle C where it hears a click, as the network would four frames later. */
class Clicks implements Network {
  async step(samples: Float32Array, memory: Memory | null): Promise<[Activations, Memory]> {
    const due = (memory as unknown as { due: number[] } | null)?.due.slice() ?? [0, 0, 0, 0];
    const frames = samples.length / 320;
    const rows = new Float32Array(frames * WIDTH);
    for (let t = 0; t < frames; t++) {
      const loud = samples.subarray(320 * t, 320 * (t + 1)).some((x) => Math.abs(x) > 0.5);
      due.push(loud ? 1 : 0);
      rows[t * WIDTH + KEY] = due.shift() ?? 0;
      rows[t * WIDTH + 3 * 88 + KEY] = 0.5;
    }
    return [new Activations(rows), { due } as unknown as Memory];
  }
}

const info = describe({
  name: "clicks",
  version: "1",
  licence: "CC0",
  lookahead_ms: 120,
  delay: 4,
  features: { hop: 320, right: 320 },
  decoder: {
    onset_threshold: 0.5,
    frame_threshold: 0.4,
    offset_threshold: 0.6,
    pedal_threshold: 0.5,
    refractory: 3,
    silent_frames: 2,
    min_velocity: 1,
  },
});

/** Clicks at these seconds of the microphone's clock; some seconds of it never arrive. */
async function strikes(clicksS: number[], lossS: [number, number] | null): Promise<number[]> {
  const rate = 48_000;
  const ear = new Ear(info, new Clicks(), rate);
  const onsets: number[] = [];
  let lostS = 0;
  for (let at = 0; at < 6 * rate; at += 480) {
    const s = at / rate;
    if (lossS !== null && s >= lossS[0] && s < lossS[1]) {
      lostS += 480 / rate;
      continue;
    }
    const block = new Float32Array(480);
    if (clicksS.some((click) => Math.abs(click - s) < 1e-6)) block.fill(0.9);
    const events = await ear.hear(block, lostS);
    lostS = 0;
    onsets.push(...events.filter(({ kind }) => kind === "on").map(({ sample }) => sample));
  }
  const rest = await ear.skip();
  onsets.push(...rest.filter(({ kind }) => kind === "on").map(({ sample }) => sample));
  expect(Math.abs(ear.samples - 6 * SAMPLE_RATE)).toBeLessThan(20);
  return onsets;
}

test.each([
  ["none", null],
  ["half a second, filled with silence", [2, 2.5]],
  ["two seconds, after which hearing begins afresh", [2, 4]],
] as [string, [number, number] | null][])(
  "no note moves when sound is lost: %s",
  async (_, loss) => {
    const onsets = await strikes([1, 5], loss);
    expect(onsets.length).toBe(2);
    expect(Math.abs(onsets[0] - 1 * SAMPLE_RATE)).toBeLessThanOrEqual(320);
    expect(Math.abs(onsets[1] - 5 * SAMPLE_RATE)).toBeLessThanOrEqual(320);
  },
);

test("a sample that is no number is silence", async () => {
  const ear = new Ear(info, new Clicks(), 16_000);
  const heard = await ear.hear(Float32Array.of(NaN, Infinity, ...new Array(3000).fill(0)));
  expect(heard).toEqual([]);
});

test("a session's clock may begin later", async () => {
  const ear = new Ear(info, new Clicks(), 16_000, 32_000);
  const block = new Float32Array(320 * 20);
  block.fill(0.9, 320 * 5, 320 * 6);
  const [on] = await ear.hear(block);
  expect(on.sample).toBeGreaterThan(32_000 + 320 * 4);
  expect(on.decided).toBeGreaterThan(on.sample);
});
