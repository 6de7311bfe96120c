/** Makes Chromium as slow as a phone: its pages run for a share of the time only. */

import { Worker } from "node:worker_threads";
import type { Browser } from "playwright-core";

const PERIOD_MS = 4;

const METRONOME = `
  const { workerData: { pids, runMs, restMs } } = require("node:worker_threads");
  const clock = new Int32Array(new SharedArrayBuffer(4));
  const signal = (name) => {
    for (const pid of pids) try { process.kill(pid, name); } catch {}
  };
  for (;;) {
    signal("SIGCONT");
    Atomics.wait(clock, 0, 0, runMs);
    signal("SIGSTOP");
    Atomics.wait(clock, 0, 0, restMs);
  }
`;

/**
 * Lets the processes of pages run a `factor`-th of the time, with all their threads: drawing,
 * listening, and the audio thread alike. (DevTools' own slow-down reaches the drawing thread only.)
 *
 * Returns what ends it.
 */
export async function slowDown(browser: Browser, factor: number): Promise<() => Promise<void>> {
  const devtools = await browser.newBrowserCDPSession();
  const { processInfo } = await devtools.send("SystemInfo.getProcessInfo");
  const pids = processInfo.filter(({ type }) => type === "renderer").map(({ id }) => id);
  if (pids.length === 0) throw new Error("Chromium names no process of a page");
  const runMs = PERIOD_MS / factor;
  const workerData = { pids, runMs, restMs: PERIOD_MS - runMs };
  const metronome = new Worker(METRONOME, { eval: true, workerData });
  return async () => {
    await metronome.terminate();
    for (const pid of pids) process.kill(pid, "SIGCONT");
  };
}
