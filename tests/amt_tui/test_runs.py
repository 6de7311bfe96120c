"""`amt runs`: the runs of a folder side by side."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from amt_tui.runs import differences


def write_run(
    folder: Path, f1: float | None, *, ended: str = "", age_s: float = 1e6, **config: object
) -> None:
    folder.mkdir(parents=True)
    settings = {"steps": 100, "batch": 10, "seconds": 36.0, "network": {"hidden": 8}, **config}
    (folder / "config.json").write_text(json.dumps(settings))
    at = time.time() - age_s
    lines: list[dict] = [
        {"time": at, "event": "begin", "step": 0, "git": "abc123"},
        {"time": at, "step": 20, "total": 2.0, "seconds": 1800.0},
    ]
    if f1 is not None:
        scores = {"onset_f1": f1, "offset_f1": 0.5, "velocity_f1": 0.4}
        lines.append({"time": at, "step": 20, "validation": scores, "seconds": 60.0})
    if ended:
        lines.append({"time": at, "event": "end", "step": 20, "reason": ended})
    (folder / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_run(tmp_path / "runs/a", 0.81, ended="finished", seed=1)
    write_run(tmp_path / "runs/b", 0.84, seed=2)
    write_run(tmp_path / "runs/c", None, age_s=1.0, seed=1, network={"hidden": 9})
    (tmp_path / "runs/cache").mkdir()
    return tmp_path / "runs"


def test_the_table(amt: Callable, folder: Path) -> None:
    shown = amt("runs", folder)
    assert shown.code == 0
    a, b, c = (next(x for x in shown.out.splitlines() if x.strip()[:2] == f"{n} ") for n in "abc")
    assert a.split() == ["a", "finished", "20/100", "0.810", "0.500", "0.400", "20", "31:00",
                         "2.0", "h", "abc123"]  # fmt: skip
    assert ("broken off" in b, "running" in c) == (True, True)
    assert "–" in c
    seed = next(line for line in shown.out.splitlines() if "seed" in line)
    assert seed.split() == ["seed", "1", "2", "1"]
    hidden = next(line for line in shown.out.splitlines() if "network.hidden" in line)
    assert hidden.split() == ["network.hidden", "8", "8", "9"]
    assert "batch" not in shown.out
    assert "cache" not in shown.out


def test_names_and_places_stay_readable_in_a_narrow_terminal(
    amt: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_run(
        tmp_path / "runs/first", 0.812, initial="/far/away/from/here/weights/last.safetensors"
    )
    write_run(tmp_path / "runs/second", 0.834, initial="")
    for name, value in (("FORCE_COLOR", "1"), ("TERM", "xterm-256color"), ("COLUMNS", "80")):
        monkeypatch.setenv(name, value)
    shown = amt("runs", tmp_path / "runs").out
    assert "first   broken off" in shown
    assert "abc123" not in shown
    assert "weights/last.safetensors" in shown
    assert "away" not in shown


def test_json(amt: Callable, folder: Path) -> None:
    shown = amt("runs", folder, "--json")
    a, b, _ = json.loads(shown.out)
    assert (a["state"], a["step"], a["steps"], a["starts"]) == ("finished", 20, 100, 1)
    assert a["audio_hours"] == 2.0
    assert a["hours"] == pytest.approx(1860 / 3600, abs=1e-4)
    assert b["best"]["validation"]["onset_f1"] == 0.84
    assert b["differs"] == {"seed": 2, "network.hidden": 8}


def test_one_run(amt: Callable, folder: Path) -> None:
    shown = amt("runs", folder / "a")
    assert shown.code == 0
    assert "finished" in shown.out
    assert "Differs" not in shown.out
    assert "★" in shown.out
    assert "Began at step 0" in shown.out
    assert "Memory: " in shown.out


def test_one_run_is_drawn(amt: Callable, folder: Path) -> None:
    drawn = amt("runs", folder / "a", "--picture", "a.svg")
    assert drawn.code == 0, drawn.err
    assert "0.810" in Path("a.svg").read_text()
    refused = amt("runs", folder, "--picture", "all.svg")
    assert refused.code == 2
    assert "holds 3 runs" in refused.err


def test_what_holds_no_runs(amt: Callable, tmp_path: Path) -> None:
    assert amt("runs", "nowhere").code == 4
    empty = amt("runs", tmp_path)
    assert empty.code == 4
    assert "holds no training run" in empty.err


def test_a_damaged_run_does_not_hide_the_others(amt: Callable, folder: Path) -> None:
    (folder / "b/config.json").write_text("{")
    shown = amt("runs", folder)
    assert shown.code == 4
    assert "0.810" in shown.out
    assert "Left out:" in shown.err


def test_settings_an_older_version_lacked_are_no_difference() -> None:
    assert differences([{"a": 1, "b": {"c": 2}}, {"b": {"c": 3}}]) == {"b.c": [2, 3]}
