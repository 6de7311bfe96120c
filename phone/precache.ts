/** A step of the build: tells the service worker which files to keep, and their version. */

import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import type { Plugin } from "vite";

/** Files the page keeps itself, because they are large (src/downloads.ts). */
const LARGE = /\.gz$/;

/** The runtime as its package brings it; the page loads it packed (src/downloads.ts). */
const UNPACKED = /ort-wasm.*\.wasm$/;

export function precache(worker: string): Plugin {
  let folder = "";
  return {
    name: "precache",
    apply: "build",
    configResolved(config) {
      folder = config.publicDir;
    },
    generateBundle(_options, bundle) {
      const chunk = bundle[worker];
      if (chunk?.type !== "chunk") throw new Error(`the build made no ${worker}`);
      for (const name of Object.keys(bundle)) if (UNPACKED.test(name)) delete bundle[name];
      const built = Object.keys(bundle).filter((name) => name !== worker && !LARGE.test(name));
      const still = readdirSync(folder);
      const hash = createHash("sha256").update(chunk.code);
      for (const name of built) {
        const one = bundle[name];
        hash.update(name).update(one.type === "chunk" ? one.code : one.source);
      }
      for (const name of still) hash.update(readFileSync(`${folder}/${name}`));
      const version = hash.digest("hex").slice(0, 12);
      const files = ["./", ...built.filter((name) => name !== "index.html"), ...still];
      chunk.code = `const PRECACHE = ${JSON.stringify({ version, files })};\n${chunk.code}`;
    },
  };
}
