"""Every event of a session, in order, in about 7 bytes each.

Eight hours of twenty events a second take 4 MB; as objects they would take twenty times as much,
and the session could not be kept for scrolling back. The last `PAGE` events are rows of numbers;
older ones are put away compressed. Written by the engine's thread, read by any.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .events import Event, NoteOff, NoteOn, PedalOff, PedalOn
from .notes import Transcript, TranscriptBuilder

PAGE = 1024
"""Events put away together, which takes half a millisecond."""

_ON, _OFF, _DOWN, _UP = range(4)

_ROW = np.dtype(
    [
        ("sample", "<i8"),
        ("delay", "<i4"),  # until the decision: never hours
        ("kind", "u1"),
        ("pitch", "u1"),
        ("velocity", "u1"),
        ("confidence", "<f4"),
    ]
)

Rows = NDArray[np.void]


class EventLog:
    """Append-only; events are numbered from 0."""

    def __init__(self) -> None:
        self._sealed: list[bytes] = []
        self._page: Rows = np.zeros(PAGE, _ROW)
        self._filled = 0
        self._lock = Lock()

    def __len__(self) -> int:
        return PAGE * len(self._sealed) + self._filled

    def append(self, events: Iterable[Event]) -> None:
        """Takes events in the order of their decision."""
        with self._lock:
            for event in events:
                self._page[self._filled] = _row(event)
                self._filled += 1
                if self._filled == PAGE:
                    self._sealed.append(_seal(self._page))
                    self._filled = 0

    def read(self, start: int = 0, stop: int | None = None) -> list[Event]:
        """Events numbered `start`..`stop` - 1; to the last without `stop`."""
        with self._lock:
            end = len(self) if stop is None else min(stop, len(self))
            events: list[Event] = []
            for number in range(start // PAGE, -(-end // PAGE)):
                first = PAGE * number
                open_ = number == len(self._sealed)
                page = self._page if open_ else _unseal(self._sealed[number])
                rows = page[max(start - first, 0) : end - first]
                events += [_event(row) for row in rows.tolist()]
            return events

    def transcript(self, samples: int) -> Transcript:
        """The notes of a stream of `samples` samples, open ones ended there."""
        builder = TranscriptBuilder()
        builder.add(self.read())
        return builder.finish(samples)


def _row(event: Event) -> tuple[Any, ...]:
    at = (event.sample, event.decided - event.sample)
    match event:
        case NoteOn():
            return (*at, _ON, event.pitch, event.velocity, event.confidence)
        case NoteOff():
            return (*at, _OFF, event.pitch, 0, 0.0)
        case PedalOn():
            return (*at, _DOWN, 0, 0, 0.0)
        case PedalOff():
            return (*at, _UP, 0, 0, 0.0)


def _event(row: tuple[Any, ...]) -> Event:
    sample, delay, kind, pitch, velocity, confidence = row
    decided = sample + delay
    if kind == _ON:
        return NoteOn(sample, decided, pitch, velocity, confidence)
    if kind == _OFF:
        return NoteOff(sample, decided, pitch)
    return PedalOn(sample, decided) if kind == _DOWN else PedalOff(sample, decided)


def _seal(page: Rows) -> bytes:
    """Compresses a page: samples as steps, and the bytes of equal weight side by side."""
    rows = page.copy()
    rows["sample"] = np.diff(page["sample"], prepend=0)
    return zlib.compress(rows.view(np.uint8).reshape(PAGE, _ROW.itemsize).T.tobytes())


def _unseal(sealed: bytes) -> Rows:
    planes = np.frombuffer(zlib.decompress(sealed), np.uint8).reshape(_ROW.itemsize, PAGE)
    rows: Rows = np.ascontiguousarray(planes.T).reshape(-1).view(_ROW)
    rows["sample"] = np.cumsum(rows["sample"])
    return rows
