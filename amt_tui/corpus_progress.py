"""What people see while a corpus is built: a moving line in a terminal, plain ones elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TaskID, TextColumn
from rich.text import Text

from transcriber.timing import SAMPLE_RATE

from .reports import clock_time

if TYPE_CHECKING:
    from corpus.plans import Plan
    from corpus.shards import ShardReport

_QUIET_S = 10.0
"""Shortest time between two plain lines."""


class BuildDisplay:
    """Listens to a build.

    Args:
        console: Where it is shown; bars where it is a terminal.
        free_bytes: Tells how much room there is where the corpus lies, or None.
    """

    def __init__(self, console: Console, free_bytes: Callable[[], int | None]) -> None:
        self._console, self._free_bytes = console, free_bytes
        self._bars: Progress | None = None
        self._task: TaskID | None = None
        self._memory: dict[str, int] = {}
        self._told: set[str] = set()
        self._began = time.monotonic()
        self._spoke = 0.0
        self.expected_s = self.done_s = self.new_s = self.cpu_s = 0.0
        self.items = self.bytes = self.shards = 0

    def planned(self, plan: Plan, done: list[ShardReport]) -> None:
        """Says what is to be done, and what is there already."""
        self._began = time.monotonic()
        self.shards = len(plan.shards)
        self.expected_s = sum(plan.seconds)
        for skipped in plan.skipped:
            self._say_skipped(skipped.file, skipped.reason)
        for report in done:
            self._count(report)
        there = f", {len(done)} of them there already" if done else ""
        self._console.print(
            f"Building {self.expected_s / 3600.0:.2f} h of audio in {self.shards} shards{there}.",
            highlight=False,
        )
        if self._console.is_terminal and len(done) < self.shards:
            self._bars = Progress(
                TextColumn("{task.fields[items]} items"),
                BarColumn(None),
                _HoursColumn(),
                _PaceColumn(),
                TextColumn("{task.fields[disk]}", style="dim"),
                console=self._console,
                transient=True,
            )
            self._task = self._bars.add_task(
                "", total=self.expected_s, items=self.items, disk=self._disk(), new_s=0.0
            )
            self._bars.start()

    def built(self, report: ShardReport) -> None:
        """Moves the bar; in a log, says so now and then."""
        self._count(report)
        self.new_s += report.samples / SAMPLE_RATE
        self.cpu_s += report.cpu_s
        if report.process:
            most = max(self._memory.get(report.process, 0), report.memory_bytes)
            self._memory[report.process] = most
        for skipped in report.skipped:
            self._say_skipped(skipped.file, skipped.reason)
        if self._bars is not None and self._task is not None:
            self._bars.update(
                self._task,
                completed=self.done_s,
                items=self.items,
                disk=self._disk(),
                new_s=self.new_s,
            )
        elif time.monotonic() - self._spoke > _QUIET_S:
            self._spoke = time.monotonic()
            elapsed_s = self._spoke - self._began
            pace = self.new_s / elapsed_s if elapsed_s else 0.0
            left_s = max(0.0, self.expected_s - self.done_s) / pace if pace else 0.0
            self._console.print(
                f"{self.items} items, {self.done_s / 3600.0:.2f} of {self.expected_s / 3600.0:.2f}"
                f" h, {pace / 60.0:.2f} audio-hours per minute, {clock_time(left_s)} left, "
                f"{self._disk()}",
                highlight=False,
                soft_wrap=True,
            )

    def stop(self) -> None:
        """Takes the bar away."""
        if self._bars is not None:
            self._bars.stop()
            self._bars = None

    @property
    def elapsed_s(self) -> float:
        """Seconds since the work started."""
        return time.monotonic() - self._began

    def _count(self, report: ShardReport) -> None:
        self.items += report.items
        self.bytes += report.bytes
        self.done_s += report.samples / SAMPLE_RATE

    def _disk(self) -> str:
        free = self._free_bytes()
        text = f"{self.bytes / 1e9:.2f} GB written"
        if free is not None:
            text += f", {free / 1e9:.0f} GB free"
        if self._memory:
            text += f", {self.memory}"
        return text

    @property
    def memory(self) -> str:
        """The most memory that workers were seen to have."""
        whole = sum(self._memory.values()) / 1e9
        most = max(self._memory.values(), default=0) / 1e9
        return f"{len(self._memory)} workers with {whole:.2f} GB memory ({most:.2f} at most)"

    def _say_skipped(self, file: str, reason: str) -> None:
        if file + reason in self._told:
            return
        self._told.add(file + reason)
        text = Text.assemble(("Skipped: ", "yellow"), f"{file}: {reason}")
        self._console.print(text, soft_wrap=True)


class _HoursColumn(ProgressColumn):
    """Audio done, of all."""

    def render(self, task: Task) -> Text:
        whole = (task.total or 0.0) / 3600.0
        return Text(f"{task.completed / 3600.0:.2f} / {whole:.2f} h", style="cyan")


class _PaceColumn(ProgressColumn):
    """Audio-hours per minute, and how long it will take from here."""

    def render(self, task: Task) -> Text:
        new_s = float(task.fields["new_s"])
        if not task.elapsed or not new_s:
            return Text("")
        pace = new_s / task.elapsed
        left = clock_time(max((task.total or 0.0) - task.completed, 0.0) / pace)
        return Text(f"{pace / 60.0:.2f} h/min  {left} left", style="dim")
