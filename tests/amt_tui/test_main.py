"""The `amt` command itself: help, version, errors, and how soon it answers."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from transcriber import model
from transcriber.errors import ModelError


def test_version_names_models_and_licences(amt: Callable) -> None:
    run = amt("--version")
    assert run.code == 0
    assert run.out.startswith("amt ")
    assert "model live 9.9 (weights: CC0)" in run.out


def test_help_explains_exit_codes(amt: Callable) -> None:
    run = amt("transcribe", "--help")
    assert run.code == 0
    for words in ("--skip-existing", "Exit codes", "130 interrupted"):
        assert words in run.out


@pytest.mark.bench
def test_help_answers_at_once(repository: Path) -> None:
    command = [sys.executable, "-m", "amt_tui", "--help"]
    walls = []
    for _ in range(5):
        began = time.perf_counter()
        subprocess.run(command, cwd=repository, check=True, capture_output=True)
        walls.append(time.perf_counter() - began)
    assert min(walls) < 0.3


def broken_model(name: str) -> None:
    raise ModelError(f"There is no model {name}.", "Choose live.")


def test_error_is_two_sentences_and_its_exit_code(
    amt: Callable, sing: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    sing("take.wav")
    monkeypatch.setattr(model, "load_model", broken_model)
    run = amt("transcribe", "take.wav", "--model", "nope")
    assert run.code == 3
    assert run.err == "Error: There is no model nope.\nChoose live.\n"
    assert run.out == ""


@pytest.mark.parametrize("where", ["before the command", "at the end"])
def test_debug_shows_where_it_came_from(repository: Path, tmp_path: Path, where: str) -> None:
    # In a process of its own: logging is set up once per process.
    words = ["transcribe", "empty"]
    arguments = ["--debug", *words] if where == "before the command" else [*words, "--debug"]
    (tmp_path / "empty").mkdir()
    run = subprocess.run(
        [sys.executable, "-c", "from amt_tui.main import main; main()", *arguments],
        cwd=tmp_path,
        env={"PYTHONPATH": str(repository)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 4
    assert "Traceback" in run.stderr
    assert run.stderr.endswith(
        "Error: empty holds no recordings.\n" + run.stderr.splitlines()[-1] + "\n"
    )


def test_no_command_shows_help(amt: Callable) -> None:
    run = amt()
    assert "transcribe" in run.out + run.err


def test_unknown_option_is_usage(amt: Callable) -> None:
    assert amt("transcribe", "x.wav", "--loud").code == 2
