"""A piano roll as a picture: the notes over the spectrogram in which they were heard.

Time runs to the right and pitch upwards; a note's colour is its velocity, its left edge the
strike; a strip below shows the sustain pedal.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from transcriber.notes import Note, Transcript
from transcriber.pitches import pitch_name
from transcriber.timing import LOWEST_PITCH, PITCHES

from .canvases import Box, Canvas, PngCanvas, SvgCanvas
from .keys import Colour, is_black, mixed, velocity_colour
from .spectrogram import Spectrogram

PIXELS_PER_SECOND = 80.0
"""Scale of recordings that fit."""

MOST_PIXELS = 12_000
"""Widest plot: 2.5 minutes at full scale; longer recordings are drawn narrower."""

_LEAST_PIXELS = 640
_KEY_PX = 9
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 16, 34, 48
_KEYBOARD_PX = 14
_PEDAL_PX = 9
_PEDAL_GAP_PX = 8  # room for the name of the lowest key
_LEAST_SPAN = 30
_HEADROOM = 7  # keys drawn above and below those played: overtones help to judge a wrong note
_LABEL_PX = 70
_TICKS_S = (0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600)

_GROUND: Colour = (16, 18, 24)
_INK: Colour = (176, 184, 196)
_GRID: Colour = (255, 255, 255)
_QUIET: Colour = (9, 12, 20)
_LOUD: Colour = (120, 190, 205)
_PEDAL: Colour = (90, 150, 200)


@dataclass(frozen=True, slots=True)
class _Plan:
    """Where instants and keys lie in the picture."""

    duration_s: float
    low: int
    high: int
    width: float
    """Pixels of the plot itself, without margins."""

    @classmethod
    def of(cls, transcript: Transcript) -> _Plan:
        duration_s = max(transcript.duration_s, 1.0)
        width = min(max(duration_s * PIXELS_PER_SECOND, _LEAST_PIXELS), MOST_PIXELS)
        pitches = [note.pitch for note in transcript.notes] or [60]
        top = LOWEST_PITCH + PITCHES - 1
        low = max(min(pitches) - _HEADROOM, LOWEST_PITCH)
        high = min(max(*pitches, low + _LEAST_SPAN) + _HEADROOM, top)
        return cls(duration_s, low, high, width)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the picture."""
        return round(_LEFT + self.width + _RIGHT), round(self.bottom + _BOTTOM)

    @property
    def bottom(self) -> float:
        """Lower edge of the lowest key."""
        return _TOP + (self.high - self.low + 1) * _KEY_PX

    @property
    def right(self) -> float:
        return _LEFT + self.width

    def x(self, seconds: float) -> float:
        return _LEFT + self.width * min(seconds / self.duration_s, 1.0)

    def y(self, pitch: float) -> float:
        """Upper edge of a key."""
        return _TOP + (self.high - pitch) * _KEY_PX


def draw(
    transcript: Transcript, spectrogram: Spectrogram, path: Path, title: str, description: str
) -> None:
    """Draws a recording.

    Args:
        transcript: What was heard.
        spectrogram: What it was heard in.
        path: Ends in .png or .svg.
        title: Heading, such as the file's name.
        description: Goes into the file unseen, to say where it comes from.

    Raises:
        OutputError: The picture cannot be written.
    """
    plan = _Plan.of(transcript)
    kind = SvgCanvas if path.suffix.lower() == ".svg" else PngCanvas
    canvas: Canvas = kind(*plan.size, _GROUND)
    _paint_spectrogram(canvas, plan, spectrogram)
    _paint_keys(canvas, plan)
    _paint_seconds(canvas, plan)
    for note in transcript.notes:
        _paint_note(canvas, plan, note)
    _paint_pedal(canvas, plan, transcript)
    _paint_heading(canvas, plan, f"{title}   {len(transcript.notes)} notes")
    canvas.save(path, description)


