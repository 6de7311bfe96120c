"""The body of a piano: what soundboard, case and size do to the spectrum of every note.

No two bodies are alike: their modes lift one partial and swallow its neighbour, and a small upright
has little below 100 Hz. A few sampled pianos show a network a few bodies only; random ones keep it
from learning those by heart.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.fft import irfft, next_fast_len, rfft

from transcriber.timing import SAMPLE_RATE

FloatArray = NDArray[np.float32]

LENGTH = 1024
"""Samples of a response, 64 ms: modes 16 Hz apart are told from each other."""

PLACES = 3
"""Stretches of the bridge, each of which drives the modes of the board in its own way."""

NEUTRAL: FloatArray = np.ones((1, 1), np.float32)
"""A body that changes nothing."""


def place(pitch: int) -> int:
    """Where on the bridge the strings of a key lie: not in one place with those of the octaves
    above and below, whose partials are the same.
    """
    return (pitch + pitch // 12) % PLACES


def draw_soundboard(rng: np.random.Generator, places: int = 1) -> FloatArray:
    """Draws the responses of one body to strings at some places.

    Gains in dB are a random walk over frequency (from 1 to 5 dB, new every sixth to third of an
    octave), with places another one for each (up to 6 dB), a fall below the lowest mode of up to
    9 dB per octave, and a tilt of the treble. The phase is minimal, so attacks stay where they are.

    Returns:
        float32 [places, LENGTH]; the mean gain between 100 Hz and 4 kHz is 0 dB at each.
    """
    hz = np.maximum(np.fft.rfftfreq(2 * LENGTH, 1 / SAMPLE_RATE), 20.0)
    octave = np.log2(hz / 20.0)
    body_db = _walk(octave, rng, rng.uniform(1.0, 5.0))
    lowest_hz, fall_db = rng.uniform(50.0, 180.0), rng.uniform(0.0, 9.0)
    body_db -= fall_db * np.maximum(0.0, np.log2(lowest_hz / hz))
    body_db += rng.uniform(-3.0, 2.0) * np.maximum(0.0, np.log2(hz / 1500.0))
    apart_db = rng.uniform(0.0, 6.0) if places > 1 else 0.0
    return np.stack([_response(hz, body_db + _walk(octave, rng, apart_db)) for _ in range(places)])


def _walk(
    octave: NDArray[np.float64], rng: np.random.Generator, deviation_db: float
) -> NDArray[np.float64]:
    knots = np.arange(0.0, octave[-1] + 1.0, rng.uniform(1 / 6, 1 / 3))
    return np.interp(octave, knots, rng.normal(0.0, deviation_db, len(knots)))


def _response(hz: NDArray[np.float64], gain_db: NDArray[np.float64]) -> FloatArray:
    return _minimum_phase(gain_db - gain_db[(hz > 100.0) & (hz < 4000.0)].mean())


def _minimum_phase(gain_db: NDArray[np.float64]) -> FloatArray:
    """Causal response with these gains, by folding the cepstrum (Oppenheim and Schafer, 1989)."""
    cepstrum = np.fft.irfft(gain_db * (np.log(10.0) / 20.0))
    half = len(cepstrum) // 2
    cepstrum[1:half] *= 2.0
    cepstrum[half + 1 :] = 0.0
    response = np.fft.irfft(np.exp(np.fft.rfft(cepstrum)))[:LENGTH]
    return np.asarray(response, np.float32)


def resound(audio: FloatArray, soundboard: FloatArray) -> FloatArray:
    """What is heard of strings through their body.

    Args:
        audio: float32 [places, S].
        soundboard: Responses [places, L], or `NEUTRAL` for one place.

    Returns:
        float32 [S], without delay.
    """
    if soundboard.shape[1] == 1:
        return np.asarray(audio[0])
    size = next_fast_len(audio.shape[1] + soundboard.shape[1] - 1, real=True)
    heard = (rfft(audio, size) * rfft(soundboard, size)).sum(0)
    return np.asarray(irfft(heard, size)[: audio.shape[1]], np.float32)
