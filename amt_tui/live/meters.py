"""Small instruments made of characters: a bar, a bar of parts, a level meter."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from transcriber.levels import Level

LOWEST_DB = -60.0
"""Left end of the level meter."""

LOUD_DB = -12.0
"""From here on the meter warns."""

PART_COLOURS = ("#6f86d6", "#5fb3c8", "#66c2a5", "#d6c35f", "#e08a4f", "#c96fa8", "#9a9aa6")
"""One for each part of the latency, in the order in which they pass."""

PART_MARKS = "█▓▒░█▓▒"
"""The same for terminals with few colours or none: neighbours differ."""

_EIGHTHS = " ▏▎▍▌▋▊▉"


def bar(share: float, width: int, style: str = "") -> Text:
    """A bar of up to `width` cells, in eighths, on a dim track."""
    eighths = round(min(max(share, 0.0), 1.0) * width * 8)
    full, rest = divmod(eighths, 8)
    text = "█" * full + (_EIGHTHS[rest] if rest else "")
    return Text.assemble((text, style), ("·" * (width - len(text)), "dim"))


def parts_bar(values: Sequence[float], width: int, *, colour: bool = True) -> Text:
    """Parts of a whole, each with as many cells as its share earns, `width` together.

    A part that is there gets a cell even if it is small; the largest pay for that.
    """
    total = sum(values)
    if total <= 0.0:
        return Text("·" * width, "dim")
    cells = [max(1, round(width * value / total)) if value > 0.0 else 0 for value in values]
    while sum(cells) != width:
        largest = max(range(len(cells)), key=cells.__getitem__)
        cells[largest] += 1 if sum(cells) < width else -1
    if not colour:
        return Text("".join(PART_MARKS[i] * count for i, count in enumerate(cells)))
    return Text.assemble(*(("█" * n, PART_COLOURS[i]) for i, n in enumerate(cells) if n))


def level_meter(level: Level, width: int) -> Text:
    """The input's peak from -60 to 0 dB, with the mean level inside it; red where it clips."""
    peak, mean = (_place(db, width) for db in (level.peak_db, level.rms_db))
    loud = _place(LOUD_DB, width)
    meter = Text()
    for place in range(width):
        if place >= peak:
            meter.append("·", "dim")
            continue
        colour = "green" if place < loud else "yellow"
        meter.append("█" if place < mean else "▒", "red" if level.clipping else colour)
    return meter


def _place(db: float, width: int) -> int:
    return round(min(max((db - LOWEST_DB) / -LOWEST_DB, 0.0), 1.0) * width)
