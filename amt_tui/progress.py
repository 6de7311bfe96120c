"""What a person sees while a batch runs: moving bars in a terminal, plain lines elsewhere."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Self

from rich.console import Console, RenderableType
from rich.constrain import Constrain
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TaskID, TextColumn
from rich.text import Text

from transcriber.audio import AudioReader
from transcriber.errors import AmtError
from transcriber.notes import Transcript

from .batch import Outcome
from .destinations import Job
from .printing import give_up
from .reports import clock_time, outcome_line
from .textroll import roll_lines

_NAME_CELLS = 24
"""Width given to a recording's name beside its bar."""


class Lines(Console):
    """Standard output. Where it takes no more, on a full disk or where the reader went away, what
    follows is lost, and the work goes on.

    Attributes:
        fault: Why nothing more could be printed; None where all was, or nobody wanted more.
    """

    fault: OSError | None = None

    def print(self, *objects: Any, **options: Any) -> None:
        """Prints, or takes note that it cannot."""
        try:
            super().print(*objects, **options)
        except OSError as error:
            self.fault = error
            give_up(sys.stdout)

    def on_broken_pipe(self) -> None:
        """Lets the reader go."""
        give_up(sys.stdout)


class PlainDisplay:
    """One line per recording and nothing that moves, for logs, pipes and `--json`.

    Args:
        lines: Where lines about finished recordings go.
        errors: Where sentences about failures and warnings go.
        show: Draw the roll of each transcript on `lines`.
    """

    def __init__(self, lines: Console, errors: Console, *, show: bool) -> None:
        self._lines, self._errors, self._show = lines, errors, show

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def started(self, job: Job, duration_s: float | None) -> None:
        """Says nothing: the line comes when there is a result."""

    def heard(self, position_s: float) -> None:
        """Says nothing."""

    def ended(self, outcome: Outcome, transcript: Transcript | None) -> None:
        """Prints the recording's line, after its warnings or its error."""
        print_troubles(outcome, self._errors)
        self._lines.print(Text(outcome_line(outcome)), soft_wrap=True)
        if self._show and transcript is not None:
            print_roll(transcript, self._lines)


class BarDisplay:
    """A bar for the open recording and, for several, one for them all.

    Args:
        console: A terminal.
        jobs: All jobs, for the total.
        show: Draw the roll of each transcript.
    """

    def __init__(self, console: Console, jobs: Sequence[Job], *, show: bool) -> None:
        self._console, self._show = console, show
        self._lengths = _lengths_s(jobs) if len(jobs) > 1 else {}
        self._count = len(jobs)
        self._progress = AudioBars(console)
        self._file: TaskID | None = None
        self._total: TaskID | None = None
        self._before_s = 0.0  # audio of the recordings that have ended
        self._ended = 0

    def __enter__(self) -> Self:
        self._progress.start()
        if self._count > 1:
            lengths = list(self._lengths.values())
            total_s = sum(s for s in lengths if s is not None) if None not in lengths else None
            self._total = self._progress.add_task(self._counted(), total=total_s)
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def started(self, job: Job, duration_s: float | None) -> None:
        """Opens the recording's bar."""
        name = Path(job.recording.path).name if not job.recording.is_stdin else "standard input"
        if len(name) > _NAME_CELLS:
            name = f"{name[: _NAME_CELLS - 9]}…{name[-8:]}"
        self._file = self._progress.add_task(name, total=duration_s)

    def heard(self, position_s: float) -> None:
        """Moves the bars."""
        if self._file is not None:
            self._progress.update(self._file, completed=position_s)
        if self._total is not None:
            self._progress.update(self._total, completed=self._before_s + position_s)

    def ended(self, outcome: Outcome, transcript: Transcript | None) -> None:
        """Closes the recording's bar; says what went wrong, if anything did."""
        if self._file is not None:
            self._progress.remove_task(self._file)
            self._file = None
        print_troubles(outcome, self._console)
        if self._show and transcript is not None:
            print_roll(transcript, self._console, title=outcome.job.recording.path)
        self._ended += 1
        if self._total is not None:
            self._count_in(outcome, self._total)

    def _count_in(self, outcome: Outcome, total: TaskID) -> None:
        """Adds an ended recording to the total; one that was not heard leaves it."""
        if outcome.status == "done":
            self._before_s += outcome.duration_s
        else:
            expected_s = self._lengths.get(outcome.job.recording.path) or 0.0
            remaining_s = self._progress.tasks[self._progress.task_ids.index(total)].total
            if remaining_s is not None:
                self._progress.update(total, total=remaining_s - expected_s)
        self._progress.update(total, completed=self._before_s, description=self._counted())

    def _counted(self) -> str:
        return f"{self._ended} of {self._count} recordings"


