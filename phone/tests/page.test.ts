/** The page's HTML against its own policy. */

import { existsSync, readFileSync } from "node:fs";
import { expect, test, vi } from "vitest";

const ROOT = new URL("../", import.meta.url);
const html = readFileSync(new URL("index.html", ROOT), "utf8");

test("the policy forbids scripts inside the page, and there are none", () => {
  const [, policy] = /http-equiv="Content-Security-Policy"\s+content="([^"]+)"/.exec(html)!;
  expect(policy).toMatch(/script-src 'self' 'wasm-unsafe-eval';/);
  const scripts = [...html.matchAll(/<script\b([^>]*)>([^]*?)<\/script>/g)];
  expect(scripts.length).toBe(2);
  for (const [, attributes, inside] of scripts) {
    expect(attributes).toMatch(/ src="/);
    expect(inside).toBe("");
  }
  expect(html).not.toMatch(/<[^>]+\s(on\w+|style)=/);
});

test("a browser that knows no modules is told so by a file of the page's", () => {
  const [, source] = /<script nomodule src="\/([^"]+)"><\/script>/.exec(html)!;
  const file = new URL(`public/${source}`, ROOT); // copied by the build, kept by the service worker
  expect(existsSync(file)).toBe(true);
  const old = { style: { display: "none" } };
  const getElementById = vi.fn(() => old);
  new Function("document", readFileSync(file, "utf8"))({ getElementById });
  expect(getElementById).toHaveBeenCalledWith("old");
  expect(html).toContain('<p id="old"');
  expect(old.style.display).toBe("block");
});

test("the installed page begins in the colour of its ground", () => {
  const manifest = JSON.parse(readFileSync(new URL("public/manifest.webmanifest", ROOT), "utf8"));
  const [, ground] = /--ground: (#\w+);/.exec(readFileSync(new URL("src/page.css", ROOT), "utf8"))!;
  expect([manifest.background_color, manifest.theme_color]).toEqual([ground, ground]);
  expect(html).toContain(`content="${ground}" media="(prefers-color-scheme: dark)"`);
});
