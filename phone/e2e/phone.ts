/** The page as people meet it: built, served, and opened by Chromium as a phone. */

import { appendFileSync, existsSync } from "node:fs";
import type { Socket } from "node:net";
import { chromium, type Browser, type BrowserContext, type Page } from "playwright-core";
import { preview } from "vite";

/** Folder for what is worth looking at afterwards. */
export const PICTURES = process.env.AMT_PHONE_PICTURES ?? "build/pictures";

const CHROMIUM = [process.env.AMT_CHROMIUM, "/usr/bin/chromium", "/usr/bin/google-chrome"];

export interface Recording {
  /** A WAV file. */
  path: string;
  /** What `amt transcribe` hears in it: onset in seconds, pitch. */
  notes: [number, number][];
  seconds: number;
}

/** A recording that amt_tui/rig/phone.py has made, and what Python hears in it. */
export function recording(name: "RECORDING" | "LONG" = "RECORDING"): Recording {
  const given = process.env[`AMT_PHONE_${name}`];
  if (given === undefined) throw new Error("run these tests by scripts/test -m phone");
  return JSON.parse(given);
}

/** One row of the table in docs/phone.md, with what it has to reach or to stay under. */
export interface Figure {
  name: string;
  value: number;
  unit: string;
  digits?: number;
  most?: number;
  least?: number;
}

/** Hands a figure to amt_tui/rig/phone.py, which makes the table. */
export function measured(figure: Figure): void {
  const file = process.env.AMT_PHONE_FIGURES;
  if (file !== undefined) appendFileSync(file, `${JSON.stringify(figure)}\n`);
  console.log(`${figure.name}: ${figure.value} ${figure.unit}`);
}

export interface Site {
  url: string;
  /** Bytes that have left the server, whoever asked for them. */
  sent(): number;
  close(): Promise<void>;
}

/** Serves a build; the connection breaks where a path that matches `broken` is asked for. */
export async function serve(broken?: RegExp, outDir = "dist"): Promise<Site> {
  const server = await preview({
    build: { outDir },
    preview: { port: 0, host: "127.0.0.1" },
    logLevel: "error",
    plugins: [
      {
        name: "broken",
        configurePreviewServer({ middlewares }) {
          middlewares.use((request, _response, next) => {
            if (broken?.test(request.url ?? "")) request.socket.destroy();
            else next();
          });
        },
      },
    ],
  });
  const sockets = new Set<Socket>();
  server.httpServer.on("connection", (socket: Socket) => sockets.add(socket));
  const sent = () => [...sockets].reduce((sum, { bytesWritten }) => sum + bytesWritten, 0);
  const address = server.httpServer.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const close = async () => {
    for (const socket of sockets) socket.destroy();
    await server.close();
  };
  return { url: `http://127.0.0.1:${address.port}/`, sent, close };
}

/** Starts Chromium; its microphone plays `sound` once, or beeps. */
export async function launch(sound?: string, ...more: string[]): Promise<Browser> {
  const executablePath = CHROMIUM.find((path) => path !== undefined && existsSync(path));
  if (executablePath === undefined) throw new Error("there is no Chromium");
  const play = sound === undefined ? [] : [`--use-file-for-fake-audio-capture=${sound}%noloop`];
  const fake = ["--no-sandbox", "--use-fake-device-for-media-stream"];
  return chromium.launch({ executablePath, args: [...fake, ...play, ...more] });
}

/** A phone of 360 x 640, with so many pixels to each. */
export async function phone(browser: Browser, pixels = 3): Promise<BrowserContext> {
  const context = await browser.newContext({
    viewport: { width: 360, height: 640 },
    deviceScaleFactor: pixels,
    isMobile: true,
    hasTouch: true,
    colorScheme: "dark",
    acceptDownloads: true,
  });
  await context.grantPermissions(["microphone"]);
  return context;
}

/** Opens the page and waits until it can listen. */
export async function open(context: BrowserContext, url: string): Promise<Page> {
  const page = await context.newPage();
  await page.goto(url);
  await page.locator("#listen:enabled").waitFor({ timeout: 180_000 });
  return page;
}

/** The figures on the panel, by their labels. */
export async function figures(page: Page): Promise<Record<string, string>> {
  if (await page.locator("#stats").isHidden()) await page.click("#figures");
  await page.waitForTimeout(400);
  const texts = await page.locator("#stats > *").allTextContents();
  const found: Record<string, string> = {};
  for (let i = 0; i < texts.length; i += 2) found[texts[i]] = texts[i + 1];
  return found;
}

/** Strikes of the session listed first: onset in seconds, pitch; read from what was kept. */
export async function keptStrikes(page: Page): Promise<[number, number][]> {
  return page.evaluate(async () => {
    const asked = indexedDB.open("amt");
    await new Promise((done) => (asked.onsuccess = done));
    const reading = asked.result.transaction(["sessions", "pages"]);
    const all = (name: string): Promise<any[]> =>
      new Promise((done) => {
        const request = reading.objectStore(name).getAll();
        request.onsuccess = () => done(request.result);
      });
    const [sessions, pages] = [await all("sessions"), await all("pages")];
    const id = sessions.at(-1)?.id;
    return pages
      .filter(({ session }) => session === id)
      .flatMap(({ events }) => events)
      .filter(({ kind }) => kind === "on")
      .map(({ sample, pitch }): [number, number] => [sample / 16000, pitch]);
  });
}
