"""Hours of playing in minutes: engine, journal and screen on a clock that waits for nobody."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from amt_tui.allocation import settle, spare_memory
from amt_tui.live.app import LiveApp
from transcriber.audio import AudioReader
from transcriber.engine import Engine
from transcriber.journal import Journal
from transcriber.model import Model
from transcriber.snapshot import OVER
from transcriber.sources import Block, SourceInfo
from transcriber.timing import SAMPLE_RATE

from .figures import MOST_GROWTH_MB_H, Consumption, Figure, consumption, growth_mb_h

BLOCK = SAMPLE_RATE // 5
"""Samples per block: a twentieth of the rounds of a microphone, and otherwise the same work."""

LOOK_S = 1.0
"""Between two looks of the screen."""

MEASURED_S = 60.0
"""Between two looks at the memory."""

FILLED_S = 1800.0
"""Caches may fill for so long, or for a quarter of a shorter soak, before growth counts."""


class Hourglass:
    """A clock that is set forward by whoever waits."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        """The instant."""
        return self.now_s


class Endless:
    """A recording over and over, with no gap between; each block comes when it has been played.

    Args:
        samples: float32 [n], mono at `SAMPLE_RATE`.
        clock: Set forward by each block.
    """

    def __init__(self, samples: NDArray[np.float32], clock: Hourglass) -> None:
        self.info = SourceInfo("endless")
        self.ended = False
        self._samples = np.concatenate([samples, samples[:BLOCK]])
        self._length, self._at, self._clock = len(samples), 0, clock

    def read(self, timeout_s: float) -> Block:
        """The next block."""
        samples = self._samples[self._at : self._at + BLOCK]
        self._at = (self._at + BLOCK) % self._length
        self._clock.now_s += BLOCK / SAMPLE_RATE
        return Block(samples, self._clock.now_s, self._clock.now_s)

    def close(self) -> None:
        """Nothing is held."""
        self.ended = True


def soak(model: Model, recording: Path, hours: float, folder: Path) -> list[Figure]:
    """Plays a recording for hours; the session goes into `folder`.

    Raises:
        InputError: The recording cannot be read.
    """
    spare_memory()  # as `amt live` does
    with AudioReader(recording) as reader:
        samples = np.concatenate(list(reader))
    clock = Hourglass()
    journal = Journal(folder, {"program": "soak"})
    engine = Engine(model, lambda: Endless(samples, clock), journal=journal, clock=clock)
    taken = asyncio.run(_play(engine, clock, 3600.0 * hours))
    strikes = engine.snapshot().stats.notes
    engine.stop()
    settled = [one for one in taken if one.at_s >= min(FILLED_S, 900.0 * hours)]
    growth = growth_mb_h(settled)
    return [
        Figure(f"memory growth over {hours:g} h, accelerated", growth, "MB/h", MOST_GROWTH_MB_H, 1),
        Figure("notes struck in that time", strikes, ""),
        Figure("memory after it", taken[-1].memory_mb, "MB"),
    ]


async def _play(engine: Engine, clock: Hourglass, seconds: float) -> list[Consumption]:
    taken: list[Consumption] = []
    app = LiveApp(engine, frames_per_s=None)
    async with app.run_test(size=(120, 40)) as pilot:
        look_s = measure_s = 0.0
        settle()  # as the app does where it has a clock of its own
        while clock.now_s < seconds and engine.snapshot().state not in OVER:
            engine.step(0.0)
            if clock.now_s >= look_s:
                look_s += LOOK_S
                app.tick()
                await pilot.pause(0.0)
            if clock.now_s >= measure_s:
                measure_s += MEASURED_S
                taken.append(consumption(os.getpid(), clock.now_s))
                print(
                    f"\r{clock.now_s / 3600:.2f} h  {taken[-1].own_mb:.1f} MB of its own",
                    end="",
                    file=sys.stderr,
                )
    print(file=sys.stderr)
    return taken
