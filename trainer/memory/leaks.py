"""The verdict on a run's memory: flat, or leaking so much per epoch, and in which line.

Judged is the longest stretch without a stop: every start of a process begins at another height.
When profiling, heaps are judged beside processes: what leaks into room that was freed before makes
no process larger until that room is full.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from .journal import Life
from .slopes import LEAST_EPOCHS, LEAST_MB, WARM_UP, Slope, measure

TOTAL = "all processes"
GPU = "GPU"
HEAP = ", its heap"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of the memory.

    Args:
        leaking: None while it is too early to tell.
        mb_per_epoch: Growth of what leaks, or of all processes together where nothing does.
        where: What leaks: a process's name, `TOTAL` or `GPU`; empty where nothing does.
        line: FILE:LINE that most of the growth comes from, empty where it is not known.
        line_mb_per_epoch: Growth of what was allocated there, over all processes.
        epochs: Epochs it was measured over.
        profiled: Whether source lines were watched.
        slopes: Of every series long enough, by name.
    """

    leaking: bool | None
    mb_per_epoch: float = 0.0
    where: str = ""
    line: str = ""
    line_mb_per_epoch: float = 0.0
    epochs: int = 0
    profiled: bool = False
    slopes: dict[str, Slope] = field(default_factory=dict)

    def __str__(self) -> str:
        if self.leaking is None:
            needed = WARM_UP + LEAST_EPOCHS - 1
            return f"too early to tell: {self.epochs} of {needed} epochs"
        if not self.leaking:
            whole = f"{self.mb_per_epoch:+.2f} MB/epoch over {self.epochs} epochs"
            total = self.slopes.get(TOTAL)
            if total is None or self.mb_per_epoch < LEAST_MB:
                return f"flat ({whole})"
            later = f"{total.later_mb_per_epoch:+.2f} over the last {total.later_epochs}"
            return f"flat lately ({whole}, {later})"
        return f"leaking about {_rounded(self.mb_per_epoch)} MB/epoch{self._culprit()}"

    def _culprit(self) -> str:
        kind = " of GPU memory" if self.where == GPU else ""
        place = f" in {self.where}" if self.where not in (GPU, TOTAL) else ""
        if not self.profiled:
            return f"{kind}{place}; --profile-memory names the line"
        if not self.line:
            return f"{kind}{place}, not through Python: by a library's own allocations"
        if self.line_mb_per_epoch >= self.mb_per_epoch / 2:
            return f"{kind}, most of it from {self.line}"
        return f"{kind}, {_rounded(self.line_mb_per_epoch)} of it from {self.line}"


def judge(lives: Sequence[Life]) -> Verdict:
    """Judges the longest life of a run."""
    life = longest(lives)
    series = {TOTAL: life.total_series(), **life.process_series(), GPU: life.gpu_series()}
    measured = {name: measure(*points) for name, points in series.items()}
    for name, points in life.heap_series().items():
        measured[name + HEAP] = measure(*points, warm_up=1)
    slopes = {name: slope for name, slope in measured.items() if slope is not None}
    if TOTAL not in slopes:
        return Verdict(None, epochs=len(life.epochs), profiled=life.profiled)
    total = slopes[TOTAL]
    where = _leak(slopes)
    if not where:
        return Verdict(False, total.mb_per_epoch, "", "", 0.0, total.epochs, life.profiled, slopes)
    found = slopes[where]
    line, growth = _greatest_line(life, gpu=where == GPU)
    return Verdict(
        True,
        found.mb_per_epoch,
        where.removesuffix(HEAP),
        line,
        growth,
        found.epochs,
        life.profiled,
        slopes,
    )


def longest(lives: Sequence[Life]) -> Life:
    """The life with most epochs, the latest of several."""
    return max(reversed(lives), key=lambda life: len(life.epochs))


def _leak(slopes: dict[str, Slope]) -> str:
    """Name of the series that leaks most; not of the total, where one process is most of it."""
    leaking = {name: s.mb_per_epoch for name, s in slopes.items() if s.leaking}
    if not leaking:
        return ""
    worst = max(leaking, key=lambda name: leaking[name])
    if worst == TOTAL:
        single = {name: size for name, size in leaking.items() if name not in (TOTAL, GPU)}
        for name, size in single.items():
            if size >= 0.8 * leaking[TOTAL]:
                return name
    return worst


def _greatest_line(life: Life, *, gpu: bool) -> tuple[str, float]:
    """Line that grew most, over all processes, and its growth in MB per epoch."""
    growth: dict[str, float] = defaultdict(float)
    for heap in life.last_heaps().values():
        for line in heap.lines:
            growth[line.at] += line.gpu_mb_per_epoch if gpu else line.mb_per_epoch
    at = max(growth, key=lambda at: growth[at], default="")
    return (at, growth[at]) if at and growth[at] > 0 else ("", 0.0)


def _rounded(mb: float) -> str:
    return f"{mb:.0f}" if mb >= 10 else f"{mb:.1f}"
