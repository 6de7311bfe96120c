/**
 * The network with the front end inside (trainer/soundgraph.py), run by ONNX Runtime on one thread.
 * Imported by the worker only: drawing never waits for it.
 */

import * as ort from "onnxruntime-web/wasm";
import { Activations } from "./outputs";

const SAMPLES = "samples";
const ANSWERS = "answers";
const NEW = "new_";

/** State tensors by the names of the graph's inputs. */
export type Memory = Record<string, ort.Tensor>;

/** `step(samples, memory) -> [answers, memory]`, for a whole number of hops; null starts a stream. */
export interface Network {
  step(samples: Float32Array, memory: Memory | null): Promise<[Activations, Memory]>;
}

export class OnnxNetwork implements Network {
  private constructor(private readonly session: ort.InferenceSession) {}

  /** Compiles the runtime and loads the graph; both are whole files. */
  static async load(runtime: Uint8Array, graph: Uint8Array): Promise<OnnxNetwork> {
    ort.env.wasm.numThreads = 1;
    ort.env.wasm.proxy = false;
    // `slice`: the runtime wants a buffer of its own that it may keep.
    ort.env.wasm.wasmBinary = runtime.slice().buffer;
    ort.env.logLevel = "error";
    const session = await ort.InferenceSession.create(graph, {
      executionProviders: ["wasm"],
      graphOptimizationLevel: "all",
    });
    return new OnnxNetwork(session);
  }

  async step(samples: Float32Array, memory: Memory | null): Promise<[Activations, Memory]> {
    const given = await this.session.run({
      [SAMPLES]: new ort.Tensor("float32", samples, [1, samples.length]),
      ...(memory ?? this.silence()),
    });
    const next: Memory = {};
    for (const name of this.session.inputNames) {
      if (name !== SAMPLES) next[name] = given[NEW + name];
    }
    return [new Activations(given[ANSWERS].data as Float32Array), next];
  }

  /** Memory of a stream that has been silent. */
  private silence(): Memory {
    const memory: Memory = {};
    for (const value of this.session.inputMetadata) {
      if (value.name === SAMPLES || !value.isTensor) continue;
      const shape = value.shape as number[];
      const size = shape.reduce((product, length) => product * length, 1);
      memory[value.name] = new ort.Tensor("float32", new Float32Array(size), shape);
    }
    return memory;
  }
}
