"""Simulated voices: talking and singing without recording anybody.

A voice is a train of glottal pulses and breath through moving formants, in syllables and phrases,
with fricatives between them: it has the harmonics, glides and rhythm that make talking look like
notes. Singing holds its pitches, with vibrato, and glides between them.
"""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

from transcriber.timing import SAMPLE_RATE

FloatArray = NDArray[np.float32]
Trajectory = NDArray[np.float64]

STEP = 80
"""Samples per step of a trajectory: 5 ms."""

_VOWELS = np.array([
    (310, 2790, 3310), (400, 1920, 2560), (550, 1770, 2490), (690, 1660, 2490), (640, 1190, 2390),
    (710, 1100, 2540), (450, 1030, 2380), (310, 870, 2250), (500, 1350, 1690), (490, 1500, 2500),
], dtype=np.float64)  # fmt: skip
"""Formants of vowels in Hz (after Peterson and Barney 1952; the last one is a neutral vowel)."""

_WIDTHS_HZ = (80.0, 110.0, 170.0)


def voice(rng: np.random.Generator, samples: int, sung: bool = False) -> FloatArray:
    """One voice, with pauses; its level is arbitrary.

    Args:
        rng: Decides the speaker and what is said.
        samples: Length, a multiple of `STEP`.
        sung: Whether it sings instead of talking.

    Returns:
        float32 [samples].
    """
    steps = samples // STEP
    hz, voiced, breath, hiss = (np.zeros(steps) for _ in range(4))
    formants = np.tile(_VOWELS[-1], (steps, 1))
    # Of men, women and children: the shorter the throat, the higher the formants.
    base_hz = 90.0 * 2.0 ** rng.uniform(0.0, 1.8)
    throat = (base_hz / 120.0) ** 0.3 * rng.uniform(0.93, 1.07)
    rate = rng.uniform(0.6, 2.5) if sung else rng.uniform(3.0, 7.0)
    at = 0
    while at < steps:
        length = int(rng.integers(3, 16))
        start_semitones = rng.uniform(0.0, 7.0)
        for number in range(length):
            duration = max(8, int(200.0 / rate * rng.lognormal(0.0, 0.35)))
            stop = min(at + duration, steps)
            fall = -0.5 * start_semitones * number / length
            semitones = rng.normal(start_semitones, 2.0) + fall
            if sung:
                semitones = float(np.round(rng.normal(0.0, 4.0)))
            hz[at:stop] = base_hz * 2.0 ** (semitones / 12.0)
            formants[at:stop] = throat * _VOWELS[rng.integers(len(_VOWELS))]
            loud = rng.lognormal(0.0, 0.3)
            onset = at + int(rng.uniform(0.1, 0.4) * duration) if not sung else at + 2
            voiced[onset:stop] = loud
            breath[onset:stop] = loud * rng.uniform(0.02, 0.15)
            if rng.random() < (0.2 if sung else 0.5):
                hiss[at:onset] = rng.uniform(0.05, 0.5)
            at = stop
            if at >= steps:
                break
        at += int(rng.exponential(100.0))
    hz = np.where(hz > 0.0, hz, base_hz)
    glide_s = rng.uniform(0.03, 0.08)
    hz = _smooth(hz, glide_s) * (1.0 + 0.004 * _smooth(rng.standard_normal(steps), 0.01))
    if sung:
        t = np.arange(steps) * STEP / SAMPLE_RATE
        depth = rng.uniform(0.2, 1.2) / 12.0 * np.minimum(1.0, _smooth(voiced, 0.3))
        hz = hz * 2.0 ** (depth * np.sin(2 * np.pi * rng.uniform(4.5, 6.5) * t))
    formants = np.stack([_smooth(track, 0.02) for track in formants.T], axis=1)
    return _spoken(
        hz,
        np.stack([_smooth(voiced, 0.012), _smooth(breath, 0.012), _smooth(hiss, 0.01)], axis=1),
        np.clip(formants, 150.0, 6000.0),
        rng.uniform(0.4, 0.75),
        rng.uniform(2500.0, 6500.0),
        rng.standard_normal(samples, np.float32),
    )


def _smooth(track: Trajectory, time_s: float) -> Trajectory:
    """Smooths a trajectory over about `time_s`, forwards and backwards."""
    half = max(1, round(time_s * SAMPLE_RATE / STEP))
    window = np.hanning(2 * half + 3)
    padded = np.pad(track, half + 1, mode="edge")
    return np.convolve(padded, window / window.sum(), "valid")


@numba.njit(cache=True, nogil=True)
def _spoken(
    hz: Trajectory,
    levels: NDArray[np.float64],
    formants: NDArray[np.float64],
    openness: float,
    hiss_hz: float,
    noise: FloatArray,
) -> FloatArray:
    """Pulses and noise through formants.

    Args:
        hz: Pitch, [steps].
        levels: Of voice, breath and fricative, [steps, 3].
        formants: In Hz, [steps, 3].
        openness: Share of a period in which the glottis is open.
        hiss_hz: Centre of the fricatives.
        noise: [S], white.
    """
    out = np.zeros(len(hz) * STEP, np.float32)
    state = np.zeros((4, 2))
    gains, ones, twos = np.zeros(4), np.zeros(4), np.zeros(4)
    phase, flow = 0.0, 0.0
    for step in range(len(hz)):
        for k in range(4):
            centre = formants[step, k] if k < 3 else hiss_hz
            width = _WIDTHS_HZ[k] if k < 3 else 1500.0
            r = np.exp(-np.pi * width / SAMPLE_RATE)
            ones[k] = 2 * r * np.cos(2 * np.pi * centre / SAMPLE_RATE)
            twos[k] = -r * r
            gains[k] = 1.0 - ones[k] - twos[k] if k < 3 else 1.0 - r
        increment = hz[step] / SAMPLE_RATE
        for i in range(step * STEP, (step + 1) * STEP):
            phase += increment
            if phase >= 1.0:
                phase -= 1.0
            # A Rosenberg pulse: the flow rises, falls faster, and stops.
            at = phase / openness
            pulse = 0.0
            if at < 0.7:
                pulse = (at / 0.7) ** 2 * (3.0 - 2.0 * at / 0.7)
            elif at < 1.0:
                pulse = 1.0 - ((at - 0.7) / 0.3) ** 2
            x = 20.0 * levels[step, 0] * (pulse - flow) + levels[step, 1] * noise[i]
            flow = pulse
            bright = 0.05 * x  # what the formants above the third would let through
            for k in range(3):
                y = gains[k] * x + ones[k] * state[k, 0] + twos[k] * state[k, 1]
                state[k, 1] = state[k, 0]
                state[k, 0] = y
                x = y
            x = x + bright
            y = gains[3] * levels[step, 2] * noise[i]
            y += ones[3] * state[3, 0] + twos[3] * state[3, 1]
            state[3, 1] = state[3, 0]
            state[3, 0] = y
            out[i] = x + y
    return out
