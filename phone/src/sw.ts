/**
 * The service worker: after the first load the page works without a network.
 *
 * It keeps the page's own files, named and numbered by the build (precache.ts). Runtime and model are
 * fetched first by downloads.ts, which shows how far they have come; here those of a later version
 * are fetched before it is shown, so that no page is kept without them.
 */

import { largeFiles } from "./downloads";

declare const PRECACHE: { version: string; files: string[]; large: string[] };
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

/** With the folder: other copies of the page on this host keep files of their own. */
const SHELL = `amt-shell ${new URL("./", location.href).pathname} `;
const NAME = SHELL + PRECACHE.version;
const LARGE = PRECACHE.large.map((file) => new URL(file, location.href).href);

/** A later version waits until no page of the earlier one is open: that one still needs its files. */
async function install(): Promise<void> {
  const cache = await caches.open(NAME);
  await cache.addAll(PRECACHE.files.map((file) => new Request(file, { cache: "no-cache" })));
  for (const url of LARGE) {
    const large = await caches.open(largeFiles(url));
    if ((await large.match(url, { ignoreVary: true })) === undefined) await large.add(url);
  }
}

async function activate(): Promise<void> {
  for (const name of await caches.keys()) {
    if (name.startsWith(SHELL) && name !== NAME) await caches.delete(name);
  }
  for (const name of new Set(LARGE.map(largeFiles))) {
    const large = await caches.open(name);
    for (const request of await large.keys()) {
      if (!LARGE.includes(request.url)) await large.delete(request);
    }
  }
  await self.clients.claim();
}

async function answer(request: Request): Promise<Response> {
  const kept = await keptFor(request);
  if (kept !== undefined) return kept;
  try {
    return await fetch(request);
  } catch (error) {
    // `index.html`, or whatever else leads here: there is one page only.
    const page = request.mode === "navigate" ? await keptFor("./") : undefined;
    if (page === undefined) throw error;
    return page;
  }
}

/** What is kept for a request; a cache that cannot be read is none. */
async function keptFor(request: Request | string): Promise<Response | undefined> {
  try {
    const cache = await caches.open(NAME);
    const ignoreSearch = typeof request !== "string" && request.mode === "navigate";
    // Hosts that answer with `Vary: Origin` would otherwise hide scripts from their own page.
    return await cache.match(request, { ignoreSearch, ignoreVary: true });
  } catch {
    return undefined;
  }
}

self.addEventListener("install", (event) => event.waitUntil(install()));
self.addEventListener("activate", (event) => event.waitUntil(activate()));
self.addEventListener("fetch", (event) => {
  if (event.request.method === "GET" && event.request.url.startsWith(location.origin)) {
    event.respondWith(answer(event.request));
  }
});
