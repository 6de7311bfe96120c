"""What `scripts/bench_live` measures: figures read off the screen and off the process, and the bars
they have to pass.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from transcriber.latency import LatencyParts

OVER_EVENT_MS, OVER_SCREEN_MS = 40.0, 80.0
"""Latency that may be added to the model's look-ahead, at the 95th percentile."""

MOST_CPU_PERCENT = 35.0
MOST_GROWTH_MB_H = 5.0
MOST_START_S = 1.5

PARTS = ("look-ahead", "block", "device", "queue", "compute", "decode", "draw")

_NUMBERS = r"\s+(\d+)\s+(\d+)\s+(\d+)"


@dataclass(frozen=True, slots=True)
class Reading:
    """The figures that stand on the screen of `amt live`, in its wide form.

    Args:
        event_ms: p50, p95 and p99 of the last minute, capture to event; None before any strike.
        screen_ms: The same to the screen.
        parts: Mean parts of the latency.
        lost_ms: Sound lost since the start.
        notes: Strikes since the start.
        per_minute: Strikes in the last minute.
    """

    event_ms: tuple[int, ...] | None
    screen_ms: tuple[int, ...] | None
    parts: LatencyParts
    lost_ms: int
    notes: int
    per_minute: int


def read_screen(text: str) -> Reading | None:
    """Reads the figures; None where they do not stand on the screen."""
    notes = re.search(r"now · so far\s+\d+ · (\d+)", text)
    minute = re.search(r"per minute\s+(\d+)", text)
    dropped = re.search(r"dropped\s+(?:nothing|(\d+) ms)", text)
    parts = [re.search(rf"{name}\s+([\d.]+)", text) for name in PARTS]
    if notes is None or minute is None or dropped is None or None in parts:
        return None
    values = [float(found[1]) for found in parts if found is not None]
    return Reading(
        _percentiles("to event", text),
        _percentiles("to screen", text),
        LatencyParts(*values),
        int(dropped[1] or 0),
        int(notes[1]),
        int(minute[1]),
    )


@dataclass(frozen=True, slots=True)
class Consumption:
    """What a process has used.

    Args:
        at_s: When it was looked at.
        cpu_s: Processor time.
        memory_mb: Resident memory in MB.
        own_mb: That part of it which holds no file. Pages of libraries are taken away and read
            again as the system likes, by 6 MB in a minute on a machine short of memory.
    """

    at_s: float
    cpu_s: float
    memory_mb: float
    own_mb: float


def consumption(process: int, at_s: float) -> Consumption:
    """Looks at a process of this system, which has to be Linux."""
    # The name, second, may hold spaces; it ends with the last parenthesis.
    fields = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
    ticks = int(fields[11]) + int(fields[12])
    _, resident, shared, *_ = map(int, Path(f"/proc/{process}/statm").read_text().split())
    page_mb = os.sysconf("SC_PAGE_SIZE") / 1e6
    return Consumption(
        at_s,
        ticks / os.sysconf("SC_CLK_TCK"),
        resident * page_mb,
        (resident - shared) * page_mb,
    )


def cpu_percent(taken: Sequence[Consumption]) -> float:
    """Share of one core from the first look to the last."""
    return 100.0 * (taken[-1].cpu_s - taken[0].cpu_s) / (taken[-1].at_s - taken[0].at_s)


def growth_mb_h(taken: Sequence[Consumption]) -> float:
    """Slope of its own memory in MB per hour: the straight line that lies closest."""
    hours = [one.at_s / 3600.0 for one in taken]
    return float(np.polyfit(hours, [one.own_mb for one in taken], 1)[0])


@dataclass(frozen=True, slots=True)
class Figure:
    """One result beside its bar.

    Args:
        name: What was measured.
        value: The result.
        unit: Of both.
        most: It has to stay under this; None where nothing is asked.
        digits: Behind the point.
        least: It has to reach this; None where nothing is asked.
    """

    name: str
    value: float
    unit: str = field(default="ms")
    most: float | None = None
    digits: int = 0
    least: float | None = None

    @property
    def passed(self) -> bool:
        """Whether the bar is passed; a bar of nothing allows nothing."""
        if self.least is not None and not self.value >= self.least:
            return False
        return self.most is None or self.value < self.most or self.value == self.most == 0.0


def latency_figures(readings: Sequence[Reading], lookahead_ms: float) -> list[Figure]:
    """Percentiles of the worst minute, and the mean parts of the last one.

    Args:
        readings: One per minute, at its end.
        lookahead_ms: Of the model.
    """
    figures = []
    kinds = (("capture to event", OVER_EVENT_MS), ("capture to screen", OVER_SCREEN_MS))
    for number, (kind, over_ms) in enumerate(kinds):
        both = [(one.event_ms, one.screen_ms)[number] for one in readings]
        worst = np.array([one or (np.nan,) * 3 for one in both]).max(axis=0)
        for name, value in zip(("p50", "p95", "p99"), worst, strict=True):
            most = lookahead_ms + over_ms if name == "p95" else None
            figures.append(Figure(f"{kind}, {name} of the worst minute", float(value), most=most))
    parts = zip(PARTS, readings[-1].parts.values(), strict=True)
    figures += [Figure(f"mean {name}", value, digits=1) for name, value in parts]
    return figures


def table(figures: Sequence[Figure]) -> str:
    """Markdown: a row for each figure, what is missed in bold."""
    lines = ["| | measured | bar | |", "|---|---:|---:|---|"]
    for one in figures:
        value = f"{one.value:.{one.digits}f} {one.unit}"
        bar = "" if one.most is None else f"{one.most:g} {one.unit}"
        if one.least is not None:
            bar = f"at least {one.least:g} {one.unit}"
        verdict = "" if not bar else "passed" if one.passed else "**missed**"
        lines.append(f"| {one.name} | {value} | {bar} | {verdict} |")
    return "\n".join(lines)


def _percentiles(name: str, text: str) -> tuple[int, ...] | None:
    found = re.search(name + _NUMBERS, text)
    return tuple(int(value) for value in found.groups()) if found else None
