"""What a view is asked to paint: how time and keys are laid on half cells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from transcriber.timing import LOWEST_PITCH, PITCHES, SAMPLE_RATE

from .history import History, Span

HIGHEST_PITCH = LOWEST_PITCH + PITCHES - 1

ZOOMS_MS = (5, 10, 20, 30, 40, 60, 80, 120, 200, 400, 1000)
"""Milliseconds one half cell may stand for. Fixed steps, so that a note keeps its shape while it
moves: its ends fall on the same multiples in every frame.
"""

HEAD_S = 0.1
"""Seconds of a note drawn as its strike."""

GLOW_S = 0.15
"""A key stays lit so long after its note ended: a short note is over before it is even decided."""

LEAST_KEYS = 36
"""Keys shown at least when the range is chosen for the player: three octaves."""

MARGIN_KEYS = 2
"""Keys left free beyond the lowest and the highest that was played, where there is room."""

MOST_SCALE = 3
"""Half cells per key at most."""

_TICKS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600)


class KeyRange(NamedTuple):
    """Keys from `low` up, each `scale` half cells (or cells) wide."""

    low: int
    scale: int

    def top(self, places: int) -> int:
        """Highest key that is at least begun in so many places."""
        return self.low + -(-places // self.scale) - 1

    def place(self, pitch: int) -> int:
        """First place of a key, counted from the low end; may lie outside."""
        return (pitch - self.low) * self.scale

    def pitch(self, place: int) -> int:
        """Key at a place counted from the low end."""
        return self.low + place // self.scale


def placed(low: int, scale: int, places: int) -> KeyRange:
    """A range moved onto the piano, centred on it where the piano is smaller than the room."""
    keys = places // scale
    if keys >= PITCHES:
        return KeyRange(LOWEST_PITCH - (keys - PITCHES) // 2, scale)
    return KeyRange(min(max(low, LOWEST_PITCH), HIGHEST_PITCH - keys + 1), scale)


def fitting(heard: tuple[int, int] | None, places: int) -> KeyRange:
    """The range that shows all that was heard, in the widest keys that leave three octaves.

    Args:
        heard: Lowest and highest pitch so far.
        places: Half cells (or cells) there are.
    """
    low, high = heard or (60, 60)
    played = high - low + 1
    wanted = max(played + 2 * MARGIN_KEYS, LEAST_KEYS)
    scale = next((s for s in range(MOST_SCALE, 1, -1) if places // s >= wanted), 1)
    keys = places // scale
    middle = (low + high) // 2
    if played <= keys:
        # Middle C stands in the middle until the music leaves no other choice.
        margin = min(MARGIN_KEYS, (keys - played) // 2)
        lowest, highest = high + margin - keys + 1 + keys // 2, low - margin + keys // 2
        middle = min(max(60, lowest), highest)
    return placed(middle - keys // 2, scale, places)


@dataclass(frozen=True, slots=True)
class Scene:
    """A view onto a history.

    Args:
        history: What was heard.
        edge: Sample at the line where notes come into being.
        unit: Samples per half cell of time.
        keys: The keys in view.
        falls: Time after `edge` is shown, as in a replay, instead of time before it.
    """

    history: History
    edge: int
    unit: int
    keys: KeyRange
    falls: bool = False

    @property
    def place(self) -> int:
        """Number of the half cell of time that holds the edge."""
        return self.edge // self.unit

    def window(self, places: int) -> tuple[int, int]:
        """First sample, and sample after the last, of so many half cells of time."""
        if self.falls:
            return self.place * self.unit, (self.place + places) * self.unit
        return (self.place - places + 1) * self.unit, (self.place + 1) * self.unit

    def age(self, sample: int) -> int:
        """Half cells between a sample and the edge; 0 is the half cell at the edge."""
        distance = sample // self.unit - self.place
        return distance if self.falls else -distance

    def ages(self, samples: NDArray[np.int64]) -> NDArray[np.int64]:
        """`age` of many samples."""
        distances = samples // self.unit - self.place
        return distances if self.falls else -distances

    def lit(self, spans: list[Span]) -> dict[int, int]:
        """Velocities of the keys that are down at the edge."""
        glow = round(GLOW_S * SAMPLE_RATE)
        return {
            span.pitch: span.velocity
            for span in sorted(spans)
            if span.start <= self.edge < span.end + (0 if self.falls else glow)
        }

    def pedal_down(self) -> bool:
        """Whether the pedal is down at the edge."""
        return any(True for _ in self.history.presses(self.edge - 1, self.edge + 1))

    def ticks(self, places: int, spacing: int) -> list[tuple[int, str]]:
        """Round instants in view, at least `spacing` half cells apart.

        Returns:
            Age in half cells, and a label such as `1:05`.
        """
        least_s = spacing * self.unit / SAMPLE_RATE
        step = next((s for s in _TICKS_S if s >= least_s), _TICKS_S[-1])
        start, end = self.window(places)
        first = max(-(-start // (step * SAMPLE_RATE)), 0)
        out = []
        for number in range(first, -(-end // (step * SAMPLE_RATE))):
            seconds = number * step
            out.append((self.age(seconds * SAMPLE_RATE), clock_text(seconds)))
        return out


def clock_text(seconds: float) -> str:
    """`1:05`, or `1:02:05` from an hour on."""
    minutes, rest = divmod(int(max(seconds, 0.0)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
