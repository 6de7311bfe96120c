"""From activations to notes, on activations drawn by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from transcriber.decoder import DecoderSettings, NoteDecoder
from transcriber.events import Event, NoteOff, NoteOn
from transcriber.outputs import FRAME, OFFSET, ONSET, SHIFT, VELOCITY, WIDTH, Activations
from transcriber.timing import FrameClock

CLOCK = FrameClock(delay=0)
KEY = 39  # pitch 60


class Drawing:
    """Activations of one key, drawn frame by frame."""

    def __init__(self, frames: int = 40) -> None:
        self.rows = np.zeros((frames, WIDTH), np.float32)

    def set(self, part: slice, at: int | slice, value: float, key: int = KEY) -> Drawing:
        self.rows[at, part.start + key] = value
        return self

    def note(self, start: int, end: int, velocity: int = 64, key: int = KEY) -> Drawing:
        self.set(ONSET, start, 0.9, key).set(FRAME, slice(start, end), 0.9, key)
        return self.set(VELOCITY, start, velocity / 128, key)


def decode(drawing: Drawing, pieces: int = 1, **settings: Any) -> list[Event]:
    decoder = NoteDecoder(DecoderSettings(**settings), CLOCK)
    state, events = None, []
    for piece in np.array_split(drawing.rows, pieces):
        found, state = decoder.step(Activations(piece), state)
        events += found
    return events + decoder.finish(state, len(drawing.rows) * CLOCK.hop)


def spans(events: list[Event]) -> list[tuple[int, int, int]]:
    """Pitch, frame of the strike, frame of the end, of each note."""
    ons = [e for e in events if isinstance(e, NoteOn)]
    ends = [e for e in events if isinstance(e, NoteOff)]
    assert len(ons) == len(ends)
    found = []
    for on in ons:
        off = next(e for e in ends if e.pitch == on.pitch and e.sample > on.sample)
        found.append((on.pitch, CLOCK.frame_of(on.sample), CLOCK.frame_of(off.sample)))
    return found


def test_a_note_is_stamped_with_instants_and_decisions() -> None:
    events = decode(Drawing().note(5, 15, velocity=101))
    on, off = events
    assert isinstance(on, NoteOn)
    assert (on.sample, on.decided, on.pitch, on.velocity) == (
        CLOCK.instant(5), CLOCK.available_at(5), 60, 101,
    )  # fmt: skip
    assert on.confidence == pytest.approx(0.9)
    # The end is known two silent frames later, but speaks about the first of them.
    assert off == NoteOff(CLOCK.instant(15), CLOCK.available_at(16), 60)


def test_shift_moves_the_strike_inside_and_beyond_its_frame() -> None:
    for shift, samples in ((0.25, 80), (-0.5, -160), (1.2, 384), (9.0, 480), (-9.0, -480)):
        (on, _) = decode(Drawing().note(5, 15).set(SHIFT, 5, shift))
        assert on.sample == CLOCK.instant(5) + samples


def test_no_strike_before_the_stream_began() -> None:
    (on, _) = decode(Drawing().note(0, 10).set(SHIFT, 0, -1.0))
    assert on.sample == 0


def test_one_long_onset_is_one_note() -> None:
    drawing = Drawing().note(5, 30).set(ONSET, slice(5, 20), 0.9)
    assert spans(decode(drawing)) == [(60, 5, 30)]


def test_a_wavering_onset_is_one_note() -> None:
    """A key is armed again only below half the threshold."""
    drawing = Drawing().note(5, 30)
    for at, value in ((6, 0.4), (9, 0.7), (10, 0.3), (12, 0.8)):
        drawing.set(ONSET, at, value)
    drawing.set(ONSET, slice(7, 9), 0.3).set(ONSET, 11, 0.3)
    assert spans(decode(drawing)) == [(60, 5, 30)]


@pytest.mark.parametrize("distance", [4, 5, 10])
def test_a_restrike_ends_the_note_before_it(distance: int) -> None:
    drawing = Drawing().note(5, 30).set(ONSET, 5 + distance, 0.9)
    assert spans(decode(drawing)) == [(60, 5, 5 + distance), (60, 5 + distance, 30)]


def test_a_strike_within_the_refractory_time_is_none() -> None:
    drawing = Drawing().note(5, 30).set(ONSET, 8, 0.9)
    assert spans(decode(drawing)) == [(60, 5, 30)]
    assert len(spans(decode(drawing, refractory=2))) == 2


def test_the_offset_head_ends_a_note_that_rings_on() -> None:
    drawing = Drawing().note(5, 30).set(OFFSET, 12, 0.9)
    assert spans(decode(drawing)) == [(60, 5, 12)]


def test_one_silent_frame_is_no_end() -> None:
    drawing = Drawing().note(5, 30).set(FRAME, 12, 0.0)
    assert spans(decode(drawing)) == [(60, 5, 30)]
    assert spans(decode(drawing, silent_frames=1)) == [(60, 5, 12)]


def test_notes_may_be_as_long_as_the_stream() -> None:
    drawing = Drawing(3000).note(5, 3000)
    assert spans(decode(drawing)) == [(60, 5, CLOCK.frame_of(3000 * CLOCK.hop))]


def test_sounding_without_a_strike_is_no_note() -> None:
    assert decode(Drawing().set(FRAME, slice(5, 30), 0.9)) == []


def test_softer_strikes_are_left_out() -> None:
    drawing = Drawing().note(5, 15, velocity=20).note(20, 30, velocity=21)
    assert spans(decode(drawing, min_velocity=21)) == [(60, 20, 30)]


def test_velocity_stays_in_range() -> None:
    loud, soft = Drawing().note(5, 15, velocity=128), Drawing().note(5, 15, velocity=0)
    assert [decode(d)[0].velocity for d in (loud, soft)] == [127, 1]


def test_keys_do_not_touch_each_other() -> None:
    chord = Drawing().note(5, 15, key=0).note(5, 20, key=87).note(6, 18, key=KEY)
    assert sorted(spans(decode(chord))) == [(21, 5, 15), (60, 6, 18), (108, 5, 20)]


def test_pieces_change_nothing() -> None:
    drawing = Drawing(300)
    rng = np.random.default_rng(5)
    drawing.rows[:, :88] = rng.random((300, 88)) ** 4
    drawing.rows[:, 88:] = rng.random((300, WIDTH - 88))
    assert len(decode(drawing)) > 500
    assert decode(drawing, pieces=77) == decode(drawing)


def test_decisions_are_in_order_and_never_ahead_of_the_stream() -> None:
    rng = np.random.default_rng(6)
    drawing = Drawing(200)
    drawing.rows[:] = rng.random(drawing.rows.shape)
    decided = [e.decided for e in decode(drawing)]
    assert decided == sorted(decided)
    assert decided[-1] <= 200 * CLOCK.hop


@pytest.mark.parametrize(
    "values",
    [{"onset_threshold": 0.0}, {"offset_threshold": 1.0}, {"refractory": 0}, {"silent_frames": 0},
     {"min_velocity": 0}, {"min_velocity": 128}],
)  # fmt: skip
def test_impossible_settings_are_refused(values: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"outside|at least 1"):
        DecoderSettings(**values)
