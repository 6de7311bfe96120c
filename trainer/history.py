"""What a run's folder tells of it, read without torch: configuration, figures, cost.

See `metrics` for the log's lines. A run that was killed repeats the steps after its last
checkpoint: of lines about the same step the later one holds, while the time of both was spent.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from transcriber.errors import InputError

CONFIG, LOG = "config.json", "metrics.jsonl"


@dataclass(frozen=True)
class History:
    """One run.

    Args:
        run: Its folder.
        config: `config.json`, nested.
        begins: Starts and resumes, each with its facts.
        steps: Means of the losses, in the order of their steps.
        validations: Lines with scores, in the order of their steps.
        end: How the last part ended; None where it goes on, or was killed.
        seconds: Time spent on steps and validations, repeated ones included.
        time: Unix time of the last line.
    """

    run: Path
    config: dict[str, Any]
    begins: list[dict[str, Any]] = field(default_factory=list)
    steps: list[dict[str, Any]] = field(default_factory=list)
    validations: list[dict[str, Any]] = field(default_factory=list)
    end: dict[str, Any] | None = None
    seconds: float = 0.0
    time: float = 0.0

    @property
    def step(self) -> int:
        """Steps done, as far as the log knows."""
        last = [line["step"] for lines in (self.begins, self.steps) for line in lines[-1:]]
        return max([*last, self.end["step"] if self.end else 0], default=0)

    @property
    def audio_s(self) -> float:
        """Seconds of audio learned from."""
        return float(self.step * self.config["batch"] * self.config["seconds"])

    @property
    def cost(self) -> dict[str, Any]:
        """For the provenance of weights: `training_hours`, steps repeated after a kill included;
        `processes` and `device` of the last start, where the log tells.
        """
        told: dict[str, Any] = {}
        if self.seconds:
            told["training_hours"] = round(self.seconds / 3600.0, 2)
        for begin in self.begins:
            told |= {key: begin[key] for key in ("processes", "device") if key in begin}
        return told

    @property
    def best(self) -> dict[str, Any] | None:
        """The validation with the highest onset F1."""
        return max(self.validations, key=lambda v: v["validation"]["onset_f1"], default=None)


def is_run(folder: Path) -> bool:
    """Whether a folder is one of a run."""
    return (folder / CONFIG).is_file()


def read_history(run: Path) -> History:
    """Reads a run's folder.

    Raises:
        InputError: It holds no run, or its configuration cannot be read.
    """
    try:
        config = json.loads((run / CONFIG).read_text())
        if not {"steps", "batch", "seconds"} <= config.keys():
            raise ValueError("another kind of file")
    except (OSError, ValueError, AttributeError) as error:
        raise InputError(
            f"{run} holds no training run ({error}).", "Name the folder given to amt train -o."
        ) from error
    begins: list[dict[str, Any]] = []
    steps: dict[int, dict[str, Any]] = {}
    validations: dict[int, dict[str, Any]] = {}
    end, seconds, time = None, 0.0, 0.0
    for line in _lines(run / LOG):
        time = line.get("time", time)
        seconds += line.get("seconds", 0.0)
        if line.get("event") == "end":
            end = line
            continue
        end = None
        if line.get("event") == "begin":
            begins.append(line)
            steps = {k: v for k, v in steps.items() if k <= line["step"]}
            validations = {k: v for k, v in validations.items() if k <= line["step"]}
        elif "validation" in line:
            validations[line["step"]] = line
        else:
            steps[line["step"]] = line
    return History(
        run, config, begins, list(steps.values()), list(validations.values()), end, seconds, time
    )


def training_cost(run: Path) -> dict[str, Any]:
    """`History.cost` of a folder; empty where it is none of a run."""
    try:
        return read_history(run).cost
    except InputError:
        return {}


def flat(values: dict[str, Any]) -> dict[str, Any]:
    """Nested settings with dotted names, as `--set` takes them."""
    pairs: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, dict):
            pairs |= {f"{key}.{name}": inner for name, inner in flat(value).items()}
        else:
            pairs[key] = value
    return pairs


def _lines(log: Path) -> list[dict[str, Any]]:
    """Lines of the log, but those that a kill left unfinished."""
    try:
        texts = log.read_text(errors="replace").splitlines()
    except OSError:
        return []
    found = []
    for text in texts:
        try:
            line = json.loads(text)
        except ValueError:
            continue
        if isinstance(line, dict) and isinstance(line.get("step"), int):
            found.append(line)
    return found
