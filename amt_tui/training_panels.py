"""The panels of the training screen, each from what it shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from rich.box import ROUNDED
from rich.console import Group
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from .reports import clock_time
from .sparklines import Trace, sparkline

if TYPE_CHECKING:
    from rich.console import RenderableType

    from trainer.memory.monitor import Panel as MemoryPanel
    from trainer.observers import Step, Validation

    from .training_pace import Pace

PARTS = ("total", "onset", "frame", "offset", "velocity", "shift", "pedal")
"""Losses shown, by the names that `trainer.targets.losses` gives them."""

LOSS_ROWS = len(PARTS) + 1
"""Rows inside the panel of losses, the learning rate's included."""

SCORES = (
    ("onset_f1", "onset"),
    ("onset_precision", "prec."),
    ("onset_recall", "recall"),
    ("offset_f1", "offset"),
    ("velocity_f1", "veloc."),
    ("frame_f1", "frame"),
    ("pedal_f1", "pedal"),
    ("onset_error_ms", "ms off"),
    ("threshold", "thresh."),
)
"""Figures of a validation shown, with their headings."""

_MUCH_WAITING = 0.05
"""Share of the time from which on waiting for data is coloured."""


def loss_panel(
    pace: Pace, traces: Mapping[str, Trace], step: Step | None, width: int
) -> RenderableType:
    """Losses, on a logarithmic scale, and the learning rate; curves of `width` characters."""
    means, rows = pace.losses(), _rows()
    for name in PARTS:
        style = "bold" if name == "total" else ""
        rows.add_row(
            Text(name, style=style),
            Text(f"{means[name]:.4f}" if name in means else "", style=style),
            Text(_curve(traces, name, width, logarithmic=True), style="cyan"),
        )
    rate = f"{step.rate:.2e}" if step is not None else ""
    rows.add_row("rate", rate, Text(_curve(traces, "rate", width), style="magenta"))
    return _panel("loss", rows)


def pace_panel(
    pace: Pace, traces: Mapping[str, Trace], heard_s: float, width: int
) -> RenderableType:
    """Audio per second, share of waiting, audio heard in all, and the time since this start."""
    rows = _rows()
    curve = Text(_curve(traces, "audio", width), style="green")
    rows.add_row("audio", f"{pace.audio_per_s:.1f} s/s", curve)
    style = "yellow" if pace.waiting > _MUCH_WAITING else ""
    rows.add_row("waiting", Text(f"{100.0 * pace.waiting:.1f} %", style=style))
    rows.add_row("heard", f"{heard_s / 3600.0:.1f} h", f"in {clock_time(pace.elapsed_s)}")
    return _panel("pace", rows)


def memory_panel(memory: MemoryPanel | None) -> RenderableType:
    """Memory of all processes together, of the GPU, and what became of it."""
    if memory is None:
        return _panel("memory", Text("not watched yet", style="dim"))
    rows = _rows()
    ripple = 0.1 * memory.sample.total_mb
    curve = Text(sparkline(memory.history, 10, least_span=ripple), style="blue")
    rows.add_row("total", f"{memory.sample.total_mb:,.0f} MB", curve)
    if memory.sample.gpu is not None:
        rows.add_row("GPU", f"{memory.sample.gpu.allocated_mb:,.0f} MB", "")
    verdict = Text(str(memory.verdict), style="red" if memory.verdict.leaking else "dim")
    return _panel("memory", Group(rows, verdict))


def scores_panel(
    validations: Sequence[Validation], best: Validation | None, fitting: int
) -> RenderableType:
    """The last validations, `fitting` of them at most; the best one is marked, and always there."""
    shown = list(validations[-max(1, fitting) :])
    if not shown:
        return _panel("validation", Text("none yet", style="dim"))
    if best is not None and best not in shown:
        shown[0] = best
    table = Table(box=None, padding=(0, 1, 0, 0), expand=True)
    for heading in ("step", *(heading for _, heading in SCORES)):
        table.add_column(heading, justify="right", no_wrap=True)
    for validation in shown:
        is_best = validation is best
        table.add_row(
            f"{'★ ' if is_best else ''}{validation.step:,}",
            *(score_text(name, validation.scores.get(name)) for name, _ in SCORES),
            style="bold green" if is_best else "",
        )
    return _panel("validation", table)


def _panel(title: str, body: RenderableType) -> Panel:
    return Panel(body, title=title, title_align="left", box=ROUNDED, border_style="dim")


def _rows() -> Table:
    table = Table.grid(padding=(0, 1))
    table.add_column(no_wrap=True)
    table.add_column(justify="right", no_wrap=True)
    table.add_column(no_wrap=True, overflow="crop")
    return table


def _curve(traces: Mapping[str, Trace], name: str, width: int, *, logarithmic: bool = False) -> str:
    if name not in traces:
        return ""
    return sparkline(traces[name].values(), max(6, width), logarithmic=logarithmic)


def score_text(name: str, value: float | None) -> str:
    """A figure of a validation as tables have it: `.836`, or milliseconds."""
    if value is None:
        return ""
    return f"{value:.1f}" if name.endswith("_ms") else f"{value:.3f}".removeprefix("0")
