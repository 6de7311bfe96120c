"""Each kind of bad input and bad output gets its sentence, its exit code, and leaves no file."""

from __future__ import annotations

import errno
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from amt_tui import batch
from transcriber.midi import read_midi

RATE = 16_000


def zero_bytes(path: Path) -> None:
    path.write_bytes(b"")


def no_samples(path: Path) -> None:
    sf.write(path, np.zeros(0), RATE)


def prose(path: Path) -> None:
    path.write_text("This is not a recording, whatever its name says.\n" * 20)


def random_bytes(path: Path) -> None:
    path.write_bytes(np.random.default_rng(5).bytes(5000))


def a_pdf(path: Path) -> None:
    path.write_bytes(b"%PDF-1.7\n" + b"\0" * 200)


def not_a_number(path: Path) -> None:
    samples = np.full(RATE, 0.1, np.float32)
    samples[800] = np.nan
    sf.write(path, samples, RATE, subtype="FLOAT")


def too_slow(path: Path) -> None:
    sf.write(path, np.zeros(4000), 4000)


def nothing(path: Path) -> None:
    assert not path.exists()


BAD = [
    (nothing, "does not exist", "Check the path"),
    (zero_bytes, "zero bytes", "Copy or record it again"),
    (no_samples, "holds no sound", "Record or export it again"),
    (prose, "take.wav", "WAV, FLAC, OGG or MP3"),
    (random_bytes, "take.wav", "WAV, FLAC, OGG or MP3"),
    (a_pdf, "PDF", "WAV, FLAC, OGG or MP3"),
    (not_a_number, "NaN", "Export it again"),
    (too_slow, "4000 Hz", "Resample it"),
]


