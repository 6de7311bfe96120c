"""Sound from another program through a pipe: `arecord | amt live --input -`.

A WAV header in front is understood; the stream ends where it says, if it says so believably.
Without one, the samples are raw and the user says what they are, unless the first bytes are those
of another format. What the writer and the pipe hold back is not known here, so latency
counts from the instant at which a byte was read.
"""

from __future__ import annotations

import io
import os
import re
import select
import sys
import time

import numpy as np

from .errors import InputError, UsageError
from .resampling import HIGHEST_RATE, LOWEST_RATE, Resampler
from .signatures import identify
from .sources import Block, Clock, SourceInfo, clipped
from .wav import LONGEST_CHUNK, WavFormat, decode, read_header

RAW = "s16le"
"""How raw samples are coded unless the user says otherwise."""

_FORMAT = re.compile(r"(?:u(8)|s(16|24|32)(?:le)?|f(32|64)(?:le)?)")
_LONGEST_S = 0.5  # of sound taken at once
_MARK_BYTES = 12  # the first of a stream tell what it is
_HEADER_BYTES = 2 * LONGEST_CHUNK  # most headers have less than 100; what is longer has no end

# What libsndfile reads, and a pipe cannot: it would be heard as noise.
_FORMATS = {b"fLaC": "FLAC", b"OggS": "Ogg", b"ID3": "MP3", b"FORM": "AIFF", b"RIFX": "RIFX"}


def raw_format(text: str = RAW, rate: int = 48_000, channels: int = 1) -> WavFormat:
    """What raw samples look like.

    Args:
        text: `u8`, `s16le`, `s24le`, `s32le`, `f32le` or `f64le`.
        rate: Hz.
        channels: >= 1, interleaved.

    Raises:
        UsageError: One of them cannot be.
    """
    match = _FORMAT.fullmatch(text.lower())
    if match is None:
        raise UsageError(
            f"{text} is no sample format.", "Use u8, s16le, s24le, s32le, f32le or f64le."
        )
    if not LOWEST_RATE <= rate <= HIGHEST_RATE:
        raise UsageError(
            f"A rate of {rate} Hz cannot be read.",
            f"Use a rate from {LOWEST_RATE} to {HIGHEST_RATE} Hz.",
        )
    if channels < 1:
        raise UsageError(f"There cannot be {channels} channels.", "Use 1 or more.")
    bits = next(int(group) for group in match.groups() if group)
    return WavFormat(rate, channels, bits // 8, match.group(3) is not None, None)


class PipeSource:
    """Standard input, or any other descriptor, read as it comes.

    Args:
        coding: What raw samples look like; a WAV header overrides it.
        descriptor: To read from; stays open.
        clock: Tells the time.

    Raises:
        InputError: Standard input is a terminal.
    """

    def __init__(
        self,
        coding: WavFormat | None = None,
        *,
        descriptor: int | None = None,
        clock: Clock = time.monotonic,
    ) -> None:
        if descriptor is None:
            if sys.stdin is None or sys.stdin.isatty():
                raise InputError(
                    "Nothing is piped into standard input.",
                    "For example: arecord -f cd | amt live --input -",
                )
            descriptor = sys.stdin.fileno()
        self._descriptor, self._clock = descriptor, clock
        self._coding = coding or raw_format()
        self._resampler: Resampler | None = None
        self._head: bytes | None = b""
        self._rest = b""
        self._left: int | None = None  # bytes of sound to come, where the header says so
        self._heard = False
        self.ended = False
        self.info = self._described()

    def read(self, timeout_s: float) -> Block | None:
        """What the pipe holds, up to half a second of it.

        Raises:
            InputError: It cannot be read, is of a format that cannot be played, or holds nothing.
        """
        if self.ended or not self._ready(timeout_s):
            return None
        wanted = int(self._coding.sample_rate * _LONGEST_S) * self._coding.frame_bytes
        try:
            data = os.read(self._descriptor, wanted)
        except OSError as error:
            raise InputError(
                f"Standard input cannot be read: {error.strerror or error}.",
                "Check the program in front of the pipe.",
            ) from error
        now = self._clock()
        over = not data
        if self._head is not None:
            started = self._start(self._head + data, over)
            if started is None:
                return None
            data = started
        if self._left is not None:
            data = data[: self._left]  # tags may follow the sound
            self._left -= len(data)
            over = over or not self._left
        data = self._rest + data
        whole = len(data) // self._coding.frame_bytes * self._coding.frame_bytes
        data, self._rest = data[:whole], data[whole:]
        assert self._resampler is not None
        frames = decode(data, self._coding).reshape(-1, self._coding.channels)
        samples = self._resampler.push(frames.mean(axis=1, dtype="float32"))
        if over:
            self.ended = True
            if not self._heard and not whole:
                raise InputError(
                    "Standard input ended before any sound came.",
                    "Check the program in front of the pipe.",
                )
            samples = np.concatenate([samples, self._resampler.finish()])
        self._heard = self._heard or whole > 0
        captured_s = now - (0.0 if over else self._resampler.held_s)
        return Block(samples, captured_s, now, clipped=clipped(frames))

    def close(self) -> None:
        """Stops reading; the descriptor is the caller's."""
        self.ended = True

    def _ready(self, timeout_s: float) -> bool:
        """Whether reading will not block. Windows cannot ask this of a pipe, and is let block."""
        if sys.platform == "win32":
            return True
        return bool(select.select([self._descriptor], [], [], timeout_s)[0])

    def _start(self, data: bytes, over: bool) -> bytes | None:
        """Finds out what the stream is; the samples in `data`, or None until that is known."""
        consumed = bytearray()
        header = read_header(io.BytesIO(data), consumed)
        riff = data[:4] in (b"RIFF", b"RF64", b"BW64")
        # A header that may go on was read to the last byte there is.
        unread = len(data) < _MARK_BYTES or (riff and len(consumed) == len(data))
        if header is not None:
            self._coding, self._left = header, header.believed_bytes
            data = data[len(consumed) :]
        elif unread and not over and len(data) < _HEADER_BYTES:
            self._head = data
            return None
        elif (kind := _foreign(data, riff)) is not None:
            raise InputError(
                f"Standard input is {kind}, which cannot be played through a pipe.",
                "Make it WAV: ... | ffmpeg -i - -f wav - | amt live --input -",
            )
        if not LOWEST_RATE <= self._coding.sample_rate <= HIGHEST_RATE:
            raise InputError(
                f"Standard input has a sample rate of {self._coding.sample_rate} Hz.",
                f"Send {LOWEST_RATE} to {HIGHEST_RATE} Hz.",
            )
        self._head = None
        self._resampler = Resampler(self._coding.sample_rate, steady=True)
        self.info = self._described()
        return data

    def _described(self) -> SourceInfo:
        coding = self._coding
        kind = "float" if coding.floating else "integer"
        return SourceInfo(
            "standard input",
            coding.sample_rate,
            coding.channels,
            f"{8 * coding.sample_bytes}-bit {kind}",
        )


def _foreign(data: bytes, riff: bool) -> str | None:
    """What a stream is, in words, that is neither raw samples nor a WAV that can be played."""
    known = identify(data[:_MARK_BYTES])
    if known is not None and known.holds_sound:  # samples might spell what the other marks are
        return known.kind
    if riff:
        return "a WAV that is cut off, damaged or coded in a rare way"
    names = (name for mark, name in _FORMATS.items() if data.startswith(mark))
    return next((f"{name} sound" for name in names), None)
