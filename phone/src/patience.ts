/** Waiting for a system that may never answer. */

/** Long for a system that works, short for a player who waits. */
const ENOUGH_MS = 1000;

/** Waits until work is done or has failed, but no longer than is worth it. */
export async function soon(work: Promise<unknown>): Promise<void> {
  const enough = new Promise((resolve) => setTimeout(resolve, ENOUGH_MS));
  await Promise.race([work.catch(() => undefined), enough]);
}
