"""Half presses: labels last as long as what is heard."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from corpus.banks import Bank, load_bank
from corpus.instruments import Instrument
from corpus.pedalling import FIRST_UNDAMPED, GONE_DB, HalfPresses, as_heard
from corpus.rendering import render
from transcriber.notes import Note, Pedal, Transcript

PRESS = Pedal(0.3, 3.0)
HELD = Note(0.2, 3.0, 60, 100, key_offset_s=0.5)


@pytest.fixture(scope="module")
def bank(toy_data: Path) -> Bank:
    return load_bank(toy_data / "pianos" / "toy.json")


@pytest.fixture
def half(bank: Bank) -> Instrument:
    """Every press is a half press."""
    return replace(Instrument.plain(bank), half_pedal=1.0, half_pedal_s=0.3)


def heard(instrument: Instrument, *notes: Note, pedal: Pedal = PRESS) -> Transcript:
    return as_heard(Transcript.of(notes, [pedal]), instrument)


def test_whole_presses_stay_as_they_are(bank: Bank) -> None:
    played = Transcript.of([HELD], [PRESS])
    assert as_heard(played, Instrument.plain(bank)) is played


@pytest.mark.parametrize("pitch", [48, 60, 72])
def test_a_note_ends_when_it_has_faded(pitch: int, bank: Bank, half: Instrument) -> None:
    note = replace(HELD, pitch=pitch)
    (label,) = heard(half, note).notes
    assert label.onset_s == note.onset_s
    assert label.key_offset_s == note.key_offset_s
    faded, whole = (
        render(Transcript.of([note], [PRESS]), piano, 64_000).astype(float)
        for piano in (half, Instrument.plain(bank))
    )
    around = slice(round(16_000 * label.offset_s) - 400, round(16_000 * label.offset_s) + 400)
    fallen = 10 * np.log10(np.sum(whole[around] ** 2) / np.sum(faded[around] ** 2))
    assert fallen == pytest.approx(GONE_DB, abs=0.5)


def test_the_press_ends_with_the_last_note_it_holds(half: Instrument) -> None:
    later = Note(0.4, 3.0, 64, 100, key_offset_s=0.9)
    found = heard(half, HELD, later)
    last = max(note.offset_s for note in found.notes)
    assert found.pedals == (Pedal(PRESS.onset_s, last),)
    assert 1.0 < last < PRESS.offset_s
    short = Pedal(0.3, 0.6)
    kept = heard(half, replace(HELD, offset_s=0.6), pedal=short)
    assert kept.pedals == (short,)
    assert kept.notes[0].offset_s == 0.6


def test_a_press_that_was_down_before_is_no_more_often_half(bank: Bank) -> None:
    """A window sets its beginning to 0."""
    piano = replace(Instrument.plain(bank), half_pedal=0.4)
    halves = [HalfPresses([Pedal(0.0, at)], piano).halves[0] for at in np.arange(0.3, 5.0, 0.07)]
    assert 0.2 < np.mean(halves) < 0.6


def test_a_press_that_holds_nothing_is_no_press(half: Instrument) -> None:
    still_down = Note(0.2, 3.5, 60, 100, key_offset_s=3.5)
    undamped = Note(0.2, 3.0, FIRST_UNDAMPED, 100, key_offset_s=0.5)
    found = heard(half, still_down, undamped)
    assert found.pedals == ()
    assert found.notes == (still_down, undamped)
