"""What both views do alike: a grid of time and keys, before it is turned the right way round."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from amt_tui.keys import is_black
from transcriber.timing import LOWEST_PITCH, SAMPLE_RATE

from .history import Span
from .palette import NOTES, Paint, Part, note_paint
from .scene import HEAD_S, HIGHEST_PITCH, KeyRange, Scene

Paints = NDArray[np.uint8]
Ages = NDArray[np.int64]


@lru_cache(maxsize=16)
def lanes(keys: KeyRange, places: int) -> Paints:
    """Ground of each place on the axis of keys, from low to high: uint8 [places], shared."""
    out = np.empty(places, np.uint8)
    for place in range(places):
        pitch = keys.pitch(place)
        if not LOWEST_PITCH <= pitch <= HIGHEST_PITCH:
            out[place] = Paint.OUTSIDE
        elif pitch % 12 == 0 and place == max(keys.place(pitch), 0):
            out[place] = Paint.OCTAVE
        else:
            out[place] = Paint.BLACK_LANE if is_black(pitch) else Paint.GROUND
    return out


def paint_notes(scene: Scene, spans: list[Span], keys: int, times: int) -> Paints:
    """The notes of a scene over their lanes and lines.

    Args:
        scene: What to paint.
        spans: The notes in its window.
        keys: Places on the axis of keys.
        times: Half cells on the axis of time.

    Returns:
        Paints, uint8 [keys, times]: row 0 is the lowest key, column 0 the edge, and time runs away
        from the edge.
    """
    grid = np.repeat(lanes(scene.keys, keys)[:, None], times, axis=1)
    ground = (grid == Paint.GROUND) | (grid == Paint.BLACK_LANE)
    for age, _ in scene.ticks(times, 12):
        if 0 <= age < times:
            grid[ground[:, age], age] = Paint.SECOND
    start, end = scene.window(times)
    for sample in scene.history.markers:
        if start <= sample < end:
            grid[:, scene.age(sample)] = Paint.MARKER
    _paint_spans(scene, sorted(spans), grid)
    _sustain(scene, grid, start, end)
    return grid


def pedal_line(scene: Scene, times: int) -> NDArray[np.bool_]:
    """Whether the pedal is down in each half cell of time, from the edge on: bool [times]."""
    line = np.zeros(times, bool)
    start, end = scene.window(times)
    for pressed, released in scene.history.presses(start, end):
        near, far = sorted((scene.age(pressed), scene.age(released - 1)))
        line[max(near, 0) : max(far + 1, 0)] = True
    return line


def _paint_spans(scene: Scene, spans: list[Span], grid: Paints) -> None:
    """Notes, earlier ones first: a strike covers what its key held before."""
    if not spans:
        return
    keys, times = grid.shape
    starts, ends, pitches, _ = np.array(spans).T
    heads = np.minimum(starts + round(HEAD_S * SAMPLE_RATE), ends)
    low = (pitches - scene.keys.low) * scene.keys.scale
    # All at once, since some hundred notes are in view; painting is all that is left to the loop.
    places = np.stack([np.maximum(low, 0), np.minimum(low + scene.keys.scale, keys)])
    struck, died, faded = (scene.ages(at) for at in (starts, ends - 1, heads - 1))
    after = -1 if scene.falls else 1  # which way from its strike what came before a note lies
    body, head = _stretches(struck, died, times), _stretches(struck, faded, times)
    rows = zip(*(part.tolist() for part in (*places, *body, *head, struck + after)), strict=True)
    for span, (first, last, near, far, bright, dim, before) in zip(spans, rows, strict=True):
        if first >= last:
            continue
        held = note_paint(span.velocity, Part.HELD)
        grid[first:last, near:far] = held
        grid[first:last, bright:dim] = held + Part.STRUCK - Part.HELD
        # A key struck again without a rest: one half cell of ground keeps the two notes apart.
        beyond = before + after
        if 0 <= before < times and 0 <= beyond < times and grid[first, beyond] >= NOTES:
            grid[first:last, before] = Paint.GROUND


def _stretches(a: Ages, b: Ages, times: int) -> tuple[Ages, Ages]:
    """Half cells between two ages, each included, as slices cut to what is in view."""
    near, far = np.minimum(a, b), np.maximum(a, b) + 1
    return np.clip(near, 0, times), np.clip(far, 0, times)


def _sustain(scene: Scene, grid: Paints, start: int, end: int) -> None:
    """Darkens what sounds while the pedal is down; strikes keep their colour."""
    pressed = pedal_line(scene, grid.shape[1])
    held = (grid >= NOTES) & ((grid - NOTES) % 4 == Part.HELD) & pressed[None, :]
    grid[held] -= Part.HELD - Part.SUSTAINED
