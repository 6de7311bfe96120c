"""Recordings in: files and standard input as mono float32 blocks at `SAMPLE_RATE`, in flat memory.

Definitions:
    Mixing. The channels are averaged. A silent second channel therefore halves the level (6 dB),
    which the features and the network's training absorb; which channel is silent is not known until
    the end, and a stream cannot wait for it. Channels in antiphase cancel; that is measured and
    said in `warnings`, not repaired.

    Level. Nothing is normalised; float files may exceed +-1. NaN and infinity are refused: they
    would stay in the network's state for the rest of the stream.

    Time. A click at t seconds of the file lies at t seconds of what is delivered, within one
    sample.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Self, cast

import numpy as np

from .errors import InputError
from .inputs import open_input
from .resampling import HIGHEST_RATE, LOWEST_RATE, Resampler
from .soundfiles import SoundFileStream, spool
from .timing import SAMPLE_RATE
from .wav import WavStream, read_header

AUDIO_SUFFIXES = frozenset(
    {".wav", ".wave", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aif", ".aiff", ".w64", ".rf64"}
)
"""Endings, in lower case, by which recordings are found in folders."""

STDIN = "-"
"""The path that means standard input."""

_CANCELLED = 0.01  # mixed energy over the channels' energy, 20 dB down; unrelated channels give 1
_AUDIBLE = 1e-3  # root mean square (-60 dBFS) below which antiphase is not worth a word


@dataclass(frozen=True, slots=True)
class AudioInfo:
    """What is known of a recording before it is read.

    Args:
        path: As given; `-` is standard input.
        sample_rate: Of the recording, in Hz.
        channels: Of the recording.
        duration_s: Seconds, None where only reading tells (a pipe).
        format: For people, such as `WAV 24-bit` or `OGG VORBIS`.
    """

    path: str
    sample_rate: int
    channels: int
    duration_s: float | None
    format: str


def is_audio(path: str | os.PathLike[str]) -> bool:
    """Whether the name ends like a recording that can be read; the file is not opened."""
    return Path(path).suffix.lower() in AUDIO_SUFFIXES


class AudioReader:
    """Reads one recording once, from front to back.

        with AudioReader("take.flac") as reader:
            for block in reader:              # float32 [n] at 16 kHz
                transcriber.push(block)

    Args:
        path: A file, or `-` for standard input. WAV on standard input is decoded as it arrives;
            other formats are copied to a temporary file first.
        block_s: Seconds of the recording read at a time, > 0.

    Attributes:
        info: Known before reading.
        warnings: Sentences about what was read in spite of a flaw; complete after the last block.
        peak: Largest magnitude delivered so far; 0 after a silent file.

    Raises:
        InputError: The input is missing, unreadable, empty, no audio, or outside 8 to 192 kHz.
            While reading: it holds NaN or infinity, turns out to be empty, or the disk fails.
    """

    def __init__(self, path: str | os.PathLike[str], *, block_s: float = 1.0) -> None:
        if block_s <= 0:
            raise ValueError(f"block_s must be positive, not {block_s}")
        name = os.fspath(path)
        self._stdin = name == STDIN
        self._name = "Standard input" if self._stdin else name
        self._file = _open(name)
        self._spooled: BinaryIO | None = None
        try:
            with _sentences(self._name):
                self._source = self._decoder()
            self._check()
        except BaseException:
            self._release()
            raise
        source = self._source
        duration_s = None if source.frames is None else source.frames / source.sample_rate
        self.info = AudioInfo(name, source.sample_rate, source.channels, duration_s, source.format)
        self.warnings: list[str] = []
        self.peak = 0.0
        self._block = max(1, round(block_s * source.sample_rate))
        self._delivered = 0
        self._frames = 0  # read so far, at the recording's own rate
        self._mixed_energy = 0.0
        self._channel_energy = 0.0

    @property
    def position_s(self) -> float:
        """Seconds of audio delivered so far."""
        return self._delivered / SAMPLE_RATE

    def __iter__(self) -> Iterator[np.ndarray]:
        """Float32 mono blocks `[n]` at `SAMPLE_RATE`, n > 0, of varying length."""
        resampler = Resampler(self.info.sample_rate)
        while len(block := self._read()):
            yield from self._deliver(resampler.push(self._mix(block)))
        yield from self._deliver(resampler.finish())
        if self._delivered == 0:
            raise _empty(self._name)
        self._take_stock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the file; standard input stays open."""
        self._source.close()
        self._release()

    def _decoder(self) -> WavStream | SoundFileStream:
        head = bytearray()
        wav = read_header(self._file, head)
        if not head:
            if self._stdin:
                raise InputError(
                    "Standard input ended before any sound came.",
                    "Check the program in front of the pipe.",
                )
            raise InputError(
                f"{self._name} is empty: it has zero bytes.", "Copy or record it again."
            )
        if wav is not None:
            return WavStream(self._file, wav)
        if self._file.seekable():
            return SoundFileStream(self._file, self._name)
        self._spooled = spool(bytes(head), self._file)
        return SoundFileStream(self._spooled, self._name)

    def _read(self) -> np.ndarray:
        with _sentences(self._name):
            return self._source.read(self._block)

    def _check(self) -> None:
        rate = self._source.sample_rate
        if not LOWEST_RATE <= rate <= HIGHEST_RATE:
            raise InputError(
                f"{self._name} has a sample rate of {rate} Hz; {LOWEST_RATE} to {HIGHEST_RATE} Hz "
                "can be read.",
                "Resample it, for example with: ffmpeg -i INPUT -ar 44100 OUTPUT.wav",
            )
        if self._source.frames == 0:
            raise _empty(self._name)

    def _mix(self, block: np.ndarray) -> np.ndarray:
        """Averages `[n, channels]` to `[n]` after checking every value."""
        if not np.isfinite(block).all():
            first = int(np.flatnonzero(~np.isfinite(block).all(axis=1))[0])
            at_s = (self._frames + first) / self.info.sample_rate
            raise InputError(
                f"{self._name} holds a value that is no number (NaN or infinity) at {at_s:.3f} s.",
                "Export it again as integer samples.",
            )
        self._frames += len(block)
        if self.info.channels == 1:
            return np.ascontiguousarray(block[:, 0])
        mono: np.ndarray = block.mean(axis=1, dtype=np.float32)
        self._mixed_energy += float(np.vdot(mono, mono)) * self.info.channels**2
        self._channel_energy += float(np.vdot(block, block))
        return mono

    def _deliver(self, samples: np.ndarray) -> Iterator[np.ndarray]:
        if len(samples):
            self.peak = max(self.peak, float(np.abs(samples).max()))
            self._delivered += len(samples)
            yield samples

    def _take_stock(self) -> None:
        """Says what only the end of the recording shows."""
        source = self._source
        held_s = self._frames / source.sample_rate
        promised_s = held_s + source.missing / source.sample_rate
        if source.missing:
            self.warnings.append(
                f"{self._name} is cut off: it promises {promised_s:.1f} s and holds {held_s:.1f} s."
            )
        elif isinstance(source, SoundFileStream) and source.cut_off:
            self.warnings.append(f"{self._name} is cut off after {held_s:.1f} s.")
        elif isinstance(source, SoundFileStream) and source.unread:
            self.warnings.append(
                f"{self._name} is an MP3 of varying bit rate that does not state its length: only "
                f"the first {held_s:.1f} s were read. Convert it to WAV for the rest."
            )
        audible = self._channel_energy > _AUDIBLE**2 * self._frames * source.channels
        if audible and self._mixed_energy < _CANCELLED * self._channel_energy:
            self.warnings.append(
                f"The channels of {self._name} are in antiphase and cancel each other: convert one "
                "of them to a mono file and transcribe that."
            )

    def _release(self) -> None:
        if self._spooled is not None:
            self._spooled.close()
        if not self._stdin:
            self._file.close()


def _open(name: str) -> BinaryIO:
    """Opens a path for reading in binary, or hands out standard input."""
    if name == STDIN:
        if sys.stdin is None or sys.stdin.isatty():
            raise InputError(
                "Nothing is piped into standard input.",
                "For example: arecord -f cd -d 60 | amt transcribe -",
            )
        return cast(BinaryIO, sys.stdin.buffer)
    return open_input(name, "a recording")


@contextmanager
def _sentences(name: str) -> Iterator[None]:
    """Turns the errors of a disk or a network that fails in the middle into the user's."""
    try:
        yield
    except OSError as error:
        raise InputError(
            f"{name} cannot be read on: {error.strerror or error}.",
            "Check the disk, or copy the recording to another one.",
        ) from error


def _empty(name: str) -> InputError:
    return InputError(f"{name} holds no sound: its length is zero.", "Record or export it again.")
