/** The listener's thread: loads the network, hears what the recorder posts, transcribes files. */

import { download } from "./downloads";
import type { Event } from "./events";
import { Ear } from "./hearing";
import type { Reply, Request } from "./messages";
import { readInfo, type ModelInfo } from "./model";
import { OnnxNetwork, type Network } from "./network";
import { listenerProblem } from "./problems";
import type { Block } from "./recorder.worklet";
import { BLOCK_FRAMES, Transcriber } from "./stream";
import { SAMPLE_RATE } from "./timing";

/** A jump of the audio clock against the world's by more than this is sound that was lost. */
const STALL_S = 0.25;

/** Sound that waits longer is dropped, the oldest first, and counted as lost: about ten seconds. */
const MOST_WAITING = 1000;

let info: ModelInfo;
let network: Network;
let line: Line | null = null;

function reply(message: Reply): void {
  postMessage(message);
}

/** One recorder, heard until it rests. Blocks that queue up while one is heard are taken together. */
class Line {
  private readonly waiting: Block[] = [];
  private busy = false;
  private next: number | null = null;
  private previousAt: number | null = null;
  private readonly ear: Ear;

  constructor(
    private readonly port: MessagePort,
    private readonly rate: number,
    begin: number,
  ) {
    this.ear = new Ear(info, network, rate, begin);
    port.onmessage = ({ data }: MessageEvent<Block>) => {
      this.waiting.push(data);
      if (this.waiting.length > MOST_WAITING) this.waiting.shift();
      if (!this.busy) guard(this.work());
    };
  }

  async rest(): Promise<void> {
    this.port.close();
    while (this.busy) await new Promise((resume) => setTimeout(resume, 5));
    const events = await this.ear.skip();
    this.report(events, Date.now(), 0, 0, 0, 0);
  }

  private async work(): Promise<void> {
    this.busy = true;
    try {
      while (this.waiting.length > 0) await this.take(this.waiting.splice(0, BLOCK_FRAMES));
    } finally {
      this.busy = false;
    }
  }

  private async take(blocks: Block[]): Promise<void> {
    const started = performance.now();
    const lostS = this.lost(blocks[0]);
    const length = blocks.reduce((sum, { samples }) => sum + samples.length, 0);
    const sound = new Float32Array(length);
    let at = 0;
    let peak = 0;
    for (const { samples } of blocks) {
      sound.set(samples, at);
      at += samples.length;
    }
    for (const sample of sound) peak = Math.max(peak, Math.abs(sample));
    const events = await this.ear.hear(sound, lostS);
    const last = blocks[blocks.length - 1];
    this.next = last.frame + last.samples.length;
    this.previousAt = last.at;
    this.report(events, last.at, performance.now() - started, length / this.rate, lostS, peak);
  }

  /** Seconds missing before a block: by the audio clock, or by the world's where that stood still. */
  private lost(block: Block): number {
    if (this.next === null || this.previousAt === null) return 0;
    const skippedS = Math.max((block.frame - this.next) / this.rate, 0);
    const elapsedS = (block.at - this.previousAt) / 1000;
    const stoodS = elapsedS - skippedS - block.samples.length / this.rate;
    return skippedS + (stoodS > STALL_S ? stoodS : 0);
  }

  private report(
    events: Event[],
    at: number,
    workMs: number,
    soundS: number,
    lostS: number,
    peak: number,
  ): void {
    const end = this.ear.end;
    reply({ kind: "heard", events, end, at, decidedAt: Date.now(), workMs, soundS, lostS, peak });
  }
}

async function load(runtime: string, model: string): Promise<void> {
  const [wasm, graph] = await download([runtime, model], (share) =>
    reply({ kind: "loading", share }),
  );
  info = readInfo(graph);
  network = await OnnxNetwork.load(wasm, graph);
  // The first run is slow: it should not fall into the first note.
  await new Transcriber(info, network).push(new Float32Array(info.clock.hop));
  const { name, version, licence, lookaheadMs } = info;
  reply({ kind: "ready", name, version, licence, lookaheadMs });
}

/** A whole recording, a second at a time, so that progress can be shown. */
async function transcribe(samples: Float32Array): Promise<void> {
  const transcriber = new Transcriber(info, network);
  for (let at = 0; at < samples.length; at += SAMPLE_RATE) {
    const events = await transcriber.push(samples.subarray(at, at + SAMPLE_RATE));
    reply({ kind: "transcribed", share: at / samples.length, events });
  }
  reply({ kind: "transcribed", share: 1, events: await transcriber.finish() });
}

async function obey(request: Request): Promise<void> {
  switch (request.kind) {
    case "load":
      return load(request.runtime, request.model);
    case "listen":
      line = new Line(request.port, request.rate, request.begin);
      return;
    case "rest":
      await line?.rest();
      line = null;
      return reply({ kind: "rested" });
    case "transcribe":
      return transcribe(request.samples);
  }
}

function guard(work: Promise<void>): void {
  work.catch((error: unknown) => {
    const { problem, remedy } = listenerProblem(error);
    reply({ kind: "failed", problem, remedy });
  });
}

onmessage = ({ data }: MessageEvent<Request>) => guard(obey(data));
