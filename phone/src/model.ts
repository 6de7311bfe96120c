/** What a model file says about itself, as in transcriber/model.py. */

import type { DecoderSettings } from "./decoder";
import { metadata } from "./envelope";
import { Problem } from "./problems";
import { FrameClock, SAMPLE_RATE } from "./timing";

const FORMAT_VERSION = 1;

export interface ModelInfo {
  name: string;
  version: string;
  licence: string;
  lookaheadMs: number;
  clock: FrameClock;
  decoder: DecoderSettings;
}

/** Whether a file is a whole model, of whatever version. */
export function isModel(data: Uint8Array): boolean {
  return description(data) !== undefined;
}

/** Reads the description in a model file. Throws `Problem` where there is none to be used. */
export function readInfo(data: Uint8Array): ModelInfo {
  const text = description(data);
  if (text === undefined) {
    throw new Problem("The model is damaged.", "Load the page again.");
  }
  const values = JSON.parse(text);
  if (values.format_version !== FORMAT_VERSION || values.features.sample_rate !== SAMPLE_RATE) {
    throw new Problem("The model does not fit this page.", "Build both from the same version.");
  }
  return describe(values);
}

function description(data: Uint8Array): string | undefined {
  try {
    return metadata(data).get("amt");
  } catch {
    return undefined;
  }
}

/** The description as the page uses it; `values` are the model file's. */
export function describe(values: {
  name: string;
  version: string;
  licence: string;
  lookahead_ms: number;
  delay: number;
  features: { hop: number; right: number };
  decoder: DecoderSettings;
}): ModelInfo {
  const { name, version, licence, decoder } = values;
  const clock = new FrameClock(values.features.hop, values.features.right, values.delay);
  return { name, version, licence, decoder, clock, lookaheadMs: values.lookahead_ms };
}
