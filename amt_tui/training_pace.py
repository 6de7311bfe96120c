"""How fast a training goes, how long it still takes, and where its losses are."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from .reports import clock_time

if TYPE_CHECKING:
    from trainer.observers import Beginning, Step

WINDOW = 50
"""Steps over which pace and losses are meaned."""

FORETELLING = 5
"""Steps before which nobody can say how long the rest will take."""


class Pace:
    """Means over the last `WINDOW` steps.

    Args:
        clock: Seconds from any origin.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._steps: deque[Step] = deque(maxlen=WINDOW)
        self._began = clock()
        self._first = self._all = 0

    def begin(self, beginning: Beginning) -> None:
        """The run starts or goes on."""
        self._began = self._clock()
        self._first, self._all = beginning.step, beginning.config.steps

    def step(self, step: Step) -> None:
        """A step was done."""
        self._steps.append(step)

    @property
    def elapsed_s(self) -> float:
        """Seconds since this start."""
        return self._clock() - self._began

    @property
    def left_s(self) -> float | None:
        """Seconds to go, validations and checkpoints reckoned in at the rate they had so far."""
        done = self._steps[-1].number - self._first if self._steps else 0
        if done < FORETELLING:
            return None
        return self.elapsed_s / done * (self._all - self._first - done)

    @property
    def left(self) -> str:
        """The same for people."""
        return "" if self.left_s is None else f"{clock_time(self.left_s)} left"

    @property
    def audio_per_s(self) -> float:
        """Seconds of audio learned from per second, validations and checkpoints left out."""
        seconds = self._seconds
        return sum(s.audio_s for s in self._steps) / seconds if seconds else 0.0

    @property
    def waiting(self) -> float:
        """Share of the time spent waiting for data, 0 to 1."""
        seconds = self._seconds
        return sum(s.waiting_s for s in self._steps) / seconds if seconds else 0.0

    def losses(self) -> dict[str, float]:
        """Mean of each part, "total" first."""
        if not self._steps:
            return {}
        names = self._steps[-1].losses
        return {n: sum(s.losses[n] for s in self._steps) / len(self._steps) for n in names}

    @property
    def _seconds(self) -> float:
        return sum(s.busy_s + s.waiting_s for s in self._steps)
