/**
 * The microphone's end in the audio thread: mixes channels to one and posts blocks of about 10 ms
 * straight to the listener's thread, so that a busy page loses nothing.
 */

// TypeScript's DOM library does not describe the audio thread.
declare const sampleRate: number;
declare const currentFrame: number;
declare function registerProcessor(name: string, processor: unknown): void;
declare class AudioWorkletProcessor {
  readonly port: MessagePort;
}

/** What the recorder posts: sound, its first frame on the context's clock, and when it ended. */
export interface Block {
  samples: Float32Array;
  frame: number;
  /** Milliseconds since 1970 at which the block was complete. */
  at: number;
}

const QUANTUM = 128;
const QUANTA = Math.max(1, Math.round(sampleRate / 100 / QUANTUM));

class Recorder extends AudioWorkletProcessor {
  private listener: MessagePort | null = null;
  private block = new Float32Array(QUANTA * QUANTUM);
  private filled = 0;
  private ended = false;

  constructor() {
    super();
    this.port.onmessage = ({ data }) => {
      if (data === null) this.ended = true;
      else this.listener = data;
    };
  }

  process([channels]: Float32Array[][]): boolean {
    const length = channels[0]?.length ?? QUANTUM;
    // A muted microphone has no channels: time goes on in silence.
    for (const channel of channels) {
      for (let i = 0; i < length; i++) this.block[this.filled + i] += channel[i] / channels.length;
    }
    this.filled += length;
    if (this.filled >= this.block.length) this.post();
    return !this.ended;
  }

  private post(): void {
    const frame = currentFrame + QUANTUM - this.filled;
    const block: Block = { samples: this.block, frame, at: Date.now() };
    this.listener?.postMessage(block, [this.block.buffer]);
    this.block = new Float32Array(QUANTA * QUANTUM);
    this.filled = 0;
  }
}

registerProcessor("recorder", Recorder);
