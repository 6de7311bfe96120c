/** What Lighthouse would look at: installable, labelled, of enough contrast; and files, gestures. */

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { agreement } from "./agreement";
import {
  keptStrikes,
  launch,
  measured,
  open,
  phone,
  PICTURES,
  recording,
  serve,
  type Site,
} from "./phone";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const { path, notes } = recording();
let site: Site;
let browser: Browser;
let context: BrowserContext;
let page: Page;

beforeAll(async () => {
  site = await serve();
  browser = await launch();
  context = await phone(browser);
  page = await open(context, site.url);
}, 240_000);

afterAll(async () => {
  await browser?.close();
  await site?.close();
});

test("it can be installed, and works without a network", async () => {
  await page.evaluate(() => navigator.serviceWorker.ready);
  const devtools = await context.newCDPSession(page);
  const manifest = await devtools.send("Page.getAppManifest");
  expect(manifest.errors).toEqual([]);
  expect(JSON.parse(manifest.data ?? "")).toMatchObject({ display: "standalone" });
  const { installabilityErrors } = await devtools.send("Page.getInstallabilityErrors");
  // A context of its own counts as a private window; nothing else may be wrong.
  const wrong = installabilityErrors.map(({ errorId }) => errorId);
  const errors = wrong.filter((id) => id !== "in-incognito");
  const name = "what Chromium's check for installing finds wrong";
  measured({ name, value: errors.length + manifest.errors.length, unit: "", most: 0 });
  expect(errors).toEqual([]);
});

test.each(["dark", "light"] as const)(
  "axe finds nothing wrong in the %s",
  async (colorScheme) => {
    await page.emulateMedia({ colorScheme });
    const wrong: string[] = [];
    for (const opened of ["nothing", "figures", "sessions"]) {
      if (opened !== "nothing") await page.click(`#${opened}`);
      await page.waitForTimeout(400);
      // Through DevTools, because the page's own policy forbids foreign scripts.
      const found = await page.evaluate(`${axe}; axe.run({ resultTypes: ["violations"] })`);
      const { violations } = found as { violations: { id: string; nodes: { html: string }[] }[] };
      wrong.push(...violations.map(({ id, nodes }) => `${opened}: ${id}: ${nodes[0].html}`));
      if (opened === "figures") await page.click("#figures");
      if (opened === "sessions") await page.click("#list form button");
    }
    const name = `what axe finds wrong (contrast, labels, roles) in the ${colorScheme}`;
    measured({ name, value: wrong.length, unit: "", most: 0 });
    expect(wrong).toEqual([]);
  },
  60_000,
);

test("a file is transcribed on the phone as by amt transcribe", async () => {
  await page.setInputFiles("#file", path);
  await page.locator("#player:visible").waitFor({ timeout: 120_000 });
  const { f1, offsetS } = agreement(notes, await keptStrikes(page), 0.02);
  const name = "notes against `amt transcribe`, opened as a file: F1";
  measured({ name, value: f1, unit: "", digits: 3, least: 0.98 });
  expect(f1).toBeGreaterThanOrEqual(0.98);
  expect(Math.abs(offsetS)).toBeLessThan(0.005);
}, 180_000);

test("a file can be stopped while it is transcribed", async () => {
  await page.click("#leave");
  await page.evaluate(() => {
    const frames = 600 * 16_000;
    const wav = new DataView(new ArrayBuffer(44 + 2 * frames));
    const text = (at: number, letters: string) =>
      [...letters].forEach((letter, i) => wav.setUint8(at + i, letter.charCodeAt(0)));
    text(0, "RIFF");
    wav.setUint32(4, wav.byteLength - 8, true);
    text(8, "WAVEfmt ");
    wav.setUint32(16, 16, true);
    wav.setUint32(20, 0x10001, true); // PCM, mono
    wav.setUint32(24, 16_000, true);
    wav.setUint32(28, 32_000, true);
    wav.setUint32(32, 0x100002, true); // of 16 bits
    text(36, "data");
    wav.setUint32(40, 2 * frames, true);
    const chosen = new DataTransfer();
    chosen.items.add(new File([wav], "silence.wav"));
    const input = document.getElementById("file") as HTMLInputElement;
    input.files = chosen.files;
    input.dispatchEvent(new Event("change"));
  });
  await page.locator("#status", { hasText: /Transcribing silence.wav: [1-9]/ }).waitFor();
  await page.click("#listen", { timeout: 10_000 });
  await page.locator("#status", { hasText: /^silence.wav$/ }).waitFor({ timeout: 10_000 });
  expect(await page.locator("#listen").textContent()).toMatch(/Listen/);
  await page.click("#leave");
  await page.setInputFiles("#file", path);
  await page.locator("#player:visible").waitFor({ timeout: 120_000 });
}, 300_000);

test("in a replay blocks fall onto the keys, and pinching zooms", async () => {
  await page.evaluate(() => {
    const position = document.getElementById("position") as HTMLInputElement;
    position.value = "7.2";
    position.dispatchEvent(new Event("input"));
  });
  await page.waitForTimeout(400);
  await page.screenshot({ path: `${PICTURES}/light.png` });
  expect(await page.locator("#fit").isHidden()).toBe(true);
  const devtools = await context.newCDPSession(page);
  const touch = (type: "touchStart" | "touchMove" | "touchEnd", reach: number) =>
    devtools.send("Input.dispatchTouchEvent", {
      type,
      touchPoints:
        type === "touchEnd"
          ? []
          : [
              { x: 180 - reach, y: 300, id: 0 },
              { x: 180 + reach, y: 300, id: 1 },
            ],
    });
  await touch("touchStart", 40);
  for (const reach of [50, 60, 80, 100]) await touch("touchMove", reach);
  await touch("touchEnd", 0);
  await page.locator("#fit:visible").waitFor({ timeout: 30_000 });
  await page.screenshot({ path: `${PICTURES}/pinched.png` });
  await page.click("#fit");
  await page.locator("#fit").waitFor({ state: "hidden", timeout: 30_000 });
}, 60_000);
