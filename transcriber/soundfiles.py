"""Everything but plain WAV, in blocks through libsndfile: FLAC, Ogg Vorbis and Opus, MP3, AIFF.

libsndfile needs to seek. A pipe is therefore copied to an anonymous temporary file first; memory
stays flat.
"""

from __future__ import annotations

import shutil
import signal
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
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


class _Source:
    """What libsndfile reads from; keeps the error that C code between here and there would lose.

    Args:
        stream: Seekable.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._error: OSError | None = None

    def readinto(self, buffer: bytearray) -> int:
        """Fills the buffer as far as there are bytes; a failing disk is an end, for now."""
        try:
            return self._stream.readinto(buffer)  # type: ignore[attr-defined,no-any-return]
        except OSError as error:
            self._error = error
            return 0

    def seek(self, offset: int, whence: int = 0) -> int:
        """Goes to a position."""
        try:
            return self._stream.seek(offset, whence)
        except OSError as error:
            self._error = error
            return 0

    def tell(self) -> int:
        """The position in bytes."""
        return self._stream.tell()

    @contextmanager
    def guard(self) -> Iterator[None]:
        """Surrounds a call of libsndfile's.

        Raises:
            OSError: The disk failed meanwhile, whatever libsndfile made of that.
        """
        with _deaf_to_interrupts():
            try:
                yield
            finally:
                if self._error is not None:
                    raise self._error


@contextmanager
def _deaf_to_interrupts() -> Iterator[None]:
    """Holds Ctrl-C back until the block has ended.

    Inside a callback from C its KeyboardInterrupt would be printed and lost, and libsndfile would
    take it for the end of the file. Other threads than the main one never get it.
    """
    former = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(former):
        yield
        return
    came = False

    def keep(*_: object) -> None:
        nonlocal came
        came = True

    signal.signal(signal.SIGINT, keep)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, former)
        if came:
            former(signal.SIGINT, None)


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
        OSError: The disk fails.
    """

    def __init__(self, stream: BinaryIO, name: str) -> None:
        self._name = name
        stream.seek(0)
        head = stream.read(SIGNATURE_BYTES)
        self.cut_off = head[:4] == b"OggS" and not _ogg_ends(stream)
        stream.seek(0)
        self._source = _Source(stream)
        try:
            with self._source.guard():
                self._file = _ForwardFile(self._source)
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
            OSError: The disk fails.
        """
        block = np.empty((frames, self.channels), np.float32)
        if self._ended:
            return block[:0]
        with self._source.guard():
            got = self._fill(block)
        if got < frames or self._ended:
            self._finish(got)
        self._delivered += got
        return block[:got]

    def close(self) -> None:
        """Releases the decoder, not the stream."""
        self._file.close()

    def _fill(self, block: np.ndarray) -> int:
        """Decodes into the block as far as it goes; returns for how many samples that is."""
        frames = len(block)
        try:
            return len(self._file.read(frames, out=block))
        except soundfile.LibsndfileError as error:
            # The samples decoded before the error are in `block`; only the position tells how many.
            got: int = min(max(self._file.tell() - self._delivered, 0), frames)
            if self._delivered + got == 0:
                raise _damaged(self._name) from error
            self._ended = True
            return got

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
