/** The large files: fetched once, kept, and never mistaken for what a host says in their place. */

import { gzipSync } from "node:zlib";
import { beforeEach, expect, test, vi } from "vitest";
import { download, isWasm } from "../src/downloads";
import { isModel } from "../src/model";
import { listenerProblem } from "../src/problems";

const RUNTIME = "https://amt.test/ort.wasm.gz";
const MODEL = "https://amt.test/live.onnx.gz";
const PAGE = "<!doctype html><title>Not found</title>";

const wasm = Uint8Array.from([0, 97, 115, 109, 1, 0, 0, 0]);
/** No graph, but a description: field 14, of key `amt` and value `{}`. */
const model = Uint8Array.from([114, 9, 10, 3, 97, 109, 116, 18, 2, 123, 125]);

const kept = new Map<string, ArrayBuffer>();
const host = new Map<string, Uint8Array | string>();
let fetched: string[] = [];
let opened: string[] = [];

const cache = {
  match: async (url: string) => (kept.has(url) ? new Response(kept.get(url)) : undefined),
  put: async (url: string, response: Response) => kept.set(url, await response.arrayBuffer()),
  delete: async (url: string) => kept.delete(url),
};

beforeEach(() => {
  kept.clear();
  fetched = [];
  host.set(RUNTIME, gzipSync(wasm)).set(MODEL, gzipSync(model));
  opened = [];
  vi.stubGlobal("caches", {
    open: async (name: string) => {
      opened.push(name);
      return cache;
    },
  });
  vi.stubGlobal("fetch", async (url: string) => {
    fetched.push(url);
    return new Response(host.get(url) as string | undefined);
  });
});

function load(progress: (share: number) => void = () => undefined): Promise<Uint8Array[]> {
  const wanted = [
    { url: RUNTIME, fits: isWasm },
    { url: MODEL, fits: isModel },
  ];
  return download(wanted, progress);
}

test("files are fetched once", async () => {
  const shares: number[] = [];
  expect(await load((share) => shares.push(share))).toEqual([wasm, model]);
  expect(shares.at(-1)).toBe(1);
  expect(await load()).toEqual([wasm, model]);
  expect(fetched).toEqual([RUNTIME, MODEL]);
  expect([...kept.keys()].sort()).toEqual([MODEL, RUNTIME]);
});

test("what a host has unpacked fits too", async () => {
  host.set(RUNTIME, wasm).set(MODEL, model);
  expect(await load()).toEqual([wasm, model]);
});

test.each([
  ["a page", PAGE],
  ["nothing", ""],
  ["a packed page", gzipSync(PAGE)],
  ["half a file", gzipSync(model).subarray(0, 20)],
])("%s in a file's place is not kept", async (_name, answer) => {
  host.set(RUNTIME, answer).set(MODEL, answer);
  await expect(load()).rejects.toThrow();
  expect(kept.size).toBe(0);
  host.set(RUNTIME, gzipSync(wasm)).set(MODEL, gzipSync(model));
  expect(await load()).toEqual([wasm, model]);
});

test("a page in the model's place is told as a model that could not be loaded", async () => {
  host.set(MODEL, PAGE);
  const error = await load().catch((error) => error);
  expect(listenerProblem(error).problem).toBe("The model could not be loaded.");
});

test("a page that was kept in a file's place is fetched again", async () => {
  for (const url of [RUNTIME, MODEL]) kept.set(url, await new Response(PAGE).arrayBuffer());
  expect(await load()).toEqual([wasm, model]);
  expect(fetched).toEqual([RUNTIME, MODEL]);
  expect(await load()).toEqual([wasm, model]);
  expect(fetched.length).toBe(2);
});

test("a file that was damaged where it is kept is fetched again", async () => {
  for (const url of [RUNTIME, MODEL]) {
    const damaged = Uint8Array.from(gzipSync(wasm));
    damaged[12] ^= 0xff;
    kept.set(url, damaged.buffer);
  }
  expect(await load()).toEqual([wasm, model]);
  expect(fetched).toEqual([RUNTIME, MODEL]);
});

test("a cache that fails is done without", async () => {
  const broken = async () => {
    throw new DOMException("", "UnknownError");
  };
  vi.stubGlobal("caches", { open: async () => ({ match: broken, put: broken, delete: broken }) });
  expect(await load()).toEqual([wasm, model]);
});

test("copies of the page in two folders of a host keep files of their own", async () => {
  host.set("https://amt.test/copy/ort.wasm.gz", gzipSync(wasm));
  await load();
  await download([{ url: "https://amt.test/copy/ort.wasm.gz", fits: isWasm }], () => undefined);
  expect([...new Set(opened)]).toEqual(["amt-large /", "amt-large /copy/"]);
});
