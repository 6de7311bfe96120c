"""Bars in a terminal, and the table at the end."""

from __future__ import annotations

import io
import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

from amt_tui import batch
from amt_tui.batch import Outcome, Style, run_batch
from amt_tui.destinations import Job, plan_jobs
from amt_tui.progress import BarDisplay
from amt_tui.recordings import find_recordings
from amt_tui.reports import clock_time, outcome_table, paths_text
from transcriber import model
from transcriber.errors import InputError


def terminal(width: int = 80) -> Console:
    return Console(file=io.StringIO(), force_terminal=True, width=width, color_system=None)


def text_of(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def jobs_of(*inputs: str) -> list[Job]:
    return plan_jobs(find_recordings(inputs), Path("out"), ["mid"])


def test_bars_count_recordings_and_audio(sing: Callable, tmp_path: Path) -> None:
    sing("a.wav", seconds=3.0)
    sing("b.wav", seconds=2.0)
    (tmp_path / "c.wav").write_bytes(b"")
    jobs, console = jobs_of("a.wav", "b.wav", "c.wav"), terminal()
    display = BarDisplay(console, jobs, show=True)
    with display:
        result = run_batch(jobs, model.load_model(), Style(), display)
        total = display._progress.tasks[-1]
        assert total.description == "3 of 3 recordings"
        assert (total.completed, total.total) == (5.0, 5.0)
    assert [outcome.status for outcome in result.outcomes] == ["done", "done", "failed"]
    assert "Error: c.wav is empty" in text_of(console)
    assert " C4 " in text_of(console)


def test_bar_shows_time_pace_and_what_is_left(
    sing: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    sing("a.wav", seconds=3.0)
    jobs, console = jobs_of("a.wav"), terminal()
    display = BarDisplay(console, jobs, show=False)
    with display:
        display.started(jobs[0], 180.0)
        display.heard(65.0)
        display._progress.refresh()
    shown = text_of(console)
    assert "a.wav" in shown
    assert "1:05 / 3:00" in shown
    assert "x  0:" in shown
    assert "left" in shown
    assert "recordings" not in shown


def test_table_has_a_row_each_and_a_sum() -> None:
    def job(name: str) -> Job:
        return plan_jobs(find_recordings([name]), Path("out"), ["mid", "csv"])[0]

    outcomes = [
        Outcome(job("a.wav"), "done", 10, (21, 60), 2, 60.0, 0.5),
        Outcome(job("b.wav"), "done", 5, (60, 108), 1, 60.0, 1.5),
        Outcome(job("c.wav"), "failed", error=InputError("Bad.", "Mend it.")),
        Outcome(job("d.wav"), "skipped"),
    ]
    console = terminal(120)
    console.print(outcome_table(outcomes))
    rows = [line.split() for line in text_of(console).splitlines() if line.strip()]
    assert rows[2] == ["a.wav", "10", "2", "A0-C4", "1:00", "120x", "out/a.{mid,csv}"]
    assert rows[4] == ["c.wav", "-", "-", "-", "-", "-", "failed"]
    assert rows[5][-1] == "skipped"
    assert rows[6] == ["Together", "15", "3", "2:00", "60x"]


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.9, "0:00"), (59.99, "0:59"), (60, "1:00"), (3723.5, "1:02:03")]
)
def test_clock_time(seconds: float, text: str) -> None:
    assert clock_time(seconds) == text


def test_paths_in_few_words() -> None:
    assert paths_text([Path("o/a.mid"), Path("o/a.csv")]) == "o/a.{mid,csv}"
    assert paths_text([Path("o/a.mid"), Path("x.png")]) == "o/a.mid x.png"
    assert paths_text([Path("o/a.mid")]) == "o/a.mid"


def test_exit_codes() -> None:
    def result(*errors: Exception | None, interrupted: bool = False) -> int:
        job = plan_jobs(find_recordings(["a.wav"]), None, ["mid"])[0]
        outcomes = [Outcome(job, "failed" if e else "done", error=e) for e in errors]
        return batch.BatchResult(len(errors), outcomes, interrupted).exit_code

    bad, unwritten = InputError("Bad.", "Mend."), batch.OutputError("Full.", "Empty it.")
    assert result(None, None) == 0
    assert result(None, bad) == 4
    assert result(unwritten) == 5
    assert result(unwritten, bad) == 4
    assert result(bad, interrupted=True) == 130


def test_a_named_pipe_is_left_for_the_work(sing: Callable, tmp_path: Path) -> None:
    sound = sing("a.wav", seconds=3.0).read_bytes()
    os.mkfifo(tmp_path / "b.wav")
    jobs = jobs_of("a.wav", "b.wav")
    display = BarDisplay(terminal(), jobs, show=False)  # would wait here for a writer
    writer = threading.Thread(target=(tmp_path / "b.wav").write_bytes, args=(sound,))
    writer.start()
    with display:
        result = run_batch(jobs, model.load_model(), Style(), display)
    writer.join(timeout=10)
    assert [outcome.status for outcome in result.outcomes] == ["done", "done"]
    assert result.outcomes[1].duration_s == 3.0
