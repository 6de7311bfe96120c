/**
 * How fast the page is on a slow phone. Needs an idle machine: real time is measured.
 * `scripts/test -m bench tests/phone -s` runs it on five minutes of playing.
 */

import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { agreement } from "./agreement";
import { figures, keptStrikes, launch, open, phone, recording, serve, type Site } from "./phone";
import { slowDown } from "./slowdown";

const SLOWER = 4;
const MOST_OVERHEAD_MS = 60;
const TOLERANCE_S = 0.02;
const BLOCKS = 200;
const FRAME_MS = 1000 / 60;

const { path, notes, seconds } = recording();
let site: Site;
let browser: Browser;
let context: BrowserContext;
let page: Page;

beforeAll(async () => {
  site = await serve();
  browser = await launch(path);
  context = await phone(browser);
  page = await open(context, site.url);
}, 240_000);

afterAll(async () => {
  await browser?.close();
  await site?.close();
});

test(
  `a phone ${SLOWER} times as slow decides in time, loses nothing, and hears the same`,
  async () => {
    await page.click("#listen");
    await page.locator("#status", { hasText: "Listening" }).waitFor();
    await slowDown(page, SLOWER);
    const p95s: number[] = [];
    let shown: Record<string, string> = {};
    for (let left = seconds; left > 0; left -= 20) {
      await page.waitForTimeout(Math.min(left, 20) * 1000);
      shown = await figures(page);
      p95s.push(parseFloat(shown["Decided (p50, p95)"].split(",")[1]));
      console.log(JSON.stringify(shown));
    }
    await page.click("#figures");
    await page.click("#listen");
    await page.locator("#status", { hasText: "Stopped" }).waitFor();
    const { f1, driftS } = agreement(notes, await keptStrikes(page), TOLERANCE_S);
    console.log(JSON.stringify({ slower: SLOWER, seconds, f1, driftS, p95s }));
    expect(f1).toBeGreaterThanOrEqual(0.98);
    expect(Math.abs(driftS)).toBeLessThan(TOLERANCE_S);
    expect(shown.Lost).toBe("0.00 s");
    const lookaheadMs = parseFloat(shown["Look-ahead"]);
    expect(Math.max(...p95s)).toBeLessThan(lookaheadMs + MOST_OVERHEAD_MS);
  },
  seconds * 1000 + 120_000,
);

test.each([
  [1, 3],
  // Here the processor fills the pixels, which on a phone the graphics chip does: few of them, so
  // that what is slowed is the page's own work.
  [SLOWER, 1],
])(
  `${BLOCKS} blocks fall at 60 frames per second, %d times slower, %d pixels a side`,
  async (slower, pixels) => {
    const context = await phone(browser, pixels);
    const page = await open(context, site.url);
    await shelve(page);
    await page.click("#sessions");
    await page.locator("#kept button", { hasText: "Play" }).first().click();
    await page.click("#play");
    await slowDown(page, slower);
    const frames = await frameTimes(page);
    await context.close();
    const mean = frames.reduce((sum, one) => sum + one, 0) / frames.length;
    const late = frames.filter((one) => one > 1.5 * FRAME_MS).length;
    console.log(JSON.stringify({ slower, pixels, fps: 1000 / mean, late, frames: frames.length }));
    expect(mean).toBeLessThan(1.02 * FRAME_MS);
    expect(late / frames.length).toBeLessThan(0.04);
  },
  120_000,
);

/** Keeps a session of ten seconds with about `BLOCKS` notes in any four of them. */
async function shelve(page: Page): Promise<void> {
  await page.evaluate(async (blocks) => {
    const asked = indexedDB.open("amt");
    await new Promise((done) => (asked.onsuccess = done));
    const writing = asked.result.transaction(["sessions", "pages"], "readwrite");
    const events = [];
    for (let i = 0; i < 2.5 * blocks; i++) {
      const [sample, pitch] = [Math.round((i * 16_000 * 4) / blocks), 21 + ((i * 37) % 88)];
      const about = { sample, decided: sample, pitch };
      events.push({ kind: "on", ...about, velocity: 20 + (i % 100), confidence: 1 });
      events.push({ kind: "off", ...about, sample: sample + 3200 });
    }
    const head = { started: 0, source: "Bench", model: "-", samples: 160_000, notes: 500 };
    const added = writing.objectStore("sessions").add(head);
    await new Promise((done) => (added.onsuccess = done));
    writing.objectStore("pages").add({ session: added.result, events });
    await new Promise((done) => (writing.oncomplete = done));
  }, BLOCKS);
}

/** Milliseconds from picture to picture, over five seconds. */
async function frameTimes(page: Page): Promise<number[]> {
  return page.evaluate(async () => {
    const times: number[] = [];
    const until = performance.now() + 5000;
    await new Promise<void>((done) => {
      const tick = (at: number) => {
        times.push(at);
        if (at < until) requestAnimationFrame(tick);
        else done();
      };
      requestAnimationFrame(tick);
    });
    return times.slice(1).map((at, i) => at - times[i]);
  });
}
