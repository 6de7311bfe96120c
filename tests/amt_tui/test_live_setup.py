"""What is refused before `amt live` begins, rather than after an hour of playing."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from amt_tui.live_setup import LiveOptions, check_options, set_replay, set_stage, source_opener
from amt_tui.provenance import MARK
from amt_tui.settings import Settings
from transcriber import model
from transcriber.errors import OutputError, UsageError
from transcriber.journal import Journal, wav_header
from transcriber.midi import write_midi
from transcriber.model import Model
from transcriber.notes import Transcript
from transcriber.timing import SAMPLE_RATE


@pytest.mark.parametrize("name", ["--input", "--device", "--midi-out", "--save", "--record-audio"])
def test_replay_refuses_what_it_cannot_heed(name: str) -> None:
    with pytest.raises(UsageError, match=f"--replay and {name} exclude each other"):
        check_options({"--replay": "last", name: True})


def test_sound_of_a_session_that_is_not_kept_is_refused() -> None:
    with pytest.raises(UsageError, match="--no-keep and --record-audio"):
        check_options({"--no-keep": True, "--record-audio": True})


def test_a_microphone_beside_a_recording_is_refused() -> None:
    with pytest.raises(UsageError, match="--input and --device exclude each other"):
        check_options({"--input": "take.wav", "--device": "USB"})


@pytest.mark.parametrize(
    ("name", "source"),
    [("--profile", "take.wav"), ("--rate", "take.wav"), ("--channels", None), ("--format", None)],
)
def test_what_would_change_nothing_is_refused(name: str, source: str | None) -> None:
    with pytest.raises(UsageError, match=name):
        check_options({"--input": source, name: "given"})


def test_what_was_not_given_excludes_nothing() -> None:
    check_options({"--replay": "last", "--save": None, "--record-audio": False, "--no-keep": False})
    check_options({"--replay": None, "--save": Path("x.mid"), "--no-keep": True})
    check_options({"--input": None, "--device": "USB"})
    check_options({"--input": "take.wav", "--device": None})
    check_options({"--input": "-", "--rate": 44_100, "--format": "f32le"})


@pytest.mark.parametrize("options", [LiveOptions(loop=True), LiveOptions(start_s=3.0)])
def test_microphone_is_neither_wound_nor_repeated(options: LiveOptions) -> None:
    with pytest.raises(UsageError, match="neither wound nor repeated"):
        source_opener(options)


def test_replay_begins_where_it_is_told_to(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.close(64_000)

    feed = set_replay(str(journal.path), Settings(), start_s=3.0)

    assert feed.snapshot().position_s == 3.0


def test_nothing_is_heard_behind_the_end(tmp_path: Path, sing: Callable) -> None:
    journal = Journal(tmp_path)
    journal.close(64_000)
    with pytest.raises(UsageError, match=r"--start 4 lies behind the end, at 4\.0 s"):
        set_replay(str(journal.path), Settings(), start_s=4.0)
    with pytest.raises(UsageError, match=r"lies behind the end, at 2\.0 s"):
        source_opener(LiveOptions(input=str(sing("take.wav")), start_s=99.0))


def test_a_pipe_is_read_once(tmp_path: Path, sing: Callable) -> None:
    """As bash makes one for <(…)."""
    sound, path = sing("take.wav").read_bytes(), tmp_path / "fifo"
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_bytes, args=(sound,))
    writer.start()
    source = source_opener(LiveOptions(input=str(path)))()
    writer.join(10.0)
    heard = []
    while not source.ended:
        block = source.read(1.0)
        heard += [] if block is None else [len(block.samples)]
    source.close()
    assert sum(heard) == 2 * SAMPLE_RATE


@pytest.fixture
def saving(monkeypatch: pytest.MonkeyPatch, lively_model: Model, sing: Callable) -> Callable:
    """Set a stage that saves to a path, and keeps nothing else."""
    monkeypatch.setattr(model, "load_model", lambda name="live": lively_model)
    recording = sing("take.wav")

    def set_for(path: Path, recording: Path = recording) -> None:
        set_stage(LiveOptions(input=str(recording), keep=False, save=path))

    return set_for


def test_folder_of_the_midi_file_is_made_before_anything_is_played(
    saving: Callable, tmp_path: Path
) -> None:
    saving(tmp_path / "new" / "folder" / "x.mid")

    assert (tmp_path / "new" / "folder").is_dir()


def test_midi_file_that_could_not_be_written_is_refused_at_once(
    saving: Callable, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be made") as made:
        saving(tmp_path / "file" / "x.mid")
    assert made.value.remedy == "Name another file with --save."
    with pytest.raises(OutputError, match="is a folder"):
        saving(tmp_path)
    with pytest.raises(OutputError, match="File name too long"):
        saving(tmp_path / f"{'x' * 300}.mid")


def test_what_is_played_and_what_is_no_midi_file_is_not_written(
    saving: Callable, tmp_path: Path, sing: Callable
) -> None:
    own = tmp_path / "mine.wav"
    own.write_bytes(wav_header(0, MARK))
    with pytest.raises(UsageError, match="--save writes MIDI"):
        saving(own)
    played = sing("played.mid.wav").rename(tmp_path / "played.mid")
    with pytest.raises(UsageError, match="is what is played"):
        saving(played, played)


def test_midi_file_of_others_is_spared_with_a_remedy_there_is(
    saving: Callable, tmp_path: Path
) -> None:
    write_midi(Transcript.of([], []), tmp_path / "truth.mid")

    with pytest.raises(OutputError, match="amt did not write it") as spared:
        saving(tmp_path / "truth.mid")

    assert "--overwrite" not in spared.value.remedy
