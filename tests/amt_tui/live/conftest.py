"""A feed and a clock for tests of the screen: nothing listens, nothing waits."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace

import pytest
from textual.pilot import Pilot

from amt_tui.live.app import LiveApp
from amt_tui.live.desk import Desk
from transcriber.events import Event, NoteOff, NoteOn, PedalOff, PedalOn
from transcriber.footprint import Footprint
from transcriber.latency import LatencyParts, Load, Percentiles
from transcriber.levels import Level
from transcriber.snapshot import Marker, Snapshot, SoundingNote, Stats
from transcriber.sources import SourceInfo
from transcriber.timing import SAMPLE_RATE

LATE_S = 0.12
"""The fake feed decides so long after the strike."""

_MOST_LAYOUTS = 20

STATS = Stats(
    Percentiles(131.0, 142.0, 155.0, 40),
    Percentiles(149.0, 171.0, 190.0, 40),
    LatencyParts(100.0, 5.0, 12.0, 1.0, 2.0, 0.3, 18.0),
    Load(1.6, 3.1),
    Level(-18.0, -30.0),
    notes_per_minute=96,
    footprint=Footprint(129.0, 22.0),
)


class FakeFeed:
    """A score that becomes known as the hands of a clock are set forward.

    Args:
        score: Events in the order of their decision.
    """

    def __init__(self, score: Sequence[Event] = ()) -> None:
        self.score = list(score)
        self.shot = Snapshot(
            "listening",
            source=SourceInfo("Piano microphone", 48_000),
            model="live 1.0",
            lookahead_ms=100.0,
            stats=STATS,
        )
        self.drawn_until = 0
        self.asked: list[tuple[str, object]] = []

    def start(self) -> None:
        self.asked.append(("start", None))

    def stop(self, timeout_s: float = 1.0) -> None:
        self.asked.append(("stop", timeout_s))

    def play_to(self, seconds: float) -> None:
        """Set the clock."""
        now = round(seconds * SAMPLE_RATE)
        known = [event for event in self.score if event.decided <= now]
        sounding: dict[int, SoundingNote] = {}
        for event in known:
            if isinstance(event, NoteOn):
                sounding[event.pitch] = SoundingNote(event.pitch, event.sample, event.velocity)
            elif isinstance(event, NoteOff):
                sounding.pop(event.pitch, None)
        strikes = sum(isinstance(event, NoteOn) for event in known)
        self.shot = replace(
            self.shot,
            now=now,
            samples=now,
            events=len(known),
            sounding=tuple(sounding[pitch] for pitch in sorted(sounding)),
            stats=replace(self.shot.stats, notes=strikes, polyphony=len(sounding)),
        )

    def snapshot(self) -> Snapshot:
        return self.shot

    def events(self, since: int = 0) -> list[Event]:
        return self.score[since : self.shot.events]

    def drawn(self, until: int) -> None:
        self.drawn_until = until


class FakeEngine(FakeFeed):
    """A feed that takes requests, and writes them down."""

    def mark(self, text: str = "") -> Marker:
        marker = Marker(self.shot.now, text or str(len(self.shot.markers) + 1))
        self.shot = replace(self.shot, markers=(*self.shot.markers, marker))
        return marker

    def set_sensitivity(self, steps: int) -> None:
        self.asked.append(("sensitivity", steps))
        self.shot = replace(self.shot, sensitivity=steps)

    def set_gate(self, threshold_db: float | None) -> None:
        self.asked.append(("gate", threshold_db))

    def calibrate(self) -> None:
        self.asked.append(("calibrate", None))
        self.shot = replace(self.shot, notice="Listening to the room: do not play.")

    def seek(self, seconds: float) -> None:
        self.asked.append(("seek", seconds))


def note(start_s: float, end_s: float, pitch: int, velocity: int = 80) -> list[Event]:
    """A note, decided `LATE_S` after each of its ends."""
    on, off, late = (round(s * SAMPLE_RATE) for s in (start_s, end_s, LATE_S))
    return [NoteOn(on, on + late, pitch, velocity, 0.9), NoteOff(off, off + late, pitch)]


def press(start_s: float, end_s: float) -> list[Event]:
    """A press of the pedal."""
    down, up = (round(s * SAMPLE_RATE) for s in (start_s, end_s))
    return [PedalOn(down, down), PedalOff(up, up)]


def in_order(*parts: list[Event]) -> list[Event]:
    """Events in the order of their decision, releases first."""
    events = [event for part in parts for event in part]
    return sorted(events, key=lambda e: (e.decided, isinstance(e, NoteOn)))


@pytest.fixture
def piece() -> list[Event]:
    """Two bars of a broken chord with pedal, and a chord that stays."""
    notes = [
        note(0.25 * i, 0.25 * i + 0.22, pitch, 40 + 5 * i)
        for i, pitch in enumerate((48, 55, 60, 64, 67, 72, 67, 64, 60, 64, 67, 76, 79, 76, 72, 67))
    ]
    chord = [note(4.0, 8.0, pitch, 100) for pitch in (36, 48, 60, 64, 67)]
    return in_order(*notes, *chord, press(0.1, 1.9), press(2.1, 3.9))


Played = Callable[[float], FakeEngine]


@pytest.fixture
def played(piece: list[Event]) -> Played:
    """A fake engine that has heard the piece up to an instant."""

    def build(seconds: float) -> FakeEngine:
        engine = FakeEngine(piece)
        engine.play_to(seconds)
        return engine

    return build


class Screening:
    """A running app, and the hands of its clock."""

    def __init__(self, app: LiveApp, feed: FakeFeed, pilot: Pilot[None]) -> None:
        self.app, self.feed, self.pilot = app, feed, pilot

    async def tick(self, seconds: float | None = None) -> None:
        if seconds is not None:
            self.feed.play_to(seconds)
        # A layout that comes late, as on a busy machine, wants the picture drawn once more.
        for _ in range(_MOST_LAYOUTS):
            self.app._frame = 0
            self.app.tick()
            await self.pilot.pause()
            if not self.app.roll.stale:
                return

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.tick()

    async def settle(self, condition: Callable[[], bool]) -> None:
        """Wait for a thread, at least ten seconds."""
        for _ in range(1000):
            await self.pilot.pause()
            if condition():
                return
            await asyncio.sleep(0.01)
        raise AssertionError("nothing happened")

    @property
    def toasts(self) -> list[str]:
        return [str(one.message) for one in self.app._notifications]


@asynccontextmanager
async def screening(
    feed: FakeFeed, desk: Desk | None = None, size: tuple[int, int] = (120, 40)
) -> AsyncIterator[Screening]:
    app = LiveApp(feed, desk, frames_per_s=None)
    async with app.run_test(size=size) as pilot:
        shown = Screening(app, feed, pilot)
        await shown.tick()
        yield shown


def run(test: Callable[[Screening], Awaitable[None]], feed: FakeFeed, **named: object) -> None:
    async def main() -> None:
        stage: AbstractAsyncContextManager[Screening] = screening(feed, **named)  # type: ignore[arg-type]
        async with stage as shown:
            await test(shown)

    asyncio.run(main())
