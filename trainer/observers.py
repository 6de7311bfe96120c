"""Who is told how a run goes on: the log, the screen, TensorBoard, the memory monitor.

The loop knows observers and nothing of what they do. They are told on rank 0 only, between steps
and never during one, so none of them can change a result.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from .config import RunConfig


@dataclass(frozen=True, slots=True)
class Beginning:
    """A run as it starts or goes on.

    Args:
        run: Folder of the run.
        config: What to do.
        step: Steps done already, more than 0 when resumed.
        best: Highest validation score so far, 0 before the first.
        facts: JSON-able: git revision, fingerprint of the material, machine, processes.
    """

    run: Path
    config: RunConfig
    step: int
    best: float
    facts: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Step:
    """One optimiser step.

    Args:
        number: Steps done, this one included.
        losses: "total" and its parts, before the update.
        norm: Norm of the gradient before clipping.
        rate: Learning rate used.
        busy_s: Seconds from the batch's arrival to the end of the update.
        waiting_s: Seconds spent waiting for the batch before.
        audio_s: Seconds of audio in the batch, over all processes.
    """

    number: int
    losses: dict[str, float]
    norm: float
    rate: float
    busy_s: float
    waiting_s: float
    audio_s: float


@dataclass(frozen=True, slots=True)
class Validation:
    """What the averaged weights reach on the development recordings.

    Args:
        step: Steps done.
        scores: By name, as `validation.validate` returns them.
        best: Whether no earlier validation of the run was better.
        seconds: How long it took.
    """

    step: int
    scores: dict[str, float]
    best: bool
    seconds: float


@dataclass(frozen=True, slots=True)
class Ending:
    """How a run, or this part of it, ended.

    Args:
        step: Steps done and saved.
        reason: "finished", "early" (no improvement), or "stopped" (asked to).
    """

    step: int
    reason: str


class Observer(Protocol):
    """Is told how a run goes on; a class that inherits it overrides what it wants to hear of."""

    def begin(self, beginning: Beginning) -> None:
        """Before the first step."""
        return

    def step(self, step: Step) -> None:
        """After every step: be quick."""
        return

    def validation(self, validation: Validation) -> None:
        """After every validation."""
        return

    def epoch(self, number: int) -> None:
        """After every `config.epoch_steps` steps; number counts from 1 over the whole run."""
        return

    def finish(self, ending: Ending) -> None:
        """After the last step of an orderly end, the checkpoint written."""
        return

    def close(self) -> None:
        """At last, also after an error: give back files, threads and the terminal."""
        return


class Observers(Observer):
    """Several observers as one, told in order."""

    def __init__(self, *observers: Observer) -> None:
        self._observers = observers

    def __iter__(self) -> Iterator[Observer]:
        return iter(self._observers)

    def begin(self, beginning: Beginning) -> None:
        """Passes it on."""
        for observer in self._observers:
            observer.begin(beginning)

    def step(self, step: Step) -> None:
        """Passes it on."""
        for observer in self._observers:
            observer.step(step)

    def validation(self, validation: Validation) -> None:
        """Passes it on."""
        for observer in self._observers:
            observer.validation(validation)

    def epoch(self, number: int) -> None:
        """Passes it on."""
        for observer in self._observers:
            observer.epoch(number)

    def finish(self, ending: Ending) -> None:
        """Passes it on."""
        for observer in self._observers:
            observer.finish(ending)

    def close(self) -> None:
        """Closes all, also where one cannot be."""
        with ExitStack() as stack:
            for observer in reversed(self._observers):
                stack.callback(observer.close)