def files_below(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


@pytest.mark.parametrize(
    ("make", "problem", "remedy"), BAD, ids=[make.__name__ for make, *_ in BAD]
)
def test_bad_recording(
    amt: Callable, tmp_path: Path, make: Callable, problem: str, remedy: str
) -> None:
    make(tmp_path / "take.wav")
    run = amt("transcribe", "take.wav", "-o", "out")
    assert run.code == 4
    said = run.err.splitlines()
    assert said[0].startswith("Error: ")
    assert problem in said[0]
    assert remedy in said[1]
    assert "Traceback" not in run.err
    assert not files_below(tmp_path / "out")


def test_unreadable(amt: Callable, sing: Callable, refuse: Callable, tmp_path: Path) -> None:
    sing("take.wav")
    refuse("take.wav", errno.EACCES)
    run = amt("transcribe", "take.wav", "-o", "out")
    assert run.code == 4
    assert "may not be read" in run.err
    assert "chmod" in run.err
    assert not files_below(tmp_path / "out")


def test_folder_without_recordings(amt: Callable, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "notes.txt").write_text("none here")
    run = amt("transcribe", "in", "-o", "out")
    assert run.code == 4
    assert "in holds no recordings" in run.err
    assert not files_below(tmp_path / "out")


def test_pattern_without_match(amt: Callable) -> None:
    run = amt("transcribe", "*.wav")
    assert run.code == 4
    assert "No recording matches *.wav" in run.err


def test_silence_is_no_error(amt: Callable, sing: Callable, tmp_path: Path) -> None:
    sing("take.wav", level=0.0)
    run = amt("transcribe", "take.wav")
    assert run.code == 0
    assert "silent from start to end" in run.err
    assert "0 notes" in run.out
    assert read_midi(tmp_path / "take.mid").notes == ()


def test_sound_without_notes_says_so(amt: Callable, sing: Callable) -> None:
    sing("take.wav", level=0.005)
    run = amt("transcribe", "take.wav")
    assert run.code == 0
    assert "no piano notes" in run.err


def test_truncated_recording_goes_as_far_as_it_holds(
    amt: Callable, sing: Callable, tmp_path: Path
) -> None:
    path = sing("take.wav", seconds=4.0)
    path.write_bytes(path.read_bytes()[: 44 + 2 * 2 * RATE + 2000])
    run = amt("transcribe", "take.wav")
    assert run.code == 0
    assert "cut off" in run.err
    assert len(read_midi(tmp_path / "take.mid").notes) == 2


def test_full_disk(amt: Callable, sing: Callable, full_disk: None, tmp_path: Path) -> None:
    sing("take.wav")
    run = amt("transcribe", "take.wav", "-o", "out")
    assert run.code == 5
    assert "the disk is full" in run.err
    assert "Make room" in run.err
    assert not files_below(tmp_path / "out")


@pytest.mark.parametrize(
    ("code", "words"), [(errno.EROFS, "read-only"), (errno.EACCES, "not yours to write in")]
)
def test_read_only_output_folder(
    amt: Callable, sing: Callable, refuse: Callable, tmp_path: Path, code: int, words: str
) -> None:
    sing("take.wav")
    refuse(".amt-", code)  # the drafts of files being written
    run = amt("transcribe", "take.wav", "-o", "out")
    assert run.code == 5
    assert words in run.err
    assert "Choose another folder with -o." in run.err
    assert not files_below(tmp_path / "out")


def test_output_folder_that_is_a_file(amt: Callable, sing: Callable, tmp_path: Path) -> None:
    sing("take.wav")
    (tmp_path / "out").write_text("a file")
    run = amt("transcribe", "take.wav", "-o", "out")
    assert run.code == 5
    assert "The folder out cannot be made" in run.err
    assert (tmp_path / "out").read_text() == "a file"


def test_one_broken_recording_does_not_stop_the_others(
    amt: Callable, sing: Callable, tmp_path: Path
) -> None:
    sing("in/a.wav")
    prose(tmp_path / "in" / "b.wav")
    sing("in/c.wav")
    run = amt("transcribe", "in", "-o", "out", "--json")
    assert run.code == 4
    assert "1 of 3 recordings failed" in run.err
    document = json.loads(run.out)
    assert [file["status"] for file in document["files"]] == ["done", "failed", "done"]
    assert document["exit_code"] == 4
    assert document["files"][1]["error"]["exit_code"] == 4
    assert sorted(path.name for path in files_below(tmp_path / "out")) == ["a.mid", "c.mid"]


LONG = "x" * 300


def test_a_name_too_long_fails_alone(amt: Callable, sing: Callable, tmp_path: Path) -> None:
    sing("take.wav")
    run = amt("transcribe", f"{LONG}.wav", "take.wav", "-o", "out", "--skip-existing")
    assert run.code == 4
    assert "File name too long" in run.err
    assert [path.name for path in files_below(tmp_path / "out")] == ["take.mid"]


def test_an_output_of_a_name_too_long(amt: Callable, sing: Callable) -> None:
    sing("take.wav")
    assert amt("transcribe", "take.wav", "-o", f"{LONG}.mid").code == 5
    assert amt("demo", "-o", f"{LONG}.mid").code == 5


def test_transcripts_of_a_name_too_long(amt: Callable, tmp_path: Path) -> None:
    run = amt("evaluate", tmp_path, "--transcripts", LONG)
    assert run.code == 4
    assert "is no folder" in run.err


@pytest.mark.skipif(sys.platform != "linux", reason="names are bytes on Linux")
@pytest.mark.parametrize("options", [("--json",), ("--show", "--plot", "svg"), ("--plot", "png")])
def test_a_name_that_is_no_text(
    amt: Callable, sing: Callable, tmp_path: Path, options: tuple[str, ...]
) -> None:
    name = os.fsdecode(b"in/B\xe4r")
    sing("in/plain.wav").rename(tmp_path / f"{name}.wav")
    (tmp_path / f"{name}.flac").write_bytes(b"")
    sing("in/a.wav")
    run = amt("transcribe", "in", *options)
    assert run.code == 4
    assert "Error: in/B\\udce4r.flac is empty" in run.err
    if options == ("--json",):
        files = json.loads(run.out)["files"]
        assert [file["status"] for file in files] == ["failed", "done", "done"]
        assert files[1]["input"] == f"{name}.wav"
    assert (tmp_path / "in" / "a.mid").exists()


def test_a_file_that_cannot_be_read_is_not_replaced(
    amt: Callable, sing: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sing("take.wav")
    (tmp_path / "take.mid").write_bytes(b"MThd, and I am the truth")

    def deny(path: Path, mode: str) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))

    with monkeypatch.context() as closed:
        closed.setattr(Path, "open", deny)
        run = amt("transcribe", "take.wav")
    assert run.code == 5
    assert "whether amt wrote it cannot be read" in run.err
    assert (tmp_path / "take.mid").read_bytes() == b"MThd, and I am the truth"


def test_what_cannot_be_written_is_not_transcribed_first(
    amt: Callable, sing: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sing("take.wav")
    (tmp_path / "take.mid").mkdir()
    monkeypatch.setattr(batch, "_write", None)
    run = amt("transcribe", "take.wav")
    assert run.code == 5
    assert "take.mid is a folder, not a file" in run.err
    assert files_below(tmp_path / "take.mid") == []


def test_a_folder_that_may_not_be_read_fails_alone(
    amt: Callable, sing: Callable, tmp_path: Path, close_folder: Callable[[Path], None]
) -> None:
    sing("in/a.wav")
    sing("in/sub/b.wav")
    close_folder(tmp_path / "in" / "sub")
    run = amt("transcribe", "in", "-o", "out")
    assert run.code == 4
    assert "in/sub may not be read by you" in run.err
    assert [path.name for path in files_below(tmp_path / "out")] == ["a.mid"]


def test_what_may_not_be_used_is_named_wherever_it_is_come_upon(
    amt: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    def deny(path: Path) -> bool:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))

    monkeypatch.setattr(Path, "is_dir", deny)
    run = amt("runs", "closed/runs")
    assert run.code == 4
    assert run.err.startswith("Error: closed/runs may not be used: Permission denied.\nChange ")
