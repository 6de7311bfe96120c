"""Scores computed by hand on four notes, and by mir_eval on many."""

from __future__ import annotations

from dataclasses import replace

import mir_eval
import numpy as np
import pytest

from transcriber.matching import match
from transcriber.notes import Note, Pedal, Transcript
from transcriber.scores import Score, frame_score, pedal_score, score

REFERENCE = Transcript.of(
    [Note(0, 1, 60, 20), Note(1, 2, 62, 40), Note(2, 3, 64, 60), Note(3, 4, 65, 80)]
)


def test_nothing_is_wrong_with_itself() -> None:
    scores = score(REFERENCE, REFERENCE)
    perfect = Score(1.0, 1.0, 1.0)
    assert (scores.onset, scores.offset, scores.velocity, scores.frame) == (perfect,) * 4
    assert scores.onset_errors_s.tolist() == [0.0] * 4


def test_four_notes_by_hand() -> None:
    estimate = Transcript.of(
        [
            Note(0.02, 1.0, 60, 20),  # right
            Note(1.0, 1.7, 62, 40),  # ends 0.3 s early: more than a fifth of its second
            Note(2.08, 3, 64, 60),  # 80 ms late
            Note(3.0, 4.0, 65, 80),  # right
            Note(3.0, 4.0, 77, 64),  # not played
        ]
    )
    scores = score(REFERENCE, estimate)
    assert scores.onset == Score(3 / 5, 3 / 4, pytest.approx(2 / 3))
    assert scores.offset == Score(2 / 5, 2 / 4, pytest.approx(4 / 9))
    assert scores.velocity == Score(2 / 5, 2 / 4, pytest.approx(4 / 9))
    assert scores.onset_errors_s.tolist() == pytest.approx([0.02, 0.0, 0.0])
    # Hundredths of a second: 98 + 70 + 92 + 100 of 400 are heard, and 460 claimed.
    hits = 98 + 70 + 92 + 100
    assert scores.frame == Score(hits / 460, hits / 400, pytest.approx(2 * hits / 860))


def test_velocity_by_hand() -> None:
    """Ends and strikes are right; one velocity is off the line the others lie on."""
    heard = [20, 40, 60, 20]
    estimate = Transcript.of(
        [
            Note(n.onset_s, n.offset_s, n.pitch, v)
            for n, v in zip(REFERENCE.notes, heard, strict=True)
        ]
    )
    # Reference in 0..1: 0, 1/3, 2/3, 1. Best line through (20, 0) (40, 1/3) (60, 2/3) (20, 1):
    # means 35 and 1/2; slope = sum(dx dy) / sum(dx dx) = (50/9) / 1100; misses by about 0.42,
    # 0.19, 0.04 and 0.58.
    scores = score(REFERENCE, estimate)
    assert scores.offset.f1 == 1.0
    assert scores.velocity == Score(1 / 4, 1 / 4, 1 / 4)


def test_nothing_against_nothing_is_perfect_and_against_something_is_not() -> None:
    nothing = Transcript()
    assert score(nothing, nothing).onset == Score(1.0, 1.0, 1.0)
    assert score(REFERENCE, nothing).onset == Score(0.0, 0.0, 0.0)
    assert score(nothing, REFERENCE).frame == Score(0.0, 0.0, 0.0)


def test_frames_of_overlapping_notes_count_once() -> None:
    twice = Transcript.of([Note(0, 1, 60, 64), Note(0.5, 1.5, 60, 64)])
    once = Transcript.of([Note(0, 1.5, 60, 64)])
    assert frame_score(once, twice) == Score(1.0, 1.0, 1.0)


def test_pedal_by_hand() -> None:
    found = pedal_score((Pedal(1, 2), Pedal(3, 4)), (Pedal(1.5, 3.0),))
    assert found == Score(50 / 150, 50 / 200, pytest.approx(100 / 350))
    assert pedal_score((), ()) == Score(1.0, 1.0, 1.0)


