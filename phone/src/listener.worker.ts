/** The listener's thread: loads the network, hears what the recorder posts, transcribes files. */

import { download, isWasm } from "./downloads";
import type { Event } from "./events";
import { Ear } from "./hearing";
import type { Reply, Request } from "./messages";
import { isModel, readInfo, type ModelInfo } from "./model";
import { OnnxNetwork, type Network } from "./network";
import { listenerProblem } from "./problems";
import type { Block } from "./recorder.worklet";
import { Transcriber } from "./stream";
import { SAMPLE_RATE } from "./timing";

/**
 * Where the audio clock stands still against the world's for longer, the sound of that time is lost:
 * the browser was suspended. What comes a little late is not: the browser had kept it.
 */
const STALL_S = 1.0;

/** Most blocks heard at once: about two thirds of a second. */
const MOST_TOGETHER = 64;

/** Sound that waits longer is dropped, the oldest first, and counted as lost: about half a minute. */
const MOST_WAITING = 3000;

let info: ModelInfo;
let network: Network;
let line: Line | null = null;
/** Nothing more of the recording is wanted. */
let cut = false;

/** Waits until messages that have come were delivered; awaiting the network alone lets none in. */
function delivered(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port2.onmessage = () => {
      port1.close();
      resolve();
    };
    port1.postMessage(null);
  });
}

function reply(message: Reply): void {
  postMessage(message);
}

/** One recorder, heard until it rests. Blocks that queue up while one is heard are taken together. */
class Line {
  private readonly waiting: Block[] = [];
  private busy = false;
  /** The last block taken. */
  private last: Block | null = null;
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
      if (!this.busy) this.work().catch(report);
    };
  }

  /** Hears what has come so far, and ends what sounds. */
  async rest(): Promise<void> {
    await delivered();
    this.port.close();
    while (this.busy) await new Promise((resume) => setTimeout(resume, 5));
    const events = await this.ear.skip();
    this.report(events, Date.now(), 0, 0, 0, 0);
  }

  private async work(): Promise<void> {
    this.busy = true;
    try {
      while (this.waiting.length > 0) {
        const lostS = this.lost(this.waiting[0]);
        const blocks = this.takeTogether();
        await this.take(blocks, lostS);
        await delivered();
      }
    } finally {
      this.busy = false;
    }
  }

  /** Blocks that wait, up to the first before which sound was lost. */
  private takeTogether(): Block[] {
    const blocks: Block[] = [];
    while (this.waiting.length > 0 && blocks.length < MOST_TOGETHER) {
      if (blocks.length > 0 && this.lost(this.waiting[0]) > 0) break;
      this.last = this.waiting.shift()!;
      blocks.push(this.last);
    }
    return blocks;
  }

  private async take(blocks: Block[], lostS: number): Promise<void> {
    const started = performance.now();
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
    this.report(events, last.at, performance.now() - started, length / this.rate, lostS, peak);
  }

  /** Seconds missing before a block: by the audio clock, or by the world's where that stood still. */
  private lost(block: Block): number {
    if (this.last === null) return 0;
    const next = this.last.frame + this.last.samples.length;
    const skippedS = Math.max((block.frame - next) / this.rate, 0);
    const elapsedS = (block.at - this.last.at) / 1000;
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
  const wanted = [
    { url: runtime, fits: isWasm },
    { url: model, fits: isModel },
  ];
  const [wasm, graph] = await download(wanted, (share) => reply({ kind: "loading", share }));
  info = readInfo(graph);
  network = await OnnxNetwork.load(wasm, graph);
  // The first run is slow: it should not fall into the first note.
  await new Transcriber(info, network).push(new Float32Array(info.clock.hop));
  const { name, version, licence, lookaheadMs } = info;
  reply({ kind: "ready", name, version, licence, lookaheadMs });
}

/** A whole recording, a second at a time, so that progress can be shown and it can be ended. */
async function transcribe(samples: Float32Array): Promise<void> {
  const transcriber = new Transcriber(info, network);
  let at = 0;
  while (at < samples.length && !cut) {
    const second = samples.subarray(at, at + SAMPLE_RATE);
    const events = await transcriber.push(second);
    at += second.length;
    reply({ kind: "transcribed", samples: at, done: false, events });
    await delivered();
  }
  const events = await transcriber.finish();
  reply({ kind: "transcribed", samples: at, done: true, events });
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
    case "cut":
      return; // the recording has ended
  }
}

function report(error: unknown): void {
  const { problem, remedy } = listenerProblem(error);
  reply({ kind: "failed", problem, remedy });
}

let obeying: Promise<void> = Promise.resolve();

onmessage = ({ data }: MessageEvent<Request>) => {
  if (data.kind === "transcribe" || data.kind === "cut") cut = data.kind === "cut";
  // One after the other: the network hears one thing at a time.
  obeying = obeying.then(() => obey(data)).catch(report);
};
