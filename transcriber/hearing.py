"""From blocks to events on one clock, through gaps, jumps, gates and changes of model.

The session's clock counts samples since the engine began. A `Transcriber` lives on it from one gap
to the next: losing sound for up to `BRIDGED_S` puts silence in its place; after a longer gap, or
when a file is wound, open notes are ended and a new stream begins further on. Either way the clock
moves by what is missing, and no note moves at all.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from .decoder import DecoderSettings
from .events import Event
from .gate import GateState, NoiseGate
from .latency import LatencyParts
from .model import Model
from .outputs import Activations
from .sources import Block
from .stream import Transcriber
from .timing import SAMPLE_RATE

BRIDGED_S = 1.0
"""Longest loss that is filled with silence."""

LIMIT = 8
"""Sensitivity goes this many steps either way."""

STEP_LOGITS = 0.5
"""One step of sensitivity moves the onset threshold by this much log-odds: 0.50 to 0.38."""


MOST_AT_ONCE = SAMPLE_RATE // 5
"""Samples given to the network at once. ONNX Runtime keeps memory for the longest stretch it ever
saw: after a stall of seconds that would be 20 MB, for good.
"""


@dataclass(frozen=True, slots=True)
class Heard:
    """What a block led to.

    Args:
        events: On the session's clock, in the order of their decision.
        answered_s: When the network had answered.
    """

    events: list[Event]
    answered_s: float


@dataclass(frozen=True, slots=True)
class Timeline:
    """When a block's sound was sound, and how it came here; for the latency of its events.

    Args:
        end: Sample of the session's clock after the block's last.
        block: The block.
        taken_s: When the engine took it.
        answered_s: When the network had answered.
        emitted_s: When its events had left.
    """

    end: int
    block: Block
    taken_s: float
    answered_s: float
    emitted_s: float

    def captured_s(self, sample: int) -> float:
        """When a sample of the session's clock was sound."""
        return self.block.captured_s - (self.end - sample) / SAMPLE_RATE

    def parts(self, event: Event) -> LatencyParts:
        """Where the time went between an event's instant and its leaving."""
        # An onset moved by the network's `shift` may be decided a little before its last sample.
        needed = min(event.decided, self.end)
        before_s = self.block.arrived_s - self.block.device_s
        return LatencyParts(
            1000.0 * (needed - event.sample) / SAMPLE_RATE,
            1000.0 * (before_s - self.captured_s(needed)),
            1000.0 * self.block.device_s,
            1000.0 * (self.taken_s - self.block.arrived_s),
            1000.0 * (self.answered_s - self.taken_s),
            1000.0 * (self.emitted_s - self.answered_s),
        )


class Ear:
    """Hears blocks with one model at a time.

    Args:
        model: A loaded model.
        gate_db: Threshold of the noise gate, None for none.
        sensitivity: Steps, `-LIMIT`..`LIMIT`.
        clock: Tells the time.
    """

    def __init__(
        self,
        model: Model,
        gate_db: float | None = None,
        sensitivity: int = 0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.model = model
        self.samples = 0
        """Samples of the session's clock heard, or gone by unheard."""
        self.gate = NoiseGate(gate_db)
        self._gate_state: GateState | None = None
        self._sensitivity = sensitivity
        self._clock = clock
        self._answered_s = 0.0
        self._base = 0  # sample of the session's clock at which the present stream began
        self._stream = self._begin()

    @property
    def gate_open(self) -> bool:
        """Whether sound passes the gate now."""
        if self.gate.threshold_db is None:
            return True
        return self._gate_state is not None and self._gate_state.is_open

    @property
    def sensitivity(self) -> int:
        """Steps from the calibrated threshold; setting it holds from the next frame on."""
        return self._sensitivity

    @sensitivity.setter
    def sensitivity(self, steps: int) -> None:
        self._sensitivity = max(-LIMIT, min(LIMIT, steps))
        self._stream.settings = self._settings()

    def hear(self, block: Block) -> Heard:
        """Takes a block, all of it numbers: first what was lost before it, then its samples."""
        self._answered_s = self._clock()
        events: list[Event] = []
        if block.jumped or block.lost > BRIDGED_S * SAMPLE_RATE:
            events += self.skip(block.lost)
        elif block.lost:
            events += self._push(np.zeros(block.lost, np.float32))
        sound, self._gate_state = self.gate.step(block.samples, self._gate_state)
        events += self._push(sound)
        return Heard(events, self._answered_s)

    def skip(self, samples: int = 0) -> list[Event]:
        """Ends what sounds, lets `samples` go by unheard, and begins a new stream."""
        events = self._on_session(self._stream.finish())
        self.samples += samples
        self._base = self.samples
        self._gate_state = None
        self._stream = self._begin()
        return events

    def change_model(self, model: Model) -> list[Event]:
        """Goes on with another model; notes that sound are ended."""
        self.model = model
        return self.skip()

    def _push(self, samples: NDArray[np.float32]) -> list[Event]:
        self.samples += len(samples)
        events: list[Event] = []
        for start in range(0, len(samples), MOST_AT_ONCE):
            events += self._stream.push(samples[start : start + MOST_AT_ONCE])
        return self._on_session(events)

    def _begin(self) -> Transcriber:
        return Transcriber(self.model, self._settings(), self._answered)

    def _answered(self, _: Activations) -> None:
        self._answered_s = self._clock()

    def _on_session(self, events: list[Event]) -> list[Event]:
        if not self._base:
            return events
        return [
            replace(event, sample=event.sample + self._base, decided=event.decided + self._base)
            for event in events
        ]

    def _settings(self) -> DecoderSettings:
        calibrated = self.model.info.decoder
        threshold = calibrated.onset_threshold
        odds = math.log(threshold / (1.0 - threshold)) - STEP_LOGITS * self._sensitivity
        return replace(calibrated, onset_threshold=1.0 / (1.0 + math.exp(-odds)))
