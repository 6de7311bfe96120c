"""Recordings in: formats, rates, alignment, pipes, flaws, and a sentence for everything else."""

from __future__ import annotations

import io
import os
import struct
import sys
import threading
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from sounds import click, drain, encode, save, tone

from transcriber.audio import AudioReader, is_audio
from transcriber.errors import InputError
from transcriber.resampling import Resampler
from transcriber.timing import SAMPLE_RATE

LOSSLESS = [
    ("WAV", "PCM_U8", 2**-7),
    ("WAV", "PCM_16", 2**-15),
    ("WAV", "PCM_24", 2**-23),
    ("WAV", "PCM_32", 2**-23),  # float32 carries 24 bits
    ("WAV", "FLOAT", 0.0),
    ("WAV", "DOUBLE", 2**-24),
    ("WAVEX", "PCM_24", 2**-23),
    ("RF64", "PCM_16", 2**-15),
    ("FLAC", "PCM_16", 2**-15),
    ("FLAC", "PCM_24", 2**-23),
    ("AIFF", "PCM_16", 2**-15),
]
LOSSY = [("OGG", "VORBIS"), ("OGG", "OPUS"), ("MP3", "MPEG_LAYER_III"), ("WAV", "ULAW")]


@pytest.fixture
def pipe(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[bytes]]:
    """Standard input as a real pipe, fed by a thread with what the test puts into the list."""
    chunks: list[bytes] = []
    out, into = os.pipe()

    def feed() -> None:
        with os.fdopen(into, "wb") as stream:
            for chunk in chunks:
                stream.write(chunk)
                stream.flush()

    feeder = threading.Thread(target=feed)

    class Stdin:
        def __init__(self) -> None:
            self._buffer = os.fdopen(out, "rb")

        @property
        def buffer(self) -> io.BufferedReader:
            if feeder.ident is None:
                feeder.start()
            return self._buffer

        def isatty(self) -> bool:
            return False

    stdin = Stdin()
    monkeypatch.setattr(sys, "stdin", stdin)
    yield chunks
    stdin.buffer.close()
    feeder.join()


@pytest.mark.parametrize(("form", "subtype", "tolerance"), LOSSLESS)
@pytest.mark.parametrize("channels", [1, 2, 6])
def test_lossless_formats(
    tmp_path: Path,
    rng: np.random.Generator,
    form: str,
    subtype: str,
    tolerance: float,
    channels: int,
) -> None:
    samples = rng.uniform(-0.9, 0.9, (5_001, channels)).astype("f4")
    data = encode(samples, SAMPLE_RATE, form, subtype)
    reader = AudioReader(save(tmp_path / "sound", data), block_s=0.1)
    info = reader.info
    assert (info.sample_rate, info.channels) == (SAMPLE_RATE, channels)
    assert info.duration_s == pytest.approx(5_001 / SAMPLE_RATE)
    actual = drain(reader)
    np.testing.assert_allclose(actual, samples.mean(axis=1), atol=tolerance + 1e-7)
    assert reader.warnings == []
    assert reader.position_s == len(actual) / SAMPLE_RATE
    assert reader.peak == pytest.approx(np.abs(actual).max())


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE"])
def test_own_wav_decoding_agrees_with_libsndfile(
    tmp_path: Path, rng: np.random.Generator, subtype: str
) -> None:
    samples = rng.uniform(-1.0, 1.0, 4_000).astype("f4")
    path = save(tmp_path / "a.wav", encode(samples, SAMPLE_RATE, "WAV", subtype))
    expected, _ = soundfile.read(path, dtype="float32")
    np.testing.assert_array_equal(drain(AudioReader(path)), expected)


@pytest.mark.parametrize(("form", "subtype"), LOSSY)
@pytest.mark.parametrize("rate", [24_000, 48_000])
def test_lossy_formats_keep_time_and_length(
    tmp_path: Path, form: str, subtype: str, rate: int
) -> None:
    path = save(tmp_path / "sound", encode(click(1.2, 2.0, rate), rate, form, subtype))
    reader = AudioReader(path)
    actual = drain(reader)
    assert reader.warnings == []
    assert abs(len(actual) - 2 * SAMPLE_RATE) <= 1
    # Codecs blur the bump: a millisecond, where their uncompensated delay would be 7 to 50.
    assert abs(int(actual.argmax()) - 1.2 * SAMPLE_RATE) <= 16


