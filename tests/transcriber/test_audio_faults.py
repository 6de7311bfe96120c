"""Recordings that cannot be read: each kind has its sentence."""

from __future__ import annotations

import errno
import io
import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pytest
from sounds import drain, encode, save, tone

from transcriber import audio
from transcriber.audio import AudioReader
from transcriber.errors import InputError
from transcriber.soundfiles import SoundFileStream

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


def test_a_terminal_as_input_is_told_of_a_recording_that_ends(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sys.stdin", None)
    with pytest.raises(InputError, match="Nothing is piped") as caught:
        AudioReader("-")
    assert "arecord -f cd -d 60 |" in caught.value.remedy  # Ctrl-C would end both programs


def test_refused_files_are_closed(tmp_path: Path) -> None:
    path = save(tmp_path / "bad.wav", b"%PDF" + bytes(100))
    before = len(os.listdir("/dev/fd"))
    for _ in range(5):
        with pytest.raises(InputError):
            AudioReader(path)
        with pytest.raises(InputError):
            AudioReader(tmp_path)
    assert len(os.listdir("/dev/fd")) == before


class Stumbling(io.BytesIO):
    """Does something at the first read behind a position, and reads on."""

    def __init__(self, data: bytes, behind: int, stumble: Callable[[], None]) -> None:
        super().__init__(data)
        self.behind, self._stumble, self._done = behind, stumble, False

    def read(self, size: int | None = -1, /) -> bytes:
        self._look()
        return super().read(size)

    def readinto(self, buffer: bytearray, /) -> int:  # type: ignore[override]
        self._look()
        return super().readinto(buffer)

    def _look(self) -> None:
        if not self._done and self.tell() >= self.behind:
            self._done = True
            self._stumble()


def fail() -> None:
    raise OSError(errno.EIO, os.strerror(errno.EIO))


COMPRESSED = [("FLAC", "PCM_16"), ("OGG", "VORBIS"), ("MP3", "MPEG_LAYER_III")]


def noise(kind: str, subtype: str) -> bytes:
    """Five seconds that no codec makes small."""
    sound = 0.1 * np.random.default_rng(1).standard_normal(80_000)
    return encode(sound.astype(np.float32), 16_000, kind, subtype)


@pytest.mark.parametrize(("kind", "subtype"), COMPRESSED)
def test_ctrl_c_while_libsndfile_reads_is_heard(kind: str, subtype: str) -> None:
    data = noise(kind, subtype)
    stream = Stumbling(data, 1 << 30, lambda: signal.raise_signal(signal.SIGINT))
    source = SoundFileStream(stream, "take")
    stream.behind = len(data) // 4

    def drain_source() -> None:
        while len(source.read(1600)):
            pass

    with pytest.raises(KeyboardInterrupt):
        drain_source()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_ctrl_c_while_libsndfile_opens_is_heard() -> None:
    class Opened(Stumbling):
        read = io.BytesIO.read  # the head is read before

    stream = Opened(noise("FLAC", "PCM_16"), 0, lambda: signal.raise_signal(signal.SIGINT))
    with pytest.raises(KeyboardInterrupt):
        SoundFileStream(stream, "take")


def test_other_threads_read_without_signals() -> None:
    lengths: list[int] = []
    stream = io.BytesIO(noise("FLAC", "PCM_16"))
    read = lambda: lengths.append(len(SoundFileStream(stream, "take").read(100_000)))  # noqa: E731
    reader = threading.Thread(target=read)
    reader.start()
    reader.join()
    assert lengths == [80_000]


@pytest.mark.parametrize("behind", [0, 4, 0.5])
@pytest.mark.parametrize(("kind", "subtype"), [("WAV", "PCM_16"), *COMPRESSED])
def test_a_disk_that_fails_has_its_sentence(
    monkeypatch: pytest.MonkeyPatch, kind: str, subtype: str, behind: float
) -> None:
    data = noise(kind, subtype)
    at = round(behind * len(data)) if behind < 1 else round(behind)

    def stumbling(*_: str) -> BinaryIO:
        return Stumbling(data, at, fail)

    monkeypatch.setattr(audio, "open_input", stumbling)
    with pytest.raises(InputError, match=r"take cannot be read on: Input/output error") as caught:
        drain(AudioReader("take", block_s=0.1))
    assert caught.value.remedy
