"""Every event of a session, in order, in 19 bytes each.

Eight hours of twenty events a second take 11 MB; as objects they would take several times as much,
and the session could not be kept for scrolling back. Written by the engine's thread, read by any.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from threading import Lock

from .events import Event, NoteOff, NoteOn, PedalOff, PedalOn
from .notes import Transcript, TranscriptBuilder

_ON, _OFF, _DOWN, _UP = range(4)


class EventLog:
    """Append-only; events are numbered from 0."""

    def __init__(self) -> None:
        self._samples = array("q")
        self._delays = array("i")  # until the decision: never hours, so half the bytes do
        self._kinds = bytearray()
        self._pitches = bytearray()
        self._velocities = bytearray()
        self._confidences = array("f")
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._confidences)

    def append(self, events: Iterable[Event]) -> None:
        """Takes events in the order of their decision."""
        with self._lock:
            for event in events:
                pitch = velocity = 0
                confidence = 0.0
                match event:
                    case NoteOn():
                        kind, pitch, velocity = _ON, event.pitch, event.velocity
                        confidence = event.confidence
                    case NoteOff():
                        kind, pitch = _OFF, event.pitch
                    case PedalOn():
                        kind = _DOWN
                    case PedalOff():
                        kind = _UP
                self._samples.append(event.sample)
                self._delays.append(event.decided - event.sample)
                self._kinds.append(kind)
                self._pitches.append(pitch)
                self._velocities.append(velocity)
                self._confidences.append(confidence)

    def read(self, start: int = 0, stop: int | None = None) -> list[Event]:
        """Events numbered `start`..`stop` - 1; to the last without `stop`."""
        with self._lock:
            end = len(self) if stop is None else min(stop, len(self))
            return [self._event(number) for number in range(start, end)]

    def transcript(self, samples: int) -> Transcript:
        """The notes of a stream of `samples` samples, open ones ended there."""
        builder = TranscriptBuilder()
        builder.add(self.read())
        return builder.finish(samples)

    def _event(self, number: int) -> Event:
        sample = self._samples[number]
        decided = sample + self._delays[number]
        kind, pitch = self._kinds[number], self._pitches[number]
        if kind == _ON:
            velocity, confidence = self._velocities[number], self._confidences[number]
            return NoteOn(sample, decided, pitch, velocity, confidence)
        if kind == _OFF:
            return NoteOff(sample, decided, pitch)
        return PedalOn(sample, decided) if kind == _DOWN else PedalOff(sample, decided)
