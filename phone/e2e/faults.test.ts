/** What can go wrong: a sentence on the screen, and no lost session. */

import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { keptStrikes, launch, open, phone, recording, serve, type Site } from "./phone";

let site: Site;
let browser: Browser;
let context: BrowserContext;

beforeAll(async () => {
  site = await serve();
  browser = await launch(recording().path);
}, 240_000);

afterEach(async () => context?.close());

afterAll(async () => {
  await browser?.close();
  await site?.close();
});

async function told(page: Page): Promise<string> {
  await page.locator("#problem:visible").waitFor({ timeout: 60_000 });
  return page.locator("#problem").innerText();
}

/** Listens until something was heard and kept. */
async function listen(page: Page): Promise<void> {
  await page.click("#listen");
  await page.locator("#status", { hasText: "Listening" }).waitFor({ timeout: 20_000 });
  await expect
    .poll(async () => (await keptStrikes(page)).length, { timeout: 60_000 })
    .toBeGreaterThan(3);
}

test("a refused microphone", async () => {
  context = await phone(browser);
  await context.addInitScript(() => {
    navigator.mediaDevices.getUserMedia = () =>
      Promise.reject(new DOMException("refused", "NotAllowedError"));
  });
  const page = await open(context, site.url);
  await page.click("#listen");
  expect(await told(page)).toMatch(/may not be used.*Allow it/);
  expect(await page.locator("#listen").isEnabled()).toBe(true);
  await page.click("#dismiss");
  expect(await page.locator("#problem").isHidden()).toBe(true);
}, 240_000);

test("no microphone", async () => {
  context = await phone(browser);
  await context.addInitScript(() => {
    navigator.mediaDevices.getUserMedia = () =>
      Promise.reject(new DOMException("none", "NotFoundError"));
  });
  const page = await open(context, site.url);
  await page.click("#listen");
  expect(await told(page)).toMatch(/No microphone was found.*Plug one in/);
}, 240_000);

test("a browser without wasm SIMD", async () => {
  context = await phone(browser);
  await context.addInitScript(() => (WebAssembly.validate = () => false));
  const page = await context.newPage();
  await page.goto(site.url);
  expect(await told(page)).toMatch(/too old to listen.*newer phone/);
  expect(await page.locator("#listen").isDisabled()).toBe(true);
}, 240_000);

test("the network goes before everything was loaded", async () => {
  const broken = await serve(/\.gz$/);
  context = await phone(browser);
  const page = await context.newPage();
  await page.goto(broken.url);
  expect(await told(page)).toMatch(/model could not be loaded.*Connect to the network/);
  expect(await page.locator("#listen").isDisabled()).toBe(true);
  await broken.close();
}, 240_000);

test("a browser without modules is told by plain HTML", async () => {
  context = await phone(browser);
  const page = await context.newPage();
  await page.route("**/*.js", (route) => route.abort());
  await page.goto(site.url);
  expect(await page.locator("script[nomodule]").count()).toBe(1);
  expect(await page.locator("#old").textContent()).toMatch(/too old for the page/);
}, 240_000);

test("too little memory: the session so far is kept", async () => {
  context = await phone(browser);
  const page = await open(context, site.url);
  await listen(page);
  const [worker] = page.workers();
  await worker.evaluate(() => {
    const real = Float32Array.prototype.map;
    // What an allocator of the runtime says when the phone gives it nothing more.
    Float32Array.prototype.map = function () {
      Float32Array.prototype.map = real;
      throw new RangeError("Array buffer allocation failed: out of memory");
    };
  });
  expect(await told(page)).toMatch(/too little free memory.*notes so far are kept/);
  await page.reload();
  expect((await keptStrikes(page)).length).toBeGreaterThan(3);
}, 240_000);

test("a microphone that goes away ends the session and keeps it", async () => {
  context = await phone(browser);
  await context.addInitScript(() => {
    const real = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
    navigator.mediaDevices.getUserMedia = async (wish) => {
      const stream = await real(wish);
      Object.assign(window, { stream });
      return stream;
    };
  });
  const page = await open(context, site.url);
  await listen(page);
  await page.evaluate(() => {
    const [track] = (window as unknown as { stream: MediaStream }).stream.getAudioTracks();
    track.dispatchEvent(new Event("ended"));
  });
  expect(await told(page)).toMatch(/The microphone went away.*Plug it in/);
  await page.locator("#listen", { hasText: "Listen" }).waitFor();
  expect((await keptStrikes(page)).length).toBeGreaterThan(3);
}, 240_000);

