"""Colours of the roll: for each kind of half cell a colour, for each depth of terminal.

A half cell shows one *paint*, a small number: the ground, a line, a key, or a note of some
loudness in one of three parts. What a paint looks like depends on the palette and on how many
colours the terminal has; how the picture is laid out does not.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Literal

from rich.color import Color

from amt_tui.keys import Colour, mixed, velocity_colour

from . import xterm

LEVELS = 8
"""Loudnesses told apart. More would make every run of equal cells shorter and no one the wiser."""

NOTES = 64
"""Paints from here on are notes: NOTES + 4 * level + part."""

Depth = Literal["none", "16", "256", "truecolor"]
"""Colours of a terminal."""


class Part(IntEnum):
    """Parts of a note."""

    SUSTAINED = 0
    """It sounds while the pedal is down; whether a finger still holds the key cannot be heard."""
    HELD = 1
    """It sounds without the pedal, so a finger holds the key."""
    STRUCK = 2
    """Its first tenth of a second."""


class Paint(IntEnum):
    """Half cells that are not notes."""

    GROUND = 0
    BLACK_LANE = 1
    OCTAVE = 2
    SECOND = 3
    MARKER = 4
    PEDAL = 5
    WHITE_KEY = 6
    BLACK_KEY = 7
    KEY_EDGE = 8
    OUTSIDE = 9


def level_of(velocity: int) -> int:
    """Loudness 0..7 of a velocity 1..127."""
    return min((velocity - 1) * LEVELS // 127, LEVELS - 1)


def note_paint(velocity: int, part: Part) -> int:
    """Paint of a part of a note."""
    return NOTES + 4 * level_of(velocity) + part


def is_note(paint: int) -> bool:
    """Whether a paint belongs to a note."""
    return paint >= NOTES


_GROUNDS: dict[int, Colour] = {
    Paint.GROUND: (22, 22, 28),
    Paint.BLACK_LANE: (15, 15, 20),
    Paint.OCTAVE: (40, 40, 52),
    Paint.SECOND: (30, 30, 40),
    Paint.MARKER: (80, 200, 220),
    Paint.PEDAL: (70, 140, 170),
    Paint.WHITE_KEY: (222, 222, 216),
    Paint.BLACK_KEY: (38, 38, 42),
    Paint.KEY_EDGE: (150, 150, 146),
    Paint.OUTSIDE: (10, 10, 13),
}

# The sixteen colours by number, since their names mean other shades on every terminal.
_GROUNDS_16: dict[int, int] = {
    Paint.GROUND: 0,
    Paint.BLACK_LANE: 0,
    Paint.OCTAVE: 8,
    Paint.SECOND: 0,
    Paint.MARKER: 14,
    Paint.PEDAL: 6,
    Paint.WHITE_KEY: 7,
    Paint.BLACK_KEY: 0,
    Paint.KEY_EDGE: 8,
    Paint.OUTSIDE: 0,
}

_WHITE: Colour = (255, 255, 255)


def _ramp(anchors: tuple[Colour, ...]) -> tuple[Colour, ...]:
    """Eight colours along a line of anchors."""
    out = []
    for level in range(LEVELS):
        at = level / (LEVELS - 1) * (len(anchors) - 1)
        low = min(int(at), len(anchors) - 2)
        out.append(mixed(anchors[low], anchors[low + 1], at - low))
    return tuple(out)


@dataclass(frozen=True, slots=True)
class Palette:
    """Colours from soft to loud.

    Args:
        name: As shown and remembered.
        ramp: One colour for each of the eight loudnesses, brightness rising.
        sixteen: Numbers of four dark ANSI colours, soft to loud; the bright ones are 8 higher.
    """

    name: str
    ramp: tuple[Colour, ...]
    sixteen: tuple[int, int, int, int]

    def colour(self, paint: int, depth: Depth) -> Color | None:
        """Colour of a paint; None where the terminal is to show its own."""
        if depth == "none":
            return None
        if depth == "16":
            return Color.from_ansi(self._number(paint))
        if depth == "256" and is_note(paint):
            return Color.from_ansi(xterm.nearest(self.rgb(paint)))
        return Color.from_rgb(*self.rgb(paint))

    def rgb(self, paint: int) -> Colour:
        """Colour of a paint where there are many."""
        if not is_note(paint):
            return _GROUNDS[paint]
        level, part = divmod(paint - NOTES, 4)
        colour = self.ramp[level]
        if part == Part.STRUCK:
            return mixed(colour, _WHITE, 0.3)
        return colour if part == Part.HELD else mixed(colour, _GROUNDS[Paint.GROUND], 0.42)

    def _number(self, paint: int) -> int:
        if not is_note(paint):
            return _GROUNDS_16[paint]
        level, part = divmod(paint - NOTES, 4)
        dark = self.sixteen[level * len(self.sixteen) // LEVELS]
        return dark if part == Part.SUSTAINED else dark + 8


PALETTES = (
    # The colours of `amt transcribe --show` and --plot.
    Palette("velocity", tuple(velocity_colour(16 * i + 8) for i in range(LEVELS)), (4, 5, 1, 3)),
    # Cividis (Nunez et al. 2018, PLOS ONE 13(7)): made to look alike with and without red-green
    # colour blindness. Begun above its darkest third, which a dark ground would swallow.
    Palette(
        "cividis",
        _ramp(((72, 92, 150), (124, 123, 120), (187, 173, 108), (254, 232, 70))),
        (4, 6, 7, 3),
    ),
    Palette(
        "ice", _ramp(((58, 92, 170), (64, 156, 210), (120, 214, 224), (236, 250, 246))), (4,) * 4
    ),
)
"""The palettes, in the order in which a key walks through them."""


def palette_named(name: str) -> Palette:
    """The palette of that name; the first one where there is none."""
    return next((palette for palette in PALETTES if palette.name == name), PALETTES[0])


def depth_of(color_system: str | None, *, no_color: bool) -> Depth:
    """Depth from Rich's name of a terminal's colours and the wish of `NO_COLOR`."""
    if no_color or color_system is None:
        return "none"
    if color_system in ("standard", "windows"):
        return "16"
    return "256" if color_system == "256" else "truecolor"
