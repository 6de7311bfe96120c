"""The keyboard at the edge of the roll: standing beside it, or lying under it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from amt_tui.keys import is_black
from transcriber.pitches import pitch_name
from transcriber.timing import LOWEST_PITCH

from .palette import Paint, Part, note_paint
from .scene import HIGHEST_PITCH, KeyRange

BESIDE_COLUMNS = 7
"""Width of a standing keyboard: four cells of black key, three for the names on the white ones."""

UNDER_ROWS = 3
"""Height of a lying keyboard: two rows where the black keys are, one in front of them."""

_BLACK_COLUMNS = 4
_BLACK_HALVES = 4

Paints = NDArray[np.uint8]


def beside(keys: KeyRange, places: int, lit: Mapping[int, int]) -> Paints:
    """A keyboard on its side.

    Args:
        keys: Keys in view.
        places: Half cells of height.
        lit: Velocities of the keys that are down.

    Returns:
        Paints, uint8 [places, BESIDE_COLUMNS], row 0 the lowest key.
    """
    out = _resting_beside(keys, places).copy()
    for pitch, velocity in lit.items():
        reach = _BLACK_COLUMNS if is_black(pitch) else BESIDE_COLUMNS
        out[_places(keys, pitch), :reach] = note_paint(velocity, Part.HELD)
    return out


def under(keys: KeyRange, places: int, lit: Mapping[int, int]) -> Paints:
    """A keyboard seen from above, player below.

    Returns:
        Paints, uint8 [2 * UNDER_ROWS, places].
    """
    out = _resting_under(keys, places).copy()
    for pitch, velocity in lit.items():
        reach = _BLACK_HALVES if is_black(pitch) else 2 * UNDER_ROWS
        out[:reach, _places(keys, pitch)] = note_paint(velocity, Part.HELD)
    return out


def _places(keys: KeyRange, pitch: int) -> slice:
    first = keys.place(pitch)
    return slice(max(first, 0), max(first + keys.scale, 0))


@lru_cache(maxsize=16)
def _resting_beside(keys: KeyRange, places: int) -> Paints:
    out = np.full((places, BESIDE_COLUMNS), Paint.OUTSIDE, np.uint8)
    for place in range(places):
        pitch = keys.pitch(place)
        if LOWEST_PITCH <= pitch <= HIGHEST_PITCH:
            out[place] = Paint.WHITE_KEY
            if is_black(pitch):
                out[place, :_BLACK_COLUMNS] = Paint.BLACK_KEY
    return out


@lru_cache(maxsize=16)
def _resting_under(keys: KeyRange, places: int) -> Paints:
    out = np.full((2 * UNDER_ROWS, places), Paint.OUTSIDE, np.uint8)
    for place in range(places):
        pitch = keys.pitch(place)
        if not LOWEST_PITCH <= pitch <= HIGHEST_PITCH:
            continue
        out[:, place] = Paint.WHITE_KEY
        if is_black(pitch):
            out[:_BLACK_HALVES, place] = Paint.BLACK_KEY
            # In front of a black key two white ones meet.
            if place - keys.place(pitch) == keys.scale // 2:
                out[_BLACK_HALVES:, place] = Paint.KEY_EDGE
        elif keys.scale > 1 and pitch % 12 in (0, 5) and place == keys.place(pitch):
            out[:, place] = Paint.KEY_EDGE  # B and C, E and F: no black key between
    return out


def octave_names(keys: KeyRange, places: int) -> list[tuple[int, str]]:
    """Place and name of each C in view."""
    return [
        (keys.place(pitch), pitch_name(pitch))
        for pitch in range(max(keys.low, LOWEST_PITCH), min(keys.top(places), HIGHEST_PITCH) + 1)
        if pitch % 12 == 0
    ]
