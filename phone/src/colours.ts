/** Colours of the roll, by theme; velocities on the dark ground are those of amt_tui/keys.py. */

import { round } from "./timing";

export type Colour = [red: number, green: number, blue: number];

export interface Theme {
  /** Soft to loud. Brightness moves one way all along, so the order survives a grey print. */
  ramp: Colour[];
  /** Towards which a note is mixed at its strike. */
  flash: Colour;
  ground: Colour;
  blackLane: Colour;
  octave: Colour;
  second: Colour;
  text: Colour;
  pedal: Colour;
  /** The strip of felt behind the keys. */
  felt: Colour;
  /** At their far and at their near end. */
  whiteKey: [Colour, Colour];
  blackKey: [Colour, Colour];
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
  ground: [17, 16, 25],
  blackLane: [11, 10, 17],
  octave: [46, 43, 64],
  second: [32, 30, 45],
  text: [158, 156, 176],
  pedal: [70, 140, 170],
  felt: [148, 34, 66],
  whiteKey: [
    [196, 194, 196],
    [240, 238, 234],
  ],
  blackKey: [
    [20, 19, 26],
    [62, 60, 72],
  ],
  keyEdge: [10, 9, 14],
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
  ground: [250, 249, 252],
  blackLane: [238, 236, 244],
  octave: [205, 201, 217],
  second: [227, 224, 235],
  text: [92, 88, 108],
  pedal: [11, 95, 128],
  felt: [176, 48, 82],
  whiteKey: [
    [236, 234, 238],
    [255, 255, 255],
  ],
  blackKey: [
    [34, 32, 42],
    [78, 75, 90],
  ],
  keyEdge: [150, 146, 164],
};

/** Parts of a note, as in amt_tui/live/palette.py, which draws the strike as a third. */
export type Part = "held" | "sustained";

/**
 * What is mixed into a note's colour, so many seconds after its strike, as the string rings off; and
 * how much of the ground besides, while the pedal holds it.
 */
const RINGING = [
  { atS: 0, flash: 0.4, ground: 0, sustained: 0.05 },
  { atS: 0.1, flash: 0.25, ground: 0, sustained: 0.1 },
  { atS: 0.25, flash: 0, ground: 0, sustained: 0.3 },
  { atS: 3, flash: 0, ground: 0.25, sustained: 0.3 },
];

/** Seconds after which a note's colour changes no more. */
export const RINGS_S = RINGING[RINGING.length - 1].atS;

/** Colour of a velocity 1..127. */
export function velocityColour(velocity: number, theme: Theme): Colour {
  // Played music lives between 20 and 110; spend the colours there.
  const at = Math.min(Math.max((velocity - 20) / 90, 0), 1) * (theme.ramp.length - 1);
  const low = Math.min(Math.floor(at), theme.ramp.length - 2);
  return mixed(theme.ramp[low], theme.ramp[low + 1], at - low);
}

/** Colours of a part of a note, linear in between: share of `RINGS_S` since the strike, colour. */
export function noteColours(velocity: number, part: Part, theme: Theme): [number, Colour][] {
  const colour = velocityColour(velocity, theme);
  return RINGING.map(({ atS, flash, ground, sustained }) => {
    const ringing = mixed(mixed(colour, theme.flash, flash), theme.ground, ground);
    return [atS / RINGS_S, part === "held" ? ringing : mixed(ringing, theme.ground, sustained)];
  });
}

/** A stop of a canvas gradient. */
export type Stop = [offset: number, css: string];

/** Everything a theme paints with, as the canvas takes it: worked out once, not for every note. */
export function paintsOf(theme: Theme) {
  const velocities = Array.from({ length: 128 }, (_, velocity) => velocity);
  const notes = (part: Part) =>
    velocities.map((velocity): Stop[] =>
      noteColours(velocity, part, theme).map(([offset, colour]) => [offset, css(colour)]),
    );
  const key = (ends: [Colour, Colour]) => ({ stops: stops(ends), ink: ink(ends[1]) });
  return {
    ground: css(theme.ground),
    blackLane: css(theme.blackLane),
    octave: css(theme.octave),
    second: css(theme.second),
    text: css(theme.text),
    pedal: css(theme.pedal),
    felt: css(theme.felt),
    keyEdge: css(theme.keyEdge),
    whiteKey: key(theme.whiteKey),
    blackKey: key(theme.blackKey),
    /** By velocity. */
    held: notes("held"),
    sustained: notes("sustained"),
    /** The ink of names on strikes, and lit keys with their light, by velocity. */
    inks: velocities.map((velocity) => ink(noteColours(velocity, "held", theme)[0][1])),
    lit: velocities.map((velocity) => {
      const colour = velocityColour(velocity, theme);
      return key([mixed(colour, theme.flash, 0.25), colour]);
    }),
    light: velocities.map((velocity): Stop[] => {
      const colour = velocityColour(velocity, theme);
      return [
        [0, css(colour, 0.55)],
        [0.35, css(colour, 0.2)],
        [1, css(colour, 0)],
      ];
    }),
  };
}

export type Paints = ReturnType<typeof paintsOf>;

function stops([from, to]: [Colour, Colour]): Stop[] {
  return [
    [0, css(from)],
    [1, css(to)],
  ];
}

function css([red, green, blue]: Colour, alpha = 1): string {
  return `rgb(${red} ${green} ${blue} / ${alpha})`;
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
