"""Listeners, drivers and bugs around the engine: files and notes are ended all the same."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from transcriber.engine import Engine
from transcriber.errors import OutputError
from transcriber.events import Event
from transcriber.journal import Journal
from transcriber.model import Model
from transcriber.session import read_session
from transcriber.sources import ArraySource, SourceError
from transcriber.stream import Transcriber
from transcriber.timing import SAMPLE_RATE

SECOND = SAMPLE_RATE


@pytest.fixture
def music(strike_sound: Callable[..., np.ndarray]) -> np.ndarray:
    return strike_sound(4.0, seed=5)


class Collector:
    """A listener that keeps what it is told, and breaks when asked to."""

    def __init__(self, breaks: bool = False) -> None:
        self.events: list[Event] = []
        self.closed = False
        self._breaks = breaks

    def heard(self, events: Sequence[Event]) -> None:
        if self._breaks:
            raise OutputError("The port is gone.", "Plug it in.")
        self.events += events

    def close(self) -> None:
        self.closed = True


def test_listener_that_breaks_is_left_out(
    engine_on: Callable, drive: Callable, paced: Callable, music
) -> None:
    broken, whole = Collector(breaks=True), Collector()
    engine = engine_on(paced(music), listeners=[broken, whole])

    drive(engine)
    engine.stop()

    assert engine.snapshot().notice == "The port is gone. Plug it in."
    assert broken.closed
    assert whole.closed
    assert whole.events == engine.events()


def test_stop_ends_what_sounds_and_joins_within_a_second(lively_model: Model, music) -> None:
    engine = Engine(lively_model, lambda: ArraySource(music, paced=True))
    threads = threading.active_count()
    engine.start()
    while not engine.snapshot().sounding:
        time.sleep(0.01)
    began = time.monotonic()

    engine.stop()

    assert time.monotonic() - began < 1.0
    assert threading.active_count() == threads
    assert engine.snapshot().state == "stopped"
    assert engine.snapshot().sounding == ()


def test_driver_that_hangs_is_a_sentence(lively_model: Model, music) -> None:
    source = ArraySource(music)
    hangs, ends = threading.Event(), threading.Event()

    def read(timeout_s: float) -> None:
        hangs.set()
        ends.wait(30.0)

    source.read = read
    engine = Engine(lively_model, lambda: source)
    engine.start()
    assert hangs.wait(10.0)

    with pytest.raises(SourceError, match="does not let go"):
        engine.stop(0.05)

    ends.set()
    engine.stop(10.0)
    assert engine.snapshot().state == "stopped"


def test_bug_in_a_source_is_shown_and_the_notes_are_kept(
    engine_on: Callable, paced: Callable, caplog: pytest.LogCaptureFixture, music
) -> None:
    source = paced(music, block=SECOND)
    engine = engine_on(source)
    engine.step(2.0)
    kept = engine.snapshot().events
    source.read = None
    engine.start()
    engine._thread.join(2.0)

    shot = engine.snapshot()
    assert shot.state == "failed"
    assert "Please report" in shot.remedy
    assert shot.events >= kept > 0


def test_bug_in_the_network_ends_files_and_notes_elsewhere(
    engine_on: Callable,
    paced: Callable,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    tmp_path: Path,
    music,
) -> None:
    port, journal, source = Collector(), Journal(tmp_path), paced(music, block=SECOND)
    engine = engine_on(source, listeners=[port], journal=journal)
    engine.step(2.0)
    monkeypatch.setattr(Transcriber, "push", _broken)
    monkeypatch.setattr(Transcriber, "finish", _broken)
    engine.start()
    engine._thread.join(2.0)
    assert engine.snapshot().state == "failed"
    assert isinstance(engine.error.__cause__, ZeroDivisionError)
    assert port.closed
    assert read_session(journal.path).finished


def _broken(*_: object) -> None:
    raise ZeroDivisionError
