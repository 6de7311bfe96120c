/** Files that can be heard, and what is said of others. */

import { beforeEach, expect, test, vi } from "vitest";
import { readRecording } from "../src/recordings";

let told: number;
let decode: () => unknown;

beforeEach(() => {
  told = 2;
  decode = () => ({
    duration: 2,
    length: 2,
    numberOfChannels: 2,
    getChannelData: (channel: number) => Float32Array.of(channel, 1),
  });
  vi.stubGlobal(
    "Audio",
    class {
      duration = told;
      set src(_url: string) {
        queueMicrotask(() => (this as any).onloadedmetadata());
      }
    },
  );
  vi.stubGlobal(
    "OfflineAudioContext",
    class {
      decodeAudioData = async () => decode();
    },
  );
});

const file = (bytes: () => Promise<ArrayBuffer> = async () => new ArrayBuffer(8)): File =>
  Object.assign(new File(["x"], "take.wav"), { arrayBuffer: bytes });

const fails = (error: unknown) => () => {
  throw error;
};

test("channels are mixed to one", async () => {
  expect(await readRecording(file())).toEqual(Float32Array.of(0.5, 1));
});

test("a file whose bytes do not come is told apart from one that is no recording", async () => {
  const unreadable = file(async () => fails(new DOMException("", "NotReadableError"))());
  await expect(readRecording(unreadable)).rejects.toThrow(/take\.wav could not be read/);
  decode = fails(new DOMException("", "EncodingError"));
  await expect(readRecording(file())).rejects.toThrow(/is not a recording this browser can read/);
});

test("one that does not fit into memory is told", async () => {
  const huge = file(async () => fails(new RangeError("Array buffer allocation failed"))());
  await expect(readRecording(huge)).rejects.toThrow(/too long for this phone's memory/);
  decode = fails(new RangeError("length"));
  await expect(readRecording(file())).rejects.toThrow(/too long for this phone's memory/);
});

test("one longer than an hour is refused before it is decoded, if it tells", async () => {
  told = 3601;
  decode = fails(new Error("decoded"));
  await expect(readRecording(file())).rejects.toThrow(/longer than an hour/);
});

test.each([NaN, Infinity])("one that tells %d of its length is decoded", async (seconds) => {
  told = seconds;
  expect((await readRecording(file())).length).toBe(2);
});
