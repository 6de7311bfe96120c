"""What is refused before `amt live` begins, rather than after an hour of playing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from amt_tui.live_setup import LiveOptions, check_options, set_replay, set_stage, source_opener
from amt_tui.settings import Settings
from transcriber import model
from transcriber.errors import OutputError, UsageError
from transcriber.journal import Journal
from transcriber.midi import write_midi
from transcriber.model import Model
from transcriber.notes import Transcript


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


def test_what_was_not_given_excludes_nothing() -> None:
    check_options({"--replay": "last", "--save": None, "--record-audio": False, "--no-keep": False})
    check_options({"--replay": None, "--save": Path("x.mid"), "--no-keep": True})
    check_options({"--input": None, "--device": "USB"})
    check_options({"--input": "take.wav", "--device": None})


@pytest.mark.parametrize("options", [LiveOptions(loop=True), LiveOptions(start_s=3.0)])
def test_microphone_is_neither_wound_nor_repeated(options: LiveOptions) -> None:
    with pytest.raises(UsageError, match="neither wound nor repeated"):
        source_opener(options)


def test_replay_begins_where_it_is_told_to(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.close(64_000)

    feed = set_replay(str(journal.path), Settings(), start_s=3.0)

    assert feed.snapshot().position_s == 3.0


@pytest.fixture
def saving(monkeypatch: pytest.MonkeyPatch, lively_model: Model, sing: Callable) -> Callable:
    """Set a stage that saves to a path, and keeps nothing else."""
    monkeypatch.setattr(model, "load_model", lambda name="live": lively_model)
    recording = sing("take.wav")

    def set_for(path: Path) -> None:
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


def test_midi_file_of_others_is_spared_with_a_remedy_there_is(
    saving: Callable, tmp_path: Path
) -> None:
    write_midi(Transcript.of([], []), tmp_path / "truth.mid")

    with pytest.raises(OutputError, match="amt did not write it") as spared:
        saving(tmp_path / "truth.mid")

    assert "--overwrite" not in spared.value.remedy
