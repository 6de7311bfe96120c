/** What the build tells the service worker. */

import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { precache } from "../precache";

interface Told {
  version: string;
  files: string[];
  large: string[];
}

const folder = mkdtempSync(join(tmpdir(), "precache-"));
writeFileSync(join(folder, "icon.svg"), "<svg/>");

function told(html: string | null, imports: string[] = []): Told {
  const plugin = precache("sw.js") as any;
  plugin.configResolved({ publicDir: folder });
  const bundle: Record<string, any> = {
    "sw.js": { type: "chunk", code: "work();", imports },
    "assets/index-1.js": { type: "chunk", code: "listen();", imports: [] },
    "assets/live-1.gz": { type: "asset", source: "model" },
    "assets/ort-wasm-1.wasm": { type: "asset", source: "runtime" },
  };
  if (html !== null) bundle["index.html"] = { type: "asset", source: html };
  plugin.generateBundle.handler({}, bundle);
  expect(bundle).not.toHaveProperty("assets/ort-wasm-1.wasm");
  return new Function(`${bundle["sw.js"].code.replace("work();", "")} return PRECACHE;`)();
}

test("are the page's files, the large ones apart", () => {
  expect(told("<p>")).toMatchObject({
    files: ["./", "assets/index-1.js", "icon.svg"],
    large: ["assets/live-1.gz"],
  });
});

test("the version changes with index.html alone", () => {
  expect(told("<p>").version).toBe(told("<p>").version);
  expect(told("<b>").version).not.toBe(told("<p>").version);
});

test("a build without index.html, or with a service worker of several files, fails", () => {
  expect(() => told(null)).toThrow(/no index\.html/);
  expect(() => told("<p>", ["assets/shared.js"])).toThrow(/one file/);
});

test("it is the last step of the build, after Vite's own that writes index.html", () => {
  const plugin = precache("sw.js") as any;
  expect([plugin.enforce, plugin.generateBundle.order]).toEqual(["post", "post"]);
});
