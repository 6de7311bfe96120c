"""The run's log and what is read from it."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path
from typing import Any

import pytest

from trainer.config import RunConfig
from trainer.history import History, is_run, read_history, training_cost
from trainer.metrics import EVERY, MetricsLog
from trainer.observers import Beginning, Ending, Step, Validation
from transcriber.errors import InputError, OutputError


def begin(log: MetricsLog, run: Path, step: int = 0) -> None:
    config = RunConfig(batch=2, seconds=3.0)
    (run / "config.json").write_text(config.to_json())
    log.begin(Beginning(run, config, step, 0.0, {"git": "abc"}))


def step(number: int, **losses: float) -> Step:
    return Step(number, {"total": 1.0, **losses}, 2.0, 1e-3, 0.3, 0.1, 6.0)


def run_to(log: MetricsLog, first: int, last: int, **losses: float) -> None:
    for number in range(first, last + 1):
        log.step(step(number, **losses))


def validation(number: int, f1: float) -> Validation:
    return Validation(number, {"onset_f1": f1}, True, 5.0)


@pytest.fixture
def log() -> MetricsLog:
    return MetricsLog(lambda: 1000.0)


def lines(run: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]


def test_lines_hold_means(log: MetricsLog, tmp_path: Path) -> None:
    begin(log, tmp_path)
    run_to(log, 1, EVERY // 2, total=1.0)
    run_to(log, EVERY // 2 + 1, EVERY, total=2.0)
    first, second = lines(tmp_path)
    assert first == {"time": 1000.0, "event": "begin", "step": 0, "git": "abc"}
    assert second == {
        "time": 1000.0,
        "step": EVERY,
        "total": 1.5,
        "norm": 2.0,
        "rate": 1e-3,
        "audio_per_s": 15.0,
        "waiting": 0.25,
        "seconds": pytest.approx(0.4 * EVERY),
    }


def test_what_is_left_is_written_at_the_end(log: MetricsLog, tmp_path: Path) -> None:
    begin(log, tmp_path)
    run_to(log, 1, 3)
    log.finish(Ending(3, "stopped"))
    history = read_history(tmp_path)
    assert [line["step"] for line in history.steps] == [3]
    assert history.end is not None
    assert history.end["reason"] == "stopped"


def test_history_counts_what_was_done_twice_as_time_but_not_as_progress(
    log: MetricsLog, tmp_path: Path
) -> None:
    begin(log, tmp_path)
    run_to(log, 1, 2 * EVERY, total=1.0)
    log.validation(validation(2 * EVERY, 0.9))
    again = MetricsLog(lambda: 2000.0)  # killed; the last checkpoint was of step EVERY
    begin(again, tmp_path, EVERY)
    run_to(again, EVERY + 1, 2 * EVERY, total=3.0)
    again.validation(validation(2 * EVERY, 0.5))
    history = read_history(tmp_path)
    assert [line["total"] for line in history.steps] == [1.0, 3.0]
    assert [line["validation"]["onset_f1"] for line in history.validations] == [0.5]
    assert history.best == history.validations[0]
    assert history.step == 2 * EVERY
    assert history.audio_s == 2 * EVERY * 6.0
    assert history.seconds == pytest.approx(3 * EVERY * 0.4 + 10.0)
    assert history.cost["training_hours"] == round(history.seconds / 3600.0, 2)
    assert training_cost(tmp_path) == history.cost
    assert training_cost(tmp_path / "none") == {}
    assert (len(history.begins), history.end, history.time) == (2, None, 2000.0)


def test_half_a_line_costs_that_line_alone(log: MetricsLog, tmp_path: Path) -> None:
    begin(log, tmp_path)
    run_to(log, 1, EVERY)
    with (tmp_path / "metrics.jsonl").open("a") as file:
        file.write('{"step": 40, "tot')
    begin(MetricsLog(), tmp_path, EVERY)
    history = read_history(tmp_path)
    assert len(history.begins) == 2
    assert [line["step"] for line in history.steps] == [EVERY]


def test_a_full_disk(log: MetricsLog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begin(log, tmp_path)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "open", full)
    with pytest.raises(OutputError, match="No space left"):
        run_to(log, 1, EVERY)


@pytest.mark.parametrize("text", [None, "", "[]", "{}", '"batch"'])
def test_folders_without_a_run(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "config.json").write_text(text)
    assert is_run(tmp_path) == (text is not None)
    with pytest.raises(InputError, match="holds no training run"):
        read_history(tmp_path)


def test_a_run_that_was_killed_at_once(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(RunConfig().to_json())
    history = read_history(tmp_path)
    assert isinstance(history, History)
    assert (history.step, history.best, history.seconds) == (0, None, 0.0)