test("a call interrupts: it says so, goes on, and the clock has moved by the pause", async () => {
  context = await phone(browser);
  await context.addInitScript(() => {
    const Real = window.AudioContext;
    window.AudioContext = class extends Real {
      constructor(...options: ConstructorParameters<typeof Real>) {
        super(...options);
        Object.assign(window, { audio: this });
      }
    };
  });
  const page = await open(context, site.url);
  await listen(page);
  await page.evaluate(() => {
    const { audio } = window as unknown as { audio: AudioContext };
    // The page asks for the sound at once; while the call lasts, it is refused.
    audio.resume = () => Promise.reject(new DOMException("a call", "InvalidStateError"));
    return audio.suspend();
  });
  await page.locator("#status", { hasText: "Interrupted" }).waitFor({ timeout: 20_000 });
  const before = (await keptStrikes(page)).length;
  await page.waitForTimeout(4000);
  expect(await page.locator("#status").textContent()).toMatch(/Interrupted/);
  await page.evaluate(() => Reflect.deleteProperty((window as any).audio, "resume"));
  await page.locator("#roll").tap({ position: { x: 20, y: 200 } });
  await page.locator("#status", { hasText: "Listening" }).waitFor({ timeout: 20_000 });
  await page.click("#figures");
  await expect
    .poll(
      async () => {
        const lost = await page
          .locator("#stats dt", { hasText: "Lost" })
          .locator("+ dd")
          .textContent();
        return parseFloat(lost ?? "0");
      },
      { timeout: 30_000 },
    )
    .toBeGreaterThan(3);
  expect((await keptStrikes(page)).length).toBeGreaterThanOrEqual(before);
}, 240_000);

test("a hidden page writes what it has, and wakes with the page", async () => {
  context = await phone(browser);
  const page = await open(context, site.url);
  await listen(page);
  await page.evaluate(() => {
    Object.defineProperty(document, "visibilityState", { value: "hidden", configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
  });
  const kept = (await keptStrikes(page)).length;
  await page.evaluate(() => {
    Object.defineProperty(document, "visibilityState", { value: "visible", configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
  });
  await expect
    .poll(async () => (await keptStrikes(page)).length, { timeout: 60_000 })
    .toBeGreaterThan(kept);
  // Killed, not stopped: the session is listed all the same.
  await page.close({ runBeforeUnload: false });
  const later = await open(context, site.url);
  await later.click("#sessions");
  await later.locator("#kept li").waitFor();
  expect(await later.locator("#kept li span").first().textContent()).toMatch(/[1-9]\d* notes/);
}, 240_000);

test("a browser that keeps nothing: it says so, listens, and saves", async () => {
  context = await phone(browser);
  await context.addInitScript(() => {
    indexedDB.open = () => {
      throw new DOMException("private", "InvalidStateError");
    };
  });
  const page = await open(context, site.url);
  expect(await told(page)).toMatch(/does not keep sessions.*Save as MIDI/);
  await page.click("#listen");
  await page.locator("#status", { hasText: "Listening" }).waitFor({ timeout: 20_000 });
  await page.click("#listen");
  await page.locator("#status", { hasText: "Stopped" }).waitFor({ timeout: 60_000 });
  const [download] = await Promise.all([page.waitForEvent("download"), page.click("#save")]);
  expect(download.suggestedFilename()).toMatch(/\.mid$/);
}, 240_000);

test("no room left: it says so, and what is shown can be saved", async () => {
  context = await phone(browser);
  const page = await open(context, site.url);
  await page.evaluate(() => {
    IDBObjectStore.prototype.put = () => {
      throw new DOMException("full", "QuotaExceededError");
    };
  });
  await page.click("#listen");
  expect(await told(page)).toMatch(/no room left.*Save it as MIDI now/);
  expect(await page.locator("#save").isEnabled()).toBe(true);
}, 240_000);

test("a file that is no recording", async () => {
  context = await phone(browser);
  const page = await open(context, site.url);
  await page.setInputFiles("#file", {
    name: "x.wav",
    mimeType: "audio/wav",
    buffer: Buffer.from("no"),
  });
  expect(await told(page)).toMatch(/x\.wav is not a recording this browser can read/);
}, 240_000);
