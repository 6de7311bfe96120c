/** The screen stays on exactly while it is wanted. */

import { beforeEach, expect, test, vi } from "vitest";
import { WakeLock } from "../src/wakelock";

let held: number;
let give: (() => void)[];

beforeEach(() => {
  [held, give] = [0, []];
  vi.stubGlobal("document", { addEventListener: () => undefined });
  const request = () =>
    new Promise((resolve) =>
      give.push(() => {
        held++;
        resolve({ release: async () => void held-- });
      }),
    );
  vi.stubGlobal("navigator", { wakeLock: { request } });
});

test("it is held until it is let go", async () => {
  const lock = new WakeLock();
  const acquired = lock.acquire();
  give[0]();
  await acquired;
  expect(held).toBe(1);
  await lock.release();
  expect(held).toBe(0);
});

test("it is not held when it was let go before it came", async () => {
  const lock = new WakeLock();
  const acquired = lock.acquire();
  await lock.release();
  give[0]();
  await acquired;
  expect(held).toBe(0);
});

test("it is held once when it was asked for twice", async () => {
  const lock = new WakeLock();
  const acquired = [lock.acquire(), lock.acquire()];
  for (const one of give) one();
  await Promise.all(acquired);
  expect(held).toBe(1);
  await lock.release();
  expect(held).toBe(0);
});
