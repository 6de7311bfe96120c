from __future__ import annotations

import os
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from sounds import encode

from transcriber.errors import InputError, UsageError
from transcriber.journal import wav_header
from transcriber.pipe import PipeSource, raw_format
from transcriber.timing import SAMPLE_RATE

TONE = (8000 * np.sin(np.arange(1600) * 0.1)).astype("<i2")


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    reading, writing = os.pipe()
    yield reading, writing
    for descriptor in (reading, writing):
        with suppress(OSError):
            os.close(descriptor)


@pytest.fixture
def piped() -> Iterator[Callable[[bytes], PipeSource]]:
    """Send what may be more than a pipe holds, and end it."""
    opened = []

    def feed(descriptor: int, data: bytes) -> None:
        with suppress(BrokenPipeError), os.fdopen(descriptor, "wb") as stream:
            stream.write(data)

    def make(data: bytes) -> PipeSource:
        reading, writing = os.pipe()
        feeder = threading.Thread(target=feed, args=(writing, data))
        opened.append((reading, feeder))
        feeder.start()
        return PipeSource(descriptor=reading)

    yield make
    for reading, feeder in opened:
        os.close(reading)
        feeder.join()


def wav(*chunks: tuple[bytes, bytes]) -> bytes:
    """Return a WAV of `TONE` with a chunk before the samples and another after them."""
    before, after = ((mark + struct.pack("<I", len(body)) + body) for mark, body in chunks)
    plain = wav_header(len(TONE))
    body = plain[8:36] + before + plain[36:] + TONE.tobytes() + after
    return b"RIFF" + struct.pack("<I", len(body)) + body


def drained(source: PipeSource) -> np.ndarray:
    pieces = [np.zeros(0, np.float32)]
    while not source.ended:
        block = source.read(0.2)
        if block is not None:
            pieces.append(block.samples)
    return np.concatenate(pieces)


def test_raw_samples_come_through(pipe: tuple[int, int]) -> None:
    reading, writing = pipe
    source = PipeSource(raw_format("s16le", SAMPLE_RATE, 1), descriptor=reading)
    os.write(writing, TONE.tobytes())
    os.close(writing)

    np.testing.assert_allclose(drained(source), TONE / 32768.0, atol=1e-7)


def test_sample_split_between_two_writes_is_whole(pipe: tuple[int, int]) -> None:
    reading, writing = pipe
    source = PipeSource(raw_format("s16le", SAMPLE_RATE, 1), descriptor=reading)
    data = TONE.tobytes()
    os.write(writing, data[:333])
    first = source.read(0.2)
    os.write(writing, data[333:])
    os.close(writing)

    assert first is not None
    rest = drained(source)
    np.testing.assert_allclose(np.concatenate([first.samples, rest]), TONE / 32768.0, atol=1e-7)


