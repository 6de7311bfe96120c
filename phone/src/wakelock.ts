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
      const given = (await navigator.wakeLock?.request("screen")) ?? null;
      // Asked for twice, or let go before it came: what is not needed is given back.
      const spare = this.wanted ? this.lock : given;
      if (this.wanted) this.lock = given;
      await spare?.release();
    } catch {
      // The battery is low, or the page is not in view.
    }
  }

  async release(): Promise<void> {
    this.wanted = false;
    const { lock } = this;
    this.lock = null;
    await lock?.release().catch(() => undefined); // the system has taken it
  }
}
