"""What a run's log tells of its cost."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from trainer.cost import PAUSE_S, training_cost


def write_log(run: Path, *lines: dict) -> None:
    (run / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))


def test_pauses_are_left_out_and_the_last_machine_is_named(tmp_path: Path) -> None:
    write_log(
        tmp_path,
        {"event": "begin", "time": 0.0, "step": 0, "processes": 2, "device": "cpu"},
        {"time": 500.0, "step": 20},
        {"time": 500.0 + PAUSE_S + 1.0, "event": "begin", "step": 20, "processes": 1},
        {"time": 1501.0, "step": 40},
    )
    assert training_cost(tmp_path) == {
        "training_hours": pytest.approx(900.0 / 3600.0),
        "processes": 1,
        "device": "cpu",
    }


def test_half_a_line_is_passed_over(tmp_path: Path) -> None:
    write_log(tmp_path, {"time": 0.0, "step": 0}, {"time": 360.0, "step": 20})
    with (tmp_path / "metrics.jsonl").open("a") as log:
        log.write('{"time": 720.0, "st')
    assert training_cost(tmp_path) == {"training_hours": 0.1}


def test_weights_without_a_run_have_no_known_cost(tmp_path: Path) -> None:
    assert training_cost(tmp_path) == {}
