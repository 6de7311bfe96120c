"""Noises: every kind at its level, and never twice the same piece."""

from __future__ import annotations

import numpy as np
import pytest

from corpus.acoustics import Acoustics
from corpus.foley import coloured
from corpus.noises import KINDS, add_noise

ALL = ("hum", "recorded:0", *KINDS)
SECONDS = 40
RECORDED = Acoustics((), (np.random.default_rng(0).standard_normal(9_001).astype(np.float32),))


def noise(kind: str, seed: int, samples: int = 32_000) -> np.ndarray:
    out = np.zeros(samples, np.float32)
    add_noise(out, kind, 1.0, RECORDED, np.random.default_rng(seed))
    return out


@pytest.mark.parametrize("kind", ALL)
def test_every_kind_has_its_level_and_many_pieces(kind: str) -> None:
    pieces = [noise(kind, seed, SECONDS * 16_000) for seed in range(6)]
    for piece in pieces:
        assert piece.dtype == np.float32
        # Tracks that sound together differ; over many seconds their powers add up.
        assert np.sqrt(np.mean(piece.astype(float) ** 2)) == pytest.approx(1.0, abs=0.25)
    assert len({piece.tobytes() for piece in pieces}) == len(pieces)


def test_noise_is_added_to_what_is_there() -> None:
    out = np.full(32_000, 0.5, np.float32)
    add_noise(out, "babble", 0.1, RECORDED, np.random.default_rng(3))
    np.testing.assert_allclose(out, 0.5 + 0.1 * noise("babble", 3), atol=1e-5)


@pytest.mark.parametrize("slope_db", [0.0, 3.0, 6.0, 9.0])
def test_coloured_noise_falls_as_it_should(slope_db: float) -> None:
    track = coloured(slope_db)(np.random.default_rng(1), 1 << 18)
    power = np.abs(np.fft.rfft(track.astype(float))) ** 2
    hz = np.fft.rfftfreq(len(track), 1 / 16_000)
    bands = [(hz > f) & (hz <= 2 * f) for f in (250, 500, 1000, 2000)]
    octaves_db = [10 * np.log10(power[band].mean()) for band in bands]
    assert np.diff(octaves_db) == pytest.approx([-slope_db] * 3, abs=0.3)


def test_hum_lies_on_harmonics_of_the_mains() -> None:
    for seed in range(4):
        power = np.abs(np.fft.rfft(noise("hum", seed, 160_000).astype(float))) ** 2
        hz = np.fft.rfftfreq(160_000, 1 / 16_000)
        mains = max((50.0, 60.0), key=lambda f: power[np.isclose(hz % f, 0.0)].sum())
        assert power[np.isclose(hz % mains, 0.0)].sum() > 0.999 * power.sum()


def test_talking_has_pauses_and_pitch() -> None:
    """Its level comes and goes, and its spectrum has the harmonics of a voice."""
    for kind in ("babble", "singing"):
        levels, pitched = [], []
        for seed in range(12):
            blocks = noise(kind, seed, 96_000).reshape(-1, 1600)
            power = np.mean(blocks**2, 1)
            levels.append(np.ptp(np.percentile(10 * np.log10(power + 1e-9), [5, 95])))
            loud = blocks[np.argmax(power)].astype(float)
            likeness = np.correlate(loud, loud, "full")[1600:] / (loud @ loud)
            pitched.append(likeness[32:230].max())  # 70 to 500 Hz
        assert np.median(levels) > 8.0
        assert np.median(pitched) > 0.4
