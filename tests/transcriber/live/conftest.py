"""A clock that stands still until somebody waits, and an engine that runs on it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from transcriber.engine import Engine
from transcriber.model import Model
from transcriber.sources import ArraySource


class FakeClock:
    """Time passes by `sleep` alone; give the clock itself where the time is asked for."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def drive(clock: FakeClock) -> Callable[..., None]:
    """Run an engine without its thread until it has ended, or for so many rounds."""

    def run(engine: Engine, rounds: int = 100_000) -> None:
        for _ in range(rounds):
            engine.step(timeout_s=0.0 if engine.snapshot().state == "retrying" else 0.05)
            if engine.snapshot().state in ("ended", "failed"):
                return

    return run


@pytest.fixture
def paced(clock: FakeClock) -> Callable[..., ArraySource]:
    """Make an array source on the fake clock."""

    def make(samples: np.ndarray, **faults: object) -> ArraySource:
        return ArraySource(samples, paced=True, clock=clock, sleep=clock.sleep, **faults)  # type: ignore[arg-type]

    return make


@pytest.fixture
def engine_on(lively_model: Model, clock: FakeClock) -> Callable[..., Engine]:
    """Make an engine with the lively model, on the fake clock."""

    def make(*sources: object, **options: object) -> Engine:
        waiting = list(sources)

        def open_next() -> object:
            source = waiting.pop(0) if len(waiting) > 1 else waiting[0]
            if isinstance(source, Exception):
                raise source
            return source

        return Engine(lively_model, open_next, clock=clock, **options)  # type: ignore[arg-type]

    return make
