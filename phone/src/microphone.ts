/** The microphone: opened raw, at the device's own rate, and handed to the listener's thread. */

import { soon } from "./patience";
import { microphoneProblem, Problem } from "./problems";
import recorderUrl from "./recorder.worklet?worker&url";

const CONSTRAINTS: MediaStreamConstraints = {
  // What helps speech ruins a piano: gates, pumping, missing notes.
  audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false },
};

/** Told what happens to an open microphone. */
export interface Fate {
  /** The system took the sound away (a call, another app), or gave it back. */
  interrupted(yes: boolean): void;
  /** It was unplugged or forbidden. */
  lost(problem: Problem): void;
}

export class Microphone {
  private constructor(
    private readonly stream: MediaStream,
    private readonly context: AudioContext,
    private readonly recorder: AudioWorkletNode,
    /** Where its blocks arrive; to be given to the listener. */
    readonly port: MessagePort,
  ) {}

  /** Opens it. Throws `Problem`. Call it from a tap: browsers want to see one. */
  static async open(fate: Fate): Promise<Microphone> {
    if (!isSecureContext) {
      throw new Problem(
        "Browsers give the microphone to secure pages only.",
        "Open the page over HTTPS (scripts/phone --https) or on localhost.",
      );
    }
    if (navigator.mediaDevices === undefined || typeof AudioWorkletNode === "undefined") {
      throw new Problem("This browser cannot listen.", "Update it, or use another one.");
    }
    const context = new AudioContext({ latencyHint: "interactive" });
    let stream: MediaStream | null = null;
    try {
      stream = await navigator.mediaDevices.getUserMedia(CONSTRAINTS);
      await context.audioWorklet.addModule(recorderUrl);
      await soon(context.resume()); // one that stays silent is told as interrupted
      return Microphone.connect(stream, context, fate);
    } catch (error) {
      stream?.getTracks().forEach((track) => track.stop());
      await soon(context.close());
      throw microphoneProblem(error);
    }
  }

  private static connect(stream: MediaStream, context: AudioContext, fate: Fate): Microphone {
    const recorder = new AudioWorkletNode(context, "recorder", { numberOfOutputs: 1 });
    const { port1, port2 } = new MessageChannel();
    recorder.port.postMessage(port1, [port1]);
    // Its output is silence; without a way to the loudspeaker browsers would not run it.
    context.createMediaStreamSource(stream).connect(recorder).connect(context.destination);
    const microphone = new Microphone(stream, context, recorder, port2);
    const [track] = stream.getAudioTracks();
    const report = () => {
      fate.interrupted(track.muted || context.state !== "running");
      void microphone.resume();
    };
    track.onmute = track.onunmute = context.onstatechange = report;
    report();
    track.onended = () =>
      fate.lost(new Problem("The microphone went away.", "Plug it in, then tap Listen again."));
    return microphone;
  }

  get rate(): number {
    return this.context.sampleRate;
  }

  /** Goes on after an interruption, if the system lets it. */
  async resume(): Promise<void> {
    if (this.context.state !== "running") await this.context.resume().catch(() => undefined);
  }

  async close(): Promise<void> {
    const [track] = this.stream.getAudioTracks();
    track.onended = track.onmute = track.onunmute = this.context.onstatechange = null;
    this.recorder.port.postMessage(null);
    track.stop();
    await this.context.close();
  }
}
