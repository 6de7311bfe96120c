"""An evaluation as pictures: where it is right, how far off in time, how late, and what it looks
like.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray

from transcriber.atomic import atomic_path, make_folder
from transcriber.matching import match
from transcriber.notes import Note
from transcriber.pitches import pitch_name
from transcriber.scores import Score

from .evaluation import Result, Summary
from .faults import Bands

Format = Literal["png", "svg"]

HIT, MISS, EXTRA = "#4c9f70", "#d1495b", "#edae49"
"""Colours of notes found, missed, and heard without having been played."""

_DPI = 110
_FEWEST = 20  # a band of fewer played notes says nothing


def draw_pictures(summary: Summary, folder: Path, kind: Format, title: str) -> list[Path]:
    """Draws everything there are figures for.

    Args:
        summary: What was found.
        folder: Where to; made where it is missing.
        kind: Of the files.
        title: What was evaluated.

    Returns:
        The files: `scores`, `timing` and `roll`.

    Raises:
        OutputError: They cannot be written.
    """
    make_folder(folder, "Choose another one.")
    figures = {
        "scores": draw_scores(summary, title),
        "timing": draw_timing(summary, title),
        "roll": draw_roll(typical(summary)),
    }
    return [_save(figure, folder / f"{name}.{kind}") for name, figure in figures.items()]


def draw_scores(summary: Summary, title: str) -> Figure:
    """Precision, recall and F1 of onsets by octave, velocity and number of notes sounding."""
    figure = Figure(figsize=(13, 4.2), layout="constrained")
    faults = summary.faults
    for axes, (heading, bands) in zip(
        np.ravel(figure.subplots(1, 3, sharey=True)),
        (
            ("Octave", faults.register),
            ("Velocity", faults.velocity),
            ("Notes sounding", faults.polyphony),
        ),
        strict=True,
    ):
        _draw_bands(axes, heading, bands)
    figure.axes[0].set_ylabel("score")
    figure.axes[0].legend(loc="lower right", fontsize=8)
    figure.suptitle(f"Onsets within 50 ms: {title}")
    return figure


def _draw_bands(axes: Axes, heading: str, bands: Bands) -> None:
    rows = [(band, score) for band, score in bands.scores() if score.reference >= _FEWEST]
    places = np.arange(len(rows))
    for shift, part, colour in (
        (-0.27, "precision", "#8fb8de"),
        (0.0, "recall", "#5b7db1"),
        (0.27, "f1", "#1f3a5f"),
    ):
        values = [getattr(score, part) for _, score in rows]
        axes.bar(places + shift, values, 0.26, color=colour, label=part.replace("f1", "F1"))
    labels = [f"{band}\n{score.reference:.0f}" for band, score in rows]
    axes.set(ylim=(0, 1), xlabel=f"{heading}, and notes played")
    axes.set_xticks(places, labels, fontsize=8)
    axes.grid(axis="y", alpha=0.3)
    axes.set_axisbelow(True)


def draw_timing(summary: Summary, title: str) -> Figure:
    """Histograms of onset errors and, where it is known, of decision latency."""
    errors_ms = 1000.0 * np.concatenate([r.scores.onset_errors_s for r in summary.results])
    decision_ms = np.concatenate([r.decision_ms for r in summary.results])
    figure = Figure(figsize=(13 if len(decision_ms) else 6.5, 4.2), layout="constrained")
    axes = figure.subplots(1, 2 if len(decision_ms) else 1, squeeze=False)[0]
    _draw_histogram(axes[0], errors_ms, 50, (50,))
    size = summary.timing
    known = f": {size.median_ms:.1f} ms off in the median, {size.p95_ms:.1f} ms p95" if size else ""
    axes[0].set(
        xlabel="onset error, ms: late is positive", ylabel="notes", title=f"Onset timing{known}"
    )
    if len(decision_ms):
        _draw_histogram(axes[1], decision_ms, 60, (50, 95, 99))
        axes[1].set(
            xlabel="ms of sound after the strike, computing not counted",
            title="Decision latency",
        )
    figure.suptitle(title)
    return figure


def _draw_histogram(
    axes: Axes, values: NDArray[np.float64], bins: int, marked: Iterable[int]
) -> None:
    axes.hist(values, bins, color="#5b7db1")
    for percentile in marked if len(values) else ():
        at = float(np.percentile(values, percentile))
        name = "median" if percentile == 50 else f"p{percentile}"
        axes.axvline(at, color=MISS, lw=1, ls="--")
        axes.text(
            at,
            0.98,
            f" {name} {at:.1f}",
            transform=axes.get_xaxis_transform(),
            va="top",
            fontsize=8,
        )


def typical(summary: Summary) -> Result:
    """The piece whose excerpt comes nearest to the mean onset F1 of whole pieces."""
    mean = summary.mean["onset"]
    f1 = 0.0 if mean is None else mean.f1
    return min(summary.results, key=lambda result: abs(excerpt_f1(result) - f1))


def excerpt_f1(result: Result) -> float:
    """Onset F1 of a piece's excerpt alone."""
    reference, estimate = result.excerpt.reference.notes, result.excerpt.estimate.notes
    return Score.of_counts(len(match(reference, estimate)), len(estimate), len(reference)).f1


def draw_roll(result: Result) -> Figure:
    """The excerpt of a piece: notes found, missed, and heard without having been played."""
    excerpt = result.excerpt
    reference, estimate = excerpt.reference.notes, excerpt.estimate.notes
    pairs = match(reference, estimate)
    hit, true = {r for r, _ in pairs}, {e for _, e in pairs}
    figure = Figure(figsize=(14, 7), layout="constrained")
    axes = figure.subplots()
    # What was not played lies a little lower: often it is a note found too late to count.
    for colour, label, notes, lower in (
        (HIT, "found", [n for i, n in enumerate(reference) if i in hit], 0.0),
        (MISS, "missed", [n for i, n in enumerate(reference) if i not in hit], 0.0),
        (EXTRA, "not played", [n for i, n in enumerate(estimate) if i not in true], 0.3),
    ):
        _draw_notes(axes, notes, colour, f"{label}: {len(notes)}", lower)
    axes.set(
        title=f"{Path(result.name).name}, from {excerpt.start_s:.0f} s on: what was played, and "
        f"what was heard besides (onset F1 {excerpt_f1(result):.3f})",
        xlabel="seconds",
        xlim=(0.0, excerpt.reference.duration_s or 1.0),
    )
    low, high = axes.get_ylim()
    named = [pitch for pitch in range(24, 109, 12) if low <= pitch <= high]
    axes.set_yticks(named, [pitch_name(pitch) for pitch in named])
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), fontsize=8)
    axes.grid(alpha=0.2)
    return figure


def _draw_notes(axes: Axes, notes: list[Note], colour: str, label: str, lower: float) -> None:
    pitches = [note.pitch - lower for note in notes]
    starts, ends = [note.onset_s for note in notes], [note.offset_s for note in notes]
    axes.hlines(pitches, starts, ends, color=colour, lw=3, alpha=0.55, label=label)
    axes.plot(starts, pitches, "|", color=colour, ms=7, mew=2)


def _save(figure: Figure, path: Path) -> Path:
    FigureCanvasAgg(figure)
    with atomic_path(path) as draft:
        # Without a date the same figures give the same file.
        figure.savefig(draft, dpi=_DPI, metadata={"Date": None} if path.suffix == ".svg" else {})
    return path
