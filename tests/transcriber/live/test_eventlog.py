from __future__ import annotations

from transcriber.eventlog import EventLog
from transcriber.events import NoteOff, NoteOn, PedalOff, PedalOn

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
