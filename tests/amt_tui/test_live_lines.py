"""The lines of `amt live` without an engine: when they start, and what a replay tells."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

from amt_tui import live_plain
from amt_tui.live_plain import Printer, replay_plain
from transcriber.events import NoteOff, NoteOn
from transcriber.replay import Replay
from transcriber.session import Session
from transcriber.snapshot import Snapshot
from transcriber.sources import SourceInfo
from transcriber.timing import SAMPLE_RATE


def objects(text: str) -> list[dict]:
    return [json.loads(line) for line in text.splitlines()]


def test_start_comes_when_the_missing_microphone_does(capsys: pytest.CaptureFixture[str]) -> None:
    printer = Printer(as_json=True)
    missing = Snapshot("retrying", "There is no microphone.", "Plug one in.")
    there = Snapshot("listening", source=SourceInfo("USB"))

    for shot in (missing, there, there, missing, there):
        printer.status(shot)

    lines = objects(capsys.readouterr().out)
    assert [line["event"] for line in lines] == ["status", "start", "status", "status"]
    assert lines[1]["source"] == "USB"


def test_start_comes_even_if_all_is_over(capsys: pytest.CaptureFixture[str]) -> None:
    Printer(as_json=True).status(Snapshot("ended", source=SourceInfo("short.wav")))

    assert [line["event"] for line in objects(capsys.readouterr().out)] == ["start"]


class Told:
    """A clock, which stands in for `time` too: it ends everything after two and a half seconds."""

    now = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        if self.now > 2.5:
            raise KeyboardInterrupt


@pytest.fixture
def printed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., list[str]]:
    """Replay one second with a note that ends after it, from `start_s` on; return the events."""

    def play(start_s: float = 0.0, **options: bool) -> list[str]:
        clock = Told()
        monkeypatch.setattr(live_plain, "time", SimpleNamespace(sleep=clock.sleep))
        events = (NoteOn(1000, 3000, 60, 70, 0.9), NoteOff(15_000, 18_000, 60))
        began = datetime(2026, 11, 22, tzinfo=UTC)
        session = Session(
            Path("x.amt.jsonl"), began, {}, events, (), (), SAMPLE_RATE, finished=True
        )
        feed = Replay(session, clock=clock, **options)
        feed.seek(start_s)
        replay_plain(feed, as_json=True)
        return [line["event"] for line in objects(capsys.readouterr().out)]

    return play


def test_looped_replay_ends_its_notes_before_it_begins_again(printed: Callable) -> None:
    assert printed(loop=True) == ["start", *["note_on", "note_off"] * 2, "note_on"]


def test_replay_begins_where_it_was_wound_to(printed: Callable) -> None:
    assert printed(0.5) == ["start", "note_off"]