class AudioBars(Progress):
    """Bars that end short of the margin.

    The terminal echoes Ctrl-C as two characters; at the margin they would wrap, and the bars,
    erased one line too low, would leave their first line behind.
    """

    def __init__(self, console: Console) -> None:
        self._terminal = console  # asked for its width before `Progress` has its own
        super().__init__(
            TextColumn("{task.description}", markup=False),
            BarColumn(None),
            _AudioTimeColumn(),
            _PaceColumn(),
            console=console,
            transient=True,
        )

    def get_renderables(self) -> Iterator[RenderableType]:
        """All bars, one table."""
        yield Constrain(self.make_tasks_table(self.tasks), self._terminal.width - 4)


class _AudioTimeColumn(ProgressColumn):
    """Audio done, and its whole length where known."""

    def render(self, task: Task) -> Text:
        whole = f" / {clock_time(task.total)}" if task.total is not None else ""
        return Text(f"{clock_time(task.completed)}{whole}", style="cyan")


class _PaceColumn(ProgressColumn):
    """Times real time, and how long it will take from here."""

    def render(self, task: Task) -> Text:
        if not task.elapsed or not task.completed:
            return Text("")
        pace = task.completed / task.elapsed
        text = f"{pace:4.0f}x"
        if task.total is not None:
            text += f"  {clock_time(max(task.total - task.completed, 0.0) / pace)} left"
        return Text(text, style="dim")


def print_troubles(outcome: Outcome, console: Console) -> None:
    """Prints the warnings and the error of a recording, in the words they came in."""
    for warning in outcome.warnings:
        console.print(Text.assemble(("Note: ", "yellow"), warning), soft_wrap=True)
    if outcome.error is not None:
        print_error(outcome.error, console)


def print_error(error: AmtError, console: Console) -> None:
    """Prints what is wrong and what to do about it."""
    console.print(Text.assemble(("Error: ", "bold red"), error.problem), soft_wrap=True)
    if error.remedy:
        console.print(Text(error.remedy), soft_wrap=True)


def print_roll(transcript: Transcript, console: Console, title: str = "") -> None:
    """Prints the roll across the console's width."""
    if title:
        console.print(Text(title, style="bold"), soft_wrap=True)
    colour = console.color_system is not None
    for line in roll_lines(transcript, console.width, colour=colour):
        console.print(line, no_wrap=True, overflow="crop")


def _lengths_s(jobs: Sequence[Job]) -> dict[str, float | None]:
    """Length of each recording where its head tells; None for a pipe, 0 for what will fail."""
    lengths: dict[str, float | None] = {}
    for job in jobs:
        path = job.recording.path
        # A pipe can be read once, and that is for the work; a folder fails when it is opened.
        is_pipe = os.path.exists(path) and not os.path.isfile(path) and not os.path.isdir(path)
        if job.recording.is_stdin or is_pipe:
            lengths[path] = None
            continue
        try:
            with AudioReader(path) as reader:
                lengths[path] = reader.info.duration_s
        except AmtError:
            lengths[path] = 0.0
    return lengths
