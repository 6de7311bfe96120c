"""Pairs of notes, counted by hand."""

from __future__ import annotations

import pytest

from transcriber.matching import match, match_velocity
from transcriber.notes import Note


def notes(*rows: tuple[float, float, int, int]) -> tuple[Note, ...]:
    return tuple(Note(*row) for row in rows)


REFERENCE = notes((0.0, 1.0, 60, 64), (1.0, 2.0, 62, 64), (2.0, 3.0, 64, 64), (3.0, 4.0, 65, 64))


def test_exactly_at_the_tolerance_is_within_it() -> None:
    late = notes((0.05, 1.0, 60, 64), (1.0501, 2.0, 62, 64), (1.95, 3.0, 64, 64))
    assert match(REFERENCE, late) == [(0, 0), (2, 2)]
    assert match(REFERENCE, late, onset_tolerance_s=0.051) == [(0, 0), (1, 1), (2, 2)]


def test_ends_may_stray_by_a_fifth_of_the_length_or_50_ms() -> None:
    reference = notes((0.0, 1.0, 60, 64), (0.0, 1.0, 61, 64), (0.0, 0.1, 62, 64), (0, 0.1, 63, 64))
    estimate = notes(
        (0.0, 1.2, 60, 64), (0.0, 1.21, 61, 64), (0.0, 0.15, 62, 64), (0, 0.16, 63, 64)
    )
    assert match(reference, estimate, offsets=True) == [(0, 0), (2, 2)]
    assert len(match(reference, estimate)) == 4


def test_pitch_must_be_the_same() -> None:
    assert match(REFERENCE, notes((0.0, 1.0, 61, 64))) == []


def test_as_many_pairs_as_possible() -> None:
    """Nearest first would pair the middle ones and leave two notes alone."""
    reference = notes((1.00, 2, 60, 64), (1.04, 2, 60, 64))
    estimate = notes((1.03, 2, 60, 64), (1.08, 2, 60, 64))
    assert match(reference, estimate) == [(0, 0), (1, 1)]
    # The first must give way: both ends suit it, and the second has no other partner.
    reference = notes((1.00, 3.6, 60, 64), (1.02, 3.0, 60, 64))
    estimate = notes((1.00, 3.2, 60, 64), (1.01, 4.0, 60, 64))
    assert match(reference, estimate, offsets=True) == [(0, 1), (1, 0)]


def test_trill_of_a_thousand_strikes_is_matched() -> None:
    """Every strike lies between two others, so each new pair may move all those before it."""
    reference = notes(*((0.06 * i, 0.06 * i + 0.05, 60, 64) for i in range(1200)))
    estimate = notes(*((0.06 * i + 0.03, 0.06 * i + 0.08, 60, 64) for i in range(1200)))
    assert match(reference, estimate) == [(i, i) for i in range(1200)]
    assert match(estimate, reference) == [(i, i) for i in range(1200)]


def test_each_note_is_matched_once() -> None:
    double = notes((0.0, 1.0, 60, 64), (0.01, 1.0, 60, 64))
    assert len(match(REFERENCE, double)) == 1
    assert len(match(double, REFERENCE)) == 1


@pytest.mark.parametrize(
    ("heard", "expected"),
    [
        ([20, 40, 60, 80], 4),  # the same
        ([10, 20, 30, 40], 4),  # half as loud: a line maps one onto the other
        ([80, 60, 40, 20], 4),  # a falling line fits as well, as in mir_eval
        ([20, 40, 90, 60], 1),  # fitted by hand: off by 0.16, 0.03, 0.23 and 0.42
    ],
)
def test_velocities_after_the_fit(heard: list[int], expected: int) -> None:
    reference = notes(*((i, i + 1, 60, v) for i, v in enumerate([20, 40, 60, 80])))
    estimate = notes(*((i, i + 1, 60, v) for i, v in enumerate(heard)))
    pairs = [(i, i) for i in range(4)]
    assert len(match_velocity(reference, estimate, pairs)) == expected


def test_no_pairs_no_velocities() -> None:
    assert match_velocity(REFERENCE, (), []) == []
