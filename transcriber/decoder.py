"""From activations to notes, frame by frame, deciding once and never revising.

- A strike is where the onset probability crosses the threshold. The key is then disarmed until the
  probability has fallen below half the threshold, and for a refractory time, so that one strike is
  one note.
- A strike on a sounding key ends the note before it.
- A note ends where its frame probability stays under the frame threshold, or where the offset
  probability crosses its own. There is no longest note.
- The network's `shift` places each strike finer than the hop.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .events import Event, NoteOff, NoteOn
from .outputs import VELOCITY_SCALE, Activations
from .timing import LOWEST_PITCH, FrameClock

REARM = 0.5
"""Share of the onset threshold under which a key may be struck again."""

MAX_SHIFT = 1.5
"""Largest correction of an onset, in hops; the network is taught up to here."""


@dataclass(frozen=True)
class DecoderSettings:
    """Thresholds, calibrated on held-out data and stored in the model file.

    Args:
        onset_threshold: Onset probability of a strike, 0..1.
        frame_threshold: Frame probability under which a note stops sounding, 0..1.
        offset_threshold: Offset probability that ends a note, 0..1.
        pedal_threshold: Probability that the pedal is down, 0..1.
        refractory: Fewest frames between two strikes of one key.
        silent_frames: Frames under `frame_threshold` that end a note.
        min_velocity: Softer strikes are left out, 1..127.

    Raises:
        ValueError: A value is outside its range.
    """

    onset_threshold: float = 0.5
    frame_threshold: float = 0.4
    offset_threshold: float = 0.6
    pedal_threshold: float = 0.5
    refractory: int = 3
    silent_frames: int = 2
    min_velocity: int = 1

    def __post_init__(self) -> None:
        for name in ("onset_threshold", "frame_threshold", "offset_threshold", "pedal_threshold"):
            if not 0.0 < getattr(self, name) < 1.0:
                raise ValueError(f"{name} {getattr(self, name)} is outside 0..1")
        if self.refractory < 1 or self.silent_frames < 1:
            raise ValueError("refractory and silent_frames must be at least 1")
        if not 1 <= self.min_velocity <= 127:
            raise ValueError(f"min_velocity {self.min_velocity} is outside 1..127")

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> DecoderSettings:
        """Reads the dictionary form kept in model files."""
        return cls(**values)


@dataclass(slots=True)
class _Sounding:
    since: int
    """Sample of the strike."""
    struck: int
    """Frame of the strike."""
    last: int
    """Last frame in which the note sounded."""


@dataclass(slots=True)
class DecoderState:
    """What the decoder remembers of a stream. Keys are numbered 0..87."""

    frame: int = 0
    sounding: dict[int, _Sounding] = field(default_factory=dict)
    disarmed: dict[int, int] = field(default_factory=dict)
    """Keys struck lately, with the frame of the strike."""


class NoteDecoder:
    """`step(activations, state) -> (events, state)`; the state of a stream is updated in place and
    returned.
    """

    def __init__(self, settings: DecoderSettings, clock: FrameClock) -> None:
        self.settings = settings
        self.clock = clock

    def step(
        self, activations: Activations, state: DecoderState | None
    ) -> tuple[list[Event], DecoderState]:
        """Decodes T frames.

        Returns:
            Note events in the order they were decided, stamped with the samples needed to decide
            them, and the state.
        """
        state = state or DecoderState()
        s = self.settings
        onset = activations.onset
        struck: dict[int, list[int]] = {}
        for t, key in np.argwhere(onset >= s.onset_threshold).tolist():
            struck.setdefault(t, []).append(key)
        events: list[Event] = []
        for t in range(len(onset)):
            if state.disarmed:
                self._rearm(onset[t], state)
            if state.sounding:
                self._release(activations, t, state, events)
            for key in struck.get(t, ()):
                if key not in state.disarmed:
                    self._strike(activations, t, key, state, events)
            state.frame += 1
        return events, state

    def finish(self, state: DecoderState | None, samples: int) -> list[Event]:
        """Ends what still sounds at the end of a stream of `samples` samples."""
        if state is None:
            return []
        events: list[Event] = [
            NoteOff(max(samples, note.since + 1), samples, LOWEST_PITCH + key)
            for key, note in sorted(state.sounding.items())
        ]
        state.sounding.clear()
        return events

    def _rearm(self, onset: NDArray[np.float32], state: DecoderState) -> None:
        s = self.settings
        quiet = s.onset_threshold * REARM
        for key, since in list(state.disarmed.items()):
            if state.frame - since >= s.refractory and onset[key] < quiet:
                del state.disarmed[key]

    def _release(
        self, activations: Activations, t: int, state: DecoderState, events: list[Event]
    ) -> None:
        s, now = self.settings, state.frame
        frame, offset = activations.frame[t], activations.offset[t]
        for key, note in list(state.sounding.items()):
            ended = None
            if frame[key] >= s.frame_threshold:
                note.last = now
            elif now - note.last >= s.silent_frames:
                ended = note.last + 1
            if offset[key] >= s.offset_threshold and now - note.struck >= s.refractory:
                ended = now if ended is None else ended
            if ended is not None:
                sample = max(self.clock.instant(ended), note.since + 1)
                events.append(NoteOff(sample, self.clock.available_at(now), LOWEST_PITCH + key))
                del state.sounding[key]

    def _strike(
        self, activations: Activations, t: int, key: int, state: DecoderState, events: list[Event]
    ) -> None:
        now = state.frame
        velocity = round(float(activations.velocity[t, key]) * VELOCITY_SCALE)
        velocity = min(127, max(1, velocity))
        state.disarmed[key] = now
        if velocity < self.settings.min_velocity:
            return
        shift = float(np.clip(activations.shift[t, key], -MAX_SHIFT, MAX_SHIFT))
        sample = max(0, self.clock.instant(now) + round(shift * self.clock.hop))
        decided = self.clock.available_at(now)
        pitch = LOWEST_PITCH + key
        before = state.sounding.pop(key, None)
        if before is not None:
            sample = max(sample, before.since + 1)
            events.append(NoteOff(sample, decided, pitch))
        confidence = float(activations.onset[t, key])
        events.append(NoteOn(sample, decided, pitch, velocity, confidence))
        state.sounding[key] = _Sounding(sample, now, now)
