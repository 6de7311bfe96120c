"""Weights & Biases, with a stand-in that keeps what it is sent."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from trainer.boards import WeightsAndBiases
from trainer.config import RunConfig
from trainer.metrics import EVERY
from trainer.observers import Beginning, Ending, Step, Validation
from transcriber.errors import UsageError


class Cloud:
    """Stands in for the module `wandb` and for the run it begins."""

    class Error(Exception):
        """Its own error."""

    def __init__(self) -> None:
        self.begun: list[dict[str, Any]] = []
        self.logged: list[tuple[int, dict[str, float]]] = []
        self.finished = 0
        self.down = False

    def init(self, **options: Any) -> SimpleNamespace:
        if self.down:
            raise self.Error("no network")
        self.begun.append(options)
        return SimpleNamespace(log=self.log, finish=self.finish)

    def log(self, figures: dict[str, float], step: int) -> None:
        self.logged.append((step, figures))

    def finish(self) -> None:
        self.finished += 1


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Cloud:
    cloud = Cloud()
    monkeypatch.setitem(sys.modules, "wandb", cloud)
    return cloud


def beginning(run: Path) -> Beginning:
    return Beginning(run, RunConfig(), 0, 0.0, {"git": "abc"})


def test_figures_arrive_with_their_step(cloud: Cloud, tmp_path: Path) -> None:
    board = WeightsAndBiases("pianos", offline=True)
    board.begin(beginning(tmp_path))
    for number in range(1, EVERY + 3):
        board.step(Step(number, {"total": 2.0, "onset": 1.0}, 3.0, 1e-3, 0.9, 0.1, 96.0))
    board.validation(Validation(EVERY, {"onset_f1": 0.7}, True, 1.0))
    board.finish(Ending(EVERY + 2, "stopped"))
    board.close()
    assert cloud.begun[0]["mode"] == "offline"
    assert cloud.begun[0]["config"]["network"]["hidden"] == RunConfig().network.hidden
    assert cloud.begun[0]["config"]["git"] == "abc"
    assert cloud.logged[0] == (
        EVERY,
        {
            "loss/total": 2.0,
            "loss/onset": 1.0,
            "step/norm": 3.0,
            "step/rate": 1e-3,
            "speed/audio_per_s": 96.0,
            "speed/waiting": 0.1,
        },
    )
    assert cloud.logged[1] == (EVERY, {"validation/onset_f1": 0.7})
    assert [step for step, _ in cloud.logged[2:]] == [EVERY + 2]
    assert cloud.finished == 1


def test_a_resumed_run_is_the_same_run_there(cloud: Cloud, tmp_path: Path) -> None:
    for _ in range(2):
        WeightsAndBiases("pianos").begin(beginning(tmp_path))
    first, second = cloud.begun
    assert first["id"] == second["id"]
    assert second["resume"] == "allow"


def test_what_cannot_be_reached(cloud: Cloud, tmp_path: Path) -> None:
    cloud.down = True
    with pytest.raises(UsageError, match="does not begin a run"):
        WeightsAndBiases("pianos").begin(beginning(tmp_path))


def test_without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "wandb", None)
    with pytest.raises(UsageError, match="not installed"):
        WeightsAndBiases("pianos")
