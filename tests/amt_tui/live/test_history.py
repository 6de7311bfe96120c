from __future__ import annotations

import time

import numpy as np

from amt_tui.live.history import STRETCH, History, Span
from transcriber.events import Event, NoteOff, NoteOn, PedalOff, PedalOn


def on(sample: int, pitch: int = 60, velocity: int = 80) -> NoteOn:
    return NoteOn(sample, sample, pitch, velocity, 0.9)


def off(sample: int, pitch: int = 60) -> NoteOff:
    return NoteOff(sample, sample, pitch)


def test_open_note_ends_now_until_it_is_released() -> None:
    history = History()
    history.add([on(100)])
    history.advance(500)
    assert list(history.spans(0, 1000)) == [Span(100, 500, 60, 80)]
    history.add([off(300)])
    assert list(history.spans(0, 1000)) == [Span(100, 300, 60, 80)]


def test_second_strike_ends_the_first() -> None:
    history = History()
    history.add([on(100), on(400, velocity=90), off(600)])
    assert list(history.spans(0, 1000)) == [Span(100, 400, 60, 80), Span(400, 600, 60, 90)]


def test_note_through_many_stretches_is_found_once_from_anywhere() -> None:
    history = History()
    history.add([on(10), off(10 * STRETCH)])
    for start in (0, STRETCH - 1, 3 * STRETCH + 5, 9 * STRETCH):
        assert len(list(history.spans(start, start + 2 * STRETCH))) == 1
    assert not list(history.spans(10 * STRETCH, 12 * STRETCH))


def test_spans_agree_with_looking_at_every_note(rng: np.random.Generator) -> None:
    notes = []
    for pitch in range(40, 60):
        at = 0
        for _ in range(30):
            at += int(rng.integers(1, 2 * STRETCH))
            end = at + int(rng.integers(1, 3 * STRETCH))
            notes.append(Span(at, end, pitch, 64))
            at = end
    events: list[Event] = []
    for span in notes:
        events += [on(span.start, span.pitch, 64), off(span.end, span.pitch)]
    history = History()
    history.add(sorted(events, key=lambda e: e.sample))
    for start in rng.integers(0, 40 * STRETCH, 20).tolist():
        end = start + STRETCH + 17
        expected = [s for s in notes if s.start < end and s.end > start]
        assert sorted(history.spans(start, end)) == sorted(expected)


def test_presses_include_the_open_one() -> None:
    history = History()
    history.add([PedalOn(10, 10), PedalOff(50, 50), PedalOn(80, 80)])
    history.advance(100)
    assert sorted(history.presses(0, 200)) == [(10, 50), (80, 100)]
    assert sorted(history.presses(60, 70)) == []


def test_the_present_does_not_waver_unless_it_is_wound() -> None:
    history = History()
    history.advance(100)
    history.advance(90)
    assert history.now == 100
    history.wind(90)
    assert history.now == 90


def test_a_window_of_a_long_session_is_found_without_walking_through_it() -> None:
    history = History()
    for i in range(100_000):
        history.add([on(i * 1600, 40 + i % 40), off(i * 1600 + 1500, 40 + i % 40)])
    began = time.process_time()
    for _ in range(100):
        assert len(list(history.spans(80_000_000, 80_080_000))) == 50
    assert time.process_time() - began < 1.0  # 100,000 notes walked 100 times would take 10 s
