"""The engine's instruments: everything `Stats` shows, and what sounds now."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import replace

from .events import Event, NoteOff, NoteOn, PedalOff, PedalOn
from .footprint import Footprint, FootprintMeter
from .hearing import Timeline
from .latency import MINUTE_S, LatencyMeter, LatencyParts, LoadMeter
from .levels import LevelMeter
from .snapshot import Health, SoundingNote, Stats
from .sources import Block, Clock
from .timing import SAMPLE_RATE

REFRESH_S = 0.25
"""Figures are worked out so often at most: nobody reads faster, and percentiles cost."""

FOOTPRINT_S = 1.0
"""Memory and processor time are measured so often at most."""

BEHIND_S = 0.2
"""Sound that waited longer for the engine means it is behind."""

BUSY = 0.6
"""Real-time factor from which little is left for anything else."""

LOSS_SHOWN_S = 5.0
"""A loss counts as being behind for so long."""

_MOST_UNDRAWN = 4096  # where nothing draws, strikes are not remembered for ever


class Readings:
    """Written in the engine's thread, read by the screen's, both under the engine's lock."""

    def __init__(self, clock: Clock) -> None:
        self.pedal = False
        self._sounding: dict[int, SoundingNote] = {}
        self._event, self._screen = LatencyMeter(), LatencyMeter()
        self._load, self._level = LoadMeter(), LevelMeter()
        self._strikes: deque[float] = deque()
        self._undrawn: deque[tuple[int, float, float]] = deque(maxlen=_MOST_UNDRAWN)
        self._notes = self._lost = self._overflows = 0
        self._lost_at = -LOSS_SHOWN_S
        self._queue_s = 0.0
        self._footprints = FootprintMeter()
        self._footprint = Footprint(self._footprints.measure().memory_mb)
        self._footprint_at = clock()
        self._stats, self._stats_at = Stats(), -REFRESH_S
        self._clock = clock

    @property
    def sounding(self) -> tuple[SoundingNote, ...]:
        """Notes sounding now, by pitch."""
        return tuple(sorted(self._sounding.values(), key=lambda note: note.pitch))

    def took(self, block: Block, taken_s: float, done_s: float) -> None:
        """A block was taken and everything it led to is done."""
        sound_s = (len(block.samples) + block.lost) / SAMPLE_RATE
        self._load.add(done_s, done_s - taken_s, sound_s)
        self._level.push(block.samples, block.clipped, taken_s)
        self._queue_s = taken_s - block.arrived_s
        if block.overflows or block.lost:
            self._lost += block.lost
            self._overflows += block.overflows
            self._lost_at = taken_s

    def emitted(self, events: Sequence[Event], first: int, timeline: Timeline | None) -> None:
        """Events, numbered from `first`, have left; measured where their timeline is known."""
        for number, event in enumerate(events, first):
            match event:
                case NoteOn():
                    self._sounding[event.pitch] = SoundingNote(
                        event.pitch, event.sample, event.velocity
                    )
                    self._notes += 1
                    self._strikes.append(self._clock())
                    if timeline is not None:
                        self._measure(number, event, timeline)
                case NoteOff():
                    self._sounding.pop(event.pitch, None)
                case PedalOn():
                    self.pedal = True
                case PedalOff():
                    self.pedal = False

    def drawn(self, until: int, now_s: float) -> None:
        """Events before number `until` stand on the screen."""
        while self._undrawn and self._undrawn[0][0] < until:
            _, captured_s, emitted_s = self._undrawn.popleft()
            draw = LatencyParts(draw_ms=1000.0 * (now_s - emitted_s))
            self._screen.add(now_s, 1000.0 * (now_s - captured_s), draw)

    def stats(self, now_s: float, *, fresh: bool = False) -> Stats:
        """All figures, worked out anew when the last ones are old, or `fresh` ones are wanted."""
        if now_s - self._stats_at < REFRESH_S and not fresh:
            return self._stats
        if now_s - self._footprint_at >= FOOTPRINT_S:
            self._footprint, self._footprint_at = self._footprints.measure(), now_s
        while self._strikes and self._strikes[0] < now_s - MINUTE_S:
            self._strikes.popleft()
        draw_ms = self._screen.mean_parts(now_s).draw_ms
        load = self._load.load()
        self._stats_at = now_s
        self._stats = Stats(
            self._event.percentiles(now_s),
            self._screen.percentiles(now_s),
            replace(self._event.mean_parts(now_s), draw_ms=draw_ms),
            load,
            self._level.level(now_s),
            self._lost / SAMPLE_RATE,
            self._overflows,
            self._health(now_s, load.realtime_factor),
            self._notes,
            len(self._strikes),
            len(self._sounding),
            self._footprint,
        )
        return self._stats

    def _measure(self, number: int, event: NoteOn, timeline: Timeline) -> None:
        parts = timeline.parts(event)
        self._event.add(timeline.emitted_s, parts.total_ms, parts)
        captured_s = timeline.captured_s(event.sample)
        self._undrawn.append((number, captured_s, timeline.emitted_s))

    def _health(self, now_s: float, factor: float) -> Health:
        if self._queue_s > BEHIND_S or now_s - self._lost_at < LOSS_SHOWN_S:
            return "behind"
        return "busy" if factor > BUSY else "good"
