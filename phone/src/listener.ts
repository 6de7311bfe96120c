/** The page's end of the listener's thread. */

import modelUrl from "../build/live.onnx.gz?url";
import runtimeUrl from "../build/ort.wasm.gz?url";
import type { Reply, Request } from "./messages";
import { listenerProblem, Problem } from "./problems";

export type Ready = Extract<Reply, { kind: "ready" }>;

/** `0061736d`, then a function that uses a vector: accepted where there is SIMD. */
const SIMD = [
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15,
  253, 98, 11,
];

export class Listener {
  private constructor(
    private readonly worker: Worker,
    readonly model: Ready,
  ) {}

  /** Starts the thread and loads the network; `loading` is told the share that has come. */
  static async start(
    loading: (share: number) => void,
    hear: (reply: Reply) => void,
  ): Promise<Listener> {
    const able = typeof WebAssembly !== "undefined" && WebAssembly.validate(Uint8Array.from(SIMD));
    if (!able || typeof DecompressionStream === "undefined") {
      throw new Problem(
        "This browser is too old to listen: it has no WebAssembly SIMD.",
        "Update it, or use a newer phone.",
      );
    }
    const worker = new Worker(new URL("./listener.worker.ts", import.meta.url), { type: "module" });
    return new Promise((resolve, reject) => {
      worker.onmessage = ({ data }: MessageEvent<Reply>) => {
        if (data.kind === "loading") loading(data.share);
        else if (data.kind === "ready") resolve(new Listener(worker, data));
        else if (data.kind === "failed") reject(new Problem(data.problem, data.remedy));
        if (data.kind !== "loading") hear(data);
      };
      worker.onerror = (event) => {
        const { problem, remedy } = listenerProblem(event.message ?? "its thread did not start");
        reject(new Problem(problem, remedy));
        hear({ kind: "failed", problem, remedy });
      };
      send(worker, {
        kind: "load",
        runtime: new URL(runtimeUrl, location.href).href,
        model: new URL(modelUrl, location.href).href,
      });
    });
  }

  /** Hears a microphone; the session's clock stands at sample `begin`. */
  listen(port: MessagePort, rate: number, begin: number): void {
    send(this.worker, { kind: "listen", port, rate, begin }, [port]);
  }

  rest(): void {
    send(this.worker, { kind: "rest" });
  }

  /** Hears a whole recording (mono, 16 kHz), which it takes over. */
  transcribe(samples: Float32Array<ArrayBuffer>): void {
    send(this.worker, { kind: "transcribe", samples }, [samples.buffer]);
  }

  /** Ends the thread, whatever it does. */
  stop(): void {
    this.worker.terminate();
  }
}

function send(worker: Worker, request: Request, transfer: Transferable[] = []): void {
  worker.postMessage(request, transfer);
}
