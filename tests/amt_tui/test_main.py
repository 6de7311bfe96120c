"""The `amt` command itself: help, version, errors, and how soon it answers."""

from __future__ import annotations

import io
import logging
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from amt_tui import main as main_module
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


def test_what_is_logged_goes_to_standard_error_as_it_is_then(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    handler = main_module._StandardError()
    other = io.StringIO()
    monkeypatch.setattr(sys, "stderr", other)
    handler.emit(logging.makeLogRecord({"msg": "the engine stopped"}))
    assert other.getvalue() == "the engine stopped\n"


@pytest.mark.parametrize(
    "words", [("train", "--synth", "."), ("export", "run", "-o", "x.onnx"), ("corpus", "info", ".")]
)
def test_what_is_not_installed_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    """As after `pipx install .`, which brings what transcribing needs."""
    absent = ("torch", "scipy", "numba", "psutil")
    for name in (*absent, *sys.modules):
        package = name.partition(".")[0]
        if package in absent:
            monkeypatch.setitem(sys.modules, name, None)
        elif package in ("corpus", "trainer"):
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "argv", ["amt", *words])
    with pytest.raises(SystemExit) as stop:
        main_module.main()
    assert stop.value.code == 2
    told = capsys.readouterr().err
    assert re.fullmatch(
        r"Error: This command needs \w+, which is not installed\.\nStart it .*\n", told
    )


def test_a_missing_module_of_ours_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    def stumble(*_: object, **__: object) -> None:
        raise ModuleNotFoundError("No module named 'trainer.nowhere'", name="trainer.nowhere")

    monkeypatch.setattr(main_module, "app", stumble)
    with pytest.raises(ModuleNotFoundError):
        main_module.main()
