"""Sounds of people and things near a piano, none of them a note: steps, doors, clicks, dishes,
rustling, wind, beeps and whistles.

All are simulated. What is struck rings in a few modes that die away, as real things do; what is
blown or rubbed is noise with a moving level; what whistles or beeps is a tone. Each function makes
a track of several seconds with many events, of arbitrary level.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.fft import irfft, rfft, rfftfreq

from transcriber.timing import SAMPLE_RATE

FloatArray = NDArray[np.float32]
Track = Callable[[np.random.Generator, int], FloatArray]

_VARIANTS = 4
"""Different blows per track; each is heard many times, never twice equally loud."""


def _blow(
    rng: np.random.Generator,
    modes: int,
    hz: tuple[float, float],
    decay_s: tuple[float, float],
    noise: float,
) -> FloatArray:
    """Something struck once: modes with frequencies and decays within ranges, and some noise."""
    decays = decay_s[0] * (decay_s[1] / decay_s[0]) ** rng.random(modes)
    t = np.arange(int(7.0 * float(decays.max()) * SAMPLE_RATE) + 1) / SAMPLE_RATE
    out = noise * rng.standard_normal(len(t)) * np.exp(-t / (0.5 * decays.min()))
    for decay in decays:
        f = hz[0] * (hz[1] / hz[0]) ** rng.random()
        out += rng.lognormal(0.0, 0.5) * np.exp(-t / decay) * np.sin(2 * np.pi * f * t)
    return np.asarray(out / np.abs(out).max(), np.float32)


def _moments(rng: np.random.Generator, samples: int, gap_s: float, regular: bool) -> Iterator[int]:
    """Sample indices of events, like a clock or by chance, about `gap_s` apart."""
    at = rng.uniform(0.0, gap_s)
    while at * SAMPLE_RATE < samples:
        yield int(at * SAMPLE_RATE)
        at += gap_s * (rng.normal(1.0, 0.03) if regular else 0.05 + rng.exponential(1.0))


def _blows(
    rng: np.random.Generator,
    samples: int,
    gap_s: float,
    regular: bool,
    blows: list[FloatArray],
) -> FloatArray:
    out = np.zeros(samples, np.float32)
    for number, at in enumerate(_moments(rng, samples, gap_s, regular)):
        blow = blows[number % len(blows)]
        level = np.float32(rng.lognormal(0.0, 0.15 if regular else 0.7))
        reach = out[at : at + len(blow)]
        reach += level * blow[: len(reach)]
    return out


def knocks(rng: np.random.Generator, samples: int) -> FloatArray:
    """Doors, thumps against furniture, a microphone that is handled."""
    blows = [_blow(rng, 4, (40.0, 300.0), (0.02, 0.15), 0.2) for _ in range(_VARIANTS)]
    return _blows(rng, samples, rng.uniform(0.3, 1.2), False, blows)


def steps(rng: np.random.Generator, samples: int) -> FloatArray:
    """Somebody walks: heel and floor, left and right."""
    heel = rng.uniform(0.2, 1.5)
    blows = [_blow(rng, 5, (60.0, 900.0), (0.01, 0.06), heel) for _ in range(2)]
    return _blows(rng, samples, rng.uniform(0.35, 0.75), True, blows)


def clicks(rng: np.random.Generator, samples: int) -> FloatArray:
    """Typing, switches, pens."""
    blows = [_blow(rng, 3, (900.0, 7000.0), (0.0005, 0.006), 1.0) for _ in range(_VARIANTS)]
    return _blows(rng, samples, rng.uniform(0.08, 0.5), False, blows)


def ticking(rng: np.random.Generator, samples: int) -> FloatArray:
    """A clock or a metronome."""
    blows = [_blow(rng, 3, (700.0, 5000.0), (0.001, 0.02), 0.5) for _ in range(2)]
    return _blows(rng, samples, rng.uniform(0.25, 1.0), True, blows)


def dishes(rng: np.random.Generator, samples: int) -> FloatArray:
    """Glasses, cutlery and keys: the modes of metal, which are nearly notes."""
    blows = [_blow(rng, 7, (800.0, 7500.0), (0.02, 0.35), 0.3) for _ in range(_VARIANTS)]
    return _blows(rng, samples, rng.uniform(0.2, 1.0), False, blows)


def drumming(rng: np.random.Generator, samples: int) -> FloatArray:
    """Fingers on wood and hands clapping: mid-range blows without a pitch."""
    blows = [_blow(rng, 5, (250.0, 3000.0), (0.004, 0.03), 1.5) for _ in range(_VARIANTS)]
    return _blows(rng, samples, rng.uniform(0.12, 0.6), bool(rng.random() < 0.5), blows)


def rustling(rng: np.random.Generator, samples: int) -> FloatArray:
    """Paper and clothes: bright noise in ragged gusts."""
    crackle = _level(rng, samples, rng.uniform(15.0, 60.0)) ** 3
    return (
        _noise_around(rng, samples, rng.uniform(2000.0, 5000.0), 1.0)
        * crackle
        * _gusts(rng, samples, 1.0)
    )


def wind(rng: np.random.Generator, samples: int) -> FloatArray:
    """Wind or breath on a microphone: low noise in gusts."""
    low = _noise_around(rng, samples, rng.uniform(30.0, 150.0), 1.2)
    whistle = _noise_around(rng, samples, rng.uniform(300.0, 1200.0), 0.15)
    return (low + np.float32(rng.uniform(0.0, 0.2)) * whistle) * _gusts(rng, samples, 0.5)


def ventilation(rng: np.random.Generator, samples: int) -> FloatArray:
    """Room tone: falling noise with the bands of fans and ducts, and a motor's faint tones."""
    out = _noise_around(rng, samples, rng.uniform(20.0, 80.0), 2.5)
    for _ in range(int(rng.integers(1, 5))):
        band = _noise_around(rng, samples, 100.0 * 40.0 ** rng.random(), 0.1 * 10.0 ** rng.random())
        out += np.float32(rng.uniform(0.02, 0.3)) * band
    t = np.arange(samples) / SAMPLE_RATE
    motor_hz = rng.uniform(24.0, 400.0)
    for harmonic in range(1, 6):
        out += np.float32(rng.uniform(0.0, 0.1) / harmonic) * np.sin(
            2 * np.pi * harmonic * motor_hz * t, dtype=np.float32
        )
    return out * (1.0 + np.float32(0.2) * _level(rng, samples, 0.5))


