"""Speed and codecs: a click stays within 2 ms of its label through each."""

from __future__ import annotations

import numpy as np
import pytest

from corpus.acoustics import Acoustics
from corpus.augmentation import AugmentationConfig, apply, draw
from corpus.transmission import CODECS, detune, transcode
from transcriber.notes import Note, Pedal, Transcript
from transcriber.pitches import speed
from transcriber.timing import SAMPLE_RATE

CLICKS = (8_000, 60_001, 150_000)
TOLERANCE = SAMPLE_RATE // 500


def clicks() -> np.ndarray:
    audio = np.random.default_rng(1).normal(0, 1e-4, 160_000).astype(np.float32)
    for at in CLICKS:
        audio[at : at + 20] += 0.8 * np.hanning(20).astype(np.float32)
    return audio


def labels() -> Transcript:
    notes = [Note(at / SAMPLE_RATE, at / SAMPLE_RATE + 0.2, 60, 64) for at in CLICKS]
    return Transcript.of(notes, [Pedal(1.0, 2.0)])


def found(audio: np.ndarray, label: int) -> int:
    """Sample of the highest peak within 100 ms of a label."""
    window = np.abs(audio[label - 1600 : label + 1600])
    return label - 1600 + int(np.argmax(window)) - 10


@pytest.mark.parametrize("cents", [-30.0, -10.0, 3.3, 10.0, 30.0])
def test_detuned_clicks_lie_where_their_labels_moved(cents: float) -> None:
    out = detune(clicks(), cents)
    moved = labels().faster(speed(cents))
    assert abs(len(out) - 160_000 / speed(cents)) <= 2
    assert abs(moved.notes[2].onset_s - labels().notes[2].onset_s) > 0.01
    for note in moved.notes:
        at = round(note.onset_s * SAMPLE_RATE)
        assert abs(found(out, at) - at) <= TOLERANCE
    assert moved.pedals[0].offset_s == pytest.approx(2.0 / speed(cents))


def test_detuning_moves_the_pitch() -> None:
    t = np.arange(32_000) / SAMPLE_RATE
    out = detune(np.sin(2 * np.pi * 440.0 * t).astype(np.float32), 50.0)
    spectrum = np.abs(np.fft.rfft(out[:16_000] * np.hanning(16_000), 1 << 19))
    hertz = np.argmax(spectrum) * SAMPLE_RATE / (1 << 19)
    assert 1200.0 * np.log2(hertz / 440.0) == pytest.approx(50.0, abs=1.0)


def test_no_detuning_is_bit_identical() -> None:
    audio = clicks()
    assert detune(audio, 0.0) is audio
    assert labels().faster(1.0) == labels()


@pytest.mark.parametrize("codec", sorted(CODECS))
@pytest.mark.parametrize("compression", [0.2, 0.6, 0.95])
def test_codecs_keep_time_length_and_level(codec: str, compression: float) -> None:
    audio = clicks()
    out = transcode(audio, codec, compression)
    assert len(out) == len(audio)
    assert not np.array_equal(out, audio)
    for at in CLICKS:
        assert abs(found(out, at) - at) <= TOLERANCE
    assert np.array_equal(out, transcode(audio, codec, compression))


def test_asked_for_detuning_and_codecs_leave_the_rest_of_the_chain_alone() -> None:
    acoustics = Acoustics((), ())
    plain = AugmentationConfig()
    more = AugmentationConfig(detune=1.0, codec=1.0)
    for seed in range(20):
        first = draw(plain, acoustics, np.random.default_rng(seed))
        second = draw(more, acoustics, np.random.default_rng(seed))
        assert (first.peaks, first.room_seed, first.noises) == (
            second.peaks, second.room_seed, second.noises,
        )  # fmt: skip
        assert second.codec in CODECS
        assert 0 < abs(second.detune_cents) <= 10.0


def test_whole_chain_moves_labels_by_its_speed() -> None:
    config = AugmentationConfig(detune=1.0, codec=1.0, noise=0.0, equaliser=0.0, room=0.0)
    for seed in range(8):
        chain = draw(config, Acoustics((), ()), np.random.default_rng(seed))
        out = apply(clicks(), chain, Acoustics((), ()))
        for note in labels().faster(chain.speed).notes:
            at = round(note.onset_s * SAMPLE_RATE)
            assert abs(found(out, at) - at) <= TOLERANCE
