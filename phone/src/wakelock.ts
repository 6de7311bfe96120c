/** Keeps the screen on while somebody plays; browsers without it are none the worse. */

export class WakeLock {
  private lock: WakeLockSentinel | null = null;
  private wanted = false;

  constructor() {
    // The system takes the lock away with the page, and does not give it back by itself.
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible" && this.wanted) void this.acquire();
    });
  }

  async acquire(): Promise<void> {
    this.wanted = true;
    try {
      this.lock = (await navigator.wakeLock?.request("screen")) ?? null;
    } catch {
      this.lock = null; // the battery is low, or the page is not in view
    }
  }

  async release(): Promise<void> {
    this.wanted = false;
    await this.lock?.release();
    this.lock = null;
  }
}
