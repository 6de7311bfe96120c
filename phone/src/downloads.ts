/**
 * The two large files, runtime and model: fetched once, kept for use without a network, packed.
 *
 * They are packed with gzip when the page is built and unpacked here, so that the first load is
 * small on any host, whatever it compresses. The service worker keeps everything else.
 */

const KEPT = "amt-large";

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
  const cache = await keptFiles();
  const shares = wanted.map(() => 0);
  const files = await Promise.all(
    wanted.map((one, i) =>
      fetchOnce(one, cache, (share) => {
        shares[i] = share;
        progress(shares.reduce((sum, share) => sum + share, 0) / wanted.length);
      }),
    ),
  );
  for (const request of (await cache?.keys()) ?? []) {
    // Files of an earlier version of the page.
    if (!wanted.some(({ url }) => url === request.url)) await cache?.delete(request);
  }
  return files;
}

/** Null where the page is not served securely, or the browser keeps nothing. */
async function keptFiles(): Promise<Cache | null> {
  try {
    return await caches.open(KEPT);
  } catch {
    return null;
  }
}

/** A page that a host or a hotel's network answers in the file's place is never kept. */
async function fetchOnce(
  { url, fits }: Wanted,
  cache: Cache | null,
  progress: Progress,
): Promise<Uint8Array> {
  const kept = await cache?.match(url, { ignoreVary: true }).then((one) => one?.arrayBuffer());
  if (kept !== undefined) {
    const data = await unpack(new Uint8Array(kept));
    // Otherwise an earlier version of the page has kept it without a look.
    if (fits(data)) {
      progress(1);
      return data;
    }
  }
  const packed = await fetchAll(url, progress);
  const data = await unpack(new Uint8Array(packed));
  if (!fits(data)) throw new Error(`fetch of ${url} brought something else`);
  await cache?.put(url, new Response(packed)).catch(() => undefined); // no room: works, unkept
  progress(1);
  return data;
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
