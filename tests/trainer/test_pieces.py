"""Recordings paired with their notes, and with the transcripts of other programs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from trainer.pieces import Piece, find_pieces, read_transcript
from transcriber.errors import InputError, UsageError
from transcriber.midi import write_midi
from transcriber.notes import Note, Pedal, Transcript
from transcriber.timing import SAMPLE_RATE

NOTES = Transcript.of([Note(0.5, 1.0, 60, 64, 1.0)], [Pedal(0.8, 1.5)])


@pytest.fixture
def add(tmp_path: Path) -> Callable[..., Path]:
    """Add a recording of two seconds with notes."""

    def write(name: str, *, midi: bool = True, table: str = "") -> Path:
        audio = tmp_path / name
        audio.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(audio, np.zeros(2 * SAMPLE_RATE), SAMPLE_RATE)
        if midi:
            write_midi(NOTES, audio.with_suffix(".mid"))
        if table:
            audio.with_suffix(".tsv").write_text(table)
        return audio

    return write


def test_finds_pairs_to_the_bottom(add: Callable, tmp_path: Path) -> None:
    add("b.wav")
    add("deep/a.flac")
    alone = add("c.wav", midi=False)
    found = find_pieces(tmp_path)
    assert [piece.name for piece in found.pieces] == ["b", "deep/a"]
    assert found.without_truth == (alone,)


def test_note_times_come_from_the_table_and_the_pedal_from_midi(
    add: Callable, tmp_path: Path
) -> None:
    add("take.wav", table="# onset offset note velocity\n0.501234\t0.9\t60\t64\n")
    (piece,) = find_pieces(tmp_path).pieces
    (note,) = piece.truth(2.0).notes
    assert note.onset_s == 0.501234
    assert note.key_offset_s == 0.9
    assert note.offset_s == pytest.approx(1.5, abs=0.002)


def test_truth_ends_with_the_recording(add: Callable, tmp_path: Path) -> None:
    add("take.wav")
    (piece,) = find_pieces(tmp_path).pieces
    truth = piece.truth(1.2)
    assert truth.duration_s == 1.2
    assert truth.notes[0].offset_s == 1.2


def test_splits_of_a_manifest(add: Callable, tmp_path: Path) -> None:
    add("a.wav")
    add("b.wav")
    (tmp_path / "manifest.json").write_text(
        '{"items": [{"audio": "a.wav", "split": "train"}, {"audio": "b.wav", "split": "test"}]}'
    )
    assert [piece.name for piece in find_pieces(tmp_path, "test").pieces] == ["b"]
    with pytest.raises(UsageError, match="has the splits test, train, not validation"):
        find_pieces(tmp_path, "validation")


def test_splits_of_maestro(add: Callable, tmp_path: Path) -> None:
    add("2018/x.wav")
    add("2018/y.wav")
    (tmp_path / "maestro-v3.0.0.csv").write_text(
        "canonical_composer,split,midi_filename,audio_filename\n"
        '"Händel, G. F.",test,2018/x.midi,2018/x.wav\nBach,train,2018/y.midi,2018/y.wav\n'
    )
    assert [piece.name for piece in find_pieces(tmp_path, "test").pieces] == ["2018/x"]


def test_a_split_needs_a_list(add: Callable, tmp_path: Path) -> None:
    add("a.wav")
    with pytest.raises(UsageError, match="tells no splits"):
        find_pieces(tmp_path, "test")


def test_folders_that_hold_nothing(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no recording with a MIDI file"):
        find_pieces(tmp_path)
    with pytest.raises(InputError, match="does not exist"):
        find_pieces(tmp_path / "nowhere")


def test_transcripts_are_found_by_name(add: Callable, tmp_path: Path) -> None:
    for name in ("take.wav", "take_2.wav", "other.wav", "last.wav"):
        add(f"data/{name}")
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    for number, name in enumerate(("take_basic_pitch", "take_2_basic_pitch", "other"), start=1):
        notes = [Note(float(at), at + 0.5, 60, 64) for at in range(number)]
        write_midi(Transcript.of(notes), theirs / f"{name}.mid")
    found = find_pieces(tmp_path / "data")
    pieces = {piece.name: piece for piece in found.pieces}

    def notes_in(piece: Piece) -> int:
        return len(read_transcript(theirs, piece, found).notes)

    assert [notes_in(pieces[name]) for name in ("take", "take_2", "other")] == [1, 2, 3]
    with pytest.raises(InputError, match="no transcript of last"):
        notes_in(pieces["last"])
    write_midi(NOTES, theirs / "take-again.mid")
    with pytest.raises(InputError, match="holds 2 transcripts of take"):
        notes_in(pieces["take"])


def test_a_name_too_long_is_no_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        find_pieces(tmp_path / ("x" * 300))


def test_a_folder_that_may_not_be_read_is_a_piece_that_fails(
    add: Callable, tmp_path: Path, close_folder: Callable[[Path], None]
) -> None:
    add("a.wav")
    add("sub/b.wav")
    add("z.wav")
    close_folder(tmp_path / "sub")
    found = find_pieces(tmp_path)
    assert [piece.name for piece in found.pieces] == ["a", "sub", "z"]
    with pytest.raises(InputError, match="sub may not be read by you"):
        found.pieces[1].duration_s()
    close_folder(tmp_path)
    with pytest.raises(InputError, match="cannot be read: Permission denied"):
        find_pieces(tmp_path)
