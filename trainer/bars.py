"""How high the bar is: what the bundled model must reach, and whether it does.

The bars are the contract of the bundled weights, given before they were trained. A figure is
compared as measured, not as printed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from .evaluation import Summary
from .examination import Examination

Unit = Literal["", "ms", "MB", "per minute"]


@dataclass(frozen=True, slots=True)
class Mark:
    """One figure beside its bar.

    Args:
        title: What was measured.
        value: The figure.
        bar: What it must reach.
        at_least: Whether more is better.
        unit: Of both; empty for scores, 0..1.
        is_goal: Whether this is what is hoped for, beyond what is asked.
    """

    title: str
    value: float
    bar: float
    at_least: bool = True
    unit: Unit = ""
    is_goal: bool = False

    @property
    def margin(self) -> float:
        """How far the figure is on the right side of its bar; negative where it is not."""
        return self.value - self.bar if self.at_least else self.bar - self.value

    @property
    def met(self) -> bool:
        """Whether the bar is reached."""
        return self.margin >= 0.0


def marks(examination: Examination) -> list[Mark]:
    """Every bar that there is a figure for."""
    return [
        *_of_model(examination),
        *_on_recordings(examination.recordings),
        *_under_strain(examination),
        *_beside_peers(examination),
    ]


def _of_model(examination: Examination) -> Iterator[Mark]:
    if examination.lookahead_ms is not None:
        yield Mark("Look-ahead", examination.lookahead_ms, 120.0, False, "ms")
    if examination.file_mb is not None:
        yield Mark("Model file", examination.file_mb, 16.0, False, "MB")


def _on_recordings(summary: Summary) -> Iterator[Mark]:
    onset = summary.mean["onset"]
    if onset is None:
        return
    yield Mark("Onset F1", onset.f1, 0.88)
    yield Mark("Onset F1, goal", onset.f1, 0.93, is_goal=True)
    for measure, title, bar in (
        ("offset", "Onset and end F1", 0.55),
        ("velocity", "Onset, end and velocity F1", 0.35),
        ("frame", "Frame F1", 0.80),
    ):
        score = summary.mean[measure]
        if score is not None:
            yield Mark(title, score.f1, bar)
    apart = abs(onset.precision - onset.recall)
    yield Mark("Precision and recall apart", apart, 0.06, at_least=False)
    if summary.timing is not None:
        yield Mark("Onset error, median", summary.timing.median_ms, 12.0, False, "ms")


def _under_strain(examination: Examination) -> Iterator[Mark]:
    clean = onset_f1(examination.recordings)
    if examination.silence_per_minute is not None:
        heard = examination.silence_per_minute
        yield Mark("Notes in noise without a piano", heard, 1.0, False, "per minute")
    if examination.noise is not None:
        lost = clean - onset_f1(examination.noise)
        yield Mark("Onset F1 lost to noise, 15 dB SNR", lost, 0.06, at_least=False)
    if examination.levels:
        lost = clean - min(onset_f1(summary) for summary in examination.levels.values())
        quietest = min(examination.levels)
        yield Mark(f"Onset F1 lost to level, {quietest:g} to 0 dB", lost, 0.03, at_least=False)
    if examination.room is not None:
        lost = clean - onset_f1(examination.room)
        yield Mark("Onset F1 lost to a room, RT60 0.6 s", lost, 0.05, at_least=False)


def _beside_peers(examination: Examination) -> Iterator[Mark]:
    if examination.excerpts is None or examination.peers is None:
        return
    ours = onset_f1(examination.excerpts)
    reached = {name: scores["onset_f1"] for name, scores in examination.peers.programs.items()}
    for name in sorted(reached, key=lambda name: reached[name]):
        yield Mark(f"Onset F1 on excerpts, as {name}", ours, reached[name], is_goal=True)


def onset_f1(summary: Summary) -> float:
    """Mean onset F1; 0 where nothing was played."""
    score = summary.mean["onset"]
    return 0.0 if score is None else score.f1
