/** The listener's thread: a recording can be ended while it is heard. */

import { beforeEach, expect, test, vi } from "vitest";
import type { Reply, Request, Transcribed } from "../src/messages";

const SECOND = 16_000;
const world = vi.hoisted(() => ({ pushed: 0, hear: (): void => undefined }));

vi.mock("../src/downloads", () => ({ download: async () => [], isWasm: () => true }));
vi.mock("../src/network", () => ({ OnnxNetwork: { load: async () => ({}) } }));
vi.mock("../src/model", () => ({
  isModel: () => true,
  readInfo: () => ({ name: "live", clock: { hop: 320 } }),
}));
vi.mock("../src/stream", () => ({
  Transcriber: class {
    async push() {
      world.pushed++;
      world.hear();
      return [];
    }
    async finish() {
      return [{ kind: "off" }];
    }
  },
}));

let replies: Reply[];

function ask(request: Request): void {
  (globalThis.onmessage as unknown as (event: { data: Request }) => void)({ data: request });
}

async function transcribed(): Promise<Transcribed[]> {
  const heard = () => replies.filter((reply) => reply.kind === "transcribed");
  await vi.waitFor(() => expect(heard().at(-1)?.done).toBe(true), { timeout: 30_000 });
  return heard();
}

beforeEach(async () => {
  vi.resetModules();
  replies = [];
  vi.stubGlobal("onmessage", null);
  vi.stubGlobal("postMessage", (reply: Reply) => replies.push(reply));
  world.hear = () => undefined;
  await import("../src/listener.worker");
  ask({ kind: "load", runtime: "", model: "" });
  await vi.waitFor(() => expect(replies.at(-1)?.kind).toBe("ready"));
  world.pushed = 0;
});

test("it tells after every second how much it has heard", async () => {
  ask({ kind: "transcribe", samples: new Float32Array(2.5 * SECOND) });
  const all = await transcribed();
  expect(all.map(({ samples }) => samples / SECOND)).toEqual([1, 2, 2.5, 2.5]);
  expect(all.map(({ done }) => done)).toEqual([false, false, false, true]);
});

test("it ends when no more is wanted, and what sounds with it; the next is heard whole", async () => {
  world.hear = () => {
    if (world.pushed === 3) setTimeout(() => ask({ kind: "cut" }), 0);
  };
  ask({ kind: "transcribe", samples: new Float32Array(1000 * SECOND) });
  const last = (await transcribed()).at(-1)!;
  expect(last.events).toEqual([{ kind: "off" }]);
  expect(last.samples).toBeLessThan(1000 * SECOND);
  replies = [];
  ask({ kind: "transcribe", samples: new Float32Array(2 * SECOND) });
  expect((await transcribed()).at(-1)!.samples).toBe(2 * SECOND);
});
