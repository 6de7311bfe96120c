"""Everything but plain WAV, in blocks through libsndfile: FLAC, Ogg Vorbis and Opus, MP3, AIFF.

libsndfile needs to seek. A pipe is therefore copied to an anonymous temporary file first; memory
stays flat.
"""

from __future__ import annotations

import shutil
import tempfile
from typing import BinaryIO, cast

import numpy as np
import soundfile

from .errors import InputError
from .signatures import SIGNATURE_BYTES, identify

_UNKNOWN_FRAMES = 1 << 62  # libsndfile's answer for "not written in the header"
_OGG_TAIL = 1 << 17  # two Ogg pages at their longest
_OGG_LAST_PAGE = 4
_MP3_TRAILER = 1 << 14


class _ForwardFile(soundfile.SoundFile):  # type: ignore[misc]
    """A sound file that is only read forward.

    soundfile seeks to where it is after every read, which costs an MP3 decoder its bit reservoir:
    samples are lost or wrong at each block's start. It leaves that out where seeking is impossible.
    """

    def seekable(self) -> bool:
        """Denies it, though libsndfile itself does seek while opening."""
        return False


class SoundFileStream:
    """Samples of one compressed recording.

    Args:
        stream: Seekable, at any position.
        name: The input's name for messages.

    Attributes:
        frames: Samples per channel, None where the header does not tell.
        missing: Samples per channel that the header promises and the file has not; final after the
            last read.
        cut_off: The file stops before its end mark, though nothing tells how much is missing.
        unread: More follows than libsndfile is willing to decode; final after the last read. It
            stops where it guesses the end of an MP3 of varying bit rate that does not state its
            length.

    Raises:
        InputError: libsndfile does not know the format, or finds it damaged from the start.
    """

    def __init__(self, stream: BinaryIO, name: str) -> None:
        self._name = name
        stream.seek(0)
        head = stream.read(SIGNATURE_BYTES)
        self.cut_off = head[:4] == b"OggS" and not _ogg_ends(stream)
        stream.seek(0)
        try:
            self._file = _ForwardFile(stream)
        except (soundfile.LibsndfileError, TypeError) as error:
            raise _refusal(name, head) from error
        frames = self._file.frames
        self.sample_rate: int = self._file.samplerate
        self.channels: int = self._file.channels
        self.frames: int | None = frames if 0 <= frames < _UNKNOWN_FRAMES else None
        self.format = f"{self._file.format} {self._file.subtype}"
        self.missing = 0
        self.unread = False
        self._stream = stream
        self._delivered = 0
        self._ended = False

    def read(self, frames: int) -> np.ndarray:
        """Up to `frames` samples per channel, float32 `[n, channels]`; none at the end.

        Where the decoder meets damage it cannot pass, what it decoded before is returned and the
        stream ends.

        Raises:
            InputError: The damage comes before the first sample.
        """
        block = np.empty((frames, self.channels), np.float32)
        if self._ended:
            return block[:0]
        try:
            got = len(self._file.read(frames, out=block))
        except soundfile.LibsndfileError as error:
            # The samples decoded before the error are in `block`; only the position tells how many.
            got = min(max(self._file.tell() - self._delivered, 0), frames)
            if self._delivered + got == 0:
                raise _damaged(self._name) from error
            self._finish(got)
            return block[:got]
        if got < frames:
            self._finish(got)
        self._delivered += got
        return block[:got]

    def close(self) -> None:
        """Releases the decoder, not the stream."""
        self._file.close()

    def _finish(self, got: int) -> None:
        self._ended = True
        if self.frames is not None:
            missing = self.frames - self._delivered - got
            # The length of an MP3 is an estimate unless its encoder wrote it down.
            is_mp3 = self._file.format == "MP3"
            slack = self.sample_rate if is_mp3 else 0
            self.missing = missing if missing > slack else 0
            if is_mp3 and missing <= 0:
                here = self._stream.tell()
                size = self._stream.seek(0, 2)
                # Tags may follow the sound, and the decoder reads a little ahead.
                self.unread = size - here > max(_MP3_TRAILER, size // 20)


def spool(head: bytes, rest: BinaryIO) -> BinaryIO:
    """Copies a pipe to an anonymous temporary file.

    Args:
        head: What was already taken from the pipe.
        rest: The pipe.

    Raises:
        InputError: The temporary folder is full or not writable.
    """
    try:
        copy = tempfile.TemporaryFile()  # noqa: SIM115 - outlives this function, closed by its reader
        copy.write(head)
        shutil.copyfileobj(rest, copy)
        copy.seek(0)
    except OSError as error:
        raise InputError(
            f"Standard input cannot be kept in {tempfile.gettempdir()}: {error.strerror or error}.",
            "Set TMPDIR to a folder with room, pipe WAV instead, or pass the file by name.",
        ) from error
    return cast(BinaryIO, copy)


def _ogg_ends(stream: BinaryIO) -> bool:
    """Whether the last Ogg page is whole and carries the end-of-stream mark."""
    end = stream.seek(0, 2)
    stream.seek(max(0, end - _OGG_TAIL))
    tail = stream.read(_OGG_TAIL)
    at = tail.rfind(b"OggS")
    if at < 0 or len(tail) < at + 27:
        return False
    segments = tail[at + 27 : at + 27 + tail[at + 26]]
    whole = len(segments) == tail[at + 26] and len(tail) >= at + 27 + len(segments) + sum(segments)
    return whole and bool(tail[at + 5] & _OGG_LAST_PAGE)


def _refusal(name: str, head: bytes) -> InputError:
    """The sentence for a file libsndfile does not open."""
    known = identify(head)
    if known is None:
        if head[:4] in (b"RIFF", b"RIFX", b"RF64", b"fLaC", b"OggS", b"FORM") or head[:3] == b"ID3":
            return _damaged(name)
        return InputError(
            f"{name} is not audio in a known format: it starts with {head[:8].hex(' ')}.",
            "Pass WAV, FLAC, OGG or MP3.",
        )
    if known.holds_sound:
        return InputError(
            f"{name} is {known.kind}, which cannot be read directly.",
            f'Extract the sound first: ffmpeg -i "{name}" sound.wav',
        )
    return InputError(f"{name} is {known.kind}, not audio.", "Pass WAV, FLAC, OGG or MP3.")


def _damaged(name: str) -> InputError:
    return InputError(
        f"{name} is damaged or cut off so early that no sound can be read from it.",
        "Copy or download it again.",
    )
