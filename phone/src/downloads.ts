/**
 * The two large files, runtime and model: fetched once, kept for use without a network, packed.
 *
 * They are packed with gzip when the page is built and unpacked here, so that the first load is
 * small on any host, whatever it compresses. The service worker keeps everything else.
 */

const KEPT = "amt-large";

/** Called with the share of all bytes that has come, 0..1. */
export type Progress = (share: number) => void;

/** Fetches files, unpacked, in the order of their (absolute) URLs; those kept from earlier loads need no network. */
export async function download(urls: string[], progress: Progress): Promise<Uint8Array[]> {
  const cache = await keptFiles();
  const shares = urls.map(() => 0);
  const files = await Promise.all(
    urls.map((url, i) =>
      fetchOnce(url, cache, (share) => {
        shares[i] = share;
        progress(shares.reduce((sum, one) => sum + one, 0) / urls.length);
      }),
    ),
  );
  for (const request of (await cache?.keys()) ?? []) {
    // Files of an earlier version of the page.
    if (!urls.includes(request.url)) await cache?.delete(request);
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

async function fetchOnce(
  url: string,
  cache: Cache | null,
  progress: Progress,
): Promise<Uint8Array> {
  let packed = await cache?.match(url, { ignoreVary: true }).then((kept) => kept?.arrayBuffer());
  if (packed === undefined) {
    packed = await fetchAll(url, progress);
    await cache?.put(url, new Response(packed)).catch(() => undefined); // no room: works, unkept
  }
  progress(1);
  return unpack(new Uint8Array(packed));
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
