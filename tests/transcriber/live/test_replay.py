from __future__ import annotations

from pathlib import Path

import pytest
from played import EVENTS

from transcriber.journal import Journal
from transcriber.replay import Replay
from transcriber.session import Session, read_session
from transcriber.snapshot import Marker


@pytest.fixture
def session(tmp_path: Path) -> Session:
    journal = Journal(tmp_path)
    journal.events(EVENTS)
    journal.mark(Marker(24_000, "again, slower"))
    journal.close(50_000)
    return read_session(journal.path)


def test_replay_shows_events_when_they_had_been_decided(session: Session, clock) -> None:
    replay = Replay(session, clock=clock)
    replay.start()
    clock.now += 1.2

    assert replay.events() == list(EVENTS[:2])
    assert [note.pitch for note in replay.snapshot().sounding] == [60]
    assert replay.snapshot().pedal
    clock.now += 2.0
    assert replay.snapshot().state == "ended"
    assert replay.snapshot().stats.notes == 2
    assert replay.snapshot().markers == (Marker(24_000, "again, slower"),)


def test_replay_is_wound_back(session: Session, clock) -> None:
    replay = Replay(session, speed=2.0, clock=clock)
    replay.start()
    clock.now += 1.5
    assert replay.snapshot().events == 5

    replay.seek(1.1)
    assert replay.snapshot().events == 1
    assert not replay.snapshot().pedal
    clock.now += 0.5
    assert replay.snapshot().position_s == pytest.approx(2.1)


def test_looped_replay_begins_again(session: Session, clock) -> None:
    replay = Replay(session, loop=True, clock=clock)
    replay.start()
    clock.now += 4.0

    assert replay.snapshot().samples == 0
    assert replay.snapshot().state == "listening"
    assert replay.rounds == 1


def test_replay_wound_before_it_starts_waits_there(session: Session, clock) -> None:
    replay = Replay(session, clock=clock)
    replay.seek(1.2)
    clock.now += 5.0
    assert replay.snapshot().position_s == pytest.approx(1.2)

    replay.start()
    clock.now += 0.5

    assert replay.snapshot().position_s == pytest.approx(1.7)
