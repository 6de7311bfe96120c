"""Ctrl-C and SIGTERM while training: once ends the run after this step, twice at once."""

from __future__ import annotations

import signal
from types import FrameType
from typing import Any

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class StopSignal:
    """Catches the signals while its block lasts.

    Attributes:
        asked: Whether one came. A second one raises KeyboardInterrupt.
        over: Set when there is nothing left to interrupt: further signals change nothing.
    """

    def __init__(self) -> None:
        self.asked = self.over = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> StopSignal:
        for number in SIGNALS:
            self._before[number] = signal.signal(number, self._handle)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _handle(self, number: int, _: FrameType | None) -> None:
        if self.asked and not self.over:
            raise KeyboardInterrupt
        self.asked = True


def leave_to_parent() -> None:
    """Lets a loader worker ignore the signals.

    A terminal and torchrun send them to every process of the group; a worker that obeyed would take
    away the batch that the trainer still wants to finish.
    """
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)
