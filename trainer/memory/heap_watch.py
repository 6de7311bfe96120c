"""What one process keeps, by source line, compared from epoch to epoch.

The same watch runs in the training process and in each loader worker; every one ranks its own lines
and writes the result to the run's journal.
"""

from __future__ import annotations

import gc
import tracemalloc
from collections import defaultdict, deque
from collections.abc import Mapping
from dataclasses import dataclass

from .heap import SHOWN, HeapReport, LineGrowth
from .lines import FRAMES, own_line
from .readings import MB
from .slopes import theil_sen
from .tensors import Kept, count_tensors, live_tensors

LEAST_BYTES = 16_384
"""A line that keeps less is not worth remembering."""

MOST_EPOCHS = 40
"""Epochs remembered; growth is judged over the last ones."""


@dataclass(slots=True)
class _Epoch:
    """Bytes by line at the end of an epoch."""

    number: int
    host: dict[str, int]
    gpu: dict[str, int]

    @classmethod
    def of(cls, number: int, python: Mapping[str, int], tensors: Mapping[str, Kept]) -> _Epoch:
        host = defaultdict(int, python)
        for line, kept in tensors.items():
            host[line] += kept.host_bytes
        gpu = {line: kept.gpu_bytes for line, kept in tensors.items()}
        return cls(number, _weighty(host), _weighty(gpu))


class HeapWatch:
    """Follows the heap of this process.

    Tracing begins at the end of the first epoch, and growth is counted from the end of the second:
    what a process imports, compiles and fills at its start is neither growth nor worth the time
    that tracing it takes.

    Args:
        pid: Number of this process.
    """

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._tracing = False
        self._epochs: deque[_Epoch] = deque(maxlen=MOST_EPOCHS)

    def epoch(self, number: int) -> HeapReport | None:
        """Takes stock at the end of an epoch; None at the end of the first."""
        if not self._tracing:
            self._start()
            return None
        gc.collect()
        python = _python_heap()
        tensors = count_tensors(live_tensors())
        self._epochs.append(_Epoch.of(number, python, tensors))
        return HeapReport(
            self.pid,
            number,
            _mb(sum(python.values())),
            sum(kept.count for kept in tensors.values()),
            _mb(sum(kept.host_bytes for kept in tensors.values())),
            _mb(sum(kept.gpu_bytes for kept in tensors.values())),
            self._growth(tensors),
        )

    def stop(self) -> None:
        """Ends the tracing."""
        if self._tracing:
            tracemalloc.stop()
        self._tracing = False

    def _start(self) -> None:
        # A worker forked late inherits its parent's traces: none of them is its own growth.
        if tracemalloc.is_tracing():
            tracemalloc.clear_traces()
        else:
            tracemalloc.start(FRAMES)
        self._tracing = True

    def _growth(self, tensors: dict[str, Kept]) -> tuple[LineGrowth, ...]:
        if len(self._epochs) < 2:
            return ()
        now = self._epochs[-1]
        grown = [
            LineGrowth(
                line,
                _mb(now.host.get(line, 0)),
                self._slope(line, "host"),
                _mb(now.gpu.get(line, 0)),
                self._slope(line, "gpu"),
                tensors[line].count if line in tensors else 0,
            )
            for line in now.host.keys() | now.gpu.keys()
        ]
        grown = [line for line in grown if line.fastest > 0]
        return tuple(sorted(grown, key=lambda line: line.fastest, reverse=True)[:SHOWN])

    def _slope(self, line: str, where: str) -> float:
        numbers = [epoch.number for epoch in self._epochs]
        sizes = [getattr(epoch, where).get(line, 0) / MB for epoch in self._epochs]
        return round(theil_sen(numbers, sizes), 3)


def _python_heap() -> dict[str, int]:
    """Bytes that Python's allocators gave out, by line."""
    sites: dict[str, int] = defaultdict(int)
    for statistic in tracemalloc.take_snapshot().statistics("traceback"):
        sites[own_line(statistic.traceback)] += statistic.size
    return dict(sites)


def _weighty(sizes: Mapping[str, int]) -> dict[str, int]:
    return {line: size for line, size in sizes.items() if size >= LEAST_BYTES}


def _mb(size: float) -> float:
    return round(size / MB, 3)
