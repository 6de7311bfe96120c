"""The transcriber: samples in, events out, the same lines for a microphone and for a file.

Every stage is `step(x, state) -> (y, state)`; this class only carries the states of one stream. Any
way of cutting the samples into pushes gives the same events, and later samples never change earlier
events: by test.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from .decoder import DecoderSettings, DecoderState, NoteDecoder
from .events import Event, NoteOff, NoteOn, PedalOn
from .features import LogMel
from .model import Model
from .network import State
from .outputs import Activations
from .pedal import PedalDecoder, PedalState

BLOCK_FRAMES = 64
"""Most frames given to the network at once: more would cost memory and gain no speed."""


class Transcriber:
    """One stream of one model.

    Usage:
        transcriber = Transcriber(load_model("live"))
        events = transcriber.push(samples)  # float32 mono at 16 kHz, any number
        events += transcriber.finish()

    Args:
        model: A loaded model; streams may share it.
        settings: Decoder settings; the model's own when None.
        on_activations: Called with each block of answers, for pictures and tests.
    """

    def __init__(
        self,
        model: Model,
        settings: DecoderSettings | None = None,
        on_activations: Callable[[Activations], None] | None = None,
    ) -> None:
        settings = settings or model.info.decoder
        self.model = model
        self.clock = model.info.clock
        self.samples = 0
        """Samples pushed so far."""
        self._on_activations = on_activations
        self._features = LogMel(model.info.features)
        self._notes = NoteDecoder(settings, self.clock)
        self._pedal = PedalDecoder(settings.pedal_threshold, self.clock)
        self._tail: NDArray[np.float32] | None = None
        self._memory: State | None = None
        self._notes_state: DecoderState | None = None
        self._pedal_state: PedalState | None = None
        self._finished = False

    @property
    def settings(self) -> DecoderSettings:
        """Thresholds in use. New ones hold from the next frame on, except the pedal's."""
        return self._notes.settings

    @settings.setter
    def settings(self, settings: DecoderSettings) -> None:
        self._notes.settings = settings

    def push(self, samples: NDArray[np.float32]) -> list[Event]:
        """Hears samples, and returns the events they decide.

        Args:
            samples: float32 [S], mono, 16 kHz, full scale 1.0; any S >= 0.

        Returns:
            Events in the order of their decision.

        Raises:
            ValueError: `samples` is not one-dimensional, or the stream was finished.
        """
        if samples.ndim != 1:
            raise ValueError(f"samples must be one-dimensional, not of shape {samples.shape}")
        if self._finished:
            raise ValueError("the stream was finished: start a new Transcriber")
        self.samples += len(samples)
        return self._hear(samples)

    def finish(self) -> list[Event]:
        """Ends the stream: decides what the look-ahead held back, and ends open notes and the
        pedal.

        Events decided here are stamped as if silence had followed; none speaks of an instant after
        the end.
        """
        if self._finished:
            return []
        self._finished = True
        events = self._hear(np.zeros(self.clock.lookahead + self.clock.hop, np.float32))
        events += self._notes.finish(self._notes_state, self.samples)
        events += self._pedal.finish(self._pedal_state, self.samples)
        return _until(events, self.samples)

    def _hear(self, samples: NDArray[np.float32]) -> list[Event]:
        events: list[Event] = []
        block = BLOCK_FRAMES * self.clock.hop
        for start in range(0, len(samples), block):
            frames, self._tail = self._features.step(samples[start : start + block], self._tail)
            if not len(frames):
                continue
            answers, self._memory = self.model.network.step(frames, self._memory)
            if self._on_activations is not None:
                self._on_activations(answers)
            notes, self._notes_state = self._notes.step(answers, self._notes_state)
            pedal, self._pedal_state = self._pedal.step(answers, self._pedal_state)
            events += merge(notes, pedal)
        return events


def merge(notes: list[Event], pedal: list[Event]) -> list[Event]:
    """Two lists of events, each in the order of decision, as one; the pedal first where they are
    equal.
    """
    if not notes or not pedal:
        return notes or pedal
    return sorted([*pedal, *notes], key=lambda event: event.decided)


def _until(events: list[Event], end: int) -> list[Event]:
    """Leaves out what begins at or after sample `end`, and ends everything there."""
    kept: list[Event] = []
    phantom: set[int | str] = set()
    for event in events:
        key = event.pitch if isinstance(event, NoteOn | NoteOff) else "pedal"
        if isinstance(event, NoteOn | PedalOn):
            if event.sample >= end:
                phantom.add(key)
            else:
                kept.append(event)
        elif key in phantom:
            phantom.discard(key)
        else:
            kept.append(replace(event, sample=min(event.sample, end)))
    return kept
