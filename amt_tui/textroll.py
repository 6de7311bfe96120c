"""A piano roll in the terminal: time runs to the right, pitch upwards, brightness is loudness.

Every character cell shows two keys, one above the other, by the half blocks. The whole recording
is fitted to the width, broken into a few systems like a score where one line would be too coarse.
Where a note begins its colour is full; it goes on darker, so that repeated notes stay apart.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.color import Color
from rich.style import Style
from rich.text import Text

from transcriber.notes import Note, Pedal, Transcript
from transcriber.pitches import pitch_name
from transcriber.timing import LOWEST_PITCH, PITCHES

from .keys import Colour, mixed, velocity_colour

COARSEST_S = 0.3
"""Seconds per cell above which another system is begun."""

MOST_SYSTEMS = 4
"""A long recording is drawn coarser instead of in more systems than this."""

_MARGIN = 4  # cells for the names of the keys
_FEWEST_COLUMNS = 8
_BLACK: Colour = (0, 0, 0)
_SUSTAINED = 0.45  # share of black in a note after its first cell
_LEAST_SPAN = 12  # keys drawn at least
_TICKS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600)
_LABEL_CELLS = 9


@dataclass(frozen=True, slots=True)
class _System:
    """A stretch of the recording that fills one line of the roll."""

    start_s: float
    cell_s: float
    columns: int
    low: int
    high: int

    @property
    def end_s(self) -> float:
        return self.start_s + self.columns * self.cell_s

    def column(self, seconds: float) -> int:
        """Cell an instant falls into; the small term undoes float noise at the edges of cells."""
        return math.floor((seconds - self.start_s) / self.cell_s + 1e-9)


def roll_lines(transcript: Transcript, width: int, *, colour: bool = True) -> list[Text]:
    """Draws a transcript.

    Args:
        transcript: Notes and pedal presses.
        width: Cells available, 12 or more.
        colour: Whether the terminal shows colours; without, blocks alone carry the notes.

    Returns:
        Lines of at most `width` cells; a sentence where there is no note.
    """
    if not transcript.notes:
        return [Text("No notes.", style="dim")]
    lines: list[Text] = []
    for system in _systems(transcript, width):
        if lines:
            lines.append(Text())
        notes = [
            n for n in transcript.notes if n.onset_s < system.end_s and n.offset_s > system.start_s
        ]
        lines.extend(_key_rows(notes, system, colour))
        presses = [
            p for p in transcript.pedals if p.onset_s < system.end_s and p.offset_s > system.start_s
        ]
        if transcript.pedals:
            lines.append(_pedal_row(presses, system))
        lines.append(_time_axis(system))
    return lines


def _systems(transcript: Transcript, width: int) -> Iterator[_System]:
    columns = max(width - _MARGIN, _FEWEST_COLUMNS)
    duration_s = max(transcript.duration_s, 1.0)
    count = min(math.ceil(duration_s / (columns * COARSEST_S)), MOST_SYSTEMS)
    cell_s = duration_s / (columns * count)
    pitches = [note.pitch for note in transcript.notes]
    low, high = _span(min(pitches), max(pitches))
    for i in range(count):
        yield _System(i * columns * cell_s, cell_s, columns, low, high)


def _span(low: int, high: int) -> tuple[int, int]:
    """Keys to draw: those played, at least an octave, an even number."""
    missing = max(_LEAST_SPAN - (high - low + 1), 0)
    low = max(low - missing // 2, LOWEST_PITCH)
    high = min(max(high, low + _LEAST_SPAN - 1), LOWEST_PITCH + PITCHES - 1)
    if (high - low) % 2 == 0:
        low, high = (low - 1, high) if low > LOWEST_PITCH else (low, high + 1)
    return low, high


def _key_rows(notes: Sequence[Note], system: _System, colour: bool) -> Iterator[Text]:
    cells: dict[tuple[int, int], Colour] = {}
    for note in notes:
        first = system.column(note.onset_s)
        last = max(system.column(note.offset_s - 1e-6), first)
        struck = velocity_colour(note.velocity)
        held = mixed(struck, _BLACK, _SUSTAINED)
        for column in range(max(first, 0), min(last + 1, system.columns)):
            cells[note.pitch, column] = struck if column == first else held
    for upper in range(system.high, system.low, -2):
        # The name stands beside the row that holds a C, and that row is ruled.
        c = next((p for p in (upper, upper - 1) if p % 12 == 0), None)
        row = _labelled(pitch_name(c) if c is not None else "")
        empty = ("┈" if c is not None else " ", Style(dim=True))
        for column in range(system.columns):
            top, bottom = cells.get((upper, column)), cells.get((upper - 1, column))
            row.append(*(_block(top, bottom, colour) or empty))
        yield row


def _block(
    top: Colour | None, bottom: Colour | None, colour: bool
) -> tuple[str, Style | None] | None:
    """Character and style of two keys in one cell; None where neither sounds."""
    if top is None and bottom is None:
        return None
    if top is not None and bottom is not None:
        if not colour:
            return "█", None  # two colours in one cell would show as one key
        return "▀", Style(color=Color.from_rgb(*top), bgcolor=Color.from_rgb(*bottom))
    character, shade = ("▀", top) if top is not None else ("▄", bottom)
    return character, Style(color=Color.from_rgb(*shade)) if colour and shade else None


def _pedal_row(presses: Sequence[Pedal], system: _System) -> Text:
    down = [False] * system.columns
    for press in presses:
        first = max(system.column(press.onset_s), 0)
        last = max(system.column(press.offset_s - 1e-6), first)
        for column in range(first, min(last + 1, system.columns)):
            down[column] = True
    return _labelled("Ped").append(
        "".join("▂" if is_down else " " for is_down in down), style="cyan"
    )


def _labelled(label: str) -> Text:
    """The start of a row: its label, set off from what follows."""
    return Text.assemble((f"{label:>{_MARGIN - 1}} ", "dim"))


def _time_axis(system: _System) -> Text:
    """Labels at round instants, as dense as they fit."""
    least_s = system.cell_s * _LABEL_CELLS
    step_s = next((step for step in _TICKS_S if step >= least_s), _TICKS_S[-1])
    axis = [" "] * system.columns
    for tick in range(math.ceil(system.start_s / step_s), math.ceil(system.end_s / step_s)):
        seconds = tick * step_s
        label = f"╵{seconds // 60}:{seconds % 60:02}"
        at = system.column(seconds)
        if at + len(label) <= system.columns:
            axis[at : at + len(label)] = label
    return Text(" " * _MARGIN + "".join(axis).rstrip(), style="dim")
