"""Repeated notes: how often, how long, and that no key is struck where it is down."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from corpus.restriking import restruck
from transcriber.notes import Note, Pedal, Transcript

HELD = Transcript.of(
    [Note(0.0, 4.0, 48, 60, 3.0), Note(0.5, 2.5, 60, 60), Note(1.0, 1.05, 64, 60)],
    [Pedal(2.0, 4.0)],
)


@pytest.mark.parametrize("seed", range(30))
def test_strikes_fill_the_note_they_replace(seed: int) -> None:
    found = restruck(HELD, np.random.default_rng(seed))
    assert found.pedals == HELD.pedals
    assert found.duration_s == HELD.duration_s
    for note in HELD.notes:
        strikes = [other for other in found.notes if other.pitch == note.pitch]
        assert 1 <= len(strikes) <= 8
        assert strikes[0].onset_s == note.onset_s
        assert (strikes[-1].offset_s, strikes[-1].key_offset_s) == (
            note.offset_s,
            note.key_offset_s,
        )
        for before, after in itertools.pairwise(strikes):
            assert before.key_offset_s is not None
            assert before.onset_s < before.key_offset_s < after.onset_s
            assert after.onset_s - before.onset_s >= 0.11
            # Under the pedal the string sounds until it is struck again.
            pedalled = note.offset_s > (note.key_offset_s or note.offset_s)
            end_s = after.onset_s if pedalled else before.key_offset_s
            assert before.offset_s == pytest.approx(end_s)


def test_long_notes_are_repeated_and_short_ones_are_not() -> None:
    draws = [restruck(HELD, np.random.default_rng(seed)).notes for seed in range(100)]
    assert sum(len(notes) > len(HELD.notes) for notes in draws) > 40
    assert all(sum(note.pitch == 64 for note in notes) == 1 for notes in draws)


def test_nothing_is_repeated_where_nothing_is_played() -> None:
    assert restruck(Transcript(), np.random.default_rng(0)).notes == ()
