/** Makes the page as slow as on a phone. */

import type { Page } from "playwright-core";

/**
 * Slows drawing by DevTools and listening by waiting: DevTools reaches no worker, so after every
 * step of its work the listener's thread spins until it has taken `factor` times as long. The audio
 * thread, which phones run before all others, is left as it is.
 */
export async function slowDown(page: Page, factor: number): Promise<void> {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("Emulation.setCPUThrottlingRate", { rate: factor });
  const [listener] = page.workers();
  await listener.evaluate((factor) => {
    const post = self.postMessage.bind(self) as (message: unknown) => void;
    self.postMessage = (message: { kind: string; workMs: number; decidedAt: number }) => {
      if (message.kind === "heard") {
        const until = performance.now() + (factor - 1) * message.workMs;
        while (performance.now() < until);
        message.workMs *= factor;
        message.decidedAt = Date.now();
      }
      post(message);
    };
  }, factor);
}
