"""What a log sees of a training: a line now and then, and one for each event."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from .training_pace import Pace

if TYPE_CHECKING:
    from rich.console import Console

    from trainer.memory.monitor import Panel as MemoryPanel
    from trainer.observers import Beginning, Ending, Step, Validation

INTERVAL_S = 10.0
"""Shortest time between two lines about steps."""

REASONS = {
    "finished": "Finished",
    "early": "Ended early, since validations got no better,",
    "stopped": "Stopped and saved",
}


class Memory(Protocol):
    """Tells how much memory is in use, see `trainer.memory`."""

    def panel(self) -> MemoryPanel | None:
        """The latest readings; None before the first."""


def memory_told(memory: Memory | None) -> str:
    """What became of the memory, as a sentence; empty where nobody knows."""
    panel = memory.panel() if memory is not None else None
    return f"Memory: {panel.verdict}." if panel is not None else ""


class TrainingLines:
    """Observes a training, see `trainer.observers.Observer`.

    Args:
        console: Where it is printed.
        memory: Whose verdict ends it.
        clock: Seconds from any origin.
    """

    def __init__(
        self,
        console: Console,
        memory: Memory | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._console, self._memory, self._clock = console, memory, clock
        self._pace = Pace(clock)
        self._spoke = -INTERVAL_S
        self._steps = 0

    def begin(self, beginning: Beginning) -> None:
        """Says what is done where."""
        self._steps = beginning.config.steps
        self._pace.begin(beginning)
        begun = f"goes on from step {beginning.step}" if beginning.step else "begins"
        facts = beginning.facts
        self._say(
            f"{beginning.run} {begun}: {self._steps} steps of {beginning.config.step_s:.0f} s of "
            f"audio, {facts['processes']} process(es) on {facts['device']}."
        )

    def step(self, step: Step) -> None:
        """Prints the means since the last line."""
        self._pace.step(step)
        if self._clock() - self._spoke < INTERVAL_S and step.number != self._steps:
            return
        self._spoke = self._clock()
        parts = "  ".join(f"{name} {value:.4f}" for name, value in self._pace.losses().items())
        self._say(
            f"step {step.number}/{self._steps}  {parts}  rate {step.rate:.2e}  "
            f"{self._pace.audio_per_s:.0f} audio-s/s  "
            f"waiting {100 * self._pace.waiting:.1f} %  {self._pace.left}"
        )

    def validation(self, validation: Validation) -> None:
        """Prints the scores."""
        scores = "  ".join(f"{name} {value}" for name, value in validation.scores.items())
        best = "  best so far" if validation.best else ""
        self._say(f"validation at step {validation.step}: {scores}{best}")

    def epoch(self, number: int) -> None:
        """Says nothing."""

    def finish(self, ending: Ending) -> None:
        """Says how it ended."""
        self._say(f"{REASONS[ending.reason]} at step {ending.step}.")
        if told := memory_told(self._memory):
            self._say(told)

    def close(self) -> None:
        """Has nothing to give back."""

    def _say(self, text: str) -> None:
        self._console.print(text, highlight=False, markup=False, soft_wrap=True)
