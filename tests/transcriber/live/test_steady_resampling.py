"""The resampler for microphones: what it holds back, and that nothing else differs."""

from __future__ import annotations

import numpy as np
import pytest

from transcriber.resampling import Resampler
from transcriber.timing import SAMPLE_RATE


def resampled(sound: np.ndarray, rate: int, cuts: list[int], *, steady: bool) -> np.ndarray:
    resampler = Resampler(rate, steady=steady)
    pieces = [resampler.push(piece) for piece in np.split(sound, cuts)]
    return np.concatenate([*pieces, resampler.finish()])


@pytest.mark.parametrize("rate", [44_100, 48_000, 96_000])
def test_it_holds_back_the_same_at_all_times(rate: int) -> None:
    resampler = Resampler(rate, steady=True)
    held_ms = []
    for _ in range(100):
        resampler.push(np.zeros(rate // 100, np.float32))
        held_ms.append(1000.0 * resampler.held_s)

    assert min(held_ms[3:]) > 10.0
    assert max(held_ms) < 15.0
    assert np.ptp(held_ms[3:]) < 0.1


@pytest.mark.parametrize("rate", [22_050, 44_100, 48_000])
@pytest.mark.parametrize("hz", [40.0, 440.0, 4000.0, 7200.0])
def test_steady_lags_by_a_tenth_of_a_millisecond(rate: int, hz: float) -> None:
    sound = np.sin(2 * np.pi * hz * np.arange(rate) / rate).astype(np.float32)
    middle = slice(1000, 15_000)
    wave = np.exp(-2j * np.pi * hz * np.arange(SAMPLE_RATE) / SAMPLE_RATE)[middle]

    steady, exact = (
        np.vdot(wave.conj(), resampled(sound, rate, [], steady=steady)[middle])
        for steady in (True, False)
    )

    assert abs(steady / exact) == pytest.approx(1.0, abs=1e-3)
    turns = -np.angle(steady / exact) / (2 * np.pi) % 1.0  # less than one, the delay being short
    assert 1000.0 * turns / hz == pytest.approx(0.1, abs=0.03)


def test_cutting_the_stream_changes_nothing(rng: np.random.Generator) -> None:
    sound = rng.standard_normal(48_000).astype(np.float32)
    cuts = sorted(rng.integers(0, len(sound), 30).tolist())

    np.testing.assert_allclose(
        resampled(sound, 48_000, cuts, steady=True),
        resampled(sound, 48_000, [], steady=True),
        atol=1e-6,
    )
