"""Watches the memory of a run while it trains, and says what it thinks of it.

Light monitoring is always on: every few seconds, and at the end of each epoch, the processes and
the GPU are read and a line is added to the run's journal. Profiling adds, at the end of each epoch,
what every process keeps by source line; it slows training down.

Material drawn on the fly has no end: an epoch is `config.epoch_steps` steps of the loop.
"""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from trainer.observers import Beginning, Ending, Observer, Step
from transcriber.errors import AmtError

from .heap_watch import HeapWatch
from .journal import Journal, Life, read_journal
from .leaks import Verdict, judge
from .readings import ProcessFamily, Sample, read_gpu

EVERY_S = 10.0
"""Seconds between readings."""

LARGEST_SHARE = 0.002
"""Share of a core that readings may take: large processes are read less often."""

SHOWN_SAMPLES = 120
"""Samples in a panel's history."""


@dataclass(frozen=True, slots=True)
class Panel:
    """What a screen shows of the memory.

    Args:
        sample: The last readings.
        history: MB taken by all processes together, oldest first, at most `SHOWN_SAMPLES`.
        verdict: So far; its text is a short sentence.
    """

    sample: Sample
    history: tuple[float, ...]
    verdict: Verdict


class MemoryMonitor(Observer):
    """Light monitoring, and profiling when asked for.

    Args:
        run: Folder of the run.
        profile: Also follow source lines.
        clock: Seconds that never go back.
        work: Seconds of processor time spent.
    """

    def __init__(
        self,
        run: Path,
        profile: bool = False,
        clock: Callable[[], float] = time.monotonic,
        work: Callable[[], float] = time.process_time,
    ) -> None:
        self.verdict = Verdict(None, profiled=profile)
        self._run, self._journal = run, Journal(run)
        self._clock, self._work = clock, work
        self._family = ProcessFamily()
        self._heap: HeapWatch | None = None
        # Only the ends of epochs are kept here, and a short history: this must not grow itself.
        self._life = Life(profile)
        self._history: deque[float] = deque(maxlen=SHOWN_SAMPLES)
        self._last: Sample | None = None
        self._step, self._due = 0, 0.0

    def begin(self, beginning: Beginning) -> None:
        """Starts another life in the run's journal."""
        record = {"time": time.time(), "step": beginning.step, "profiled": self._life.profiled}
        self._journal.begin(record)
        if self._life.profiled:
            self._heap = HeapWatch(os.getpid())

    def step(self, step: Step) -> None:
        """Reads when it is time to."""
        self._step = step.number
        if self._clock() >= self._due:
            self._read(None)

    def epoch(self, number: int) -> None:
        """Reads, takes stock of the heap when profiling, and judges."""
        self._life.samples.append(self._read(number))
        if self._heap is not None:
            report = self._heap.epoch(number)
            if report is not None:
                self._journal.append("heap", report.record())
            with suppress(AmtError):
                self._life.heaps = read_journal(self._run)[-1].heaps  # with those of the workers
        self.verdict = judge([self._life])

    def finish(self, ending: Ending) -> None:
        """Draws the picture."""
        self.close()
        # matplotlib is large: imported here, it is in nobody's epoch, and nothing traces it.
        from .picture import draw

        with suppress(AmtError):  # no room on the disk: the training is done all the same
            draw(read_journal(self._run), self._run / "memory.png")

    def close(self) -> None:
        """Ends the profiling."""
        if self._heap is not None:
            self._heap.stop()

    def panel(self) -> Panel | None:
        """What there is to show; None before the first reading."""
        if self._last is None:
            return None
        return Panel(self._last, tuple(self._history), self.verdict)

    def _read(self, epoch: int | None) -> Sample:
        began = self._work()
        readings, gpu = self._family.read(), read_gpu()
        sample = Sample(round(time.time(), 2), self._step, epoch, readings, gpu)
        self._journal.append("sample", sample.record())
        self._history.append(sample.total_mb)
        self._last = sample
        took = self._work() - began
        self._due = self._clock() + max(EVERY_S, took / LARGEST_SHARE)
        return sample
