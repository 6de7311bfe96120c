"""Simulated rooms decay as asked for, and convolution in blocks is convolution."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import butter, fftconvolve, sosfilt

from corpus.rooms import reverberate, simulate_room


def decay_s(response: np.ndarray, low_hz: float, high_hz: float) -> float:
    """Reverberation time in a band, from Schroeder's integral between -5 and -25 dB."""
    band = butter(4, [low_hz, high_hz], "band", fs=16_000, output="sos")
    heard = sosfilt(band, response[1:].astype(float))
    energy_db = 10 * np.log10(np.cumsum(heard[::-1] ** 2)[::-1])
    energy_db -= energy_db[0]
    part = np.flatnonzero((energy_db < -5) & (energy_db > -25))
    return float(-60.0 / np.polyfit(part / 16_000, energy_db[part], 1)[0])


@pytest.mark.parametrize("rt60_s", [0.2, 0.6, 1.6])
def test_rooms_decay_in_their_time_and_high_frequencies_sooner(rt60_s: float) -> None:
    rooms = [simulate_room(np.random.default_rng(seed), rt60_s, 3.0) for seed in range(24)]
    middle = [decay_s(room, 500, 1000) for room in rooms]
    assert np.median(middle) == pytest.approx(rt60_s, rel=0.05)
    assert np.ptp(middle) < 0.4 * rt60_s
    assert np.median([decay_s(room, 5000, 7500) for room in rooms]) < 0.85 * rt60_s


@pytest.mark.parametrize("direct_db", [-4.0, 3.0, 18.0])
def test_direct_sound_comes_first_and_as_loud_as_asked_for(direct_db: float) -> None:
    for seed in range(20):
        room = simulate_room(np.random.default_rng(seed), 0.5, direct_db).astype(float)
        assert room[0] == 1.0
        assert np.abs(room[1:]).max() < 2.0
        assert -10 * np.log10(np.sum(room[1:] ** 2)) == pytest.approx(direct_db, abs=0.01)


def test_reflections_stand_alone_before_they_run_together() -> None:
    """The first 10 ms are a few peaks; what comes later is noise, whose kurtosis is near 3."""
    for seed in range(10):
        room = simulate_room(np.random.default_rng(seed), 0.8, 3.0).astype(float)
        early, late = (np.mean(p**4) / np.mean(p**2) ** 2 for p in (room[1:160], room[1300:2500]))
        assert early > 8.0
        assert late == pytest.approx(3.3, abs=1.2)


@pytest.mark.parametrize(("samples", "length"), [(1, 1), (4096, 4096), (20_000, 9_001), (9, 5_000)])
def test_blocks_convolve_as_one(samples: int, length: int, rng: np.random.Generator) -> None:
    sound = rng.standard_normal(samples).astype(np.float32)
    response = rng.standard_normal(length).astype(np.float32)
    expected = fftconvolve(sound.astype(float), response)[:samples]
    heard = reverberate(sound, response)
    assert heard.dtype == np.float32
    np.testing.assert_allclose(heard, expected, atol=3e-6 * np.abs(expected).max() + 1e-5)
