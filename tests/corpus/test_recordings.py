"""Recordings with labels, as `corpus.recordings` loads them."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile

from corpus.recordings import load_recordings
from transcriber.errors import InputError


def test_notes_come_from_the_table_and_the_pedal_from_midi(toy_data: Path) -> None:
    (recording,) = load_recordings(toy_data / "real")  # the one without MIDI is left out
    assert (recording.name, recording.piano) == ("one", "toy")
    assert recording.audio.dtype == np.int16
    first, second = recording.transcript.notes[:2]
    # Its key comes up at 0.3 s, under a pedal that is lifted at 0.9 s.
    assert (first.pitch, first.key_offset_s, first.offset_s) == (60, 0.3, pytest.approx(0.9))
    assert (second.pitch, second.key_offset_s, second.offset_s) == (61, 0.8, pytest.approx(0.9))
    (pedal,) = recording.transcript.pedals
    assert (pedal.onset_s, pedal.offset_s) == pytest.approx((0.1, 0.9))
    assert recording.transcript.duration_s == len(recording.audio) / 16_000


def test_without_a_table_the_midi_file_has_the_notes(toy_data: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(toy_data / "real", tmp_path / "real"))
    (folder / "manifest.json").write_text('{"items": [{"id": "one", "audio": "one.flac"}]}')
    (recording,) = load_recordings(folder)
    assert recording.transcript.notes[0].offset_s == pytest.approx(0.9)
    assert len(recording.transcript.notes) == 11


@pytest.mark.parametrize("item", ['{"id": "one"}', '{"audio": "one.flac"}', "7"])
def test_an_item_that_is_none(toy_data: Path, tmp_path: Path, item: str) -> None:
    folder = Path(shutil.copytree(toy_data / "real", tmp_path / "real"))
    (folder / "manifest.json").write_text(f'{{"items": [{item}]}}')
    with pytest.raises(InputError, match=r"Item 1 of .* is not made as one"):
        load_recordings(folder)


def test_broken_folders_get_a_sentence(toy_data: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"has no manifest\.json of recordings"):
        load_recordings(tmp_path)
    folder = Path(shutil.copytree(toy_data / "real", tmp_path / "real"))
    soundfile.write(folder / "one.flac", np.zeros((1000, 2)), 44_100)
    with pytest.raises(InputError, match="is not 16000 Hz mono"):
        load_recordings(folder)
    (folder / "one.flac").write_bytes(b"no sound")
    with pytest.raises(InputError, match=r"one\.flac cannot be read"):
        load_recordings(folder)
