"""The benchmark's tables and page; its figures are nobody's to test."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from amt_tui import basic_pitch, benchmark
from amt_tui.benchmark import Figures
from amt_tui.pages import marks
from transcriber.errors import InputError, UsageError
from transcriber.timing import SAMPLE_RATE

OURS = Figures("amt live 1.0.0", 123.4, 0.987, 117.4, (0.51, 2.04))
THEIRS = Figures("Basic Pitch 0.4.0", 20.6, 9.9, 711.0)


def test_table_has_a_column_for_each_program() -> None:
    lines = benchmark.table([OURS, THEIRS]).splitlines()
    assert lines[0] == "|  | amt live 1.0.0 | Basic Pitch 0.4.0 |"
    assert "| 123x | 21x |" in lines[2]
    assert "| 0.51 ms, 2.04 ms | only whole files |" in lines[3]
    assert {line.count("|") for line in lines} == {4}


def test_document_is_one_line_of_json() -> None:
    text = json.dumps(benchmark.document([OURS, THEIRS], busy=False))
    document = json.loads(text)
    assert document["figures"][0]["step_ms"] == [0.51, 2.04]
    assert document["busy"] is False
    assert document["machine"]["onnxruntime"]


def test_the_page_has_a_part_for_it(repository: Path) -> None:
    page = (repository / "docs/benchmarks.md").read_text()
    assert [page.count(mark) for mark in marks(benchmark.PART)] == [1, 1]


def test_recording_is_repeated_to_length(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "take.wav", np.full(SAMPLE_RATE, 0.5), SAMPLE_RATE)
    assert len(benchmark.repeated(tmp_path / "take.wav", 2.5)) == 3 * SAMPLE_RATE


@pytest.mark.parametrize(("load", "warns"), [(0.1, False), (2.3, True)])
def test_a_busy_machine_is_called_so(
    monkeypatch: pytest.MonkeyPatch, load: float, warns: bool
) -> None:
    monkeypatch.setattr(benchmark.os, "getloadavg", lambda: (load, 0.0, 0.0))
    warning = benchmark.load_warning()
    assert (warning is not None) == warns
    assert warning is None or "2.3" in warning


def test_peak_memory_is_of_the_process_itself() -> None:
    code = "from amt_tui.benchmark import peak_mb; block = b'x' * 200_000_000; print(peak_mb())"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert 200 < float(run.stdout) < 500


def test_a_failing_command_is_named() -> None:
    with pytest.raises(InputError, match="failed: no good"):
        benchmark.start_to_exit([sys.executable, "-c", "import sys; sys.exit('no good')"], 1)


def test_basic_pitch_is_optional_but_must_exist(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv(basic_pitch.VARIABLE, raising=False)
    assert basic_pitch.interpreter() is None
    monkeypatch.setenv(basic_pitch.VARIABLE, str(tmp_path / "none"))
    with pytest.raises(UsageError, match="which is no file"):
        basic_pitch.interpreter()
    # This environment has no Basic Pitch in it.
    monkeypatch.setenv(basic_pitch.VARIABLE, sys.executable)
    python = basic_pitch.interpreter()
    assert python is not None
    with pytest.raises(UsageError, match="No module named 'basic_pitch'"):
        basic_pitch.transcribe(python, [], tmp_path)


def test_script_explains_itself(repository: Path) -> None:
    script = repository / "scripts/bench_transcribe"
    run = subprocess.run(
        [sys.executable, script, "--help"], capture_output=True, text=True, check=True
    )
    assert "--update" in run.stdout
