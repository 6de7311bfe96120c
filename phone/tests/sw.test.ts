/** The service worker: what it keeps, forgets and answers. */

import { beforeEach, expect, test, vi } from "vitest";

const BASE = "https://amt.test/copy/";
const NETWORK = "from the network";

/** Caches by name: responses' texts by URL. */
let stores: Map<string, Map<string, string>>;
let listeners: Record<string, (event: any) => void>;
let fetched: string[];
let online: boolean;

const absolute = (request: any): string => new URL(request.url ?? request, BASE).href;

function cacheOf(name: string) {
  if (!stores.has(name)) stores.set(name, new Map());
  const store = stores.get(name)!;
  const add = async (request: any) => {
    fetched.push(absolute(request));
    store.set(absolute(request), "new");
  };
  return {
    add,
    addAll: async (requests: any[]) => void (await Promise.all(requests.map(add))),
    match: async (request: any, { ignoreSearch }: CacheQueryOptions) => {
      const url = ignoreSearch ? absolute(request).replace(/\?.*/, "") : absolute(request);
      return store.has(url) ? new Response(store.get(url)) : undefined;
    },
    keys: async () => [...store.keys()].map((url) => ({ url })),
    delete: async (request: any) => store.delete(absolute(request)),
  };
}

async function happen(kind: "install" | "activate"): Promise<void> {
  let work: Promise<unknown> = Promise.resolve();
  listeners[kind]({ waitUntil: (given: Promise<unknown>) => (work = given) });
  await work;
}

async function asked(path: string, mode = "no-cors"): Promise<string> {
  let answer: Promise<Response> | undefined;
  const request = { url: new URL(path, BASE).href, method: "GET", mode };
  listeners.fetch({ request, respondWith: (given: Promise<Response>) => (answer = given) });
  return (await answer!).text();
}

function large(): Map<string, string> {
  const name = [...stores.keys()].find((name) => name.includes("large"))!;
  return stores.get(name)!;
}

beforeEach(async () => {
  vi.resetModules();
  [stores, listeners, fetched, online] = [new Map(), {}, [], true];
  vi.stubGlobal("PRECACHE", {
    version: "2",
    files: ["./", "assets/index.js"],
    large: ["assets/live.gz", "assets/ort.gz"],
  });
  vi.stubGlobal("location", new URL("sw.js", BASE));
  vi.stubGlobal(
    "Request",
    class {
      constructor(readonly url: string) {}
    },
  );
  vi.stubGlobal("caches", {
    open: async (name: string) => cacheOf(name),
    keys: async () => [...stores.keys()],
    delete: async (name: string) => stores.delete(name),
  });
  vi.stubGlobal("fetch", async () => {
    if (!online) throw new TypeError("Failed to fetch");
    return new Response(NETWORK);
  });
  vi.stubGlobal("self", {
    addEventListener: (kind: string, act: (event: any) => void) => (listeners[kind] = act),
    clients: { claim: async () => undefined },
  });
  await import("../src/sw");
});

test("a version is installed with its large files, those that are there already excepted", async () => {
  const name = "amt-large /copy/assets/";
  cacheOf(name);
  stores.get(name)!.set(`${BASE}assets/ort.gz`, "kept");
  stores.get(name)!.set(`${BASE}assets/earlier.gz`, "kept");
  await happen("install");
  expect(fetched.filter((url) => url.endsWith(".gz"))).toEqual([`${BASE}assets/live.gz`]);
  expect(large().size).toBe(3); // a page of the earlier version may still be open
  await happen("activate");
  expect([...large().keys()].sort()).toEqual([`${BASE}assets/live.gz`, `${BASE}assets/ort.gz`]);
});

test("the files of another copy on the same host are left alone", async () => {
  const others = ["amt-shell / 1", "amt-shell /copy/inner/ 1", "amt-large /other/assets/"];
  for (const name of [...others, "amt-shell /copy/ 1"]) cacheOf(name);
  await happen("install");
  await happen("activate");
  expect([...stores.keys()].sort()).toEqual(
    [...others, "amt-large /copy/assets/", "amt-shell /copy/ 2"].sort(),
  );
});

test("without a network every way into the page leads to it", async () => {
  await happen("install");
  online = false;
  expect(await asked("./", "navigate")).toBe("new");
  expect(await asked("./?source=pwa", "navigate")).toBe("new");
  expect(await asked("index.html", "navigate")).toBe("new");
  expect(await asked("assets/index.js")).toBe("new");
  await expect(asked("assets/unknown.js")).rejects.toThrow("Failed to fetch");
});

test("with one, what is not kept comes from it", async () => {
  await happen("install");
  expect(await asked("elsewhere/", "navigate")).toBe(NETWORK);
});

test("a cache that fails leaves the network", async () => {
  vi.stubGlobal("caches", {
    open: async () => {
      throw new DOMException("", "UnknownError");
    },
  });
  expect(await asked("./", "navigate")).toBe(NETWORK);
});
