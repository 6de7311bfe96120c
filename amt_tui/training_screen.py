"""The screen of a training: losses and rate, pace, memory, validations.

Redrawn by a thread of its own a few times a second, from what the loop has told it. In the
terminal's alternate screen: what was there comes back at the end, with one closing line.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Lock
from typing import TYPE_CHECKING

from rich.console import Group
from rich.layout import Layout
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from .reports import clock_time
from .sparklines import Trace
from .training_lines import REASONS, Memory, memory_told
from .training_pace import Pace
from .training_panels import LOSS_ROWS, PARTS, loss_panel, memory_panel, pace_panel, scores_panel

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from trainer.observers import Beginning, Ending, Step, Validation

REDRAWS_PER_S = 1.0

_HELP = "Ctrl-C: stop after this step and save · twice: at once"


class TrainingScreen:
    """Observes a training, see `trainer.observers.Observer`.

    Args:
        console: A terminal.
        memory: What its memory panel shows; without it there is none.
        clock: Seconds from any origin.
    """

    def __init__(
        self,
        console: Console,
        memory: Memory | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._console, self._memory = console, memory
        self._pace = Pace(clock)
        self._lock = Lock()
        self._traces: dict[str, Trace] = {}
        self._validations: list[Validation] = []
        self._beginning: Beginning | None = None
        self._step: Step | None = None
        self._ending: Ending | None = None
        self._live: Live | None = None

    def begin(self, beginning: Beginning) -> None:
        """Takes over the terminal; a resumed run shows what it reached before."""
        self._beginning = beginning
        self._pace.begin(beginning)
        if beginning.step:
            self._recall(beginning)
        self._live = Live(
            get_renderable=self.draw,
            console=self._console,
            screen=True,
            refresh_per_second=REDRAWS_PER_S,
        )
        self._live.start()

    def step(self, step: Step) -> None:
        """Takes in a step."""
        with self._lock:
            self._step = step
            self._pace.step(step)
            figures = {"rate": step.rate, "audio": step.audio_s / (step.busy_s + step.waiting_s)}
            for name, value in (step.losses | figures).items():
                self._traces.setdefault(name, Trace()).add(value)

    def validation(self, validation: Validation) -> None:
        """Takes in scores."""
        with self._lock:
            self._validations.append(validation)

    def epoch(self, number: int) -> None:
        """The memory panel tells of it."""

    def finish(self, ending: Ending) -> None:
        """Remembers how it ended, for the closing line."""
        self._ending = ending

    def close(self) -> None:
        """Gives the terminal back and says how it ended."""
        if self._live is not None:
            self._live.stop()
            self._live = None
        if self._ending is not None and self._beginning is not None:
            best = self._best()
            f1 = best.scores["onset_f1"] if best is not None else 0.0
            reached = f"; best note-onset F1 {f1:.3f}" if best is not None else ""
            self._console.print(
                f"{REASONS[self._ending.reason]} at step {self._ending.step}, "
                f"after {clock_time(self._pace.elapsed_s)}{reached}. "
                f"{memory_told(self._memory)} See {self._beginning.run}.".lstrip(),
                highlight=False,
                soft_wrap=True,
            )

    def draw(self) -> RenderableType:
        """The whole screen, for a console of any size from 80x24 on."""
        with self._lock:
            width, height = self._console.size
            middle = LOSS_ROWS + 2
            layout = Layout()
            layout.split_column(
                Layout(self._head(), size=2),
                Layout(name="middle", size=middle),
                Layout(scores_panel(self._validations, self._best(), height - middle - 6)),
                Layout(Text(_HELP, style="dim"), size=1),
            )
            losses = loss_panel(self._pace, self._traces, self._step, width * 3 // 5 - 26)
            layout["middle"].split_row(
                Layout(losses, ratio=3), Layout(name="side", minimum_size=31, ratio=2)
            )
            pace = pace_panel(self._pace, self._traces, self._heard_s, width * 2 // 5 - 25)
            memory = self._memory.panel() if self._memory is not None else None
            layout["side"].split_column(Layout(pace, size=5), Layout(memory_panel(memory)))
            return layout

    def _head(self) -> RenderableType:
        if self._beginning is None:
            return Text("")
        beginning, done = self._beginning, self._done
        config = beginning.config
        line = Table.grid(expand=True, padding=(0, 1))
        line.add_column(no_wrap=True, ratio=1)
        line.add_column(justify="right", no_wrap=True)
        left = self._pace.left if self._step else "first step…"
        line.add_row(
            Text.assemble(("amt train ", "bold"), (str(beginning.run), "cyan")),
            Text.assemble(f"step {done:,} of {config.steps:,}  ", (left, "bold")),
        )
        return Group(line, ProgressBar(config.steps, done))

    @property
    def _done(self) -> int:
        if self._step is not None:
            return self._step.number
        return self._beginning.step if self._beginning is not None else 0

    @property
    def _heard_s(self) -> float:
        return self._done * self._beginning.config.step_s if self._beginning is not None else 0.0

    def _best(self) -> Validation | None:
        """The best validation, if any found a note."""
        heard = [v for v in self._validations if v.scores["onset_f1"] > 0.0]
        return max(heard, key=lambda v: v.scores["onset_f1"], default=None)

    def _recall(self, beginning: Beginning) -> None:
        """Reads the curves and scores of the run so far."""
        from trainer.history import read_history
        from trainer.observers import Validation

        history = read_history(beginning.run)
        names = {"rate": "rate", "audio": "audio_per_s", **{name: name for name in PARTS}}
        for line in history.steps:
            for name, key in names.items():
                if key in line:
                    self._traces.setdefault(name, Trace()).add(line[key])
        for line in history.validations:
            scores = line["validation"]
            is_best = bool(line.get("best", False))
            self._validations.append(
                Validation(line["step"], scores, is_best, line.get("seconds", 0.0))
            )
