/** Audio files, decoded by the browser: mono, 16 kHz. */

import { decodingProblem, readingProblem, tooLong } from "./problems";
import { SAMPLE_RATE } from "./timing";

/** More would not fit into a phone's memory: an hour takes 230 MB here, and twice that in stereo. */
const LONGEST_S = 3600;
/** A file that does not tell its length by then is decoded without. */
const TELLING_MS = 3000;

/** Reads a file chosen by the player. Throws `Problem`. */
export async function readRecording(file: File): Promise<Float32Array<ArrayBuffer>> {
  const toldS = await lengthTold(file);
  if (toldS > LONGEST_S && toldS < Infinity) throw tooLong(file.name);
  const bytes = await file.arrayBuffer().catch((error) => {
    throw error instanceof RangeError
      ? decodingProblem(file.name, error)
      : readingProblem(file.name);
  });
  const context = new OfflineAudioContext(1, 1, SAMPLE_RATE);
  const decoded = await context.decodeAudioData(bytes).catch((error) => {
    throw decodingProblem(file.name, error);
  });
  if (decoded.duration > LONGEST_S) throw tooLong(file.name);
  const mono = new Float32Array(decoded.length);
  for (let channel = 0; channel < decoded.numberOfChannels; channel++) {
    const samples = decoded.getChannelData(channel);
    for (let i = 0; i < mono.length; i++) mono[i] += samples[i] / decoded.numberOfChannels;
  }
  return mono;
}

/**
 * What a file tells of its length, in seconds, before all of it is decoded: hours of sound would end
 * the page. Not a number where it tells nothing, infinite where it was written while recording.
 */
async function lengthTold(file: File): Promise<number> {
  const url = URL.createObjectURL(file);
  const audio = new Audio();
  audio.preload = "metadata";
  const told = new Promise<number>((resolve) => {
    audio.onloadedmetadata = () => resolve(audio.duration);
    audio.onerror = () => resolve(NaN);
    setTimeout(() => resolve(NaN), TELLING_MS);
  });
  audio.src = url;
  return told.finally(() => URL.revokeObjectURL(url));
}
