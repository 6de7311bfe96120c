/**
 * The decoder is the twin of the terminal's: the scenes in golden/ are what Python's says
 * (tests/phone/test_golden.py writes them and holds Python to them), byte by byte.
 */

import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { describe as group, expect, test } from "vitest";
import type { Event } from "../src/events";
import { midiFile } from "../src/midi";
import { describe } from "../src/model";
import type { Memory, Network } from "../src/network";
import { transcriptOf } from "../src/notes";
import { Activations, WIDTH } from "../src/outputs";
import { Transcriber } from "../src/stream";

const golden = new URL("golden/", import.meta.url);

/** A network that answers from a book, whatever it hears. */
class Recited implements Network {
  private at = 0;

  constructor(private readonly rows: Float32Array) {}

  async step(samples: Float32Array): Promise<[Activations, Memory]> {
    const frames = samples.length / 320;
    expect(frames).toBe(Math.floor(frames));
    const answers = this.rows.subarray(this.at * WIDTH, (this.at + frames) * WIDTH);
    this.at += frames;
    return [new Activations(answers), {}];
  }
}

function scene(name: string) {
  const about = JSON.parse(readFileSync(new URL(`${name}.json`, golden), "utf8"));
  const bytes = gunzipSync(readFileSync(new URL(`${name}.rows.gz`, golden)));
  const rows = new Float32Array(new Uint8Array(bytes).buffer);
  const events = readFileSync(new URL(`${name}.events`, golden), "utf8");
  const midi = readFileSync(new URL(`${name}.mid`, golden));
  return { about, rows, events, midi };
}

function line(event: Event): string {
  const { kind, sample, decided } = event;
  if (kind === "on") {
    const bits = new Uint32Array(Float32Array.of(event.confidence).buffer)[0];
    return `on ${sample} ${decided} ${event.pitch} ${event.velocity} ${bits}`;
  }
  return kind === "off"
    ? `off ${sample} ${decided} ${event.pitch}`
    : `${kind} ${sample} ${decided}`;
}

async function heard(name: string, sizes: number[]): Promise<Event[]> {
  const { about, rows } = scene(name);
  const transcriber = new Transcriber(describe(about), new Recited(rows));
  const events: Event[] = [];
  for (let left = about.samples, i = 0; left > 0; i++) {
    const size = Math.min(sizes[i % sizes.length], left);
    events.push(...(await transcriber.push(new Float32Array(size))));
    left -= size;
  }
  events.push(...(await transcriber.finish()));
  return events;
}

group.each(["default", "rounded"])("scene %s", (name) => {
  test.each([[[1e9]], [[320]], [[1, 7000, 160, 319, 20481]]])(
    "pushed in sizes %j gives the events of the terminal",
    async (sizes) => {
      const text = (await heard(name, sizes)).map(line).join("\n") + "\n";
      expect(text).toBe(scene(name).events);
    },
  );

  test("is written as the same MIDI file", async () => {
    const { about, midi } = scene(name);
    const file = midiFile(transcriptOf(await heard(name, [1e9]), about.samples), "golden 1");
    expect(Buffer.from(file).equals(midi)).toBe(true);
  });
});

test("nothing may be pushed after the end", async () => {
  const { about, rows } = scene("default");
  const transcriber = new Transcriber(describe(about), new Recited(rows));
  await transcriber.finish();
  expect(await transcriber.finish()).toEqual([]);
  await expect(transcriber.push(new Float32Array(1))).rejects.toThrow("finished");
});
