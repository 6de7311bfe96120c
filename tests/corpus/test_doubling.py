"""Doubled lines: which keys are added, and that no key is struck where it sounds."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from corpus.doubling import INTERVALS, TOGETHER_S, doubled, together
from transcriber.notes import Note, Pedal, Transcript

SCALE = Transcript.of(
    [Note(0.5 * i, 0.5 * i + 0.4, 48 + i, 50, 0.5 * i + 0.3) for i in range(24)], [Pedal(1.0, 2.0)]
)


@pytest.mark.parametrize("seed", range(20))
def test_a_double_goes_with_its_note(seed: int) -> None:
    found = doubled(SCALE, np.random.default_rng(seed))
    assert found.pedals == SCALE.pedals
    assert found.duration_s == SCALE.duration_s
    added = set(found.notes) - set(SCALE.notes)
    assert set(SCALE.notes) <= set(found.notes)
    intervals = set()
    for double in added:
        origin = min(SCALE.notes, key=lambda note: abs(note.onset_s - double.onset_s))
        assert abs(double.onset_s - origin.onset_s) < 0.06
        assert (double.offset_s, double.key_offset_s) == (origin.offset_s, origin.key_offset_s)
        intervals.add(double.pitch - origin.pitch)
    assert len(intervals) <= 1
    assert intervals <= set(INTERVALS)


def test_most_draws_add_octaves_struck_at_the_same_instant() -> None:
    ups = exact = 0
    for seed in range(200):
        added = set(doubled(SCALE, np.random.default_rng(seed)).notes) - set(SCALE.notes)
        instants = {note.onset_s for note in SCALE.notes}
        ups += any(note.pitch - 12 in range(48, 72) for note in added)
        exact += bool(added) and all(note.onset_s in instants for note in added)
    assert ups > 100
    assert 60 < exact < 160


@pytest.mark.parametrize("seed", range(20))
def test_no_key_is_struck_while_it_sounds(seed: int) -> None:
    rng = np.random.default_rng(seed)
    onsets = np.cumsum(rng.uniform(0.0, 0.2, 200))
    dense, free = [], {}
    for onset in onsets.tolist():
        pitch, length = int(rng.integers(40, 90)), float(rng.uniform(0.05, 2.0))
        if free.get(pitch, 0.0) <= onset:
            dense.append(Note(onset, onset + length, pitch, 60))
            free[pitch] = onset + length
    found = doubled(Transcript.of(dense), rng).notes
    assert len(found) >= len(dense)
    by_key: dict[int, list[Note]] = {}
    for note in found:
        by_key.setdefault(note.pitch, []).append(note)
    for notes in by_key.values():
        for before, after in itertools.pairwise(notes):
            assert before.offset_s <= after.onset_s


def test_nothing_is_doubled_where_nothing_is_played() -> None:
    assert doubled(Transcript(), np.random.default_rng(0)).notes == ()


def test_chords_are_struck_at_one_instant() -> None:
    chord = [Note(1.0, 2.0, 60, 60), Note(1.01, 2.0, 64, 60), Note(1.029, 2.0, 67, 60)]
    later = Note(1.0 + TOGETHER_S + 0.001, 2.0, 72, 60)
    found = together(Transcript.of([*chord, later]))
    assert [note.onset_s for note in found.notes] == [1.0, 1.0, 1.0, later.onset_s]
    assert [note.offset_s for note in found.notes] == [2.0] * 4
