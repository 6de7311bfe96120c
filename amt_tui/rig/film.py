"""Pictures of a terminal as SVG, still or moving, that look the same everywhere.

Block characters are drawn as rectangles, since fonts leave seams between them; everything else is
text, with its length fixed. A film holds each different half of a row once and puts its frames one
under another, past a window of one frame's height; the browser needs no script to play it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from itertools import groupby

from rich.ansi import AnsiDecoder
from rich.color import Color
from rich.style import Style
from rich.terminal_theme import MONOKAI
from rich.text import Text

CELL_WIDTH, CELL_HEIGHT = 8.4, 18
"""Of a character, in units of the picture: a font of 14 units is 8.4 wide."""

Bands = tuple[tuple[str, float], ...]
"""Colours from left to right, each with its width in cells; neighbours differ."""

_TITLE_HEIGHT, _MARGIN = 30, 8
_BASELINE = 13.5
_GROUND, _INK = "#0c0c0c", "#d9d9d9"
_SHADES = {"█": 1.0, "▓": 0.75, "▒": 0.5, "░": 0.25}
_LEFT = {character: (7 - n) / 8 for n, character in enumerate("▉▊▋▌▍▎▏")}
_BLANKED = {ord(character): " " for character in (*"▀▄", *_SHADES, *_LEFT)}
_OVERLAP = 1.06  # halves are a little too high, since scaled pictures show seams between them
_DIM = 0.6
_BOLD = ' class="b"'


@dataclass(frozen=True, slots=True)
class Word:
    """Letters of one colour, from a column on."""

    text: str
    column: int
    ink: str
    bold: bool


@dataclass(frozen=True, slots=True)
class Row:
    """What a row shows: the colours of its halves, and what is written over them."""

    upper: Bands
    lower: Bands
    words: tuple[Word, ...]


Frame = tuple[Row, ...]


def frame(screen: str) -> Frame:
    """A frame from what `Terminal.text(colours=True)` returns."""
    # One decoder for all lines: a colour lasts until the next is named, over the ends of lines.
    return tuple(_row(line) for line in AnsiDecoder().decode(screen.removesuffix("\n")))


def film(frames: Sequence[Frame], columns: int, interval_s: float, title: str) -> str:
    """An SVG that shows frames one after another, over and over; a single one stands still.

    Args:
        frames: All of the same number of rows.
        columns: Of each row.
        interval_s: From one frame to the next.
        title: Of the window.
    """
    rows = len(frames[0])
    width, height = columns * CELL_WIDTH, rows * CELL_HEIGHT
    ground = _commonest(frames)
    known: dict[str, int] = {}
    uses = []
    for number, row in enumerate(row for one in frames for row in one):
        top = number * CELL_HEIGHT
        middle = top + CELL_HEIGHT // 2
        halves = ((_painted(row.upper, ground), top), (_painted(row.lower, ground), middle))
        for drawn, y in (*halves, (_written(row.words), top)):
            if drawn:
                name = known.setdefault(drawn, len(known))
                uses.append(f'<use href="#p{name}" y="{y}"/>')
    pieces = "".join(f'<g id="p{name}">{drawn}</g>' for drawn, name in known.items())
    whole = f"{width + 2 * _MARGIN:.0f} {height + _TITLE_HEIGHT + _MARGIN:.0f}"
    dots = "".join(
        f'<circle cx="{18 + 20 * n}" cy="15" r="6" fill="{colour}"/>'
        for n, colour in enumerate(("#ff5f57", "#febc2e", "#28c840"))
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {whole}">'
        f"<style>text{{font:14px ui-monospace,Menlo,Consolas,'DejaVu Sans Mono',monospace;"
        f"white-space:pre}}.b{{font-weight:bold}}"
        f"path{{transform:translateY({CELL_HEIGHT / 4:g}px)scale({CELL_WIDTH},{CELL_HEIGHT // 2});"
        f"stroke-width:{_OVERLAP}}}"
        f"{_motion(len(frames), interval_s, height)}</style>"
        f'<rect width="100%" height="100%" rx="8" fill="#2a2a2c"/>{dots}'
        f'<text x="50%" y="20" fill="#bdbdbd" text-anchor="middle">{escape(title)}</text>'
        f'<defs>{pieces}</defs><svg x="{_MARGIN}" y="{_TITLE_HEIGHT}" width="{width:.1f}" '
        f'height="{height}"><rect width="100%" height="100%" fill="{ground}"/>'
        f'<g class="play" shape-rendering="crispEdges">{"".join(uses)}</g></svg></svg>\n'
    )


def _motion(frames: int, interval_s: float, height: float) -> str:
    """The style that moves the frames past the window."""
    if frames == 1:
        return ""
    return (
        f".play{{animation:play {frames * interval_s:g}s steps({frames}) infinite}}"
        f"@keyframes play{{to{{transform:translateY(-{frames * height:g}px)}}}}"
    )


def _commonest(frames: Sequence[Frame]) -> str:
    """The colour most of the picture has, which need not be drawn."""
    counts: Counter[str] = Counter()
    for one in frames:
        for row in one:
            for colour, width in (*row.upper, *row.lower):
                counts[colour] += round(8 * width)
    return counts.most_common(1)[0][0]


def _row(text: Text) -> Row:
    styles = [Style.null()] * len(text.plain)
    for start, end, style in text.spans:
        if isinstance(style, Style):
            styles[start:end] = [before + style for before in styles[start:end]]
    upper: list[tuple[str, float]] = []
    lower: list[tuple[str, float]] = []
    words: list[Word] = []
    column = 0
    for style, cells in groupby(zip(text.plain, styles, strict=True), lambda cell: cell[1]):
        run = "".join(character for character, _ in cells)
        ink, ground = _hex(style.color, _INK), _hex(style.bgcolor, _GROUND)
        if style.reverse:
            ink, ground = ground, ink
        if style.dim:
            ink = _mixed(ink, ground, _DIM)
        for character in run:
            share = _LEFT.get(character, 0.0)
            mixed = _mixed(ink, ground, _SHADES.get(character, 0.0))
            both = [(ink, share), (mixed, 1.0 - share)]
            upper += [(ink, 1.0)] if character == "▀" else both
            lower += [(ink, 1.0)] if character == "▄" else both
        letters = run.translate(_BLANKED)
        if letters.strip():
            start = column + len(letters) - len(letters.lstrip())
            words.append(Word(letters.strip(), start, ink, bool(style.bold)))
        column += len(run)
    return Row(_merged(upper), _merged(lower), tuple(words))


def _merged(bands: Iterable[tuple[str, float]]) -> Bands:
    """The same with neighbours of one colour together, and without empty ones."""
    there = (band for band in bands if band[1] > 0.0)
    groups = groupby(there, lambda band: band[0])
    return tuple((colour, sum(width for _, width in group)) for colour, group in groups)


def _painted(bands: Bands, ground: str) -> str:
    """Half a row as strokes, one path for each colour, in cells; the ground is left out."""
    boxes: dict[str, list[str]] = {}
    x = 0.0
    for colour, width in bands:
        if colour != ground:
            boxes.setdefault(colour, []).append(f"M{x:g} 0h{width:g}")
        x += width
    return "".join(f'<path stroke="{colour}" d="{"".join(d)}"/>' for colour, d in boxes.items())


def _written(words: Iterable[Word]) -> str:
    return "".join(
        f'<text x="{word.column * CELL_WIDTH:.1f}" y="{_BASELINE}" fill="{word.ink}" '
        f'textLength="{len(word.text) * CELL_WIDTH:.1f}"{_BOLD * word.bold}>'
        f"{escape(word.text)}</text>"
        for word in words
    )


def _hex(colour: Color | None, usual: str) -> str:
    if colour is None or colour.is_default:
        return usual
    red, green, blue = colour.get_truecolor(MONOKAI)
    return f"#{red:02x}{green:02x}{blue:02x}"


def _mixed(ink: str, ground: str, share: float) -> str:
    """`share` of the ink over the ground."""
    pairs = ((int(ink[i : i + 2], 16), int(ground[i : i + 2], 16)) for i in (1, 3, 5))
    return "#" + "".join(f"{round(share * a + (1 - share) * b):02x}" for a, b in pairs)
