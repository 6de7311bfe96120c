"""WAV read from front to back, from a file or from a pipe, with flat memory.

libsndfile reads WAV too, but needs to seek and believes the header. Programs that write to a pipe
(`arecord`, `ffmpeg ... -`) cannot know the length and leave 0, 0xFFFFFFFF or some number near 2 GiB
in its place; a recorder that lost power leaves the same behind. Here the length is a promise: what
follows is read until it ends.

Layout: "RIFF" size "WAVE", then chunks (id, size, body, padded to even length); "fmt " says how
samples are coded, "data" holds them. RF64 and BW64 keep 64-bit sizes in a "ds64" chunk.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np

_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE
_UNKNOWN_FROM = (
    0x7FFF_0000  # arecord, sox and ffmpeg write different numbers, all of them above this
)

LONGEST_CHUNK = 1 << 24
"""Bytes of a chunk before the samples, which is read whole: cover pictures fit, nonsense not."""


@dataclass(frozen=True, slots=True)
class WavFormat:
    """How the samples of one WAV are coded.

    Args:
        sample_rate: Hz.
        channels: >= 1.
        sample_bytes: Bytes per sample and channel: 1, 2, 3, 4 (integer), 4, 8 (float).
        floating: IEEE float rather than integer.
        data_bytes: Length of the samples as promised by the header, None where it promises nothing.
    """

    sample_rate: int
    channels: int
    sample_bytes: int
    floating: bool
    data_bytes: int | None

    @property
    def frame_bytes(self) -> int:
        """Bytes of one sample of every channel."""
        return self.sample_bytes * self.channels

    @property
    def believed_bytes(self) -> int | None:
        """Length of the samples where the promise is worth something without a file to compare.

        Near 2 GiB and above, a pipe's writer means "as long as it lasts", which is None here.
        """
        promised = self.data_bytes
        return promised if promised is not None and promised < _UNKNOWN_FROM else None

    @property
    def name(self) -> str:
        """For people, such as `WAV 24-bit` or `WAV 32-bit float`."""
        return f"WAV {8 * self.sample_bytes}-bit{' float' if self.floating else ''}"


def read_header(stream: BinaryIO, consumed: bytearray) -> WavFormat | None:
    """Reads up to the first sample.

    Args:
        stream: At its very start; need not be seekable.
        consumed: Receives every byte taken, so that a pipe can be handed to another reader whole.

    Returns:
        The format, or None when this is no WAV, or one coded in a way left to libsndfile (ADPCM,
        A-law ...).
    """

    def take(count: int) -> bytes:
        piece = stream.read(count)
        consumed.extend(piece)
        return piece

    head = take(12)
    if len(head) < 12 or head[:4] not in (b"RIFF", b"RF64", b"BW64") or head[8:] != b"WAVE":
        return None
    riff_bytes = int.from_bytes(head[4:8], "little")
    long_bytes: int | None = None
    coding: tuple[int, int, int, bool] | None = None
    while len(chunk := take(8)) == 8:
        size = int.from_bytes(chunk[4:], "little")
        if chunk[:4] == b"data":
            if coding is None:
                return None
            if size == 0xFFFF_FFFF and long_bytes is not None:
                size = long_bytes
            # An honest empty recording counts the chunks that follow in its RIFF size; a pipe's
            # writer does not.
            counted = len(consumed) - 8 < riff_bytes < _UNKNOWN_FROM
            unknown = size == 0xFFFF_FFFF or (size == 0 and not counted)
            return WavFormat(*coding, data_bytes=None if unknown else size)
        if size > LONGEST_CHUNK:
            return None
        body = take(size + size % 2)
        if chunk[:4] == b"fmt ":
            coding = _coding(body)
        elif chunk[:4] == b"ds64" and len(body) >= 16:
            promised = int.from_bytes(body[8:16], "little")
            long_bytes = promised if 0 < promised < 1 << 62 else None
    return None


def _coding(body: bytes) -> tuple[int, int, int, bool] | None:
    """(sample rate, channels, bytes per sample, floating) of a "fmt " chunk; None if not ours."""
    if len(body) < 16:
        return None
    tag, channels, rate, _, frame_bytes, _ = struct.unpack("<HHIIHH", body[:16])
    if tag == _EXTENSIBLE and len(body) >= 26:
        tag = int.from_bytes(body[24:26], "little")  # the sub-format GUID starts with the plain tag
    if channels == 0 or frame_bytes % channels:
        return None
    sample_bytes = frame_bytes // channels
    if (tag == _PCM and sample_bytes in (1, 2, 3, 4)) or (tag == _FLOAT and sample_bytes in (4, 8)):
        return rate, channels, sample_bytes, tag == _FLOAT
    return None


class WavStream:
    """Samples of a WAV whose header has been read.

    Args:
        stream: Just behind the header.
        wav: What the header says.

    Attributes:
        frames: Samples per channel: what the header promises, in a file no more than it holds; None
            if unknown.
        missing: Samples per channel that the header promises and the file has not; final after the
            last read.
    """

    def __init__(self, stream: BinaryIO, wav: WavFormat) -> None:
        self.sample_rate = wav.sample_rate
        self.channels = wav.channels
        self.format = wav.name
        self.missing = 0
        self._stream = stream
        self._wav = wav
        held = _bytes_ahead(stream)
        promised, believed = wav.data_bytes, wav.believed_bytes
        if held is None:
            self._left = believed
        else:
            self._left = held if promised is None else min(held, promised)
            if believed is not None:
                self.missing = (believed - self._left) // wav.frame_bytes
        self.frames = None if self._left is None else self._left // wav.frame_bytes

    def read(self, frames: int) -> np.ndarray:
        """Up to `frames` samples per channel, float32 `[n, channels]`; none at the end."""
        size = self._wav.frame_bytes
        wanted = frames * size if self._left is None else min(frames * size, self._left)
        raw = self._stream.read(wanted)
        if self._left is not None:
            self._left -= len(raw)
            if len(raw) < wanted:
                self.missing += (self._left + size - 1) // size
                self._left = 0
        whole = len(raw) // size * size  # a recording cut inside a sample loses that sample
        return decode(raw[:whole], self._wav).reshape(-1, self.channels)

    def close(self) -> None:
        """Nothing to release: the stream belongs to the caller."""


def _bytes_ahead(stream: BinaryIO) -> int | None:
    """Bytes from here to the end of a file; None for a pipe."""
    if not stream.seekable():
        return None
    here = stream.tell()
    end = stream.seek(0, 2)
    stream.seek(here)
    return end - here


def decode(raw: bytes, wav: WavFormat) -> np.ndarray:
    """Interleaved samples, as flat float32; integers are scaled by their range, as libsndfile's."""
    if wav.floating:
        with np.errstate(
            over="ignore"
        ):  # a double beyond float32 becomes Inf, which the reader refuses
            return np.frombuffer(raw, f"<f{wav.sample_bytes}").astype(np.float32)
    match wav.sample_bytes:
        case 1:
            return (np.frombuffer(raw, np.uint8).astype(np.float32) - 128.0) / 128.0
        case 2:
            return np.frombuffer(raw, "<i2").astype(np.float32) / np.float32(2**15)
        case 3:
            # The three bytes become the upper ones of an int32, which puts the sign in its place.
            wide = np.zeros((len(raw) // 3, 4), np.uint8)
            wide[:, 1:] = np.frombuffer(raw, np.uint8).reshape(-1, 3)
            return wide.view("<i4").ravel().astype(np.float32) / np.float32(2**31)
        case _:
            return np.frombuffer(raw, "<i4").astype(np.float32) / np.float32(2**31)
