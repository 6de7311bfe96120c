/** Audio files, decoded by the browser: mono, 16 kHz. */

import { Problem } from "./problems";
import { SAMPLE_RATE } from "./timing";

/** More would not fit into a phone's memory: an hour takes 230 MB here, and twice that in stereo. */
const LONGEST_S = 3600;

/** Reads a file chosen by the player. Throws `Problem`. */
export async function readRecording(file: File): Promise<Float32Array<ArrayBuffer>> {
  let decoded: AudioBuffer;
  try {
    const context = new OfflineAudioContext(1, 1, SAMPLE_RATE);
    decoded = await context.decodeAudioData(await file.arrayBuffer());
  } catch (error) {
    if (error instanceof RangeError) {
      throw new Problem(`${file.name} is too long for this phone's memory.`, "Cut it into pieces.");
    }
    throw new Problem(
      `${file.name} is not a recording this browser can read.`,
      "Try WAV, MP3, M4A or FLAC.",
    );
  }
  if (decoded.duration > LONGEST_S) {
    throw new Problem(`${file.name} is longer than an hour.`, "Cut it into pieces.");
  }
  const mono = new Float32Array(decoded.length);
  for (let channel = 0; channel < decoded.numberOfChannels; channel++) {
    const samples = decoded.getChannelData(channel);
    for (let i = 0; i < mono.length; i++) mono[i] += samples[i] / decoded.numberOfChannels;
  }
  return mono;
}
