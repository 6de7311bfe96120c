"""All notes of a session, found again by time: what the roll draws and scrolls back through.

Hours of playing must neither slow a frame nor fill the memory, so notes are numbers in flat arrays
(14 bytes each) with an index by stretches of four seconds.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from transcriber.events import Event, NoteOff, NoteOn, PedalOff, PedalOn
from transcriber.timing import SAMPLE_RATE

STRETCH = 4 * SAMPLE_RATE
"""Samples covered by one entry of the index."""

LONGEST = 2**31 - 1
"""Samples of a note that can be told: 37 hours."""


class Span(NamedTuple):
    """A note with both ends in samples, `end` exclusive; an open note ends now."""

    start: int
    end: int
    pitch: int
    velocity: int


class History:
    """Notes, presses of the pedal and markers, in samples since the start of the session."""

    def __init__(self) -> None:
        self.now = 0
        """Samples heard so far; open notes are drawn up to here."""
        self.heard: tuple[int, int] | None = None
        """Lowest and highest pitch struck so far."""
        self.markers: tuple[int, ...] = ()
        """Samples that were marked."""
        self._open: dict[int, NoteOn] = {}
        self._starts, self._lengths = array("q"), array("i")
        self._pitches, self._velocities = array("B"), array("B")
        self._index: dict[int, array[int]] = {}  # numbers of notes, by stretch
        self._pedal_starts, self._pedal_ends = array("q"), array("q")
        self._pedal_since: int | None = None

    def add(self, events: Iterable[Event]) -> None:
        """Takes events in the order in which they were decided."""
        for event in events:
            match event:
                case NoteOn():
                    self._close(event.pitch, event.sample)
                    self._open[event.pitch] = event
                    low, high = self.heard or (event.pitch, event.pitch)
                    self.heard = (min(low, event.pitch), max(high, event.pitch))
                case NoteOff():
                    self._close(event.pitch, event.sample)
                case PedalOn():
                    self._release(event.sample)
                    self._pedal_since = event.sample
                case PedalOff():
                    self._release(event.sample)

    def advance(self, now: int) -> None:
        """Moves the present on. It never moves back: a present that is estimated may waver."""
        self.now = max(self.now, now)

    def wind(self, now: int) -> None:
        """Puts the present anywhere, as in a replay."""
        self.now = now

    def spans(self, start: int, end: int) -> Iterator[Span]:
        """Notes that sound anywhere between two samples, earlier strikes first within a stretch."""
        first = start // STRETCH
        for stretch in range(first, max(end - 1, start) // STRETCH + 1):
            for i in self._index.get(stretch, ()):
                onset = self._starts[i]
                # A long note stands in several stretches: it is given in the first asked for.
                if max(onset // STRETCH, first) != stretch:
                    continue
                over = onset + self._lengths[i]
                if onset < end and over > start:
                    yield Span(onset, over, self._pitches[i], self._velocities[i])
        for event in self._open.values():
            if event.sample < end and self.now > start:
                last = max(self.now, event.sample + 1)
                yield Span(event.sample, last, event.pitch, event.velocity)

    def presses(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        """Presses of the pedal that touch the time between two samples, as (start, end)."""
        if self._pedal_since is not None and self._pedal_since < end and self.now > start:
            yield self._pedal_since, self.now
        # Presses are disjoint and in order, so the first that ended too early ends the search.
        for i in range(len(self._pedal_starts) - 1, -1, -1):
            if self._pedal_ends[i] <= start:
                return
            if self._pedal_starts[i] < end:
                yield self._pedal_starts[i], self._pedal_ends[i]

    def _close(self, pitch: int, sample: int) -> None:
        event = self._open.pop(pitch, None)
        if event is None:
            return
        end = max(sample, event.sample + 1)
        number = len(self._starts)
        self._starts.append(event.sample)
        self._lengths.append(min(end - event.sample, LONGEST))
        self._pitches.append(pitch)
        self._velocities.append(event.velocity)
        for stretch in range(event.sample // STRETCH, (end - 1) // STRETCH + 1):
            self._index.setdefault(stretch, array("I")).append(number)

    def _release(self, sample: int) -> None:
        if self._pedal_since is not None:
            self._pedal_starts.append(self._pedal_since)
            self._pedal_ends.append(max(sample, self._pedal_since + 1))
            self._pedal_since = None
