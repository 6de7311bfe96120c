"""Strings that sound along: where they ring, and for how long."""

import numpy as np

from corpus.strings import RING_S, ring


def spectrum_db(response: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    levels = 20 * np.log10(np.abs(np.fft.rfft(response, 1 << 17)) + 1e-12)
    return np.fft.rfftfreq(1 << 17, 1 / 16_000), levels


def peak_hz(response: np.ndarray, near: float) -> float:
    hz, levels = spectrum_db(response)
    inside = np.abs(hz / near - 1.0) < 0.04
    return float(hz[inside][np.argmax(levels[inside])])


def test_strings_ring_at_their_pitches_and_not_between(rng: np.random.Generator) -> None:
    hz, levels = spectrum_db(ring(np.zeros(88), rng))
    for pitch in range(48, 60):
        at = 440.0 * 2.0 ** ((pitch - 69) / 12.0)
        on = levels[np.abs(hz - at) < 0.5].max()
        between = levels[np.abs(hz - at * 2 ** (1 / 24)) < 0.5].max()
        assert on > between + 6


def test_they_follow_the_tuning_of_each_key() -> None:
    tuning = np.zeros(88)
    tuning[25 - 21] = 50.0  # C#1, whose fundamental is no other string's partial
    plain, tuned = (ring(cents, np.random.default_rng(1)) for cents in (np.zeros(88), tuning))
    moved = 1200 * np.log2(peak_hz(tuned, 34.648) / peak_hz(plain, 34.648))
    assert 40 < moved < 60
    assert abs(peak_hz(tuned, 32.703) - peak_hz(plain, 32.703)) < 0.2


def test_partials_are_stretched_by_stiffness() -> None:
    """At the top only fundamentals and octaves are left, those 10 to 60 cents sharp."""
    only_top = np.zeros(88)
    response = ring(only_top, np.random.default_rng(2))
    hz, levels = spectrum_db(response)
    octave = 2 * 440.0 * 2.0 ** ((95 - 69) / 12.0)  # of B6, with no string of its own near by
    near = (hz > octave * 1.001) & (hz < octave * 2 ** (60 / 1200))
    flat = (hz > octave * 2 ** (-60 / 1200)) & (hz < octave * 0.999)
    assert levels[near].max() > levels[flat].max()


def test_energy_length_and_seed(rng: np.random.Generator) -> None:
    response = ring(np.zeros(88), rng)
    assert response.shape == (round(RING_S * 16_000),)
    assert np.isclose(np.sum(response.astype(float) ** 2), 1.0, atol=1e-4)
    thirds = [np.sum(part**2) for part in np.array_split(response.astype(float), 3)]
    assert thirds[0] > thirds[1] > thirds[2]
    same = [ring(np.zeros(88), np.random.default_rng(5)) for _ in range(2)]
    assert np.array_equal(*same)
