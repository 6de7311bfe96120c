"""Modelled pianos: their partials, tuning, and that each is a piano of its own."""

from __future__ import annotations

import numpy as np
import pytest

from corpus.attacks import find_attack
from corpus.modelled import LAYERS, Scale, struck
from transcriber.timing import LOWEST_PITCH, SAMPLE_RATE


def drawn(seed: int) -> Scale:
    return Scale.draw(np.random.default_rng(seed))


def spectrum(audio: np.ndarray) -> np.ndarray:
    return np.abs(np.fft.rfft(audio * np.hanning(len(audio)), 8 * len(audio)))


def test_partials_are_those_of_a_stiff_string() -> None:
    scale, pitch = drawn(4), 33
    audio = struck(scale, pitch, 80, np.random.default_rng(1))[1600 : 1600 + 2 * SAMPLE_RATE]
    heard = spectrum(audio)
    bin_hz = SAMPLE_RATE / (8 * len(audio))
    key = pitch - LOWEST_PITCH
    stretched = 0
    for n in range(1, 13):
        stiff = n * scale.hz[key] * np.sqrt(1 + scale.inharmonicity[key] * n * n)
        around = np.arange(int((stiff - 15) / bin_hz), int((stiff + 15) / bin_hz))
        loudest_hz = around[heard[around].argmax()] * bin_hz
        assert 1200 * np.log2(loudest_hz / stiff) == pytest.approx(0, abs=4)
        stretched += abs(loudest_hz - n * scale.hz[key]) > abs(loudest_hz - stiff)
    assert stretched > 6


@pytest.mark.parametrize("seed", range(6))
def test_octaves_are_stretched_as_tuners_stretch_them(seed: int) -> None:
    scale = drawn(seed)
    pitch = np.arange(88) + LOWEST_PITCH
    first = scale.hz * np.sqrt(1 + scale.inharmonicity)
    cents = 1200 * np.log2(first / (440 * 2 ** ((pitch - 69) / 12)))
    assert cents[69 - LOWEST_PITCH] == pytest.approx(0, abs=1e-6)
    assert -70 < cents[0] < -3
    assert 3 < cents[-1] < 60
    assert np.abs(cents[30:60]).max() < 12


def test_a_harder_blow_is_brighter_and_the_key_stays_itself() -> None:
    scale = drawn(2)

    def centroid(velocity: float, character: int) -> float:
        audio = struck(scale, 45, velocity, np.random.default_rng(character))[:SAMPLE_RATE]
        power = spectrum(audio) ** 2
        return float(power @ np.arange(len(power)) / power.sum())

    assert centroid(110, 5) > 1.1 * centroid(20, 5)
    assert centroid(64, 5) == centroid(64, 5)
    assert centroid(64, 5) != centroid(64, 6)


@pytest.mark.parametrize("pitch", [21, 40, 60, 84, 108])
def test_notes_start_at_once_and_die_away(pitch: int) -> None:
    for seed in range(3):
        for low, high in (LAYERS[0], LAYERS[-1]):
            audio = struck(drawn(seed), pitch, (low + high) / 2, np.random.default_rng(seed))
            assert np.isfinite(audio).all()
            assert find_attack(audio) == pytest.approx(0.010 * SAMPLE_RATE, abs=0.006 * SAMPLE_RATE)
            early, late = audio[: SAMPLE_RATE // 2], audio[-SAMPLE_RATE // 4 :]
            assert np.square(late).mean() < 0.1 * np.square(early).mean()


def test_numbers_are_pianos() -> None:
    one, again, other = drawn(1), drawn(1), drawn(2)
    assert np.array_equal(one.inharmonicity, again.inharmonicity)
    assert not np.array_equal(one.inharmonicity, other.inharmonicity)
