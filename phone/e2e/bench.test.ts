/**
 * How fast the page is on a slow phone; scripts/bench_phone runs it and holds the figures to their
 * bars. Real time is measured, so it needs an idle machine.
 */

import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { agreement } from "./agreement";
import {
  figures,
  keptStrikes,
  launch,
  measured,
  open,
  phone,
  recording,
  serve,
  type Site,
} from "./phone";
import { slowDown } from "./slowdown";

const SLOWER = 4;
const MOST_OVERHEAD_MS = 60;
const TOLERANCE_S = 0.02;
const READ_S = 20;
const BLOCKS = 200;
const FRAME_MS = 1000 / 60;

const { path, notes, seconds } = recording("LONG");
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
  `a page ${SLOWER} times as slow listens`,
  async () => {
    await page.click("#listen");
    await page.locator("#status", { hasText: "Listening" }).waitFor();
    await slowDown(page, SLOWER);
    const readings: Record<string, string>[] = [];
    for (let left = seconds; left > 0; left -= READ_S) {
      await page.waitForTimeout(Math.min(left, READ_S) * 1000);
      readings.push(await figures(page));
    }
    await page.click("#figures");
    await page.click("#listen");
    await page.locator("#status", { hasText: "Stopped" }).waitFor({ timeout: 300_000 });
    const { f1, driftS } = agreement(notes, await keptStrikes(page), TOLERANCE_S);
    const last = readings[readings.length - 1];
    const worst = (label: string, place: number) =>
      Math.max(...readings.map((one) => parseFloat(one[label].split(",")[place])));
    const slow = `page ${SLOWER} times as slow`;
    const most = parseFloat(last["Look-ahead"]) + MOST_OVERHEAD_MS;
    const decided = (place: number) => worst("Decided (p50, p95)", place);
    measured({ name: `${slow}: decided, p50 of the worst minute`, value: decided(0), unit: "ms" });
    measured({ name: "p95 of the worst minute", value: decided(1), unit: "ms", most });
    const drawn = worst("Drawn (p50, p95)", 1);
    measured({ name: "drawn, p95 of the worst minute", value: drawn, unit: "ms" });
    const work = worst("Work per 20 ms", 0);
    measured({ name: "work per 20 ms of sound", value: work, unit: "ms", digits: 1, most: 20 });
    measured({ name: "sound lost", value: parseFloat(last.Lost), unit: "s", digits: 2, most: 0 });
    const drift = { value: Math.abs(driftS) * 1000, unit: "ms", most: TOLERANCE_S * 1000 };
    measured({ name: "last notes against the first: drift", ...drift });
    const name = "notes against `amt transcribe`, within a frame: F1";
    measured({ name, value: f1, unit: "", digits: 3, least: 0.98 });
  },
  seconds * 1000 + 400_000,
);

test.each([
  [1, 3],
  // Here the processor fills the pixels, which on a phone the graphics chip does: few of them, so
  // that what is slowed is the page's own work.
  [SLOWER, 1],
])(
  `${BLOCKS} blocks fall, %d times slower, %d pixels a side`,
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
    expect(frames.length).toBeGreaterThan(10);
    const mean = frames.reduce((sum, one) => sum + one, 0) / frames.length;
    const late = frames.filter((one) => one > 1.5 * FRAME_MS).length;
    const how = slower === 1 ? "" : `, page ${slower} times as slow, one pixel a side`;
    const pictures = { value: 1000 / mean, unit: "a second", digits: 1, least: 58.5 };
    measured({ name: `pictures with ${BLOCKS} blocks${how}`, ...pictures });
    measured({ name: "of them late", value: (100 * late) / frames.length, unit: "%", digits: 1 });
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
