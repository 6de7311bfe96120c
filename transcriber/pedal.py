"""From the pedal probability to presses: a threshold with hysteresis, and a shortest state."""

from __future__ import annotations

from dataclasses import dataclass

from .events import Event, PedalOff, PedalOn
from .outputs import Activations
from .timing import FrameClock

HYSTERESIS = 0.1
"""The probability must fall this far under the threshold before the pedal counts as released."""

SHORTEST_FRAMES = 3
"""Fewest frames between two changes: feet are slower than 60 ms."""


@dataclass(slots=True)
class PedalState:
    """Frames seen, whether the pedal is down, and when that last changed."""

    frame: int = 0
    down: bool = False
    since: int = -SHORTEST_FRAMES
    sample: int = -1


class PedalDecoder:
    """`step(activations, state) -> (events, state)`."""

    def __init__(self, threshold: float, clock: FrameClock) -> None:
        self.threshold = threshold
        self.clock = clock

    def step(
        self, activations: Activations, state: PedalState | None
    ) -> tuple[list[Event], PedalState]:
        """Decodes T frames into PedalOn and PedalOff events."""
        state = state or PedalState()
        events: list[Event] = []
        for probability in activations.pedal.tolist():
            limit = self.threshold - (HYSTERESIS if state.down else 0.0)
            down = probability >= limit
            if down != state.down and state.frame - state.since >= SHORTEST_FRAMES:
                sample = max(self.clock.instant(state.frame), state.sample + 1, 0)
                decided = self.clock.available_at(state.frame)
                events.append(PedalOn(sample, decided) if down else PedalOff(sample, decided))
                state.down, state.since, state.sample = down, state.frame, sample
            state.frame += 1
        return events, state

    def finish(self, state: PedalState | None, samples: int) -> list[Event]:
        """Releases the pedal at the end of a stream of `samples` samples."""
        if state is None or not state.down:
            return []
        state.down = False
        return [PedalOff(max(samples, state.sample + 1), samples)]
