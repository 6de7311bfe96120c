"""`amt demo` with a recording of its own making."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from amt_tui import demo
from amt_tui.machine import processor_name
from amt_tui.rehearsal import rehearse
from transcriber import model
from transcriber.midi import read_midi, write_midi
from transcriber.notes import Note, Transcript


@pytest.fixture
def bundle(sing: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Four seconds of which the stand-in hears four notes; one of them was not played."""
    sing("demo/demo.wav", seconds=4.0)
    folder = tmp_path / "demo"
    (folder / "demo.wav").rename(folder / "demo.ogg")  # files are read by what they are
    played = [Note(second, second + 0.5, 60 + second, 80) for second in range(3)]
    write_midi(Transcript.of(played), folder / "demo.mid")
    (folder / "demo.json").write_text(json.dumps({"title": "Four Tones", "credits": "CC0 sine"}))
    monkeypatch.setattr(demo, "FOLDER", folder)
    return folder


def test_shows_roll_scores_latency_and_path(amt: Callable, bundle: Path) -> None:
    run = amt("demo")
    assert run.code == 0
    assert run.err == ""
    for words in ("Four Tones", "CC0 sine", " C4 ", "3 notes played", "120 ms", "amt-demo.mid"):
        assert words in run.out
    onset = next(line for line in run.out.splitlines() if "Onset within 50 ms" in line)
    assert onset.split()[-3:] == ["0.750", "1.000", "0.857"]
    # The stand-in decides each note one second after its strike.
    assert "1000 ms median, 1000 ms p95" in run.out
    assert "Computing per 20 ms" in run.out
    assert len(read_midi("amt-demo.mid").notes) == 4


def test_output_can_be_chosen_and_is_not_taken_from_others(amt: Callable, bundle: Path) -> None:
    assert amt("demo", "-o", "mine.mid").code == 0
    Path("theirs.mid").write_bytes(b"MThd, more or less")
    run = amt("demo", "-o", "theirs.mid")
    assert run.code == 5
    assert "amt did not write it" in run.err
    assert run.err.endswith("Name another file with -o.\n")  # there is no --overwrite


def test_missing_recording_has_its_sentence(amt: Callable, bundle: Path) -> None:
    (bundle / "demo.ogg").unlink()
    run = amt("demo")
    assert run.code == 4
    assert "demo.ogg is not in" in run.err


def test_rehearsal_times_every_push(bundle: Path) -> None:
    heard = rehearse(bundle / "demo.ogg", model.load_model())
    assert len(heard.step_ms) == 200
    assert (heard.step_ms > 0).all()
    assert heard.decision_ms.tolist() == [1000.0] * 4
    assert heard.speed > 1


def test_processor_has_a_name() -> None:
    assert len(processor_name()) > 2
