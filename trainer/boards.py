"""Figures for TensorBoard, always, and for Weights & Biases, when asked for.

Both get what `metrics.jsonl` gets, under the names "loss/onset", "speed/waiting",
"validation/onset_f1" and so on, with the step as their axis.
"""

from __future__ import annotations

import json
import secrets
import sys
from typing import Any

from transcriber.atomic import atomic_write
from transcriber.errors import UsageError

from .metrics import EVERY, Means
from .observers import Beginning, Ending, Observer, Step, Validation

_GROUPS = {"audio_per_s": "speed", "waiting": "speed", "rate": "step", "norm": "step"}
"""Where a figure stands that is not a loss."""

_TOGETHER = {
    "Losses": ["loss/.*"],
    "F1": ["validation/.*_f1"],
    "Onsets": ["validation/onset_(precision|recall|f1)"],
    "Pace": ["speed/.*"],
}
"""Figures that belong into one diagram, by the names of TensorBoard's tab *custom scalars*."""


class Board(Observer):
    """Turns what it is told into named figures; where they go, a subclass says."""

    def __init__(self) -> None:
        self._means = Means()

    def add(self, figures: dict[str, float], step: int) -> None:
        """Takes figures of a step."""
        raise NotImplementedError

    def step(self, step: Step) -> None:
        """Adds means every `EVERY` steps."""
        self._means.add(step)
        if step.number % EVERY == 0:
            self._flush()

    def validation(self, validation: Validation) -> None:
        """Adds the scores."""
        scores = {f"validation/{name}": value for name, value in validation.scores.items()}
        self.add(scores, validation.step)

    def finish(self, ending: Ending) -> None:
        """Adds what is left."""
        if len(self._means):
            self._flush()

    def _flush(self) -> None:
        line = self._means.take()
        number = int(line.pop("step"))
        line.pop("seconds")
        self.add({f"{_GROUPS.get(name, 'loss')}/{name}": v for name, v in line.items()}, number)


class TensorBoard(Board):
    """Event files in the run's folder `tensorboard/`: tensorboard --logdir RUNS."""

    def __init__(self) -> None:
        super().__init__()
        self._writer: Any = None

    def begin(self, beginning: Beginning) -> None:
        """Opens a new event file; what an earlier one has beyond this step is no longer shown."""
        from torch.utils.tensorboard import SummaryWriter

        self._writer = SummaryWriter(
            str(beginning.run / "tensorboard"), purge_step=beginning.step + 1
        )
        diagrams = {title: ["Multiline", tags] for title, tags in _TOGETHER.items()}
        self._writer.add_custom_scalars({"together": diagrams})
        self._writer.add_text(
            "config", f"```json\n{beginning.config.to_json()}\n```", beginning.step
        )

    def add(self, figures: dict[str, float], step: int) -> None:
        """Writes scalars."""
        for name, value in figures.items():
            self._writer.add_scalar(name, value, step)
        self._writer.flush()

    def close(self) -> None:
        """Closes the event file."""
        if self._writer is not None:
            self._writer.close()


class WeightsAndBiases(Board):
    """Sends figures to Weights & Biases; needs the extra `wandb`.

    Args:
        project: Name of the project there.
        offline: Keep everything in the run's folder, to be sent later by `wandb sync`.
    """

    def __init__(self, project: str, *, offline: bool = False) -> None:
        super().__init__()
        try:
            import wandb
        except ModuleNotFoundError as error:
            raise UsageError(
                "Weights & Biases is not installed.",
                f"Install it: {sys.executable} -m pip install wandb",
            ) from error
        self._wandb = wandb
        self._project, self._mode = project, "offline" if offline else "online"
        self._there: Any = None

    def begin(self, beginning: Beginning) -> None:
        """Begins a run there, or goes on with the one that this run began.

        Raises:
            UsageError: It cannot be reached, or nobody is logged in.
        """
        name = beginning.run / "wandb-id"
        if not name.exists():
            atomic_write(name, secrets.token_hex(4).encode())
        try:
            self._there = self._wandb.init(
                project=self._project,
                name=beginning.run.name,
                id=name.read_text(),
                dir=str(beginning.run),
                config=json.loads(beginning.config.to_json()) | beginning.facts,
                mode=self._mode,
                resume="allow" if self._mode == "online" else None,
            )
        except self._wandb.Error as error:
            raise UsageError(
                f"Weights & Biases does not begin a run ({error}).",
                "Log in with: wandb login; or keep its files here with --wandb-offline",
            ) from error

    def add(self, figures: dict[str, float], step: int) -> None:
        """Sends figures."""
        self._there.log(figures, step=step)

    def close(self) -> None:
        """Waits until everything is sent or written."""
        if self._there is not None:
            self._there.finish()
