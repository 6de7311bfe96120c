/**
 * The service worker: after the first load the page works without a network.
 *
 * It keeps the page's own files, named and numbered by the build (precache.ts); runtime and model
 * are kept by downloads.ts, which shows how far they have come.
 */

declare const PRECACHE: { version: string; files: string[] };
declare const self: ServiceWorkerGlobalScope & typeof globalThis;

interface ExtendableEvent extends Event {
  waitUntil(work: Promise<unknown>): void;
}

interface FetchEvent extends ExtendableEvent {
  readonly request: Request;
  respondWith(response: Promise<Response>): void;
}

interface ServiceWorkerGlobalScope {
  addEventListener(kind: "install" | "activate", act: (event: ExtendableEvent) => void): void;
  addEventListener(kind: "fetch", act: (event: FetchEvent) => void): void;
  clients: { claim(): Promise<void> };
}

const SHELL = "amt-shell-";
const NAME = SHELL + PRECACHE.version;

/** A later version waits until no page of the earlier one is open: that one still needs its files. */
async function install(): Promise<void> {
  const cache = await caches.open(NAME);
  await cache.addAll(PRECACHE.files.map((file) => new Request(file, { cache: "no-cache" })));
}

async function activate(): Promise<void> {
  for (const name of await caches.keys()) {
    if (name.startsWith(SHELL) && name !== NAME) await caches.delete(name);
  }
  await self.clients.claim();
}

async function answer(request: Request): Promise<Response> {
  const cache = await caches.open(NAME);
  // Hosts that answer with `Vary: Origin` would otherwise hide scripts from their own page.
  const ignoreSearch = request.mode === "navigate";
  const kept = await cache.match(request, { ignoreSearch, ignoreVary: true });
  return kept ?? fetch(request);
}

self.addEventListener("install", (event) => event.waitUntil(install()));
self.addEventListener("activate", (event) => event.waitUntil(activate()));
self.addEventListener("fetch", (event) => {
  if (event.request.method === "GET" && event.request.url.startsWith(location.origin)) {
    event.respondWith(answer(event.request));
  }
});

export {};
