from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress

import numpy as np
import pytest

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