@pytest.mark.parametrize("rate", [8_000, 11_025, 12_345, 16_000, 22_050, 44_100, 96_000, 192_000])
@pytest.mark.parametrize("block_s", [0.01, 1.0])
def test_every_rate_keeps_time_and_length(tmp_path: Path, rate: int, block_s: float) -> None:
    samples = click(0.75, 1.2345, rate)
    actual = drain(AudioReader(save(tmp_path / "a.wav", encode(samples, rate)), block_s=block_s))
    assert abs(len(actual) - len(samples) * SAMPLE_RATE / rate) <= 1
    assert abs(int(actual.argmax()) - 0.75 * SAMPLE_RATE) <= 1
    assert actual.max() == pytest.approx(0.8, abs=0.01)


def test_blocks_of_any_length_resample_alike(rng: np.random.Generator) -> None:
    samples = rng.standard_normal(20_000).astype("f4")

    def in_blocks(*cuts: int) -> np.ndarray:
        resampler = Resampler(44_100)
        parts = [resampler.push(part) for part in np.split(samples, cuts)]
        return np.concatenate([*parts, resampler.finish()])

    np.testing.assert_array_equal(in_blocks(), in_blocks(1, 2, 500, 501, 9_999, 19_999))


def test_what_lies_above_the_new_band_does_not_fold_into_it(tmp_path: Path) -> None:
    path = save(tmp_path / "a.wav", encode(tone(1.0, 48_000, hz=12_000.0), 48_000))
    assert np.abs(drain(AudioReader(path))[2_000:-2_000]).max() < 1e-4


def test_float_beyond_full_scale_is_kept(tmp_path: Path) -> None:
    path = save(tmp_path / "a.wav", encode(4.0 * tone(0.2, 16_000), 16_000, "WAV", "FLOAT"))
    reader = AudioReader(path)
    assert drain(reader).max() == pytest.approx(2.0, abs=1e-3)
    assert reader.peak == pytest.approx(2.0, abs=1e-3)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_no_number_is_refused_with_its_time(tmp_path: Path, value: float) -> None:
    samples = np.stack([tone(3.0, 8_000)] * 2, axis=1)
    samples[20_000, 1] = value
    path = save(tmp_path / "a.wav", encode(samples, 8_000, "WAV", "FLOAT"))
    with pytest.raises(InputError, match=r"NaN or infinity\) at 2\.500 s"):
        drain(AudioReader(path))


def test_silent_second_channel_halves_the_level_without_a_word(tmp_path: Path) -> None:
    left = tone(0.5, 16_000)
    path = save(tmp_path / "a.wav", encode(np.stack([left, 0 * left], axis=1), 16_000))
    reader = AudioReader(path)
    np.testing.assert_allclose(drain(reader), left / 2, atol=1e-4)
    assert reader.warnings == []


def test_antiphase_is_said(tmp_path: Path) -> None:
    left = tone(0.5, 16_000)
    path = save(tmp_path / "a.wav", encode(np.stack([left, -left], axis=1), 16_000))
    reader = AudioReader(path)
    drain(reader)
    assert [w for w in reader.warnings if "antiphase" in w] == reader.warnings != []


def test_digital_silence_has_no_peak_and_no_warning(tmp_path: Path) -> None:
    path = save(tmp_path / "a.wav", encode(np.zeros((8_000, 2), "f4"), 16_000))
    reader = AudioReader(path)
    drain(reader)
    assert (reader.peak, reader.warnings) == (0.0, [])


def test_recording_too_short_for_one_sample_is_empty_and_not_silent(tmp_path: Path) -> None:
    path = save(tmp_path / "a.wav", encode(np.full(1, 0.5, "f4"), 48_000))
    with pytest.raises(InputError, match="holds no sound"):
        drain(AudioReader(path))


