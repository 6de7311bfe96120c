"""Recordings that cannot be read: each kind has its sentence."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from sounds import drain, encode, save, tone

from transcriber.audio import AudioReader
from transcriber.errors import InputError

BAD = [
    (b"", "is empty: it has zero bytes"),
    (encode(np.zeros(0, "f4"), 16_000), "length is zero"),
    (encode(tone(0.1, 16_000), 16_000)[:44], "length is zero"),
    (encode(tone(0.1, 16_000), 16_000)[:30], "damaged"),
    (encode(tone(0.5, 16_000), 16_000, "FLAC")[:60], "damaged"),
    (b"\0\0\0\x18ftypM4A \0\0\0\0" + bytes(400), "MP4 or M4A.*ffmpeg -i"),
    (b"\x1a\x45\xdf\xa3" + bytes(400), "WebM video.*ffmpeg -i"),
    (b"%PDF-1.7\n" + bytes(400), "is a PDF document, not audio"),
    (b"MThd\0\0\0\6" + bytes(400), "is a MIDI file: it holds notes already, not audio"),
    (b"Dear diary, today I played the piano. " * 20, "is plain text, not audio"),
    (b"<!DOCTYPE html><html>" * 20, "is a web page"),
    (bytes(range(200, 256)) * 20, "not audio in a known format: it starts with c8 c9"),
    (encode(tone(0.1, 7_999), 7_999), "sample rate of 7999 Hz"),
    (encode(tone(0.1, 192_001), 192_001), "sample rate of 192001 Hz"),
]


@pytest.mark.parametrize(("data", "sentence"), BAD)
@pytest.mark.parametrize("name", ["bad.wav", "bad.mp3", "bad.raw"])
def test_what_cannot_be_read_gets_a_sentence(
    tmp_path: Path, data: bytes, sentence: str, name: str
) -> None:
    path = save(tmp_path / name, data)
    with pytest.raises(InputError, match=sentence) as caught:
        drain(AudioReader(path))
    assert caught.value.remedy
    assert str(path) in caught.value.problem


def test_missing_file_and_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        AudioReader(tmp_path / "none.wav")
    with pytest.raises(InputError, match="is a folder"):
        AudioReader(tmp_path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_unreadable_file(tmp_path: Path) -> None:
    path = save(tmp_path / "a.wav", encode(tone(0.1, 16_000), 16_000))
    path.chmod(0)
    with pytest.raises(InputError, match="may not be read by you"):
        AudioReader(path)


def test_denied_file_has_its_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def deny(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", deny)
    with pytest.raises(InputError, match="may not be read by you"):
        AudioReader(tmp_path / "a.wav")


def test_refused_files_are_closed(tmp_path: Path) -> None:
    path = save(tmp_path / "bad.wav", b"%PDF" + bytes(100))
    before = len(os.listdir("/dev/fd"))
    for _ in range(5):
        with pytest.raises(InputError):
            AudioReader(path)
        with pytest.raises(InputError):
            AudioReader(tmp_path)
    assert len(os.listdir("/dev/fd")) == before
