"""A run as a picture: its losses, its validations, its learning rate, and how fast it went.

Drawn from the run's log into `curves.png` when it ends, and again whenever `amt runs RUN --picture`
asks for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from transcriber.atomic import atomic_path

from .history import History

NAME = "curves.png"
"""Name of the picture in a run's folder."""

PARTS = ("total", "onset", "frame", "offset", "velocity", "shift", "pedal")
SCORES = {
    "onset_f1": "onset",
    "offset_f1": "onset and end",
    "velocity_f1": "onset, end and velocity",
    "frame_f1": "frames",
    "pedal_f1": "pedal",
}

_SIZE = (13.0, 8.0)
_DPI = 110


def draw(history: History, path: Path) -> None:
    """Draws a run.

    Args:
        history: What its log tells.
        path: Picture to write, PNG or SVG by its suffix.

    Raises:
        OutputError: It cannot be written.
    """
    figure = Figure(figsize=_SIZE, layout="constrained")
    FigureCanvasAgg(figure)
    losses, scores, rate, pace = figure.subplots(2, 2, sharex=True).flat
    _draw_losses(losses, history.steps)
    _draw_scores(scores, history)
    _draw_rate(rate, history.steps)
    _draw_pace(pace, history.steps)
    for axes in (losses, scores, rate, pace):
        axes.grid(alpha=0.3)
        for begin in history.begins[1:]:
            axes.axvline(begin["step"], color="grey", linewidth=0.8, linestyle="--")
    stops = "; dashed: went on after a stop" if len(history.begins) > 1 else ""
    for axes in (rate, pace):
        axes.set_xlabel(f"steps{stops}")
    heard_h = history.audio_s / 3600.0
    figure.suptitle(
        f"{history.run.resolve().name}: {history.step:,} of {history.config['steps']:,} steps, "
        f"{heard_h:,.1f} hours heard in {history.seconds / 3600.0:.1f}",
        x=0.01,
        ha="left",
    )
    with atomic_path(path) as draft:
        figure.savefig(draft, dpi=_DPI, format=path.suffix.removeprefix(".") or None)


def _draw_losses(axes: Axes, steps: Sequence[dict[str, Any]]) -> None:
    for name in PARTS:
        _plot(axes, steps, name, name, linewidth=2.0 if name == "total" else 1.2)
    axes.set(title="Loss", yscale="log")
    _legend(axes, below=True)


def _draw_scores(axes: Axes, history: History) -> None:
    points = [{"step": line["step"], **line["validation"]} for line in history.validations]
    for name, label in SCORES.items():
        _plot(axes, points, name, label, marker="o", markersize=3)
    best = history.best
    if best is not None:
        f1 = best["validation"]["onset_f1"]
        axes.plot([best["step"]], [f1], "*", color="black", markersize=11, zorder=3)
        axes.annotate(
            f"{f1:.3f}", (best["step"], f1), (0, 8), textcoords="offset points", ha="right"
        )
    axes.set(title="Validation, F1", ylim=(0.0, 1.0))
    _legend(axes, below=True)


def _draw_rate(axes: Axes, steps: Sequence[dict[str, Any]]) -> None:
    _plot(axes, steps, "rate", "learning rate", color="C4")
    axes.set(title="Learning rate, and norm of the gradient", ylim=(0.0, None))
    norms = axes.twinx()
    _plot(norms, steps, "norm", "gradient", color="C7", linewidth=0.8)
    norms.set_ylim(bottom=0.0)
    _legend(axes, norms)


def _draw_pace(axes: Axes, steps: Sequence[dict[str, Any]]) -> None:
    _plot(axes, steps, "audio_per_s", "audio-seconds per second", color="C2")
    axes.set(title="Pace, and share of the time spent waiting for data", ylim=(0.0, None))
    waiting = axes.twinx()
    _plot(waiting, steps, "waiting", "waiting", color="C1", linewidth=0.8)
    waiting.set_ylim(0.0, 1.0)
    _legend(axes, waiting)


def _plot(axes: Axes, lines: Sequence[dict[str, Any]], name: str, label: str, **look: Any) -> None:
    """One figure over the steps, where there is any."""
    points = [(line["step"], line[name]) for line in lines if name in line]
    if points:
        axes.plot(*zip(*points, strict=True), label=label, **look)


def _legend(*every: Axes, below: bool = False) -> None:
    """One legend for axes that share a place: in it, or in a row below it."""
    handles = [handle for axes in every for handle in axes.get_legend_handles_labels()[0]]
    if not handles:
        return
    place: dict[str, Any] = {"loc": "upper center", "bbox_to_anchor": (0.5, 0.0)} if below else {}
    columns = len(handles) if below else 1
    every[-1].legend(handles=handles, fontsize=8, frameon=not below, ncols=columns, **place)
