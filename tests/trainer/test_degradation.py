"""Rooms, noise and levels: as much as asked for, and the same in every run."""

from __future__ import annotations

import os

import numpy as np
import pytest

from trainer.degradation import FADE, LEVELS_DBFS, Degradation, noise_only, noise_track
from transcriber.timing import SAMPLE_RATE


def rms_db(samples: np.ndarray) -> float:
    return float(10 * np.log10(np.mean(np.square(samples, dtype=np.float64))))


@pytest.fixture
def piano(rng: np.random.Generator) -> np.ndarray:
    """A decaying tone after a quarter of a second of silence."""
    t = np.arange(2 * SAMPLE_RATE) / SAMPLE_RATE
    tone = 0.3 * np.sin(2 * np.pi * 440 * t) * np.exp(-2 * t)
    return np.concatenate([np.zeros(SAMPLE_RATE // 4), tone]).astype(np.float32)


@pytest.fixture
def noises(rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    return tuple(rng.standard_normal(SAMPLE_RATE * n).astype(np.float32) for n in (1, 2, 3))


def test_nothing_asked_for_changes_nothing(piano: np.ndarray) -> None:
    assert Degradation().apply(piano, "piece") is piano


def test_noise_is_as_loud_as_asked(piano: np.ndarray, noises: tuple) -> None:
    noisy = Degradation(noise_snr_db=15.0, noises=noises).apply(piano, "piece")
    assert rms_db(piano) - rms_db(noisy - piano) == pytest.approx(15.0, abs=0.01)


def test_gain_changes_the_level_and_nothing_else(piano: np.ndarray) -> None:
    quiet = Degradation(gain_db=-20.0).apply(piano, "piece")
    np.testing.assert_allclose(quiet, 0.1 * piano, rtol=1e-6)


@pytest.mark.parametrize("cents", [-20.0, 20.0])
def test_another_pitch_is_another_speed(piano: np.ndarray, cents: float) -> None:
    pytest.importorskip("numba")
    other = Degradation(cents=cents)
    out = other.apply(piano, "piece")
    assert len(out) == pytest.approx(len(piano) / other.speed, abs=2)
    spectrum = np.abs(np.fft.rfft(out * np.hanning(len(out)), 1 << 18))
    hz = spectrum.argmax() * SAMPLE_RATE / (1 << 18)
    assert 1200 * np.log2(hz / 440.0) == pytest.approx(cents, abs=0.3)
    first = np.flatnonzero(np.abs(out) > 0.01)[0]
    assert first / SAMPLE_RATE == pytest.approx(0.25 / other.speed, abs=0.001)


def test_a_room_keeps_level_and_onset_and_rings_on(piano: np.ndarray) -> None:
    pytest.importorskip("scipy")
    stopped = piano.copy()
    stopped[SAMPLE_RATE:] = 0.0
    wet = Degradation(rt60_s=0.6).apply(stopped, "piece")
    assert wet.shape == stopped.shape
    assert rms_db(wet) == pytest.approx(rms_db(stopped), abs=0.01)
    first = np.flatnonzero(np.abs(wet) > 1e-4)[0]
    assert abs(first - np.flatnonzero(np.abs(stopped) > 1e-4)[0]) <= 2
    tail = rms_db(wet[SAMPLE_RATE : SAMPLE_RATE + 3200])
    later = rms_db(wet[SAMPLE_RATE + 8000 : SAMPLE_RATE + 11200])
    assert np.isfinite(tail)
    # 60 dB in 0.6 s or sooner, as the bright part decays faster: half a second is 50 dB.
    assert tail - later == pytest.approx(50.0, abs=8.0)


def test_chances_depend_on_seed_and_name_alone(piano: np.ndarray, noises: tuple) -> None:
    def noisy(name: str, seed: int = 0) -> np.ndarray:
        return Degradation(noise_snr_db=10.0, noises=noises, seed=seed).apply(piano, name)

    assert np.array_equal(noisy("a"), noisy("a"))
    assert not np.array_equal(noisy("a"), noisy("b"))
    assert not np.array_equal(noisy("a"), noisy("a", seed=1))


def test_noise_fills_the_track_without_clicks(noises: tuple, rng: np.random.Generator) -> None:
    steady = (np.ones(SAMPLE_RATE, np.float32),)
    track = noise_track(steady, 5 * SAMPLE_RATE, rng)
    assert len(track) == 5 * SAMPLE_RATE
    # Ends overlap so that their fades sum to one.
    assert np.abs(track[FADE:] - 1.0).max() < 0.01
    assert np.abs(np.diff(track)).max() < 0.01


def test_noise_only_has_levels_in_the_range(noises: tuple) -> None:
    track = noise_only(noises, 30.0, seed=0)
    assert len(track) == 30 * SAMPLE_RATE
    for start in range(0, len(track), SAMPLE_RATE):
        assert LEVELS_DBFS[0] - 3 < rms_db(track[start : start + SAMPLE_RATE]) < LEVELS_DBFS[1] + 3
    assert np.array_equal(track, noise_only(noises, 30.0, seed=0))


def test_a_name_that_is_no_text_decides_the_chances_too(piano: np.ndarray) -> None:
    name = os.fsdecode(b"B\xe4r")
    assert len(Degradation(gain_db=-20.0).apply(piano, name)) == len(piano)