def as_arrays(notes: tuple[Note, ...]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return (
        np.array([(n.onset_s, n.offset_s) for n in notes]),
        mir_eval.util.midi_to_hz(np.array([n.pitch for n in notes], float)),
        np.array([n.velocity for n in notes], float),
    )


def test_a_published_case_of_mir_eval() -> None:
    """Equivalent in notes to the case its transcription tests began with: one right, one that ends
    early, one of another pitch, and two for the price of one; 0.4, 0.5, 0.444 and 0.6, 0.75, 0.667.
    """
    reference = (
        Note(0.10, 0.30, 57, 64),
        Note(0.30, 0.40, 59, 64),
        Note(0.50, 0.60, 61, 64),
        Note(0.55, 0.65, 62, 64),
    )
    estimate = (
        Note(0.12, 0.29, 57, 64),
        Note(0.30, 0.34, 59, 64),
        Note(0.50, 0.60, 71, 64),
        Note(0.55, 0.59, 62, 64),
        Note(0.56, 0.65, 62, 64),
    )
    (ref, ref_hz, _), (est, est_hz, _) = as_arrays(reference), as_arrays(estimate)
    theirs = mir_eval.transcription.evaluate(ref, ref_hz, est, est_hz)
    scores = score(Transcript(reference), Transcript(estimate))
    for ours, ending, published in (
        (scores.offset, "", (0.4, 0.5, 0.4444444444444445)),
        (scores.onset, "_no_offset", (0.6, 0.75, 0.6666666666666665)),
    ):
        names = [f"{name}{ending}" for name in ("Precision", "Recall", "F-measure")]
        assert tuple(theirs[name] for name in names) == published
        assert (ours.precision, ours.recall, ours.f1) == pytest.approx(published, abs=1e-15)
    assert match(reference, estimate, offsets=True) == [(0, 0), (3, 4)]


def test_a_published_velocity_case_of_mir_eval() -> None:
    """The arrays of its own test: all notes right, one too soft by more than a tenth."""
    times, velocities = [(0.0, 1.0), (0.5, 0.7), (1.0, 2.0)], (10, 90, 110)
    reference = [
        Note(*at, 60 + i, v) for i, (at, v) in enumerate(zip(times, velocities, strict=True))
    ]
    estimate = [
        replace(note, velocity=70 if note.velocity == 90 else note.velocity) for note in reference
    ]
    found = score(Transcript.of(reference), Transcript.of(estimate)).velocity
    assert (found.precision, found.recall, found.f1) == pytest.approx((2 / 3,) * 3, abs=1e-15)


def blurred(rng: np.random.Generator, grid_s: float, keys: int) -> tuple[Transcript, Transcript]:
    """Random music, and a poor memory of it; times on a grid, so that ties at tolerances happen."""

    def on_grid(seconds: float) -> float:
        return round(max(0.0, seconds) / grid_s) * grid_s

    ours, theirs = [], []
    for _ in range(120):
        at, length = on_grid(rng.uniform(0, 10)), on_grid(rng.uniform(0.05, 1.5)) + grid_s
        pitch, velocity = 60 + int(rng.integers(keys)), int(rng.integers(1, 128))
        ours.append(Note(at, at + length, pitch, velocity))
        if rng.random() < 0.85:
            moved = on_grid(at + rng.normal(0, 0.04))
            end = max(on_grid(at + length + rng.normal(0, 0.15)), moved + grid_s)
            heard = int(np.clip(0.6 * velocity + 20 + rng.normal(0, 8), 1, 127))
            theirs.append(Note(moved, end, pitch, heard))
        if rng.random() < 0.1:
            theirs.append(Note(at, at + length, 60 + int(rng.integers(keys)), 64))
    return Transcript.of(ours), Transcript.of(theirs)


@pytest.mark.parametrize("grid_s", [0.01, 0.005, 0.00005, 1e-9])
@pytest.mark.parametrize("seed", range(5))
def test_onset_and_offset_scores_are_those_of_mir_eval(seed: int, grid_s: float) -> None:
    reference, estimate = blurred(np.random.default_rng(seed), grid_s, keys=12)
    ref, ref_hz, _ = as_arrays(reference.notes)
    est, est_hz, _ = as_arrays(estimate.notes)
    scores = score(reference, estimate)
    theirs = mir_eval.transcription.precision_recall_f1_overlap
    onset = theirs(ref, ref_hz, est, est_hz, offset_ratio=None)[:3]
    offset = theirs(ref, ref_hz, est, est_hz)[:3]
    assert 0.3 < onset[2] < 0.95
    assert 0.1 < offset[2] < onset[2]
    ours = scores.onset
    assert (ours.precision, ours.recall, ours.f1) == pytest.approx(onset, abs=1e-12)
    ours = scores.offset
    assert (ours.precision, ours.recall, ours.f1) == pytest.approx(offset, abs=1e-12)


@pytest.mark.parametrize("seed", range(8))
def test_velocity_scores_are_those_of_mir_eval(seed: int) -> None:
    """Where each note has one possible partner; else mir_eval may pair and fit differently."""
    rng = np.random.default_rng(100 + seed)
    ours, theirs = [], []
    for i in range(80):
        velocity = int(rng.integers(1, 128))
        ours.append(Note(i, i + 0.5, 60, velocity))
        heard = int(np.clip(0.6 * velocity + 20 + rng.normal(0, 10), 1, 127))
        theirs.append(Note(i + abs(rng.normal(0, 0.03)), i + 0.5 + rng.normal(0, 0.06), 60, heard))
    reference, estimate = Transcript.of(ours), Transcript.of(theirs)
    (ref, ref_hz, ref_v), (est, est_hz, est_v) = map(as_arrays, (reference.notes, estimate.notes))
    expected = mir_eval.transcription_velocity.precision_recall_f1_overlap(
        ref, ref_hz, ref_v, est, est_hz, est_v
    )[:3]
    scores = score(reference, estimate)
    assert 0.1 < expected[2] < scores.offset.f1
    found = scores.velocity
    assert (found.precision, found.recall, found.f1) == pytest.approx(expected, abs=1e-12)


def test_matching_is_as_large_as_that_of_mir_eval_on_trills() -> None:
    """Many partners per note: one key, struck faster than the tolerance."""
    rng = np.random.default_rng(1)
    for _ in range(20):
        ours = tuple(sorted(Note(t, t + 0.2, 60, 64) for t in rng.uniform(0, 1, 40)))
        theirs = tuple(sorted(Note(t, t + 0.2, 60, 64) for t in rng.uniform(0, 1, 40)))
        (ref, ref_hz, _), (est, est_hz, _) = as_arrays(ours), as_arrays(theirs)
        expected = mir_eval.transcription.match_notes(ref, ref_hz, est, est_hz, offset_ratio=None)
        assert len(match(ours, theirs)) == len(expected)
