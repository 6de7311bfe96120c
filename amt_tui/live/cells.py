"""From half cells to strips: every character cell shows two paints, one above the other.

A picture is a grid of paints, twice as tall as the rows of the terminal, and a few labels. Rows
that are equal are the same strip, found in a cache, and cells that are equal are one segment: that
is what makes thirty frames per second cheap.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from .palette import NOTES, Depth, Paint, Palette, Part, is_note

CACHED_ROWS = 512
"""Strips kept: rows that rise or fall are seen again a line further, empty ones all the time."""

CACHED_CELLS = 4096
"""Pairs of paints kept: more than music brings together."""

CACHED_RUNS = 1024
"""Runs of equal cells kept; most are a few cells of a colour."""

Label = tuple[int, str]
"""Column and text of a label."""

_RULE = {Paint.OCTAVE: "┈", Paint.SECOND: "┊", Paint.MARKER: "┃", Paint.PEDAL: "▁"}
_SUBDUED = (150, 150, 160)
_ON_KEY = (40, 40, 46)


@dataclass(slots=True)
class Picture:
    """What a view paints.

    Args:
        paints: uint8 [2R, W]: the upper and lower half of each of R rows of W cells.
        labels: For some rows, texts that replace the cells they cover.
    """

    paints: NDArray[np.uint8]
    labels: dict[int, tuple[Label, ...]] = field(default_factory=dict)

    @classmethod
    def empty(cls, rows: int, columns: int) -> Picture:
        """A picture of bare ground."""
        return cls(np.zeros((2 * rows, columns), np.uint8))

    @property
    def rows(self) -> int:
        """Rows of the terminal it fills."""
        return len(self.paints) // 2

    def label(self, row: int, column: int, text: str) -> None:
        """Writes a text into a row, cut at the picture's edges; what would overlap is left out."""
        column = max(column, 0)
        text = text[: self.paints.shape[1] - column]
        if text and 0 <= row < self.rows:
            self.labels[row] = tuple(sorted((*self.labels.get(row, ()), (column, text))))

    def row_key(self, row: int) -> tuple[bytes, tuple[Label, ...]]:
        """What makes two rows look the same."""
        return self.paints[2 * row : 2 * row + 2].tobytes(), self.labels.get(row, ())


class Row(Strip):
    """A strip that goes when nobody holds it any more.

    Textual's remembers, in itself, that undivided it is itself. Such a circle is left to the full
    collection of garbage, which comes when a quarter of all objects is new: until then tens of
    thousands of objects of rows that were scrolled away fill the memory, and leave it in holes.
    """

    __slots__ = ()

    def divide(self, cuts: Iterable[int]) -> Sequence[Strip]:
        """Strips between cell positions; itself where the only one is its end."""
        cuts = [cut for cut in cuts if cut <= self.cell_length]
        return [self] if cuts == [self.cell_length] else super().divide(cuts)


class Brush:
    """Draws rows of pictures with one palette at one depth.

    Args:
        palette: The colours.
        depth: Colours of the terminal; with "none" the characters alone carry the notes.
    """

    def __init__(self, palette: Palette, depth: Depth) -> None:
        self.palette = palette
        self.depth = depth
        self._strips: OrderedDict[object, Strip] = OrderedDict()
        self._cell = lru_cache(CACHED_CELLS)(self._drawn)
        self._run = lru_cache(CACHED_RUNS)(self._repeated)

    def strips(self, picture: Picture) -> list[Strip]:
        """One strip for each row."""
        return [self.strip(picture, row) for row in range(picture.rows)]

    def strip(self, picture: Picture, row: int) -> Strip:
        """One row, from the cache where an equal row was drawn lately."""
        key = picture.row_key(row)
        known = self._strips.get(key)
        if known is not None:
            self._strips.move_to_end(key)
            return known
        strip = Row(self._segments(picture, row), picture.paints.shape[1])
        self._strips[key] = strip
        if len(self._strips) > CACHED_ROWS:
            self._strips.popitem(last=False)
        return strip

    def _segments(self, picture: Picture, row: int) -> list[Segment]:
        upper, lower = picture.paints[2 * row], picture.paints[2 * row + 1]
        codes = upper.astype(np.uint16) << 8 | lower
        segments: list[Segment] = []
        at = 0
        for column, text in picture.labels.get(row, ()):
            if column < at:
                continue
            segments += self._runs(codes[at:column])
            segments.append(Segment(text, self._label_style(int(codes[column]))))
            at = column + len(text)
        segments += self._runs(codes[at:])
        return segments

    def _runs(self, codes: NDArray[np.uint16]) -> list[Segment]:
        if not len(codes):
            return []
        starts = np.concatenate(([0], (codes[1:] != codes[:-1]).nonzero()[0] + 1))
        lengths = np.diff(starts, append=len(codes))
        return list(map(self._run, codes[starts].tolist(), lengths.tolist()))

    def _repeated(self, code: int, length: int) -> Segment:
        """So many cells of one look."""
        character, style = self._cell(code >> 8, code & 255)
        return Segment(character * length, style)

    def _drawn(self, upper: int, lower: int) -> tuple[str, Style]:
        if self.depth == "none":
            return _bare(upper, lower), Style.null()
        top = self.palette.colour(upper, self.depth)
        bottom = self.palette.colour(lower, self.depth)
        if top == bottom:
            return " ", Style(bgcolor=top)
        if is_note(lower) and not is_note(upper):
            # The block is the note, so that copied text and screen shots show it as one.
            return "▄", Style(color=bottom, bgcolor=top)
        return "▀", Style(color=top, bgcolor=bottom)

    def _label_style(self, code: int) -> Style:
        if self.depth == "none":
            return Style.null()
        under = code & 255
        ground = self.palette.colour(under, self.depth)
        bright = under in (Paint.WHITE_KEY, Paint.KEY_EDGE) or is_note(under)
        if self.depth == "16":
            return Style(color="black" if bright else "white", bgcolor=ground)
        red, green, blue = _ON_KEY if bright else _SUBDUED
        return Style(color=f"rgb({red},{green},{blue})", bgcolor=ground)


def _bare(upper: int, lower: int) -> str:
    """The character of a cell on a terminal without colours."""
    top, bottom = is_note(upper), is_note(lower)
    if top or bottom:
        if all((p - NOTES) % 4 == Part.SUSTAINED for p in (upper, lower) if is_note(p)):
            return "▒" if top and bottom else "▘" if top else "▖"
        return "█" if top and bottom else "▀" if top else "▄"
    for paint in (upper, lower):
        if paint == Paint.WHITE_KEY:
            return "▏"
        if paint == Paint.BLACK_KEY:
            return "▓"
    for paint in (Paint.MARKER, Paint.PEDAL, Paint.SECOND, Paint.OCTAVE):
        if paint in (upper, lower):
            return _RULE[paint]
    return " "
