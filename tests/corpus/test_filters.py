"""Filters do to sines what their names say, and agree with scipy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import sosfilt, sosfreqz

from corpus.filters import filtered, highpass, lowpass, peaking


def gain_db(section: np.ndarray, hz: float) -> float:
    response = sosfreqz(section[None], [2 * np.pi * hz / 16_000])[1][0]
    return float(20 * np.log10(np.abs(response)))


def test_designs() -> None:
    assert gain_db(peaking(440.0, 1.0, -7.0), 440.0) == pytest.approx(-7.0, abs=1e-6)
    assert gain_db(peaking(440.0, 2.0, 6.0), 7000.0) == pytest.approx(0.0, abs=0.1)
    for section, through, stopped in ((lowpass(1000.0), 50.0, 7000.0), (highpass(300.0), 7000, 20)):
        assert gain_db(section, through) == pytest.approx(0.0, abs=0.1)
        assert gain_db(section, stopped) < -40.0
    assert gain_db(lowpass(1000.0), 1000.0) == pytest.approx(-3.01, abs=0.01)
    assert gain_db(highpass(300.0), 300.0) == pytest.approx(-3.01, abs=0.01)
    assert np.isfinite(lowpass(7999.0)).all()


# Long sounds are filtered in stretches side by side.
@pytest.mark.parametrize("samples", [1, 20_000, 100_003])
@pytest.mark.parametrize("count", [1, 3, 4, 6])
def test_a_cascade_is_scipys(count: int, samples: int, rng: np.random.Generator) -> None:
    sound = rng.standard_normal(samples).astype(np.float32)
    bells = [peaking(hz, 1.0, 3.0) for hz in (300.0, 900.0, 2700.0)]
    sections = [peaking(32.0, 2.0, 6.0), highpass(20.0), lowpass(3500.0), *bells][:count]
    expected = sosfilt(np.stack(sections), sound.astype(float))
    np.testing.assert_allclose(filtered(sound, sections), expected, atol=2e-6)
