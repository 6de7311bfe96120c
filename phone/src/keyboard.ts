/** Where the keys lie: widths in white keys, counted from the left edge of A0. */

import { HIGHEST_PITCH, LOWEST_PITCH } from "./timing";

const NAMES = ["C", "C♯", "D", "D♯", "E", "F", "F♯", "G", "G♯", "A", "A♯", "B"];
/** White keys before each key of an octave. */
const WHITES_BEFORE = [0, 1, 1, 2, 2, 3, 4, 4, 5, 5, 6, 6];
const BLACK_WIDTH = 0.62;

export const WHITE_KEYS = 52;

export interface Key {
  pitch: number;
  name: string;
  black: boolean;
  /** Left edge and width, in white keys. */
  x: number;
  width: number;
}

const BY_PITCH: readonly Key[] = Array.from({ length: HIGHEST_PITCH + 1 }, (_, pitch) =>
  lay(pitch),
);

/** All keys, the white ones first: in the order of painting. */
export const KEYS: readonly Key[] = BY_PITCH.slice(LOWEST_PITCH).sort(
  (a, b) => Number(a.black) - Number(b.black) || a.pitch - b.pitch,
);

/** Name of a MIDI pitch: 60 is C4. */
export function pitchName(pitch: number): string {
  return `${NAMES[pitch % 12]}${Math.floor(pitch / 12) - 1}`;
}

export function keyOf(pitch: number): Key {
  return BY_PITCH[pitch];
}

function lay(pitch: number): Key {
  const name = pitchName(pitch);
  const black = NAMES[pitch % 12].length > 1;
  const whites = Math.floor(pitch / 12) * 7 + WHITES_BEFORE[pitch % 12];
  const x = whites - 12; // A0 is the twelfth white key above C-1
  if (!black) return { pitch, name, black, x, width: 1 };
  return { pitch, name, black, x: x - BLACK_WIDTH / 2, width: BLACK_WIDTH };
}
