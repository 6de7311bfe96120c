/** A step of the build: tells the service worker which files to keep, and their version. */

import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import type { Plugin } from "vite";

/** Runtime and model, which are kept apart, because they are large (src/downloads.ts). */
const LARGE = /\.gz$/;

/** The runtime as its package brings it; the page loads it packed (src/downloads.ts). */
const UNPACKED = /ort-wasm.*\.wasm$/;

export function precache(worker: string): Plugin {
  let folder = "";
  return {
    name: "precache",
    apply: "build",
    enforce: "post",
    configResolved(config) {
      folder = config.publicDir;
    },
    // Last of all: Vite writes index.html and the threads' files in this hook too.
    generateBundle: {
      order: "post",
      handler(_options, bundle) {
        const chunk = bundle[worker];
        if (chunk?.type !== "chunk") throw new Error(`the build made no ${worker}`);
        // Browsers load it as a plain script.
        if (chunk.imports.length > 0) throw new Error(`${worker} must be one file`);
        if (!("index.html" in bundle)) throw new Error("the build made no index.html");
        for (const name of Object.keys(bundle)) if (UNPACKED.test(name)) delete bundle[name];
        const built = Object.keys(bundle).filter((name) => name !== worker);
        const still = readdirSync(folder);
        const hash = createHash("sha256").update(chunk.code);
        for (const name of built) {
          const one = bundle[name];
          hash.update(name).update(one.type === "chunk" ? one.code : one.source);
        }
        for (const name of still) hash.update(readFileSync(`${folder}/${name}`));
        const version = hash.digest("hex").slice(0, 12);
        const large = built.filter((name) => LARGE.test(name));
        const small = built.filter((name) => name !== "index.html" && !LARGE.test(name));
        const files = ["./", ...small, ...still];
        chunk.code = `const PRECACHE = ${JSON.stringify({ version, files, large })};\n${chunk.code}`;
      },
    },
  };
}
