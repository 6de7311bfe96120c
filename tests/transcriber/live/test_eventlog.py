from __future__ import annotations

import tracemalloc

import numpy as np

from transcriber.eventlog import PAGE, EventLog
from transcriber.events import Event, NoteOff, NoteOn, PedalOff, PedalOn

EVENTS = [
    NoteOn(2**40, 2**40 + 5, 21, 1, 0.25),
    PedalOn(6, 7),
    NoteOff(2**40, 2**40 + 1, 108),
    PedalOff(8, 9),
    NoteOn(10, 11, 108, 127, 1.0),
]


def test_events_come_out_as_they_went_in() -> None:
    log = EventLog()
    log.append(EVENTS[:2])
    log.append(EVENTS[2:])

    assert len(log) == 5
    assert log.read() == EVENTS
    assert log.read(1, 3) == EVENTS[1:3]
    assert log.read(4, 99) == EVENTS[4:]
    assert log.read(5) == []


def test_transcript_ends_what_is_open() -> None:
    log = EventLog()
    log.append([NoteOn(16_000, 17_000, 60, 70, 0.9)])

    (note,) = log.transcript(48_000).notes

    assert (note.onset_s, note.offset_s) == (1.0, 3.0)


def test_what_was_put_away_comes_out_as_it_went_in() -> None:
    events: list[Event] = []
    for number in range(2 * PAGE + 10):
        at = 311 * number - number % 7
        events += [NoteOn(at, at + 1920, 21 + number % 88, 1 + number % 127, number / 4096)]
        events += [NoteOff(at + 9000, at + 9600, 21 + number % 88)]
    log = EventLog()
    for start in range(0, len(events), 77):
        log.append(events[start : start + 77])

    assert len(log) == len(events)
    assert log.read() == events
    for start, stop in [(0, 1), (PAGE - 1, PAGE), (PAGE, PAGE + 1), (PAGE - 3, 2 * PAGE + 3)]:
        assert log.read(start, stop) == events[start:stop]
    assert log.read(len(events) - 5) == events[-5:]


def test_an_hour_of_dense_music_is_small() -> None:
    """20 events a second, onsets and confidences without any order."""
    numbers = np.random.default_rng(0)
    log = EventLog()
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    for at in range(0, 3600 * 16_000, 1600):
        start = at + int(numbers.integers(1600))
        pitch, velocity = int(numbers.integers(21, 109)), int(numbers.integers(1, 128))
        log.append([NoteOn(start, at + 3520, pitch, velocity, float(numbers.random()))])
        log.append([NoteOff(start + int(numbers.integers(16_000)), at + 19_520, pitch)])
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert len(log) == 72_000
    assert after - before < 13 * len(log)
