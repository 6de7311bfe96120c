"""The waterfall: a column for each key, the keyboard underneath, time running upwards.

What is played now is at the keyboard. While somebody plays, the blocks rise from the keys, because
a note cannot fall towards its key before it is struck. In a replay what comes is known, and the
blocks fall onto the keys.
"""

from __future__ import annotations

from . import keyboard
from .cells import Picture
from .painting import paint_notes, pedal_line
from .palette import Paint
from .scene import Scene

FOOT_ROWS = keyboard.UNDER_ROWS + 1
"""Rows under the roll: the keyboard, and a line of names with the pedal's lamp."""

LEAST_ROWS = FOOT_ROWS + 2

MARGIN_COLUMNS = 1
"""Left of the lowest key: the pedal's track."""

_TICK_SPACING = 8


def key_places(columns: int) -> int:
    """Cells there are for keys in so many columns."""
    return max(columns - MARGIN_COLUMNS, 0)


def time_places(rows: int) -> int:
    """Half cells of time in so many rows."""
    return max(2 * (rows - FOOT_ROWS), 0)


def paint_falling(scene: Scene, rows: int, columns: int) -> Picture:
    """Paints a scene into so many cells."""
    picture = Picture.empty(rows, columns)
    keys, times = key_places(columns), time_places(rows)
    if rows < LEAST_ROWS or keys < 12:
        return picture
    spans = list(scene.history.spans(*scene.window(times)))
    # The grid has keys in rows and the edge first: here keys are columns and the edge is below.
    picture.paints[:times, MARGIN_COLUMNS:] = paint_notes(scene, spans, keys, times).T[::-1]
    picture.paints[:times, :MARGIN_COLUMNS] = Paint.OUTSIDE
    picture.paints[:times, 0][pedal_line(scene, times)[::-1]] = Paint.PEDAL
    board = keyboard.under(scene.keys, keys, scene.lit(spans))
    foot = times + 2 * keyboard.UNDER_ROWS
    picture.paints[times:, :] = Paint.OUTSIDE
    picture.paints[times:foot, MARGIN_COLUMNS:] = board
    lamp = " PED ●" if scene.pedal_down() else " ped ○"
    room = columns - len(lamp) - 1 if columns > 40 else columns
    for place, name in keyboard.octave_names(scene.keys, keys):
        if MARGIN_COLUMNS + place + len(name) <= room:
            picture.label(rows - 1, MARGIN_COLUMNS + place, name)
    if room < columns:
        picture.label(rows - 1, room, lamp)
    for age, text in scene.ticks(times, _TICK_SPACING):
        if 0 <= age < times and scene.keys.low >= 0:
            picture.label((times - 1 - age) // 2, MARGIN_COLUMNS, text)
    return picture
