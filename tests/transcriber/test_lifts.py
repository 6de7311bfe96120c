"""Pedal lifts inferred from notes that ended under a press, and what they are for: the way back."""

from __future__ import annotations

from pathlib import Path

import pytest

from transcriber.lifts import REST_S, lifted
from transcriber.midi import read_midi, write_midi
from transcriber.notes import Note, Pedal, Transcript, sounding

LONG = Pedal(0.5, 6.0)


def chord(onset_s: float, offset_s: float, *pitches: int) -> list[Note]:
    return [Note(onset_s, offset_s, pitch, 64) for pitch in pitches]


def test_chords_that_end_under_a_press_part_it() -> None:
    first = [*chord(1.0, 2.0, 60, 64), Note(1.0, 2.03, 67, 64)]
    second = chord(2.05, 6.0, 62, 65, 69)
    assert lifted([*first, *second], [LONG]) == (Pedal(0.5, 2.0), Pedal(2.03 + REST_S, 6.0))


def test_what_is_written_sounds_as_it_was_heard(tmp_path: Path) -> None:
    heard = [*chord(1.0, 2.0, 60, 64, 67), *chord(2.1, 4.0, 62, 65), *chord(4.1, 6.0, 55, 59)]
    write_midi(Transcript.of(heard, [LONG]), tmp_path / "chords.mid")
    back = read_midi(tmp_path / "chords.mid")
    assert len(back.pedals) == 3
    assert [note.offset_s for note in back.notes] == pytest.approx(
        [note.offset_s for note in sorted(heard)], abs=0.001
    )


def test_a_press_that_adds_little_is_left_alone() -> None:
    dies_away = Note(1.0, 5.2, 90, 40)  # 0.8 s before the pedal comes up
    assert lifted([dies_away], [LONG]) == (LONG,)
    # Four such notes would sound on for more than three seconds in all.
    assert len(lifted(chord(1.0, 5.2, 60, 64, 67, 72), [LONG])) == 2


def test_a_note_struck_again_is_not_held_by_the_pedal() -> None:
    repeated = [Note(1.0, 1.5, 60, 64), Note(1.52, 6.0, 60, 64)]
    assert lifted(repeated, [LONG]) == (LONG,)


def test_a_press_begins_after_the_notes_it_would_catch() -> None:
    """The pedal of the next chord, heard a little before the former chord had ended."""
    before = chord(0.0, 0.53, 60, 64, 67)
    assert lifted(before, [LONG]) == (Pedal(0.53 + REST_S, 6.0),)


def test_no_lift_where_the_pedal_alone_holds_a_note() -> None:
    held = Note(1.0, 6.0, 48, 64, 1.2)
    assert lifted([held, *chord(1.0, 2.0, 60, 64, 67)], [LONG]) == (LONG,)
    released_later = Note(1.0, 6.0, 48, 64, 3.0)
    assert len(lifted([released_later, *chord(1.0, 2.0, 60, 64, 67)], [LONG])) == 2


def test_a_consistent_performance_is_unchanged() -> None:
    pedals = (Pedal(0.5, 2.0), Pedal(2.1, 4.0), Pedal(4.0, 9.0))
    keys = [Note(0.25 * i, 0.25 * i + 0.2, 50 + i, 64) for i in range(30)]
    assert lifted(sounding(keys, pedals), pedals) == pedals


def test_nothing_played_nothing_lifted() -> None:
    assert lifted([], [LONG]) == (LONG,)
    assert lifted(chord(1.0, 2.0, 60), []) == ()
