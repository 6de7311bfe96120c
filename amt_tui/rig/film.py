"""Pictures of a terminal as SVG, still or moving, that look the same everywhere.

Block characters are drawn as rectangles, since fonts leave seams between them; everything else is
text, with its length fixed. A film holds each different piece of a row once and puts its frames one
under another, past a window of one frame's height; the browser needs no script to play it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from itertools import groupby

from rich.color import Color
from rich.style import Style
from rich.terminal_theme import MONOKAI
from rich.text import Text

CELL_WIDTH, CELL_HEIGHT = 8.4, 18
"""Of a character, in units of the picture: a font of 14 units is 8.4 wide."""

_TITLE_HEIGHT, _MARGIN = 30, 8
_BASELINE = 13.5
_GROUND, _INK = "#0c0c0c", "#d9d9d9"
_SHADES = {"█": 1.0, "▒": 0.5, "▓": 0.75, "░": 0.25}
_LEFT = {character: (8 - n) / 8 for n, character in enumerate("█▉▊▋▌▍▎▏")}
_BLANKED = {ord(character): " " for character in (*"▀▄", *_SHADES, *_LEFT)}


@dataclass(frozen=True, slots=True)
class Run:
    """Neighbours in a row that look alike: text, colours of ink and ground, and its weight."""

    text: str
    ink: str
    ground: str
    bold: bool


Row = tuple[Run, ...]
Frame = tuple[Row, ...]


def frame(screen: str) -> Frame:
    """A frame from what `Terminal.text(colours=True)` returns."""
    return tuple(_row(line) for line in screen.rstrip("\n").split("\n"))


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
    known: dict[Row, int] = {}
    uses = []
    for number, one in enumerate(frames):
        for y, row in enumerate(one):
            at = (number * rows + y) * CELL_HEIGHT
            uses.append(f'<use href="#r{known.setdefault(row, len(known))}" y="{at}"/>')
    pieces = "".join(f'<g id="r{number}">{_drawn(row)}</g>' for row, number in known.items())
    whole = f"{width + 2 * _MARGIN:.0f} {height + _TITLE_HEIGHT + _MARGIN:.0f}"
    play = ""
    if len(frames) > 1:
        seconds, length = len(frames) * interval_s, len(frames) * height
        play = (
            f".play{{animation:play {seconds:g}s steps({len(frames)}) infinite}}"
            f"@keyframes play{{to{{transform:translateY(-{length}px)}}}}"
        )
    dots = "".join(
        f'<circle cx="{18 + 20 * n}" cy="15" r="6" fill="{colour}"/>'
        for n, colour in enumerate(("#ff5f57", "#febc2e", "#28c840"))
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {whole}">'
        f"<style>text{{font:14px ui-monospace,Menlo,Consolas,'DejaVu Sans Mono',monospace;"
        f"white-space:pre}}.b{{font-weight:bold}}{play}</style>"
        f'<rect width="100%" height="100%" rx="8" fill="#2a2a2c"/>{dots}'
        f'<text x="50%" y="20" fill="#bdbdbd" text-anchor="middle">{escape(title)}</text>'
        f'<defs>{pieces}</defs><svg x="{_MARGIN}" y="{_TITLE_HEIGHT}" width="{width:.1f}" '
        f'height="{height}"><rect width="100%" height="100%" fill="{_GROUND}"/>'
        f'<g class="play">{"".join(uses)}</g></svg></svg>\n'
    )


def _row(line: str) -> Row:
    text = Text.from_ansi(line)
    cells: list[tuple[str, Style]] = [(character, Style.null()) for character in text.plain]
    for start, end, style in text.spans:
        if isinstance(style, Style):
            for at in range(start, end):
                cells[at] = (cells[at][0], cells[at][1] + style)
    runs = []
    for style, group in groupby(cells, key=lambda cell: cell[1]):
        ink, ground = _hex(style.color, _INK), _hex(style.bgcolor, _GROUND)
        if style.reverse:
            ink, ground = ground, ink
        if style.dim:
            ink = _mixed(ink, ground, 0.6)
        runs.append(Run("".join(cell[0] for cell in group), ink, ground, bool(style.bold)))
    return tuple(runs)


def _drawn(row: Row) -> str:
    """A row's rectangles, those of one colour together, and its texts."""
    boxes: dict[str, list[str]] = {}
    texts = []
    column = 0
    for run in row:
        x = column * CELL_WIDTH
        if run.ground != _GROUND:
            box = _box(x, 0.0, len(run.text) * CELL_WIDTH, 1.0)
            boxes.setdefault(run.ground, []).append(box)
        for character, same in groupby(run.text):
            count = len(list(same))
            x, width = column * CELL_WIDTH, count * CELL_WIDTH
            column += count
            colour, box = run.ink, ""
            if character in "▀▄":
                box = _box(x, 0.0 if character == "▀" else 0.5, width, 0.5)
            elif character in _SHADES:
                colour, box = _mixed(run.ink, run.ground, _SHADES[character]), _box(x, 0, width, 1)
            elif character in _LEFT and count == 1:
                box = _box(x, 0.0, _LEFT[character] * CELL_WIDTH, 1.0)
            if box:
                boxes.setdefault(colour, []).append(box)
        texts += _texts(run, column - len(run.text))
    paths = (f'<path fill="{colour}" d="{"".join(d)}"/>' for colour, d in boxes.items())
    return "".join((*paths, *texts))


def _texts(run: Run, column: int) -> list[str]:
    """What of a run is letters; blocks and the space around words are left out."""
    letters = run.text.translate(_BLANKED)
    if not letters.strip():
        return []
    start = len(letters) - len(letters.lstrip())
    word = letters.strip()
    weight = ' class="b"' if run.bold else ""
    x, length = (column + start) * CELL_WIDTH, len(word) * CELL_WIDTH
    return [
        f'<text x="{x:.1f}" y="{_BASELINE}" textLength="{length:.1f}" fill="{run.ink}"{weight}>'
        f"{escape(word)}</text>"
    ]


def _box(x: float, top: float, width: float, height: float) -> str:
    """A rectangle as a path; `top` and `height` are shares of a cell."""
    return f"M{x:.1f} {top * CELL_HEIGHT:g}h{width:.1f}v{height * CELL_HEIGHT:g}h-{width:.1f}z"


def _hex(colour: Color | None, usual: str) -> str:
    if colour is None or colour.is_default:
        return usual
    red, green, blue = colour.get_truecolor(MONOKAI)
    return f"#{red:02x}{green:02x}{blue:02x}"


def _mixed(ink: str, ground: str, share: float) -> str:
    """`share` of the ink over the ground."""
    pairs = ((int(ink[i : i + 2], 16), int(ground[i : i + 2], 16)) for i in (1, 3, 5))
    return "#" + "".join(f"{round(share * a + (1 - share) * b):02x}" for a, b in pairs)
