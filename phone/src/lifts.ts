/**
 * Pedal lifts that were not heard: the twin of transcriber/lifts.py, and of `sounding` in
 * transcriber/notes.py, for notes whose key releases are not known. Why and how much is said there.
 */

import { MIN_NOTE_S, type Note, type Press } from "./notes";
import { countBefore } from "./search";

const TOGETHER_S = 0.05;
const WORTH_S = 1.0;
const REST_S = 0.02;
const SHORTEST_S = 0.06;

/** The presses (by onset), parted where notes ended under them. */
export function lifted(notes: Note[], pedals: Press[]): Press[] {
  const ordered = [...notes].sort((a, b) => a.onsetS - b.onsetS || a.pitch - b.pitch);
  const rung = rungOn(ordered, pedals);
  const ends = ordered
    .map(({ offsetS }, i): [number, number] => [offsetS, rung[i] - offsetS])
    .filter(([, added]) => added > TOGETHER_S)
    .sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  const lifts = together(ends)
    .filter((group) => group.reduce((sum, [, added]) => sum + added, 0) > WORTH_S)
    .map((group): [number, number] => [group[0][0], group[group.length - 1][0] + REST_S]);
  return pedals.flatMap((pedal) => parts(pedal, lifts));
}

/** Where each note would end if the pedal held it. */
function rungOn(notes: Note[], pedals: Press[]): number[] {
  const next = new Map<number, number>();
  const ends: number[] = [];
  for (let i = notes.length - 1; i >= 0; i--) {
    const { onsetS, offsetS, pitch } = notes[i];
    const begun = countBefore(pedals, (press) => press.onsetS <= offsetS);
    const pedal: Press | undefined = pedals[begun - 1];
    const following = next.get(pitch) ?? Infinity;
    const end = pedal === undefined ? offsetS : Math.max(offsetS, pedal.offsetS);
    ends[i] = Math.max(Math.min(end, following), onsetS + MIN_NOTE_S);
    next.set(pitch, onsetS);
  }
  return ends;
}

function together(ends: [number, number][]): [number, number][][] {
  const groups: [number, number][][] = [];
  for (const end of ends) {
    const group = groups.at(-1);
    if (group !== undefined && end[0] - group[group.length - 1][0] <= TOGETHER_S) group.push(end);
    else groups.push([end]);
  }
  return groups;
}

/** A press without the lifts that fall into it. */
function parts(pedal: Press, lifts: [number, number][]): Press[] {
  const inside = lifts.slice(
    countBefore(lifts, ([up]) => up < pedal.onsetS),
    countBefore(lifts, ([up]) => up < pedal.offsetS),
  );
  if (inside.length === 0) return [pedal];
  const downs = [pedal.onsetS, ...inside.map(([, down]) => down)];
  const ups = [...inside.map(([up]) => up), pedal.offsetS];
  return downs
    .map((onsetS, i) => ({ onsetS, offsetS: ups[i] }))
    .filter(({ onsetS, offsetS }) => offsetS - onsetS >= SHORTEST_S);
}
