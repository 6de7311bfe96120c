"""`amt transcribe` as a person or a script uses it."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from transcriber.midi import read_midi, write_midi
from transcriber.notes import Note, Transcript
from transcriber.tables import read_json


def test_writes_midi_next_to_the_recording(amt: Callable, sing: Callable, tmp_path: Path) -> None:
    sing("deep/take.wav", seconds=3.0)
    run = amt("transcribe", "deep/take.wav")
    assert run.code == 0
    assert run.err == ""
    assert run.out.count("\n") == 1
    assert "deep/take.wav: 3 notes, 3 pedal presses, C4-D4, 0:03 long" in run.out
    assert "-> deep/take.mid" in run.out
    assert [note.pitch for note in read_midi(tmp_path / "deep/take.mid").notes] == [60, 61, 62]


def test_several_formats(amt: Callable, sing: Callable, tmp_path: Path) -> None:
    sing("take.wav")
    run = amt("transcribe", "take.wav", "-o", "out", "--format", "mid,json,csv")
    assert run.code == 0
    assert "out/take.{mid,json,csv}" in run.out
    assert len(read_midi(tmp_path / "out/take.mid").notes) == 2
    assert len(read_json(tmp_path / "out/take.json").notes) == 2
    with (tmp_path / "out/take.csv").open() as file:
        assert [row["name"] for row in csv.DictReader(file)] == ["C4", "C#4"]


def test_lengths(amt: Callable, sing: Callable) -> None:
    sing("take.wav")
    amt("transcribe", "take.wav", "-o", "keys.mid")
    amt("transcribe", "take.wav", "-o", "sounding.mid", "--lengths", "sounding")
    assert len(read_midi("keys.mid").pedals) == 2
    assert read_midi("sounding.mid").pedals == ()


def test_output_ending_chooses_the_format(amt: Callable, sing: Callable, tmp_path: Path) -> None:
    sing("take.wav")
    assert amt("transcribe", "take.wav", "-o", "notes.json").code == 0
    assert len(read_json(tmp_path / "notes.json").notes) == 2


def test_standard_input(amt: Callable, sing: Callable, tmp_path: Path) -> None:
    sound = sing("take.wav").read_bytes()
    run = amt("transcribe", "-", stdin=sound)
    assert run.code == 0
    assert len(read_midi(tmp_path / "stdin.mid").notes) == 2


def test_json_is_all_there_is_on_stdout(amt: Callable, sing: Callable) -> None:
    sing("a.wav", seconds=3.0)
    sing("b.wav", level=0.0)
    run = amt("transcribe", "a.wav", "b.wav", "--json", "--show", "--plot", "svg")
    assert run.code == 0
    document = json.loads(run.out)
    first, second = document["files"]
    assert first["notes"] == 3
    assert first["lowest"] == {"pitch": 60, "name": "C4"}
    assert first["outputs"] == {"mid": "a.mid"}
    assert first["picture"] == "a.svg"
    assert first["duration_s"] == 3.0
    assert second["notes"] == 0
    assert second["lowest"] is None
    assert "silent" in second["warnings"][0]
    assert document["model"] == {"name": "live", "version": "9.9", "licence": "CC0"}


def test_skip_existing(amt: Callable, sing: Callable, tmp_path: Path) -> None:
    sing("a.wav")
    sing("b.wav")
    amt("transcribe", "a.wav", "-o", "out")
    before = (tmp_path / "out/a.mid").stat().st_mtime_ns
    run = amt("transcribe", "a.wav", "b.wav", "-o", "out", "--skip-existing")
    assert run.code == 0
    assert "a.wav: skipped" in run.out
    assert (tmp_path / "out/a.mid").stat().st_mtime_ns == before
    assert (tmp_path / "out/b.mid").exists()


def test_does_not_skip_what_lacks_a_format(amt: Callable, sing: Callable, tmp_path: Path) -> None:
    sing("a.wav")
    amt("transcribe", "a.wav")
    run = amt("transcribe", "a.wav", "--skip-existing", "--format", "mid,csv")
    assert "2 notes" in run.out
    assert (tmp_path / "a.csv").exists()


def test_own_files_are_replaced_and_others_kept(
    amt: Callable, sing: Callable, tmp_path: Path
) -> None:
    sing("take.wav")
    played = tmp_path / "take.mid"
    write_midi(Transcript.of([Note(0.0, 1.0, 40, 70)]), played)
    kept = played.read_bytes()
    run = amt("transcribe", "take.wav")
    assert run.code == 5
    assert "amt did not write it" in run.err
    assert played.read_bytes() == kept
    assert amt("transcribe", "take.wav", "--overwrite").code == 0
    assert played.read_bytes() != kept
    assert amt("transcribe", "take.wav").code == 0


@pytest.mark.parametrize("ending", ["mid", "json", "csv", "png", "svg"])
def test_every_format_is_recognised_as_own(amt: Callable, sing: Callable, ending: str) -> None:
    sing("take.wav")
    option = ["--plot", ending] if ending in ("png", "svg") else ["--format", ending]
    assert amt("transcribe", "take.wav", *option).code == 0
    again = amt("transcribe", "take.wav", *option)
    assert (again.code, again.err) == (0, "")


def test_thresholds_reach_the_decoder(amt: Callable, sing: Callable, stage: type) -> None:
    sing("take.wav")
    amt("transcribe", "take.wav", "--threshold", "0.7", "--min-velocity", "30")
    assert stage.used_settings.onset_threshold == 0.7
    assert stage.used_settings.min_velocity == 30
    assert amt("transcribe", "take.wav", "--threshold", "1").code == 0
    assert 0.99 < stage.used_settings.onset_threshold < 1.0


@pytest.mark.parametrize(
    "arguments",
    [
        ("--threshold", "1.5"),
        ("--threshold", "nan"),
        ("--min-velocity", "0"),
        ("--format", "wav"),
        ("--format", ","),
        ("--plot", "gif"),
        ("--lengths", "long"),
        ("--output", "x.mid", "--format", "json"),
        ("b.wav", "--output", "x.mid"),
        ("b.wav", "--plot", "x.png"),
        ("-", "-"),
    ],
)
def test_wrong_options(
    amt: Callable, sing: Callable, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    sing("a.wav")
    sing("b.wav")
    run = amt("transcribe", "a.wav", *arguments)
    assert run.code == 2
    assert run.out == ""
    assert "Error" in run.err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.wav", "b.wav"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("options", [(), ("--json",)])
def test_a_full_disk_behind_standard_output_costs_no_recording(
    amt: Callable, sing: Callable, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...]
) -> None:
    names = [sing(f"{name}.wav").name for name in "ab"]
    with open("/dev/full", "w") as full:
        monkeypatch.setattr(sys, "stdout", full)
        run = amt("transcribe", *names, *options)
    assert run.code == 5
    assert "can no longer be printed: No space left on device" in run.err
    assert all(Path(name).with_suffix(".mid").exists() for name in names)


def test_show_prints_the_roll(amt: Callable, sing: Callable) -> None:
    sing("take.wav", seconds=3.0)
    run = amt("transcribe", "take.wav", "--show")
    assert " C4 " in run.out
    assert "▀" in run.out
    assert "Ped" in run.out
    assert "\x1b" not in run.out


@pytest.mark.parametrize("where", ["in the middle", "while writing"])
def test_ctrl_c_leaves_whole_files_and_says_what_is_done(
    amt: Callable,
    sing: Callable,
    stage: type,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    where: str,
) -> None:
    for name in "abc":
        sing(f"{name}.wav")
    target, method = (stage, "finish") if where == "in the middle" else (Path, "write_bytes")
    original, calls = getattr(target, method), []

    def interrupted(*arguments: object) -> object:
        calls.append(arguments)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return original(*arguments)

    monkeypatch.setattr(target, method, interrupted)
    run = amt("transcribe", "a.wav", "b.wav", "c.wav", "-o", "out")
    assert run.code == 130
    assert "Interrupted: 1 of 3 recordings were finished" in run.err
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["a.mid"]
    assert len(read_midi(tmp_path / "out/a.mid").notes) == 2