@pytest.mark.parametrize(
    ("form", "subtype", "exact"),
    [
        ("WAV", "PCM_16", True),
        ("WAV", "FLOAT", True),
        ("FLAC", "PCM_16", True),
        ("MP3", "MPEG_LAYER_III", True),
        ("OGG", "VORBIS", False),
        ("OGG", "OPUS", False),
    ],
)
def test_truncated_file_gives_what_is_there(
    tmp_path: Path, rng: np.random.Generator, form: str, subtype: str, exact: bool
) -> None:
    samples = (rng.standard_normal(48_000 * 10) * 0.1).astype("f4")
    data = encode(samples, 48_000, form, subtype)
    path = save(tmp_path / "cut", data[: len(data) * 6 // 10])
    reader = AudioReader(path)
    actual = drain(reader)
    assert 4.5 < len(actual) / SAMPLE_RATE < 6.5
    assert len(reader.warnings) == 1
    assert "cut off" in reader.warnings[0]
    if exact:  # these formats write the length down
        assert "promises 10.0 s" in reader.warnings[0]


def test_mp3_that_hides_its_length_says_how_much_was_read(
    tmp_path: Path, rng: np.random.Generator
) -> None:
    samples = rng.standard_normal(60 * 16_000).astype("f4")
    samples *= np.repeat([1e-4, 0.1], 30 * 16_000).astype("f4")  # loud after 30 s: the guess is off
    buffer = io.BytesIO()
    with soundfile.SoundFile(
        buffer, "w", 16_000, 1, "MPEG_LAYER_III", format="MP3", bitrate_mode="VARIABLE"
    ) as file:
        file.write(samples)
    data = buffer.getvalue()
    whole = AudioReader(save(tmp_path / "whole.mp3", data))
    assert len(drain(whole)) == len(samples)
    assert whole.warnings == []
    bare = data[data.index(data[:2], 100) :]  # without the first frame, which states the length
    reader = AudioReader(save(tmp_path / "bare.mp3", bare))
    assert len(drain(reader)) < 0.9 * len(samples)
    assert len(reader.warnings) == 1
    assert "only the first" in reader.warnings[0]


@pytest.mark.parametrize(("form", "subtype"), [*LOSSY, ("FLAC", "PCM_16")])
@pytest.mark.parametrize("block_s", [0.013, 0.5])
def test_blocks_are_the_whole(
    tmp_path: Path, rng: np.random.Generator, form: str, subtype: str, block_s: float
) -> None:
    """Blocks must not begin with the decoder's state lost (see `soundfiles._ForwardFile`)."""
    samples = np.convolve(rng.standard_normal(48_000) * 0.2, np.ones(4) / 4, "same").astype("f4")
    path = save(tmp_path / "sound", encode(samples, SAMPLE_RATE, form, subtype))
    whole, _ = soundfile.read(path, dtype="float32")
    np.testing.assert_allclose(drain(AudioReader(path, block_s=block_s)), whole, atol=1e-6)


def test_truncated_flac_keeps_every_whole_frame(tmp_path: Path, rng: np.random.Generator) -> None:
    samples = rng.uniform(-0.5, 0.5, 50_000).astype("f4")
    data = encode(samples, SAMPLE_RATE, "FLAC")
    actual = drain(AudioReader(save(tmp_path / "cut.flac", data[: len(data) // 2])))
    assert len(actual) > 16_000
    np.testing.assert_allclose(actual, samples[: len(actual)], atol=2**-15)


def test_data_after_the_samples_is_not_played(tmp_path: Path) -> None:
    data = bytearray(encode(tone(0.1, 16_000), 16_000))
    data += b"LIST" + struct.pack("<I", 1_000) + b"\x7f" * 1_000
    struct.pack_into("<I", data, 4, len(data) - 8)
    assert len(drain(AudioReader(save(tmp_path / "a.wav", bytes(data))))) == 1_600


@pytest.mark.parametrize("size", [0, 0x7FFF_F000, 0x8000_0000, 0xFFFF_FFFF])
@pytest.mark.parametrize("piped", [False, True])
def test_wav_of_unknown_length(tmp_path: Path, pipe: list[bytes], size: int, piped: bool) -> None:
    """What arecord, sox and ffmpeg leave in the header when they write to a pipe."""
    samples = tone(2.5, 44_100)
    data = bytearray(encode(samples, 44_100))
    struct.pack_into("<I", data, 4, 36 if size == 0 else size)
    struct.pack_into("<I", data, data.index(b"data") + 4, size)
    if piped:
        pipe += [bytes(data[:7]), bytes(data[7:50]), bytes(data[50:9_001]), bytes(data[9_001:])]
        reader = AudioReader("-")
        assert reader.info.duration_s is None
    else:
        reader = AudioReader(save(tmp_path / "a.wav", bytes(data)))
        assert reader.info.duration_s == pytest.approx(2.5)
    assert abs(len(drain(reader)) - 40_000) <= 1
    assert reader.warnings == []


def test_wav_on_a_pipe_arrives_before_the_pipe_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    data = bytearray(encode(tone(0.5, 16_000), 16_000))
    struct.pack_into("<I", data, data.index(b"data") + 4, 0xFFFF_FFFF)
    out, into = os.pipe()
    with os.fdopen(out, "rb") as source, os.fdopen(into, "wb") as sink:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(source))
        sink.write(data)
        sink.flush()
        block = next(iter(AudioReader("-", block_s=0.1)))  # the pipe is still open
        assert len(block) == 1_600
        sys.stdin.detach()


@pytest.mark.parametrize(("form", "subtype"), [("FLAC", "PCM_16"), ("OGG", "VORBIS"), *LOSSY[2:]])
def test_compressed_on_a_pipe(pipe: list[bytes], form: str, subtype: str) -> None:
    data = encode(click(1.2, 2.0, 24_000), 24_000, form, subtype)
    pipe += [data[:5], data[5:3_000], data[3_000:]]
    actual = drain(AudioReader("-"))
    assert abs(len(actual) - 2 * SAMPLE_RATE) <= 1
    assert abs(int(actual.argmax()) - 1.2 * SAMPLE_RATE) <= 16


def test_truncated_wav_on_a_pipe(pipe: list[bytes]) -> None:
    data = encode(tone(2.0, 16_000), 16_000)
    pipe += [data[: len(data) // 2]]
    reader = AudioReader("-")
    assert reader.info.duration_s == pytest.approx(2.0)
    assert len(drain(reader)) == pytest.approx(16_000, abs=20)
    assert reader.warnings == ["Standard input is cut off: it promises 2.0 s and holds 1.0 s."]


def test_empty_pipe(pipe: list[bytes]) -> None:
    with pytest.raises(InputError, match="ended before any sound"):
        AudioReader("-")


def test_empty_wav_on_a_pipe(pipe: list[bytes]) -> None:
    pipe += [encode(np.zeros(0, "f4"), 16_000)]
    with pytest.raises(InputError, match="length is zero"):
        drain(AudioReader("-"))


@pytest.mark.parametrize(("form", "minutes"), [("WAV", 3), ("WAV", 30), ("FLAC", 30)])
def test_memory_does_not_grow_with_the_length(tmp_path: Path, form: str, minutes: int) -> None:
    rate, path = 8_000, tmp_path / "long"
    with soundfile.SoundFile(path, "w", rate, 2, "PCM_16", format=form) as file:
        for _ in range(minutes):
            file.write(np.zeros((60 * rate, 2), "f4"))
    tracemalloc.start()
    with AudioReader(path) as reader:
        total = sum(len(block) for block in reader)
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert total == minutes * 60 * SAMPLE_RATE
    assert peak_bytes < 2_000_000  # a few one-second blocks


def test_recordings_are_known_by_their_ending() -> None:
    assert all(is_audio(name) for name in ("a.wav", "B.FLAC", "c/d.e.Mp3", Path("x.opus")))
    assert not any(is_audio(name) for name in ("a.mid", "wav", "a.wav.txt", ".wav"))
