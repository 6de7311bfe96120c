"""The body of a piano: what soundboard, case and size do to the spectrum of every note.

No two bodies are alike: their modes lift one partial and swallow its neighbour, and a small upright
has little below 100 Hz. A few sampled pianos show a network a few bodies only; random ones keep it
from learning those by heart.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.signal import oaconvolve

from transcriber.timing import SAMPLE_RATE

FloatArray = NDArray[np.float32]

LENGTH = 1024
"""Samples of a response, 64 ms: modes 16 Hz apart are told from each other."""

NEUTRAL: FloatArray = np.ones(1, np.float32)
"""A body that changes nothing."""


def draw_soundboard(rng: np.random.Generator) -> FloatArray:
    """Draws the response of one body.

    Its gains in dB are a random walk over frequency (from 1 to 5 dB, new every sixth to third of an
    octave), a fall below the lowest mode of up to 9 dB per octave, and a tilt of the treble. The
    phase is minimal, so attacks stay where they are.

    Returns:
        float32 [LENGTH]; the mean gain between 100 Hz and 4 kHz is 0 dB.
    """
    hz = np.maximum(np.fft.rfftfreq(2 * LENGTH, 1 / SAMPLE_RATE), 20.0)
    octave = np.log2(hz / 20.0)
    knots = np.arange(0.0, octave[-1] + 1.0, rng.uniform(1 / 6, 1 / 3))
    gain_db = np.interp(octave, knots, rng.normal(0.0, rng.uniform(1.0, 5.0), len(knots)))
    lowest_hz, fall_db = rng.uniform(50.0, 180.0), rng.uniform(0.0, 9.0)
    gain_db -= fall_db * np.maximum(0.0, np.log2(lowest_hz / hz))
    gain_db += rng.uniform(-3.0, 2.0) * np.maximum(0.0, np.log2(hz / 1500.0))
    gain_db -= gain_db[(hz > 100.0) & (hz < 4000.0)].mean()
    return _minimum_phase(gain_db)


def _minimum_phase(gain_db: NDArray[np.float64]) -> FloatArray:
    """Causal response with these gains, by folding the cepstrum (Oppenheim and Schafer, 1989)."""
    cepstrum = np.fft.irfft(gain_db * (np.log(10.0) / 20.0))
    half = len(cepstrum) // 2
    cepstrum[1:half] *= 2.0
    cepstrum[half + 1 :] = 0.0
    response = np.fft.irfft(np.exp(np.fft.rfft(cepstrum)))[:LENGTH]
    return np.asarray(response, np.float32)


def resound(audio: FloatArray, soundboard: FloatArray) -> FloatArray:
    """Audio [S] as it sounds from another body; same length, no delay."""
    if len(soundboard) == 1:
        return audio
    return np.asarray(oaconvolve(audio, soundboard)[: len(audio)], np.float32)