@pytest.mark.parametrize("first", [3, 20, 44, 50])
def test_wav_header_overrides_what_was_said(pipe: tuple[int, int], first: int) -> None:
    reading, writing = pipe
    source = PipeSource(raw_format("f32le", 48_000, 2), descriptor=reading)
    data = wav_header(None) + TONE.tobytes()
    os.write(writing, data[:first])
    source.read(0.2)
    os.write(writing, data[first:])
    os.close(writing)

    sound = drained(source)

    assert source.info.sample_rate == SAMPLE_RATE
    assert source.info.channels == 1
    assert len(sound) + max(0, (first - 44) // 2) == len(TONE)


def test_what_stands_around_the_samples_is_not_heard(piped: Callable, rng) -> None:
    noise = rng.bytes(400_000)
    source = piped(wav((b"LIST", noise), (b"id3 ", noise)))

    np.testing.assert_allclose(drained(source), TONE / 32768.0, atol=1e-7)


@pytest.mark.parametrize("samples", [None, 2**30])
def test_length_that_no_writer_means_is_not_believed(piped: Callable, samples: int | None) -> None:
    sound = drained(piped(wav_header(samples) + TONE.tobytes()))

    np.testing.assert_allclose(sound, TONE / 32768.0, atol=1e-7)


def test_end_of_a_resampled_wav_is_whole(piped: Callable) -> None:
    sound = np.full(4800, 0.5, np.float32)
    tags = b"id3 " + struct.pack("<I", 64) + bytes(64)

    assert len(drained(piped(encode(sound, 48_000) + tags))) == pytest.approx(1600, abs=1)


@pytest.mark.parametrize(
    ("form", "subtype", "words"),
    [
        ("WAV", "ALAW", "a WAV"),
        ("WAV", "IMA_ADPCM", "a WAV"),
        ("FLAC", "PCM_16", "FLAC"),
        ("OGG", "VORBIS", "Ogg"),
        ("AIFF", "PCM_16", "AIFF"),
    ],
)
def test_coding_that_would_be_heard_as_noise_is_refused(
    piped: Callable, form: str, subtype: str, words: str
) -> None:
    sound = (TONE / 32768.0).astype(np.float32)

    with pytest.raises(InputError, match=words) as caught:
        drained(piped(encode(sound, SAMPLE_RATE, form, subtype)))
    assert "ffmpeg" in caught.value.remedy


@pytest.mark.parametrize(
    ("head", "words"),
    [
        (b"ID3\4" + bytes(60), "MP3"),
        (b"\0\0\0\x18ftypM4A " + bytes(60), "M4A"),
        (b"RIFF\x64\0\0\0AVI LIST", "AVI"),
        (wav_header(1)[:40], "a WAV"),
        (b"RIFF", "a WAV"),
    ],
    ids=["MP3", "M4A", "AVI", "half a header", "a mark"],
)
def test_stream_that_begins_like_another_format_is_refused(
    piped: Callable, head: bytes, words: str
) -> None:
    with pytest.raises(InputError, match=words):
        drained(piped(head))


def test_unplayable_wav_is_refused_before_it_ends(pipe: tuple[int, int]) -> None:
    reading, writing = pipe
    source = PipeSource(descriptor=reading)
    os.write(writing, encode(np.zeros(800, np.float32), 8000, "WAV", "ALAW"))

    with pytest.raises(InputError, match="a WAV"):
        source.read(0.2)


def test_pipe_that_cannot_be_read_is_a_sentence(tmp_path: Path) -> None:
    folder = os.open(tmp_path, os.O_RDONLY)
    try:
        with pytest.raises(InputError, match="cannot be read: Is a directory"):
            PipeSource(descriptor=folder).read(0.2)
    finally:
        os.close(folder)


def test_two_channels_are_mixed(pipe: tuple[int, int]) -> None:
    reading, writing = pipe
    source = PipeSource(raw_format("f32le", SAMPLE_RATE, 2), descriptor=reading)
    os.write(writing, np.array([[0.5, 0.25], [1.0, 0.0]], "<f4").tobytes())
    os.close(writing)

    np.testing.assert_allclose(drained(source), [0.375, 0.5])


def test_silent_writer_does_not_hold_the_engine(pipe: tuple[int, int]) -> None:
    assert PipeSource(descriptor=pipe[0]).read(0.01) is None


def test_writer_that_says_nothing_is_an_error(pipe: tuple[int, int]) -> None:
    reading, writing = pipe
    source = PipeSource(descriptor=reading)
    os.close(writing)

    with pytest.raises(InputError, match="before any sound"):
        drained(source)


@pytest.mark.parametrize(
    ("text", "rate", "channels"), [("mp3", 48_000, 1), ("s16le", 100, 1), ("s16le", 48_000, 0)]
)
def test_impossible_formats_are_refused(text: str, rate: int, channels: int) -> None:
    with pytest.raises(UsageError):
        raw_format(text, rate, channels)
