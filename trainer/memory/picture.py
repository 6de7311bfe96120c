"""A run's memory as a picture: every process over the steps, and the lines that grew."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from transcriber.atomic import atomic_path

from .heap import HeapReport
from .journal import Life
from .leaks import judge, longest
from .readings import Sample
from .slopes import LEAST_MB

_LINES = 8
_SIZE = (11.0, 5.0)
_SIZE_WITH_LINES = (11.0, 8.0)


def draw(lives: Sequence[Life], path: Path) -> None:
    """Draws held and resident memory over steps, and the fastest growing lines when profiled.

    Args:
        lives: A run's journal.
        path: Picture to write; its suffix says the kind, PNG or SVG.

    Raises:
        OutputError: It cannot be written.
    """
    heaps = longest(lives).last_heaps()
    profiled = any(heap.lines for heap in heaps.values())
    figure = Figure(figsize=_SIZE_WITH_LINES if profiled else _SIZE, layout="constrained")
    FigureCanvasAgg(figure)
    rows = figure.subplots(2 if profiled else 1, 1, squeeze=False)[:, 0]
    _draw_processes(rows[0], lives)
    rows[0].set_title(f"Memory: {judge(lives)}", loc="left")
    if profiled:
        _draw_lines(rows[1], heaps)
    with atomic_path(path) as draft:
        figure.savefig(draft, dpi=110)


def _draw_processes(axes: Axes, lives: Sequence[Life]) -> None:
    colours: dict[str, str] = {}
    for life in lives:
        steps = [sample.step for sample in life.samples]
        for name, sizes in _by_name(life.samples).items():
            label = "" if name in colours else name
            colour = colours.setdefault(name, f"C{len(colours) % 10}")
            at = [step for step, size in zip(steps, sizes, strict=True) if size is not None]
            held = [size[0] for size in sizes if size is not None]
            rss = [size[1] for size in sizes if size is not None]
            axes.plot(at, held, color=colour, label=label)
            axes.plot(at, rss, color=colour, linestyle=":", linewidth=0.8)
        if life is not lives[0] and steps:
            axes.axvline(steps[0], color="grey", linewidth=0.8, linestyle="--")
    stops = "; dashed: went on after a stop" if len(lives) > 1 else ""
    axes.set(xlabel=f"steps{stops}", ylabel="MB held; dotted: resident")
    axes.set_ylim(bottom=0.0)
    axes.grid(alpha=0.3)
    if colours:
        axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False)


def _by_name(samples: Sequence[Sample]) -> dict[str, list[tuple[float, float] | None]]:
    """Held and resident MB of each process over the samples, None where it did not live."""
    names = {r.name: None for sample in samples for r in sample.processes}
    series: dict[str, list[tuple[float, float] | None]] = {name: [] for name in names}
    gpu: list[tuple[float, float] | None] = []
    for sample in samples:
        found = {r.name: (r.held_mb, r.rss_mb) for r in sample.processes}
        for name, sizes in series.items():
            sizes.append(found.get(name))
        gpu.append((sample.gpu.allocated_mb, sample.gpu.reserved_mb) if sample.gpu else None)
    if any(gpu):
        series["GPU"] = gpu
    return series


def _draw_lines(axes: Axes, heaps: dict[str, HeapReport]) -> None:
    grown = [(line, name) for name, heap in heaps.items() for line in heap.lines]
    grown = sorted(grown, key=lambda pair: pair[0].fastest, reverse=True)[:_LINES][::-1]
    labels = [f"{line.at}\n{name}" for line, name in grown]
    axes.barh(labels, [line.fastest for line, _ in grown], color="C3", height=0.6)
    # What is no leak shall not look like one.
    axes.set_xlim(0.0, max(2 * LEAST_MB, 1.1 * grown[-1][0].fastest))
    axes.set_xlabel("growth, MB per epoch")
    axes.tick_params(axis="y", labelsize=8)
    axes.grid(axis="x", alpha=0.3)