def _paint_spectrogram(canvas: Canvas, plan: _Plan, spectrogram: Spectrogram) -> None:
    rows_per_key = 3
    rows = spectrogram.levels(rows_per_key)
    first = (plan.low - LOWEST_PITCH) * rows_per_key
    last = (plan.high + 1 - LOWEST_PITCH) * rows_per_key
    # The first columns lie before the recording's start, where the front of the window looks.
    skipped = max(round(-spectrogram.start_s / spectrogram.column_s), 0)
    used = round(plan.duration_s / spectrogram.column_s)
    levels = rows[first:last, skipped : skipped + used][::-1]
    if levels.size == 0:
        return
    # The square darkens the background more than the partials, so that the notes stay legible.
    share = (levels**2)[..., None]
    ends = np.array([_QUIET, _LOUD], np.float32)
    pixels = np.round(ends[0] + (ends[1] - ends[0]) * share).astype(np.uint8)
    end_s = levels.shape[1] * spectrogram.column_s
    box = (plan.x(0.0), plan.y(plan.high), plan.x(end_s), plan.bottom)
    canvas.picture(Image.fromarray(pixels, "RGB"), box)


def _paint_keys(canvas: Canvas, plan: _Plan) -> None:
    for pitch in range(plan.low, plan.high + 1):
        top = plan.y(pitch)
        ivory: Colour = (40, 42, 50) if is_black(pitch) else (214, 214, 206)
        canvas.rectangle((_LEFT - _KEYBOARD_PX, top, _LEFT - 1, top + _KEY_PX - 1), ivory)
        if pitch % 12 == 0:
            line = (_LEFT, top + _KEY_PX - 1, plan.right, top + _KEY_PX)
            canvas.rectangle(line, _GRID, 0.14)
            at = _LEFT - _KEYBOARD_PX - 5
            canvas.text(at, top + _KEY_PX / 2, pitch_name(pitch), _INK, "end")


def _paint_seconds(canvas: Canvas, plan: _Plan) -> None:
    least_s = _LABEL_PX * plan.duration_s / plan.width
    step_s = next((step for step in _TICKS_S if step >= least_s), _TICKS_S[-1])
    y = plan.bottom + _PEDAL_GAP_PX + _PEDAL_PX + 13
    for tick in range(math.floor(plan.duration_s / step_s) + 1):
        seconds = tick * step_s
        x = plan.x(seconds)
        canvas.rectangle((x, _TOP, x + 1, plan.bottom + _PEDAL_GAP_PX + _PEDAL_PX + 3), _GRID, 0.10)
        canvas.text(x, y, _instant(seconds), _INK, "start" if tick == 0 else "middle")


def _instant(seconds: float) -> str:
    """`7 s`, `0.5 s`, and from two minutes on `2:30`."""
    if seconds < 120:
        return f"{seconds:g} s"
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"


def _paint_note(canvas: Canvas, plan: _Plan, note: Note) -> None:
    left, right = plan.x(note.onset_s), plan.x(note.offset_s)
    top, bottom = plan.y(note.pitch) + 1, plan.y(note.pitch) + _KEY_PX - 1
    colour = velocity_colour(note.velocity)
    words = (
        f"{pitch_name(note.pitch)}, velocity {note.velocity}, "
        f"{note.onset_s:.3f} to {note.offset_s:.3f} s"
    )
    # The body lets the spectrogram through; the strike stands solid, where timing is judged.
    canvas.rectangle((left, top, max(right, left + 1), bottom), colour, 0.6, words)
    canvas.rectangle((left, top, left + 2, bottom), mixed(colour, _GRID, 0.25))


def _paint_pedal(canvas: Canvas, plan: _Plan, transcript: Transcript) -> None:
    top = plan.bottom + _PEDAL_GAP_PX
    canvas.text(_LEFT - 6, top + _PEDAL_PX / 2, "Pedal", _INK, "end")
    canvas.rectangle((_LEFT, top, plan.right, top + _PEDAL_PX), _GRID, 0.05)
    for press in transcript.pedals:
        box: Box = (plan.x(press.onset_s), top, plan.x(press.offset_s), top + _PEDAL_PX)
        canvas.rectangle(box, _PEDAL, 1.0, f"pedal {press.onset_s:.3f} to {press.offset_s:.3f} s")


def _paint_heading(canvas: Canvas, plan: _Plan, heading: str) -> None:
    # Names can be longer than the picture is wide; the scale of velocities comes first.
    room = int((plan.width - 230) / 7)
    if len(heading) > room:
        heading = f"{heading[: room - 1]}…"
    y = _TOP / 2
    canvas.text(_LEFT, y, heading, _INK)
    left = plan.right - 160
    canvas.text(left - 8, y, "soft", _INK, "end")
    for velocity in range(1, 128):
        x = left + velocity
        canvas.rectangle((x, y - 5, x + 1, y + 5), velocity_colour(velocity))
    canvas.text(left + 136, y, "loud", _INK)
