"""How good transcripts are, over many pieces: scores, timing, latency and faults.

Nothing here knows where a transcript came from: a model, or another program's MIDI. The note scores
are those of `transcriber.scores`, which the tests hold to mir_eval. Two averages are given because
they answer two questions:

    mean      every piece counts the same: what to expect of the next recording. The custom of the
              field, and what papers print.
    pooled    every note (or frame) counts the same: long, dense pieces weigh more.

The mean of the pedal leaves out pieces in which it was never pressed, and the other means leave out
those in which nothing was played: there, one false press or note means 0 and none means 1.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from transcriber.notes import Transcript
from transcriber.scores import Score, Scores, score

from .faults import Faults, find_faults

MEASURES = {
    "frame": "Frames of 10 ms",
    "onset": "Onset within 50 ms",
    "offset": "Onset and end",
    "velocity": "Onset, end and velocity",
    "pedal": "Pedal, by time",
}
"""Names of the scores in `transcriber.scores.Scores`, in the order of tables, with their titles."""

EXCERPT_S = 15.0
"""Seconds of each piece that are kept for a picture."""

Milliseconds = NDArray[np.float64]


def _none() -> Milliseconds:
    return np.zeros(0, np.float64)


@dataclass(frozen=True, slots=True)
class Excerpt:
    """The same few seconds of what was played and of what was transcribed.

    `start_s` is where they begin; the times of both transcripts are counted from there.
    """

    start_s: float
    reference: Transcript
    estimate: Transcript

    @classmethod
    def of(cls, reference: Transcript, estimate: Transcript) -> Excerpt:
        """The middle `EXCERPT_S` seconds."""
        start_s = max(0.0, (reference.duration_s - EXCERPT_S) / 2.0)
        end_s = min(reference.duration_s, start_s + EXCERPT_S)
        return cls(start_s, reference.cut(start_s, end_s), estimate.cut(start_s, end_s))


@dataclass(frozen=True)
class Result:
    """One piece.

    Args:
        name: Of the piece.
        played: Number of reference notes.
        found: Number of estimated notes.
        pedalled: Whether the pedal was pressed at all.
        scores: Against the reference.
        faults: Extras and misses.
        excerpt: A part of both transcripts, to be looked at.
        decision_ms: float64 [notes], audio heard after each strike when its note was decided, in
            ms; empty for transcripts made elsewhere.
    """

    name: str
    played: int
    found: int
    pedalled: bool
    scores: Scores
    faults: Faults
    excerpt: Excerpt
    decision_ms: Milliseconds = field(default_factory=_none)


def judge(
    name: str, reference: Transcript, estimate: Transcript, decision_ms: Milliseconds | None = None
) -> Result:
    """Scores one transcript.

    Args:
        name: Of the piece.
        reference: What was played, with sounding ends.
        estimate: What was transcribed, with sounding ends.
        decision_ms: Decision latency of each note, where known.
    """
    return Result(
        name,
        len(reference.notes),
        len(estimate.notes),
        bool(reference.pedals),
        score(reference, estimate),
        find_faults(reference, estimate),
        Excerpt.of(reference, estimate),
        _none() if decision_ms is None else decision_ms,
    )


@dataclass(frozen=True, slots=True)
class Timing:
    """Onset errors of matched notes in ms: size (median, p95) and direction (median, late > 0)."""

    median_ms: float
    p95_ms: float
    bias_ms: float

    @classmethod
    def of(cls, errors_s: NDArray[np.float64]) -> Timing | None:
        """From errors in seconds (estimate minus reference); None where nothing was matched."""
        if not len(errors_s):
            return None
        size = 1000.0 * np.percentile(np.abs(errors_s), [50, 95])
        return cls(float(size[0]), float(size[1]), 1000.0 * float(np.median(errors_s)))


@dataclass(frozen=True, slots=True)
class Latency:
    """Audio heard after a strike when its note was decided, in ms. Computing comes on top."""

    p50_ms: float
    p95_ms: float
    p99_ms: float

    @classmethod
    def of(cls, decision_ms: Milliseconds) -> Latency | None:
        """From the latency of each note; None where it is not known."""
        if not len(decision_ms):
            return None
        return cls(*(float(value) for value in np.percentile(decision_ms, [50, 95, 99])))


@dataclass(frozen=True)
class Summary:
    """All pieces together.

    Args:
        results: One per piece.
        mean: Mean over pieces by measure; None where no piece can be scored.
        pooled: Score of all counts together, by measure.
        timing: Onset errors of all matched notes.
        latency: Decision latency of all notes.
        faults: Of all pieces, added up.
    """

    results: tuple[Result, ...]
    mean: dict[str, Score | None]
    pooled: dict[str, Score]
    timing: Timing | None
    latency: Latency | None
    faults: Faults


def summarise(results: Sequence[Result]) -> Summary:
    """Averages at least one result.

    Raises:
        ValueError: There is none.
    """
    if not results:
        raise ValueError("nothing was scored")
    return Summary(
        tuple(results),
        means([r.scores for r in results]),
        {name: pool(getattr(r.scores, name) for r in results) for name in MEASURES},
        Timing.of(np.concatenate([r.scores.onset_errors_s for r in results])),
        Latency.of(np.concatenate([r.decision_ms for r in results])),
        sum((r.faults for r in results), Faults()),
    )


def means(pieces: Sequence[Scores]) -> dict[str, Score | None]:
    """Mean of each measure over the pieces that tell of it (see above); None where none does."""
    played = [piece for piece in pieces if piece.onset.reference]
    pedalled = [piece for piece in pieces if piece.pedal.reference]
    return {
        name: mean([getattr(piece, name) for piece in (pedalled if name == "pedal" else played)])
        for name in MEASURES
    }


def mean(scores: Sequence[Score]) -> Score | None:
    """Mean precision, recall and F1; None of nothing. The F1 is the mean of F1s, as in papers."""
    if not scores:
        return None
    rows = np.array([(s.precision, s.recall, s.f1) for s in scores])
    return Score(*(float(value) for value in rows.mean(axis=0)))


def pool(scores: Iterable[Score]) -> Score:
    """Score of the summed counts."""
    rows = np.array([(s.hits, s.estimated, s.reference) for s in scores])
    return Score.of_counts(*(float(value) for value in rows.sum(axis=0)))
