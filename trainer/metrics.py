"""The run's log, `metrics.jsonl`: one JSON object per line, appended as the run goes on.

    {"event": "begin", "step", "git", "material", ...}   a start or a resume
    {"step", "total", "onset", ..., "rate", "norm", "audio_per_s", "waiting", "seconds"}
    {"step", "validation": {...}, "best", "seconds"}
    {"event": "end", "step", "reason"}

Each has its "time" (Unix seconds). Losses are means over `EVERY` steps, which took "seconds";
"waiting" is the share of them spent waiting for data. `trainer.history` reads it.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from transcriber.errors import AmtError, OutputError

from .history import read_history
from .observers import Beginning, Ending, Observer, Step, Validation

EVERY = 20
"""Steps per line."""


class Means:
    """Means of what steps report, since they were last taken."""

    def __init__(self) -> None:
        self._steps: list[Step] = []

    def add(self, step: Step) -> None:
        """Takes one step in."""
        self._steps.append(step)

    def __len__(self) -> int:
        return len(self._steps)

    def take(self) -> dict[str, float]:
        """Means as the log has them, of at least one step; starts anew."""
        steps, self._steps = self._steps, []
        seconds = sum(s.busy_s + s.waiting_s for s in steps)
        means = {
            name: round(sum(s.losses[name] for s in steps) / len(steps), 5)
            for name in steps[0].losses
        }
        return {
            "step": steps[-1].number,
            **means,
            "norm": round(sum(s.norm for s in steps) / len(steps), 5),
            "rate": steps[-1].rate,
            "audio_per_s": round(sum(s.audio_s for s in steps) / seconds, 1),
            "waiting": round(sum(s.waiting_s for s in steps) / seconds, 3),
            "seconds": round(seconds, 3),
        }


class MetricsLog(Observer):
    """Writes the log.

    Args:
        clock: Unix time in seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._means = Means()
        self._path = Path()

    def begin(self, beginning: Beginning) -> None:
        """Says that the run starts or goes on."""
        self._path = beginning.run / "metrics.jsonl"
        self._end_line()
        self._write({"event": "begin", "step": beginning.step, **beginning.facts})

    def step(self, step: Step) -> None:
        """Writes a line every `EVERY` steps."""
        self._means.add(step)
        if step.number % EVERY == 0:
            self._write(self._means.take())

    def validation(self, validation: Validation) -> None:
        """Writes the scores."""
        self._write(
            {
                "step": validation.step,
                "validation": validation.scores,
                "best": validation.best,
                "seconds": round(validation.seconds, 3),
            }
        )

    def finish(self, ending: Ending) -> None:
        """Writes what is left, and why the run ended."""
        if len(self._means):
            self._write(self._means.take())
        self._write({"event": "end", "step": ending.step, "reason": ending.reason})

    def _end_line(self) -> None:
        """A kill may have left half a line; only that one is lost."""
        if self._path.exists() and not self._path.read_bytes().endswith(b"\n"):
            self._append("\n")

    def _write(self, line: dict[str, Any]) -> None:
        self._append(json.dumps({"time": round(self._clock(), 1), **line}) + "\n")

    def _append(self, text: str) -> None:
        try:
            with self._path.open("a") as file:
                file.write(text)
        except OSError as error:
            raise OutputError(
                f"{self._path} cannot be written: {error.strerror}.",
                "Make room; the same command then goes on from the last checkpoint.",
            ) from error


class Curves(Observer):
    """Draws the log as `curves.png` at the end of a run."""

    def __init__(self) -> None:
        self._run = Path()

    def begin(self, beginning: Beginning) -> None:
        """Remembers where the run is."""
        self._run = beginning.run

    def finish(self, ending: Ending) -> None:
        """Draws."""
        # matplotlib is large: imported here, it is in nobody's epoch.
        from .curves import NAME, draw

        with suppress(AmtError):  # no room on the disk: the training is done all the same
            draw(read_history(self._run), self._run / NAME)
