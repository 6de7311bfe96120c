"""The sequencer's view: pitch upwards, time to the right, the keyboard where notes come out.

|  older notes      newer notes |  keys  |
|  ... pedal .................. |  Ped   |
|  0:03        0:04        0:05 |        |
"""

from __future__ import annotations

import numpy as np

from . import keyboard
from .cells import Picture
from .painting import paint_notes, pedal_line
from .palette import Paint
from .scene import Scene

FOOT_ROWS = 2
"""Rows under the roll: the pedal and the time."""

LEAST_COLUMNS = keyboard.BESIDE_COLUMNS + 8
"""Width below which there is nothing to see."""

_TICK_SPACING = 10


def key_places(rows: int) -> int:
    """Half cells there are for keys in so many rows."""
    return max(2 * (rows - FOOT_ROWS), 0)


def time_places(columns: int) -> int:
    """Half cells of time in so many columns; here time takes whole cells."""
    return max(columns - keyboard.BESIDE_COLUMNS, 0)


def paint_scrolling(scene: Scene, rows: int, columns: int) -> Picture:
    """Paints a scene into so many cells."""
    picture = Picture.empty(rows, columns)
    keys, times = key_places(rows), time_places(columns)
    if keys < 2 or columns < LEAST_COLUMNS:
        return picture
    spans = list(scene.history.spans(*scene.window(times)))
    roll = paint_notes(scene, spans, keys, times)
    # The grid has the lowest key first and the edge first: here they lie below and to the right.
    picture.paints[:keys, :times] = roll[::-1, ::-1]
    board = keyboard.beside(scene.keys, keys, scene.lit(spans))
    picture.paints[:keys, times:] = board[::-1]
    for place, name in keyboard.octave_names(scene.keys, keys):
        picture.label((keys - 1 - place) // 2, columns - len(name), name)
    _paint_foot(scene, picture, rows, times)
    _count_outside(scene, picture, keys, [span.pitch for span in spans])
    return picture


def _paint_foot(scene: Scene, picture: Picture, rows: int, times: int) -> None:
    pedal = 2 * (rows - FOOT_ROWS)
    picture.paints[pedal:, :] = Paint.OUTSIDE
    picture.paints[pedal + 1, :times][pedal_line(scene, times)[::-1]] = Paint.PEDAL
    picture.label(rows - 2, times, " PED ●" if scene.pedal_down() else " ped ○")
    for age, text in scene.ticks(times, _TICK_SPACING):
        column = times - 1 - age
        if column >= 0 and column + len(text) < times:
            picture.label(rows - 1, column, f"╵{text}")


def _count_outside(scene: Scene, picture: Picture, keys: int, pitches: list[int]) -> None:
    """Says at the border how many notes lie beyond it."""
    inside = np.array([scene.keys.place(pitch) for pitch in pitches])
    above, below = int((inside >= keys).sum()), int((inside < 0).sum())
    if above:
        picture.label(0, 1, f"▲ {above}")
    if below:
        picture.label(picture.rows - FOOT_ROWS - 1, 1, f"▼ {below}")
