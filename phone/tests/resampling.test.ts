import { expect, test } from "vitest";
import { Resampler } from "../src/resampling";

const RATES = [8000, 22050, 32000, 44100, 48000, 96000];

/** The whole output for `sound` pushed in pieces of these sizes. */
function convert(
  sound: Float32Array,
  rate: number,
  sizes: number[] = [sound.length],
): Float32Array {
  const resampler = new Resampler(rate);
  const pieces: Float32Array[] = [];
  for (let at = 0, i = 0; at < sound.length; i++) {
    const size = sizes[i % sizes.length];
    pieces.push(resampler.push(sound.subarray(at, at + size)));
    at += size;
  }
  pieces.push(resampler.finish());
  return Float32Array.from(pieces.flatMap((piece) => [...piece]));
}

function tone(hz: number, rate: number, seconds = 0.5): Float32Array {
  const sound = new Float32Array(Math.round(seconds * rate));
  return sound.map((_, i) => Math.sin((2 * Math.PI * hz * i) / rate));
}

/** Loudness away from the ends, in dB under that of a full sine. */
function level(sound: Float32Array): number {
  const middle = sound.subarray(sound.length >> 2, (3 * sound.length) >> 2);
  const power = middle.reduce((sum, x) => sum + x * x, 0) / middle.length;
  return 10 * Math.log10(2 * power + 1e-20);
}

test.each(RATES)("at %d Hz a tone keeps its place and height", (rate) => {
  const given = convert(tone(440, rate), rate);
  const wanted = tone(440, 16_000);
  expect(Math.abs(given.length - wanted.length)).toBeLessThanOrEqual(1);
  let worst = 0;
  for (let i = 200; i < wanted.length - 200; i++) {
    worst = Math.max(worst, Math.abs(given[i] - wanted[i]));
  }
  expect(worst).toBeLessThan(1e-3);
});

test.each([44_100, 48_000, 96_000])(
  "at %d Hz it passes what is wanted and nothing else",
  (rate) => {
    expect(level(convert(tone(7400, rate), rate))).toBeGreaterThan(-0.1);
    expect(level(convert(tone(8600, rate), rate))).toBeLessThan(-75);
    expect(level(convert(tone(12_000, rate), rate))).toBeLessThan(-75);
  },
);

test.each(RATES)("at %d Hz the way of cutting changes nothing", (rate) => {
  const sound = tone(1234.5, rate, 0.2);
  const whole = convert(sound, rate);
  expect(convert(sound, rate, [1, 128, 7, 2000])).toEqual(whole);
  expect(convert(sound, rate, [128])).toEqual(whole);
});

test.each([44_100, 48_000])("at %d Hz it holds back 2.6 ms at most", (rate) => {
  const resampler = new Resampler(rate);
  const sound = tone(440, rate);
  for (let at = 0; at < sound.length; at += 128) resampler.push(sound.subarray(at, at + 128));
  expect(resampler.heldS).toBeGreaterThan(0.001);
  expect(resampler.heldS).toBeLessThan(0.0026);
});

test("what is at 16 kHz already passes untouched", () => {
  const sound = tone(440, 16_000);
  const resampler = new Resampler(16_000);
  expect(resampler.push(sound)).toBe(sound);
  expect(resampler.heldS).toBe(0);
  expect(resampler.finish().length).toBe(0);
});
