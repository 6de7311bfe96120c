"""The picture of a run, and what its report says; see also tests/amt_tui/test_runs.py."""

from __future__ import annotations

from pathlib import Path

import pytest

from trainer.curves import NAME, draw
from trainer.history import History
from trainer.metrics import Curves
from trainer.observers import Beginning, Ending
from transcriber.errors import OutputError

CONFIG = {"steps": 60, "batch": 2, "seconds": 8.0}


def steps() -> list[dict]:
    return [
        {"step": at, "total": 9.0 / at, "onset": 3.0 / at, "rate": 1e-3, "norm": 2.0,
         "audio_per_s": 30.0, "waiting": 0.01, "seconds": 5.0}
        for at in (20, 40, 60)
    ]  # fmt: skip


def validation(step: int, f1: float) -> dict:
    return {"step": step, "validation": {"onset_f1": f1, "frame_f1": f1 / 2}}


def test_everything_that_was_measured_is_drawn(tmp_path: Path) -> None:
    begins = [{"step": 0}, {"step": 33}]
    found = [validation(20, 0.5), validation(40, 0.625), validation(60, 0.6)]
    draw(History(tmp_path / "mine", CONFIG, begins, steps(), found), tmp_path / "run.svg")
    drawn = (tmp_path / "run.svg").read_text()
    for words in ("mine: 60 of 60 steps", "total", "learning rate", "waiting", "0.625",
                  "went on after a stop"):  # fmt: skip
        assert f"<!-- {words}" in drawn or words in drawn
    assert "velocity" not in drawn


def test_a_run_without_figures_is_drawn_empty(tmp_path: Path) -> None:
    draw(History(tmp_path, CONFIG), tmp_path / "run.png")
    assert (tmp_path / "run.png").stat().st_size > 5_000


def test_a_picture_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="is not a folder"):
        draw(History(tmp_path, CONFIG), tmp_path / "missing/run.png")


def test_the_end_of_a_run_draws_it(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"steps": 60, "batch": 2, "seconds": 8.0}')
    curves = Curves()
    curves.begin(Beginning(tmp_path, None, 0, 0.0, {}))  # type: ignore[arg-type]
    curves.finish(Ending(60, "finished"))
    assert (tmp_path / NAME).exists()
