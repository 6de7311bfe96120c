"""Transcripts as text: nothing is lost, and nonsense is refused with a sentence."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from transcriber.errors import InputError
from transcriber.notes import Note, Pedal, Transcript
from transcriber.pitches import pitch_name
from transcriber.tables import read_json, read_tsv, write_csv, write_json

MUSIC = Transcript.of(
    [Note(0.5, 1.25, 60, 64, 0.75), Note(0.5000004, 2.0, 21, 1), Note(1.0, 1.1, 108, 127, 1.1)],
    [Pedal(0.4, 1.25)],
    duration_s=3.2,
)


def test_json_round_trip(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    write_json(MUSIC, path, model={"name": "live", "version": "1"})
    document = json.loads(path.read_text())
    assert document["model"] == {"name": "live", "version": "1"}
    assert [entry["name"] for entry in document["notes"]] == ["C4", "A0", "C8"]
    assert "key_offset_s" not in document["notes"][1]
    actual = read_json(path)
    assert (actual.pedals, actual.duration_s) == (MUSIC.pedals, 3.2)
    assert sorted(actual.notes, key=lambda n: n.pitch) == [
        Note(0.5, 2.0, 21, 1),  # times are kept to a microsecond
        Note(0.5, 1.25, 60, 64, 0.75),
        Note(1.0, 1.1, 108, 127, 1.1),
    ]


def test_json_of_silence(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    write_json(Transcript(duration_s=2.5), path)
    assert read_json(path) == Transcript(duration_s=2.5)
    assert "model" not in json.loads(path.read_text())


def note(**changes: object) -> str:
    entry = {"onset_s": 0.0, "offset_s": 1.0, "pitch": 60, "velocity": 64} | changes
    return json.dumps(
        {"format": "amt-notes", "version": 1, "duration_s": 1, "pedals": [], "notes": [entry]}
    )


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "zero bytes"),
        ("[1, 2", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ("[1, 2]", "no list of notes"),
        ('{"format": "other"}', "no list of notes"),
        ('{"format": "amt-notes", "version": 2}', "has version 2 of the note format"),
        ('{"format": "amt-notes", "version": 1}', "cannot be: 'notes'"),
        (note(pitch=20), "pitch 20 is not on a piano"),
        (note(velocity=0), "velocity 0 is outside"),
        (note(offset_s=0.0), "out of order"),
        (note(onset_s=float("nan")), "out of order"),
        (note(pitch=None), "cannot be"),
    ],
)
def test_wrong_json_gets_a_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    path = tmp_path / "a.json"
    path.write_text(text)
    with pytest.raises(InputError, match=sentence):
        read_json(path)


def test_no_text_at_all(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="is not a text file"):
        read_json(path)
    with pytest.raises(InputError, match="does not exist"):
        read_json(tmp_path / "none.json")
    with pytest.raises(InputError, match="is a folder"):
        read_json(tmp_path)


def test_csv(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    write_csv(MUSIC, path)
    assert path.read_text() == (
        "onset_s,offset_s,pitch,name,velocity\n"
        "0.500000,1.250000,60,C4,64\n"
        "0.500000,2.000000,21,A0,1\n"
        "1.000000,1.100000,108,C8,127\n"
    )


def test_tsv_of_maps(tmp_path: Path) -> None:
    path = tmp_path / "a.tsv"
    path.write_text(
        "# onset,offset,note,velocity\n"
        "1.379984\t2.239995\t61.000000\t69.000000\n"
        "\n"
        "0.521985\t6.701973\t62.000000\t74.000000\n"
    )
    assert read_tsv(path) == Transcript(
        (Note(0.521985, 6.701973, 62, 74, 6.701973), Note(1.379984, 2.239995, 61, 69, 2.239995)),
        (),
        6.701973,
    )


@pytest.mark.parametrize("line", ["1 2 3", "a b c d", "1 0.5 60 64", "0 1 60 200", "0 1 inf 9"])
def test_wrong_tsv_names_the_line(tmp_path: Path, line: str) -> None:
    path = tmp_path / "a.tsv"
    path.write_text(f"# header\n0 1 60 64\n{line}\n")
    with pytest.raises(InputError, match="Line 3 of"):
        read_tsv(path)


@pytest.mark.parametrize(("pitch", "name"), [(21, "A0"), (60, "C4"), (61, "C#4"), (108, "C8")])
def test_pitch_names(pitch: int, name: str) -> None:
    assert pitch_name(pitch) == name
