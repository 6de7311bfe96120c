"""Pedal probabilities to presses."""

from __future__ import annotations

import numpy as np

from transcriber.events import Event, PedalOff, PedalOn
from transcriber.outputs import PEDAL, WIDTH, Activations
from transcriber.pedal import PedalDecoder
from transcriber.timing import FrameClock

CLOCK = FrameClock(delay=0)


def decode(probabilities: list[float], pieces: int = 1) -> list[Event]:
    rows = np.zeros((len(probabilities), WIDTH), np.float32)
    rows[:, PEDAL] = probabilities
    decoder, state, events = PedalDecoder(0.5, CLOCK), None, []
    for piece in np.array_split(rows, pieces):
        found, state = decoder.step(Activations(piece), state)
        events += found
    return events + decoder.finish(state, len(rows) * CLOCK.hop)


def test_a_press_is_stamped_with_its_instants() -> None:
    events = decode([0.0] * 5 + [0.9] * 10 + [0.0] * 5)
    assert events == [
        PedalOn(CLOCK.instant(5), CLOCK.available_at(5)),
        PedalOff(CLOCK.instant(15), CLOCK.available_at(15)),
    ]


def test_wavering_around_the_threshold_is_one_press() -> None:
    events = decode([0.0] * 5 + [0.52, 0.45, 0.52, 0.45, 0.52] * 4 + [0.0] * 5)
    assert [type(e) for e in events] == [PedalOn, PedalOff]


def test_feet_are_slower_than_three_frames() -> None:
    events = decode([0.0] * 5 + [0.9, 0.0] * 3 + [0.0] * 9)
    stamps = [e.sample for e in events]
    assert min(np.diff(stamps)) >= 3 * CLOCK.hop


def test_a_pedal_down_at_the_end_is_released_there() -> None:
    assert decode([0.0] * 5 + [0.9] * 5)[-1] == PedalOff(3200, 3200)
    assert decode([0.0] * 5) == []


def test_pieces_change_nothing() -> None:
    rng = np.random.default_rng(3)
    probabilities = rng.random(200).tolist()
    assert len(decode(probabilities)) > 10
    assert decode(probabilities, pieces=40) == decode(probabilities)
