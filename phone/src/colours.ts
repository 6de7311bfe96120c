/** Colours of the roll, by theme; on the dark ground those of amt_tui (keys.py, live/palette.py). */

import { round } from "./timing";

export type Colour = [red: number, green: number, blue: number];

export interface Theme {
  /** Soft to loud. Brightness moves one way all along, so the order survives a grey print. */
  ramp: Colour[];
  /** Towards which the first tenth of a second of a note is mixed. */
  flash: Colour;
  ground: Colour;
  blackLane: Colour;
  octave: Colour;
  second: Colour;
  text: Colour;
  pedal: Colour;
  whiteKey: Colour;
  blackKey: Colour;
  keyEdge: Colour;
}

export const DARK: Theme = {
  ramp: [
    [106, 74, 190],
    [200, 62, 130],
    [246, 126, 62],
    [255, 226, 130],
  ],
  flash: [255, 255, 255],
  ground: [22, 22, 28],
  blackLane: [15, 15, 20],
  octave: [46, 46, 58],
  second: [36, 36, 46],
  text: [180, 180, 192],
  pedal: [70, 140, 170],
  whiteKey: [222, 222, 216],
  blackKey: [38, 38, 42],
  keyEdge: [150, 150, 146],
};

/** Pale yellow would vanish on a light ground: here the loudest is the darkest. */
export const LIGHT: Theme = {
  ramp: [
    [138, 118, 206],
    [200, 62, 130],
    [178, 72, 14],
    [84, 26, 6],
  ],
  flash: [0, 0, 0],
  ground: [246, 246, 248],
  blackLane: [232, 232, 238],
  octave: [196, 196, 206],
  second: [218, 218, 226],
  text: [74, 74, 86],
  pedal: [11, 95, 128],
  whiteKey: [255, 255, 255],
  blackKey: [38, 38, 42],
  keyEdge: [120, 120, 130],
};

/** Parts of a note, as in amt_tui/live/palette.py. */
export type Part = "struck" | "held" | "sustained";

/** Colour of a velocity 1..127. */
export function velocityColour(velocity: number, theme: Theme): Colour {
  // Played music lives between 20 and 110; spend the colours there.
  const at = Math.min(Math.max((velocity - 20) / 90, 0), 1) * (theme.ramp.length - 1);
  const low = Math.min(Math.floor(at), theme.ramp.length - 2);
  return mixed(theme.ramp[low], theme.ramp[low + 1], at - low);
}

/** Everything a theme paints with, as the canvas takes it: worked out once, not for every note. */
export function paintsOf(theme: Theme) {
  const paint = (colour: Colour) => ({ fill: css(colour), ink: ink(colour) });
  const velocities = Array.from({ length: 128 }, (_, velocity) => velocity);
  const notes = (part: Part) => velocities.map((v) => paint(noteColour(v, part, theme)));
  return {
    ground: css(theme.ground),
    blackLane: css(theme.blackLane),
    octave: css(theme.octave),
    second: css(theme.second),
    text: css(theme.text),
    pedal: css(theme.pedal),
    keyEdge: css(theme.keyEdge),
    whiteKey: paint(theme.whiteKey),
    blackKey: paint(theme.blackKey),
    /** By part, then velocity. */
    notes: { struck: notes("struck"), held: notes("held"), sustained: notes("sustained") },
  };
}

/** Colour of a part of a note. */
export function noteColour(velocity: number, part: Part, theme: Theme): Colour {
  const colour = velocityColour(velocity, theme);
  if (part === "struck") return mixed(colour, theme.flash, 0.3);
  return part === "held" ? colour : mixed(colour, theme.ground, 0.42);
}

function css([red, green, blue]: Colour): string {
  return `rgb(${red} ${green} ${blue})`;
}

/** Black or white, whichever is read more easily on a colour. */
function ink(colour: Colour): string {
  return luminance(colour) > 0.18 ? "#000" : "#fff";
}

/** Contrast ratio 1..21 of two colours (WCAG 2.2). */
export function contrast(a: Colour, b: Colour): number {
  const [dark, light] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (light + 0.05) / (dark + 0.05);
}

function luminance(colour: Colour): number {
  const [red, green, blue] = colour.map((part) => {
    const share = part / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function mixed(a: Colour, b: Colour, share: number): Colour {
  return a.map((part, i) => round(part + (b[i] - part) * share)) as Colour;
}