def beeps(rng: np.random.Generator, samples: int) -> FloatArray:
    """Telephones, ovens and lorries: steady tones, on and off."""
    out = np.zeros(samples, np.float32)
    hz = [250.0 * 16.0 ** rng.random() for _ in range(int(rng.integers(1, 4)))]
    length = int(rng.uniform(0.05, 0.6) * SAMPLE_RATE)
    t = np.arange(length) / SAMPLE_RATE
    edge = np.minimum(1.0, np.minimum(t, t[::-1]) / rng.uniform(0.002, 0.02))
    square = rng.uniform(0.0, 0.3)
    for number, at in enumerate(_moments(rng, samples, rng.uniform(0.15, 1.5), True)):
        phase = 2 * np.pi * hz[number % len(hz)] * t
        tone = edge * (np.sin(phase) + square * np.sin(3 * phase))
        reach = out[at : at + length]
        reach += tone[: len(reach)].astype(np.float32)
    return out


def whistling(rng: np.random.Generator, samples: int) -> FloatArray:
    """A whistled tune or a siren: one gliding tone with some breath."""
    t = np.arange(samples) / SAMPLE_RATE
    knots = max(4, int(t[-1] * rng.uniform(0.5, 4.0)))
    semitones = np.round(np.cumsum(rng.normal(0.0, 3.0, knots)) % 19.0)
    held = semitones[np.minimum((t / t[-1] * knots).astype(int), knots - 1)]
    if rng.random() < 0.3:  # a siren glides all the way
        held = np.interp(t, np.linspace(0.0, t[-1], knots), semitones)
    glide = int(rng.uniform(0.01, 0.08) * SAMPLE_RATE)
    summed = np.cumsum(np.pad(held, (glide, 0), mode="edge"))
    held = (summed[glide:] - summed[:-glide]) / glide
    vibrato = rng.uniform(0.0, 0.4) * np.sin(2 * np.pi * rng.uniform(4.0, 7.0) * t)
    phase = np.cumsum(rng.uniform(400.0, 1100.0) * 2.0 ** ((held + vibrato) / 12.0)) / SAMPLE_RATE
    tone = np.sin(2 * np.pi * phase) + rng.uniform(0.0, 0.2) * np.sin(4 * np.pi * phase)
    breath = rng.uniform(0.0, 0.1) * rng.standard_normal(samples)
    return np.asarray((tone + breath) * _gusts(rng, samples, 1.5), np.float32)


def coloured(slope_db: float) -> Track:
    """Stationary noise whose spectrum falls by `slope_db` per octave: 0 white, 3 pink, 6 brown."""

    def track(rng: np.random.Generator, samples: int) -> FloatArray:
        return _shaped(
            rng, samples, lambda hz: (np.maximum(hz, 20.0) / 1000.0) ** (-slope_db / 6.02)
        )

    return track


def _shaped(
    rng: np.random.Generator,
    samples: int,
    shape: Callable[[NDArray[np.float64]], NDArray[np.float64]],
) -> FloatArray:
    """Noise whose amplitude spectrum is `shape` of the frequencies in Hz, and whose ends meet."""
    spectrum = rfft(rng.standard_normal(samples, np.float32))
    spectrum *= shape(rfftfreq(samples, 1 / SAMPLE_RATE)).astype(np.float32)
    return np.asarray(irfft(spectrum, samples), np.float32)


def _noise_around(
    rng: np.random.Generator, samples: int, centre_hz: float, octaves: float
) -> FloatArray:
    """Noise in a band, of RMS 1.0."""
    out = _shaped(
        rng,
        samples,
        lambda hz: np.exp(-0.5 * (np.log2(np.maximum(hz, 1.0) / centre_hz) / octaves) ** 2),
    )
    return np.asarray(out / np.sqrt(np.mean(out * out)), np.float32)


def _level(rng: np.random.Generator, samples: int, rate_hz: float) -> FloatArray:
    """Random numbers between 0 and 1, about `rate_hz` new ones a second, with straight lines
    between them.
    """
    knots = max(2, int(samples / SAMPLE_RATE * rate_hz))
    level = np.interp(np.linspace(0, knots - 1, samples), np.arange(knots), rng.random(knots))
    return np.asarray(level, np.float32)


def _gusts(rng: np.random.Generator, samples: int, rate_hz: float) -> FloatArray:
    """A level that is zero at times."""
    return np.asarray(np.maximum(1.25 * _level(rng, samples, rate_hz) - 0.25, 0.0), np.float32)
