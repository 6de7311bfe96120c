/** A session played again: a clock that can be stopped and wound, and tones for its notes. */

import type { Note, Transcript } from "./notes";
import { SAMPLE_RATE } from "./timing";

/** Notes are given to the sound card so far ahead. */
const AHEAD_S = 0.4;
/** Notes that could not be given for longer, because no picture was drawn, are left out. */
const LATE_S = 0.05;
const PARTIALS = [1, 0.45, 0.25, 0.12, 0.06];

export class Replay {
  readonly durationS: number;
  private readonly context: AudioContext;
  private readonly wave: PeriodicWave;
  private atS = 0;
  /** The context's clock at position 0; null while it stands. */
  private origin: number | null = null;
  private next = 0;
  private out: GainNode | null = null;

  constructor(private readonly transcript: Transcript) {
    this.durationS = transcript.durationS;
    this.context = new AudioContext();
    const imaginary = Float32Array.from([0, ...PARTIALS]);
    this.wave = this.context.createPeriodicWave(new Float32Array(imaginary.length), imaginary);
  }

  get playing(): boolean {
    return this.origin !== null;
  }

  /** Position in samples. */
  get sample(): number {
    return Math.round(this.positionS * SAMPLE_RATE);
  }

  get positionS(): number {
    if (this.origin === null) return this.atS;
    return Math.min(Math.max(this.context.currentTime - this.origin, 0), this.durationS);
  }

  async play(): Promise<void> {
    await this.context.resume();
    if (this.positionS >= this.durationS) this.atS = 0;
    this.origin = this.context.currentTime - this.atS;
    const { notes } = this.transcript;
    this.next = notes.findIndex(({ onsetS }) => onsetS >= this.atS);
    if (this.next < 0) this.next = notes.length;
    this.out = this.context.createGain();
    this.out.gain.value = 0.25;
    this.out.connect(this.context.destination);
  }

  pause(): void {
    this.atS = this.positionS;
    this.origin = null;
    this.out?.disconnect();
    this.out = null;
  }

  async seek(positionS: number): Promise<void> {
    const playing = this.playing;
    this.pause();
    this.atS = Math.min(Math.max(positionS, 0), this.durationS);
    if (playing) await this.play();
  }

  /** Sounds what comes next; to be called with every picture. */
  tick(): void {
    if (this.origin === null) return;
    const { positionS } = this;
    const { notes } = this.transcript;
    while (this.next < notes.length && notes[this.next].onsetS < positionS + AHEAD_S) {
      const note = notes[this.next++];
      if (note.onsetS >= positionS - LATE_S) this.sound(note, this.origin);
    }
    if (this.positionS >= this.durationS) this.pause();
  }

  async close(): Promise<void> {
    this.pause();
    await this.context.close();
  }

  /** A plucked tone: louder when struck harder, shorter the higher it is. */
  private sound({ onsetS, offsetS, pitch, velocity }: Note, origin: number): void {
    if (this.out === null) return;
    const start = Math.max(origin + onsetS, this.context.currentTime);
    const end = Math.max(origin + offsetS, start + 0.05);
    const tone = this.context.createOscillator();
    tone.setPeriodicWave(this.wave);
    tone.frequency.value = 440 * 2 ** ((pitch - 69) / 12);
    const volume = this.context.createGain();
    const decayS = 1.4 * 2 ** ((60 - pitch) / 24);
    volume.gain.setValueAtTime(0, start);
    volume.gain.linearRampToValueAtTime((velocity / 127) ** 2, start + 0.004);
    volume.gain.setTargetAtTime(0, start + 0.004, decayS);
    volume.gain.setTargetAtTime(0, end, 0.06);
    tone.connect(volume).connect(this.out);
    tone.start(start);
    tone.stop(end + 0.4);
  }
}
