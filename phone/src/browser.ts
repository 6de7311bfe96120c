/** What the page asks of a browser before it begins. */

import { Problem } from "./problems";

/** `0061736d`, then a function that uses a vector: accepted where there is SIMD. */
const SIMD = [
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15,
  253, 98, 11,
];

/** Throws `Problem` where there are no vectors to compute with, or no way to unpack or to paint. */
export function checkBrowser(): void {
  const able =
    typeof WebAssembly !== "undefined" &&
    WebAssembly.validate(Uint8Array.from(SIMD)) &&
    typeof DecompressionStream !== "undefined" &&
    "roundRect" in CanvasRenderingContext2D.prototype;
  if (able) return;
  throw new Problem("This browser is too old to listen.", "Update it, or use a newer phone.");
}
