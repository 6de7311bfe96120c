/** The page's end of the listener's thread. */

import modelUrl from "../build/live.onnx.gz?url";
import runtimeUrl from "../build/ort.wasm.gz?url";
import type { Reply, Request } from "./messages";
import { listenerProblem, Problem } from "./problems";

export type Ready = Extract<Reply, { kind: "ready" }>;

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
    const worker = new Worker(new URL("./listener.worker.ts", import.meta.url), { type: "module" });
    return new Promise((resolve, reject) => {
      // A failure before it is ready is the caller's, a later one the hearer's.
      let fail = (problem: Problem) => reject(problem);
      worker.onmessage = ({ data }: MessageEvent<Reply>) => {
        if (data.kind === "loading") loading(data.share);
        else if (data.kind === "failed") fail(new Problem(data.problem, data.remedy));
        else if (data.kind === "ready") {
          fail = ({ problem, remedy }) => hear({ kind: "failed", problem, remedy });
          resolve(new Listener(worker, data));
        } else hear(data);
      };
      worker.onerror = ({ message }) =>
        fail(listenerProblem(message ?? "its thread did not start"));
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

  /** Hears no more of a recording; what sounds in it is ended. */
  cut(): void {
    send(this.worker, { kind: "cut" });
  }

  /** Ends the thread, whatever it does. */
  stop(): void {
    this.worker.terminate();
  }
}

function send(worker: Worker, request: Request, transfer: Transferable[] = []): void {
  worker.postMessage(request, transfer);
}
