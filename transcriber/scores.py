"""How right a transcript is: note scores in the conventions of mir_eval, held to mir_eval by tests.

Onset tolerance 50 ms; offsets within the larger of 50 ms and 20 % of the note's length; velocities
within 0.1 after mir_eval's rescaling; frames at 10 ms. Offsets are sounding ends on both sides.
mir_eval matches notes by maximum bipartite matching, which scores about one percent above MIREX's
greedy matching.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from .matching import match, match_velocity
from .notes import Pedal, Transcript
from .timing import LOWEST_PITCH, PITCHES

FRAME_S = 0.01
"""Grid on which frame scores are taken, in seconds."""


@dataclass(frozen=True, slots=True)
class Score:
    """Precision, recall and F1, each 0..1.

    The counts behind them (true positives and the sizes of both sides) are kept so that pieces can
    be pooled; they take no part in comparisons.
    """

    precision: float
    recall: float
    f1: float
    hits: float = field(default=0.0, compare=False, repr=False)
    estimated: float = field(default=0.0, compare=False, repr=False)
    reference: float = field(default=0.0, compare=False, repr=False)

    @classmethod
    def of_counts(cls, hits: float, estimated: float, reference: float) -> Score:
        """From true positives and the sizes of both sides; nothing against nothing is perfect."""
        counts = (hits, estimated, reference)
        if not estimated and not reference:
            return cls(1.0, 1.0, 1.0, *counts)
        precision = hits / estimated if estimated else 0.0
        recall = hits / reference if reference else 0.0
        total = precision + recall
        return cls(precision, recall, 2 * precision * recall / total if total else 0.0, *counts)


@dataclass(frozen=True, slots=True)
class Scores:
    """Scores of one transcript against another.

    `onset_errors_s` holds estimate minus reference of every matched onset.
    """

    onset: Score
    offset: Score
    velocity: Score
    frame: Score
    pedal: Score
    onset_errors_s: NDArray[np.float64]


def score(reference: Transcript, estimate: Transcript, tolerance_s: float = 0.05) -> Scores:
    """Scores `estimate` against `reference`.

    Args:
        reference: What was played.
        estimate: What was transcribed.
        tolerance_s: Onset tolerance in seconds.

    Returns:
        Onset, onset+offset, onset+offset+velocity, frame and pedal scores.
    """
    onset_hits = match(reference.notes, estimate.notes, tolerance_s)
    offset_hits = match(reference.notes, estimate.notes, tolerance_s, offsets=True)
    velocity_hits = match_velocity(reference.notes, estimate.notes, offset_hits)
    sizes = (len(estimate.notes), len(reference.notes))
    errors = [estimate.notes[e].onset_s - reference.notes[r].onset_s for r, e in onset_hits]
    return Scores(
        Score.of_counts(len(onset_hits), *sizes),
        Score.of_counts(len(offset_hits), *sizes),
        Score.of_counts(len(velocity_hits), *sizes),
        frame_score(reference, estimate),
        pedal_score(reference.pedals, estimate.pedals),
        np.array(errors, np.float64),
    )


def frame_score(reference: Transcript, estimate: Transcript) -> Score:
    """Score of the piano rolls of sounding notes on a grid of `FRAME_S`."""
    end_s = max(reference.duration_s, estimate.duration_s)
    ref, est = _roll(reference, end_s), _roll(estimate, end_s)
    return Score.of_counts(
        float(np.count_nonzero(ref & est)),
        float(np.count_nonzero(est)),
        float(np.count_nonzero(ref)),
    )


def _roll(transcript: Transcript, end_s: float) -> NDArray[np.bool_]:
    roll = np.zeros((PITCHES, round(end_s / FRAME_S) + 1), np.bool_)
    for note in transcript.notes:
        first, last = round(note.onset_s / FRAME_S), round(note.offset_s / FRAME_S)
        roll[note.pitch - LOWEST_PITCH, first : max(last, first + 1)] = True
    return roll


def pedal_score(reference: tuple[Pedal, ...], estimate: tuple[Pedal, ...]) -> Score:
    """Score of the time the pedal is down, on a grid of `FRAME_S`."""
    end_s = max([p.offset_s for p in (*reference, *estimate)], default=0.0)
    grids = []
    for pedals in (reference, estimate):
        grid = np.zeros(round(end_s / FRAME_S) + 1, np.bool_)
        for pedal in pedals:
            grid[round(pedal.onset_s / FRAME_S) : round(pedal.offset_s / FRAME_S)] = True
        grids.append(grid)
    return Score.of_counts(
        float(np.count_nonzero(grids[0] & grids[1])),
        float(np.count_nonzero(grids[1])),
        float(np.count_nonzero(grids[0])),
    )
