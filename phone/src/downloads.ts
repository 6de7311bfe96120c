/**
 * The two large files, runtime and model: fetched once, kept for use without a network, packed.
 *
 * They are packed with gzip when the page is built and unpacked here, so that the first load is
 * small on any host, whatever it compresses. The service worker keeps everything else, fetches these
 * anew with a later version of the page, and forgets those of an earlier one.
 */

/** The cache of a large file: one for each folder, as a host may have several copies of the page. */
export function largeFiles(url: string): string {
  return `amt-large ${new URL(".", url).pathname}`;
}

/** How WebAssembly begins. */
const WASM = [0x00, 0x61, 0x73, 0x6d];

/** A file to fetch: its (absolute) URL, and what tells it, unpacked, from something else. */
export interface Wanted {
  url: string;
  fits(data: Uint8Array): boolean;
}

export function isWasm(data: Uint8Array): boolean {
  return WASM.every((byte, i) => data[i] === byte);
}

/** Called with the share of all bytes that has come, 0..1. */
export type Progress = (share: number) => void;

/** Fetches files, unpacked, in the order given; those kept from earlier loads need no network. */
export async function download(wanted: Wanted[], progress: Progress): Promise<Uint8Array[]> {
  const shares = wanted.map(() => 0);
  return Promise.all(
    wanted.map((one, i) =>
      fetchOnce(one, (share) => {
        shares[i] = share;
        progress(shares.reduce((sum, share) => sum + share, 0) / wanted.length);
      }),
    ),
  );
}

/** Null where the page is not served securely, or the browser keeps nothing. */
async function cacheFor(url: string): Promise<Cache | null> {
  try {
    return await caches.open(largeFiles(url));
  } catch {
    return null;
  }
}

/** A page that a host or a hotel's network answers in the file's place is never kept. */
async function fetchOnce(wanted: Wanted, progress: Progress): Promise<Uint8Array> {
  const { url, fits } = wanted;
  const cache = await cacheFor(url);
  const kept = await readKept(wanted, cache);
  if (kept !== null) {
    progress(1);
    return kept;
  }
  const packed = await fetchAll(url, progress);
  const data = await unpack(new Uint8Array(packed));
  if (!fits(data)) throw new Error(`fetch of ${url} brought something else`);
  await cache?.put(url, new Response(packed)).catch(() => undefined); // no room: works, unkept
  progress(1);
  return data;
}

/** What was kept of a file, whole; something else, or what is damaged, is forgotten. */
async function readKept({ url, fits }: Wanted, cache: Cache | null): Promise<Uint8Array | null> {
  try {
    const kept = await cache?.match(url, { ignoreVary: true });
    if (kept === undefined) return null;
    const data = await unpack(new Uint8Array(await kept.arrayBuffer()));
    if (fits(data)) return data;
  } catch {
    // It cannot be read or unpacked.
  }
  await cache?.delete(url, { ignoreVary: true }).catch(() => undefined);
  return null;
}

async function fetchAll(url: string, progress: Progress): Promise<ArrayBuffer> {
  const response = await fetch(url);
  if (!response.ok || response.body === null) throw new Error(`fetch of ${url} failed`);
  const total = Number(response.headers.get("Content-Length")) || Infinity;
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let got = 0;
  for (const reader = response.body.getReader(); ;) {
    const { done, value } = await reader.read();
    if (done) break;
    parts.push(value);
    got += value.length;
    progress(Math.min(got / total, 1));
  }
  return new Blob(parts).arrayBuffer();
}

async function unpack(data: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  // Some hosts declare .gz files as compressed, and the browser has unpacked them already.
  if (data[0] !== 0x1f || data[1] !== 0x8b) return data;
  const stream = new Blob([data]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
