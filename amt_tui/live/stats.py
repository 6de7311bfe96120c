"""The figures beside the roll, or in two lines under it where the terminal is narrow.

What each figure means is defined in `transcriber.latency`, and said for people in docs/latency.md
and on the help screen.
"""

from __future__ import annotations

from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from transcriber.pitches import pitch_name
from transcriber.snapshot import Health, Snapshot, State

from .meters import PART_COLOURS, PART_MARKS, bar, level_meter, parts_bar
from .palette import LEVELS, NOTES, Depth, Palette, Part, note_paint

PANEL_COLUMNS = 32
"""Width of the panel, without its border and padding."""

PART_NAMES = ("look-ahead", "block", "device", "queue", "compute", "decode", "draw")

_HEALTH: dict[Health, tuple[str, str]] = {
    "good": ("● keeping up", "green"),
    "busy": ("▲ busy: little time to spare", "yellow"),
    "behind": ("▼ behind", "bold red"),
}
_DEAF: tuple[State, ...] = ("starting", "stalled", "retrying", "failed")
_NAMES_COLUMNS = 24  # in the short form
_LEFT_COLUMNS = 16  # "■ look-ahead 100"
_PART_COLUMNS = 8  # "strike" and air
_SHOWN_VELOCITY = 80  # of the notes that explain the colours


def panel(
    shot: Snapshot, pitches: tuple[int, ...], palette: Palette, depth: Depth = "truecolor"
) -> Text:
    """The long form.

    Args:
        shot: What to show.
        pitches: Keys sounding now, from low to high.
        palette: Colours of the roll.
        depth: Colours of the terminal.

    Returns:
        About 30 lines of at most `PANEL_COLUMNS` cells.
    """
    stats = shot.stats
    many = depth in ("256", "truecolor")  # sixteen are too few to tell seven parts apart
    lines = [
        health_line(shot),
        Text(),
        _heading("Latency, ms", "p50   p95   p99"),
        _row("to event", _percentiles(shot, "event")),
        _row("to screen", _percentiles(shot, "screen")),
        parts_bar(stats.parts.values(), PANEL_COLUMNS, colour=many),
    ]
    lines += _legend(shot, many)
    load = stats.load
    lines += [
        Text(),
        _heading("Load", f"{load.per_20_ms:.2f} of 20 ms"),
        bar(load.realtime_factor, PANEL_COLUMNS, _load_style(load.realtime_factor)),
        _row("real-time factor", f"{load.realtime_factor:.2f}"),
        _row("longest step", f"{load.worst_ms:.1f} ms"),
        _row("dropped", _dropped(shot), "bold red" if stats.lost_s else ""),
        Text(),
        _heading("Input", "CLIPPING" if stats.level.clipping else f"{stats.level.peak_db:.0f} dB"),
        level_meter(stats.level, PANEL_COLUMNS),
        _row("noise gate", _gate(shot)),
        _row("sensitivity", f"{shot.sensitivity:+d}" if shot.sensitivity else "normal"),
        Text(),
        _heading("Notes", names(pitches, PANEL_COLUMNS - len("Notes") - 1)),
        _row("now · so far", f"{len(pitches)} · {stats.notes}"),
        _row("per minute", str(stats.notes_per_minute)),
        Text(),
        _heading("Process", ""),
        _row("memory", f"{stats.footprint.memory_mb:.0f} MB"),
        _row("processor", f"{stats.footprint.cpu_percent:.0f} % of a core"),
        _row("model", shot.model or "-"),
    ]
    if depth != "none":
        lines += [Text(), *_colours(palette, depth)]
    return Text("\n").join(lines)


def strip(shot: Snapshot, pitches: tuple[int, ...], width: int) -> Text:
    """The short form: two lines of at most `width` cells, the most wanted figures first."""
    stats = shot.stats
    event, screen = stats.event, stats.screen
    first = [
        Text.assemble(
            ("to event ", "dim"), _ms(event.p50_ms, event.count), ("/", "dim"),
            _ms(event.p95_ms, event.count), ("/", "dim"), _ms(event.p99_ms, event.count),
        ),
        Text.assemble(
            ("screen ", "dim"), _ms(screen.p50_ms, screen.count), ("/", "dim"),
            _ms(screen.p95_ms, screen.count), (" ms", "dim"),
        ),
        Text.assemble(("load ", "dim"), f"{100 * stats.load.realtime_factor:.0f} %"),
        Text.assemble(
            ("in ", "dim"), level_meter(stats.level, 10), f" {stats.level.peak_db:.0f} dB",
            (" CLIP", "bold red") if stats.level.clipping else "",
        ),
    ]  # fmt: skip
    second = [
        health_line(shot),
        Text.assemble(("notes ", "dim"), f"{len(pitches)} · {stats.notes_per_minute}/min"),
        Text.assemble(("dropped ", "dim"), f"{1000 * stats.lost_s:.0f} ms"),
        Text.assemble(
            f"{stats.footprint.memory_mb:.0f} MB {stats.footprint.cpu_percent:.0f} %",
        ),
        Text(names(pitches, _NAMES_COLUMNS)),
    ]
    return Text("\n").join(_fitted(line, width) for line in (first, second))


def replayed(shot: Snapshot, pitches: tuple[int, ...]) -> Text:
    """What there is to say about a replay, in two lines for either place: nothing is measured."""
    played = f"{len(pitches)} now · {shot.stats.notes} so far"
    return Text.assemble(" ", ("notes ", "dim"), played, "\n ", names(pitches, PANEL_COLUMNS - 1))


