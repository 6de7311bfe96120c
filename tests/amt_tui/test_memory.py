"""`amt memory`: the verdict again, for people and for scripts."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from amt_tui.main import app
from trainer.memory.heap import HeapReport, LineGrowth
from trainer.memory.journal import Journal
from trainer.memory.readings import Reading, Sample
from transcriber.errors import InputError

Write = Callable[[float], Path]


@pytest.fixture
def watched(tmp_path: Path) -> Write:
    """Write the journal of a run whose worker grows by so many MB per epoch."""

    def write(growth: float) -> Path:
        journal = Journal(tmp_path)
        journal.append("begin", {"profiled": True})
        for epoch in range(1, 7):
            worker = Reading("worker 0", 12, 300.0, 90.0, 120.0, 40.0 + growth * epoch)
            readings = (Reading("main", 11, 500.0, 350.0, 400.0, 250.0), worker)
            journal.append("sample", Sample(60.0 * epoch, epoch, epoch, readings).record())
        lines = (LineGrowth("corpus/banks.py:70", 5 * growth, growth, tensors=3),)
        journal.append("heap", HeapReport(12, 6, 9.0, 3, 1.0, 0.0, lines).record())
        return tmp_path

    return write


def run(*arguments: str) -> str:
    result = CliRunner().invoke(app, ["memory", *arguments], terminal_width=100)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_a_leak_is_shown_with_its_line(watched: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    shown = run(str(watched(8.0)))
    assert "leaking about 8.0 MB/epoch, most of it from corpus/banks.py:70" in shown
    rows = [line.split() for line in shown.splitlines()]
    assert ["main", "500", "350", "400", "250", "+0.00", "▁▁▁▁▁▁"] in rows
    assert ["worker", "0", "300", "90", "120", "88", "+8.00", "▁▂▄▅▇█"] in rows
    assert ["corpus/banks.py:70", "worker", "0", "+8.00", "40.0", "3"] in rows


def test_scripts_read_json(watched: Write) -> None:
    document = json.loads(run(str(watched(0.0)), "--json"))
    assert document["leaking"] is False
    assert document["verdict"] == "flat (+0.00 MB/epoch over 4 epochs)"
    assert document["slopes"]["worker 0"]["mb_per_epoch"] == 0.0
    assert document["last"]["processes"][1]["held_mb"] == 40.0


def test_the_picture_is_drawn_where_asked(watched: Write, tmp_path: Path) -> None:
    picture = tmp_path / "again.svg"
    run(str(watched(8.0)), "--picture", str(picture))
    assert "corpus/banks.py:70" in picture.read_text()


def test_a_folder_that_is_no_run(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["memory", str(tmp_path / "missing")])
    assert isinstance(result.exception, InputError)
    assert "There is no run folder" in result.exception.problem
