"""What the live figures mean, and the meters that take them. `docs/latency.md` says it for people.

Capture-to-event latency of a struck note is the time from the instant at which the string was
struck, as the note itself says, to the instant at which the event left the engine. It is the sum of
six parts, with no remainder:

    look-ahead  from the strike to the last sample the decision needed
    block       from that sample to the end of the block that brought it, the resampler included
    device      from sound to program: the sound card, its driver, the sound server
    queue       from the callback to the engine's taking it
    compute     features and network
    decode      from the network's answer to the event's leaving: decoder, journal, MIDI out

Capture-to-screen latency adds `draw`, from leaving the engine to standing on the screen.

Percentiles are over the strikes of the last minute. Load is the time spent per 20 ms of sound, and
the real-time factor the same as a share, over the last five seconds.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, fields
from operator import attrgetter

import numpy as np

MINUTE_S = 60.0
"""Percentiles and notes per minute look back so far."""

LOAD_S = 5.0
"""Load and real-time factor look back so far."""


@dataclass(frozen=True, slots=True)
class LatencyParts:
    """Parts of a latency, in milliseconds; see the module's description."""

    lookahead_ms: float = 0.0
    block_ms: float = 0.0
    device_ms: float = 0.0
    queue_ms: float = 0.0
    compute_ms: float = 0.0
    decode_ms: float = 0.0
    draw_ms: float = 0.0

    @property
    def total_ms(self) -> float:
        """Their sum."""
        return sum(self.values())

    def values(self) -> tuple[float, ...]:
        """In the order in which they pass."""
        values: tuple[float, ...] = _values(self)
        return values


_values = attrgetter(*(field.name for field in fields(LatencyParts)))  # some thousand a second


@dataclass(frozen=True, slots=True)
class Percentiles:
    """Of the last minute, in milliseconds; `count` strikes went in, and zeros mean none did."""

    p50_ms: float = 0.0
    p95_ms: float = 0.0
    p99_ms: float = 0.0
    count: int = 0


@dataclass(frozen=True, slots=True)
class Load:
    """Time spent on sound, over the last seconds.

    Args:
        per_20_ms: Milliseconds of work per 20 ms of sound.
        worst_ms: Longest single step, in milliseconds.
    """

    per_20_ms: float = 0.0
    worst_ms: float = 0.0

    @property
    def realtime_factor(self) -> float:
        """Work per sound; from 1.0 on it cannot keep up."""
        return self.per_20_ms / 20.0


class LatencyMeter:
    """Latencies of the last minute, of any one kind."""

    def __init__(self) -> None:
        self._taken: deque[tuple[float, float, tuple[float, ...] | None]] = deque()

    def add(self, at_s: float, latency_ms: float, parts: LatencyParts | None = None) -> None:
        """Takes one strike's latency at an instant, with its parts where known."""
        self._taken.append((at_s, latency_ms, parts.values() if parts else None))

    def percentiles(self, now_s: float) -> Percentiles:
        """Over the last minute."""
        self._forget(now_s)
        if not self._taken:
            return Percentiles()
        p50, p95, p99 = np.percentile([one[1] for one in self._taken], (50, 95, 99))
        return Percentiles(float(p50), float(p95), float(p99), len(self._taken))

    def mean_parts(self, now_s: float) -> LatencyParts:
        """Mean of each part over the last minute: their sum is the mean latency."""
        self._forget(now_s)
        parts = [one[2] for one in self._taken if one[2] is not None]
        if not parts:
            return LatencyParts()
        return LatencyParts(*np.mean(parts, axis=0).tolist())

    def _forget(self, now_s: float) -> None:
        while self._taken and self._taken[0][0] < now_s - MINUTE_S:
            self._taken.popleft()


class LoadMeter:
    """Work and sound of the last seconds."""

    def __init__(self) -> None:
        self._steps: deque[tuple[float, float, float]] = deque()  # instant, work, sound

    def add(self, at_s: float, work_s: float, sound_s: float) -> None:
        """Takes one step: so much work for so much sound."""
        self._steps.append((at_s, work_s, sound_s))
        while self._steps[0][0] < at_s - LOAD_S:
            self._steps.popleft()

    def load(self) -> Load:
        """As of the last step."""
        sound_s = sum(step[2] for step in self._steps)
        if not sound_s:
            return Load()
        work_s = sum(step[1] for step in self._steps)
        return Load(20.0 * work_s / sound_s, 1000.0 * max(step[1] for step in self._steps))
