"""Notes, their two ends, and the transcript that live events add up to."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transcriber.events import NoteOff, NoteOn, PedalOff, PedalOn
from transcriber.notes import MIN_NOTE_S, Note, Pedal, Transcript, TranscriptBuilder, sounding


@pytest.mark.parametrize(
    "values",
    [(-0.1, 1, 60, 64), (1, 1, 60, 64), (0, 1, 20, 64), (0, 1, 109, 64), (0, 1, 60, 0),
     (0, 1, 60, 128), (math.nan, 1, 60, 64)],
)  # fmt: skip
def test_impossible_notes_are_refused(values: tuple[float, float, int, int]) -> None:
    with pytest.raises(ValueError, match=r"out of order|not on a piano|outside 1\.\.127"):
        Note(*values)


def test_the_pedal_holds_a_note_whose_key_is_released_under_it() -> None:
    held, free = sounding([Note(0, 1, 60, 64), Note(3, 4, 62, 64)], [Pedal(0.5, 2)])
    assert (held.offset_s, held.key_offset_s) == (2, 1)
    assert (free.offset_s, free.key_offset_s) == (4, 4)


def test_a_pedal_pressed_after_the_key_came_up_holds_nothing() -> None:
    (note,) = sounding([Note(0, 1, 60, 64)], [Pedal(1.1, 2)])
    assert note.offset_s == 1


def test_a_strike_ends_the_note_before_it_under_the_pedal() -> None:
    first, second = sounding([Note(0, 0.5, 60, 64), Note(1, 1.2, 60, 64)], [Pedal(0, 3)])
    assert (first.offset_s, second.offset_s) == (1, 3)


def test_a_key_released_at_the_instant_of_a_press_is_held() -> None:
    (note,) = sounding([Note(0, 1, 60, 64)], [Pedal(1, 2)])
    assert note.offset_s == 2


def test_cut_keeps_notes_struck_inside_and_clips_ends() -> None:
    whole = Transcript.of(
        [Note(0.5, 3, 60, 64), Note(1.5, 9, 62, 64, 5.0), Note(2, 3, 64, 64)], [Pedal(0, 1.25)], 10
    )
    part = whole.cut(1.0, 2.0)
    assert part.notes == (Note(0.5, 1.0, 62, 64, 1.0),)
    assert part.pedals == (Pedal(0.0, 0.25),)
    assert part.duration_s == 1.0


def test_a_builder_ends_what_was_left_open() -> None:
    builder = TranscriptBuilder(sample_rate=1000)
    builder.add([NoteOn(100, 200, 60, 70, 0.9), PedalOn(50, 200)])
    builder.add([NoteOn(300, 400, 62, 80, 0.9), NoteOff(350, 400, 62)])
    assert builder.finish(1000) == Transcript(
        (Note(0.1, 1.0, 60, 70), Note(0.3, 0.35, 62, 80)), (Pedal(0.05, 1.0),), 1.0
    )


def test_a_builder_ends_a_note_at_the_next_strike_of_its_key() -> None:
    builder = TranscriptBuilder(sample_rate=1000)
    builder.add([NoteOn(100, 200, 60, 70, 0.9), NoteOn(300, 400, 60, 80, 0.9)])
    builder.add([NoteOff(500, 600, 60), NoteOff(700, 800, 60), PedalOff(700, 800)])
    assert builder.finish(1000).notes == (Note(0.1, 0.3, 60, 70), Note(0.3, 0.5, 60, 80))


def test_a_builder_ends_a_note_no_later_than_a_strike_placed_before_its_end() -> None:
    builder = TranscriptBuilder(sample_rate=1000)
    builder.add([NoteOn(100, 200, 60, 70, 0.9), NoteOff(350, 360, 60)])
    builder.add([NoteOn(340, 400, 60, 80, 0.9), NoteOn(345, 400, 62, 80, 0.9)])
    builder.add([NoteOff(500, 600, 60), NoteOff(600, 700, 62)])
    assert builder.finish(1000).notes == (
        Note(0.1, 0.34, 60, 70), Note(0.34, 0.5, 60, 80), Note(0.345, 0.6, 62, 80)
    )  # fmt: skip


ticks = st.integers(0, 400)


@given(
    st.lists(st.tuples(ticks, st.integers(1, 100), st.integers(60, 62)), max_size=12),
    st.lists(st.tuples(ticks, st.integers(1, 100)), max_size=4),
)
def test_sounding_ends(notes: list[tuple[int, int, int]], presses: list[tuple[int, int]]) -> None:
    """The rules of an end: under no pedal, or at a strike of the same key, never before the key."""
    played = {(a, p): Note(a / 100, (a + n) / 100, p, 64) for a, n, p in notes}
    pedals, free_from = [], 0
    for start, length in sorted(presses):
        if start >= free_from:
            pedals.append(Pedal(start / 100, (start + length) / 100))
            free_from = start + length + 1
    result = sounding(played.values(), pedals)
    assert [(n.onset_s, n.pitch) for n in result] == sorted(
        (n.onset_s, n.pitch) for n in played.values()
    )
    for note in result:
        assert note.key_offset_s is not None
        assert note.onset_s < note.key_offset_s <= note.offset_s
        later = [n.onset_s for n in result if n.pitch == note.pitch and n.onset_s > note.onset_s]
        restrike = min(later, default=math.inf)
        assert note.offset_s <= max(restrike, note.onset_s + MIN_NOTE_S)
        held = any(p.onset_s <= note.offset_s < p.offset_s for p in pedals)
        assert not held or note.offset_s == restrike