def health_line(shot: Snapshot) -> Text:
    """In words whether it keeps up, and why not."""
    stats = shot.stats
    if shot.state in _DEAF:
        return Text("○ hears nothing", "yellow")
    words, style = _HEALTH[stats.health]
    if stats.health == "behind":
        words += ": sound was lost" if stats.lost_s else ": sound has to wait"
    return Text(words, style)


def _heading(title: str, right: str) -> Text:
    room = PANEL_COLUMNS - len(title) - 1
    return Text.assemble((title, "bold"), f" {right[:room]:>{room}}")


def _row(name: str, value: str, style: str = "") -> Text:
    room = PANEL_COLUMNS - len(name) - 1
    return Text.assemble((name, "dim"), " ", (f"{value[:room]:>{room}}", style))


def _percentiles(shot: Snapshot, which: str) -> str:
    figures = shot.stats.event if which == "event" else shot.stats.screen
    values = (figures.p50_ms, figures.p95_ms, figures.p99_ms)
    return " ".join(f"{_ms(value, figures.count):>5}" for value in values)


def _ms(value: float, count: int) -> str:
    if value >= 10_000.0:
        return f"{value / 1000.0:.0f}s"
    return f"{value:.0f}" if count else "-"


def _legend(shot: Snapshot, colour: bool) -> list[Text]:
    """Names and milliseconds of the parts, two in a line."""
    values = shot.stats.parts.values()
    entries = []
    for i, (name, value) in enumerate(zip(PART_NAMES, values, strict=True)):
        mark = ("■", PART_COLOURS[i]) if colour else (PART_MARKS[i], "")
        figure = f"{value:.0f}" if value >= 9.95 else f"{value:.1f}"
        width = _LEFT_COLUMNS if i % 2 == 0 else PANEL_COLUMNS - _LEFT_COLUMNS - 1
        room = width - len(name) - 2
        entries.append(Text.assemble(mark, f" {name}{figure:>{room}}"))
    return [Text(" ").join(entries[i : i + 2]) for i in range(0, len(entries), 2)]


def _colours(palette: Palette, depth: Depth) -> list[Text]:
    """What the colours of the roll say, in the very colours that the roll has."""

    def block(cells: str, paint: int) -> Text:
        return Text(cells, Style(color=palette.colour(paint, depth)))

    ramp = [block("█", NOTES + 4 * level + Part.HELD) for level in range(LEVELS)]
    room = PANEL_COLUMNS - len("Loudness") - len(ramp) - len("soft  loud")
    loudness = Text.assemble(("Loudness", "bold"), " " * room, ("soft ", "dim"))
    loudness.append_text(Text.assemble(*ramp, (" loud", "dim")))
    parts = Text()
    for name, part in (("strike", Part.STRUCK), ("finger", Part.HELD), ("pedal", Part.SUSTAINED)):
        mark = block("██ ", note_paint(_SHOWN_VELOCITY, part))
        parts.append_text(Text.assemble(mark, (f"{name:<{_PART_COLUMNS}}", "dim")))
    parts.truncate(PANEL_COLUMNS)
    return [loudness, parts]


def _load_style(factor: float) -> str:
    return "green" if factor < 0.6 else "yellow" if factor < 1.0 else "red"


def _dropped(shot: Snapshot) -> str:
    stats = shot.stats
    if not stats.overflows and not stats.lost_s:
        return "nothing"
    return f"{1000 * stats.lost_s:.0f} ms in {stats.overflows} gaps"


def _gate(shot: Snapshot) -> str:
    if shot.calibration is not None:
        return f"listening {100 * shot.calibration:.0f} %"
    if shot.gate_db is None:
        return "off"
    return f"{shot.gate_db:.0f} dB, {'open' if shot.gate_open else 'closed'}"


def names(pitches: tuple[int, ...], width: int) -> str:
    """Names of as many pitches as fit into so many cells; an ellipsis stands for the rest."""
    text = " ".join(pitch_name(pitch) for pitch in pitches)
    if len(text) <= width:
        return text
    return text[: width - 1].rpartition(" ")[0] + " …"


def _fitted(parts: list[Text], width: int) -> Text:
    """As many parts as fit, with a little air between."""
    line = Text()
    for part in parts:
        gap = 3 if line.cell_len else 1
        if line.cell_len + gap + part.cell_len > width:
            break
        line.append(" " * gap)
        line.append_text(part)
    return line


class StatsView(Widget):
    """Shows either form, line by line: only those that have changed are drawn again."""

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._lines: list[Text] = []

    def show(self, text: Text) -> None:
        """Replaces the figures."""
        before, self._lines = self._lines, list(text.split("\n", allow_blank=True))
        for y in range(max(len(before), len(self._lines))):
            if _line(before, y) != _line(self._lines, y):
                self.refresh(Region(0, y, self.outer_size.width, 1))

    def render_line(self, y: int) -> Strip:
        """One line of the figures, over the widget's ground."""
        width, style = self.size.width, self.rich_style
        segments = _line(self._lines, y).render(self.app.console)
        strip = Strip(Segment.apply_style(segments, style))
        return strip.adjust_cell_length(width, style)


def _line(lines: list[Text], y: int) -> Text:
    return lines[y] if y < len(lines) else Text()
