"""Simulated rooms, and playing sound in rooms simulated or recorded.

A room is a shoebox for as long as single reflections can be told apart, and decaying noise after
that: the sound of the image sources (Allen and Berkley 1979) with the level, density and decay that
follow from the room's volume and reverberation time. High frequencies die first. It is made anew
for every use in about 0.2 ms, so no two are alike.
"""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray
from scipy.fft import irfft, rfft

from transcriber.timing import SAMPLE_RATE

FloatArray = NDArray[np.float32]

LONGEST_S = 2.5

_BLOCK = 8192
_GROUP = 4  # blocks transformed at once, as many as a vector of the library holds
_TILE = 512  # bins whose products stay in a core's first cache
_METRES = 343.0 / SAMPLE_RATE  # travelled in one sample


def simulate_room(rng: np.random.Generator, rt60_s: float, direct_db: float) -> FloatArray:
    """Response of a room between a piano and a microphone somewhere in it.

    Args:
        rng: Where its chances come from.
        rt60_s: Time in which the reverberation falls by 60 dB below 1 kHz, in seconds.
        direct_db: Energy of the direct sound against the reverberation, in dB.

    Returns:
        float32 [S], direct sound 1.0 at sample 0.
    """
    # Rooms that ring longer are larger, with much scatter: living rooms to halls.
    volume = 90.0 * rt60_s * np.exp(rng.normal(0.3, 0.6))
    height = rng.uniform(0.55, 0.8) * volume ** (1 / 3)
    length = np.sqrt(volume / height) * rng.uniform(1.0, 1.5)
    size = np.array([length, volume / height / length, height])
    piano, microphone = (size * rng.uniform(0.12, 0.88, 3) for _ in range(2))
    if np.sum((piano - microphone) ** 2) < 0.09:
        microphone = size - piano
    samples = int(min(1.2 * rt60_s, LONGEST_S) * SAMPLE_RATE)
    mixing = int(np.clip(0.002 * np.sqrt(volume), 0.02, 0.08) * SAMPLE_RATE)
    response = rng.standard_normal(samples, np.float32)
    _reflections(response[: min(mixing, samples)], size, piano, microphone, rng.uniform(0.4, 1.0))
    distance = float(np.sqrt(np.sum((piano - microphone) ** 2)))
    # As many images arrive per sample, each so quiet, as make noise of this level.
    density = np.sqrt(4.0 * np.pi * distance**2 * _METRES / volume)
    response[mixing:] *= np.float32(density)
    crossover_hz = 2000.0 * 2.0 ** rng.uniform(-0.5, 0.5)
    times_s = (rt60_s, rt60_s * rng.uniform(0.3, 0.7))
    _decay(response, *times_s, crossover_hz / SAMPLE_RATE, rng.uniform(0.3, 1.0))
    response[0] = 0.0
    reverberation = float(np.sqrt(np.sum(response.astype(np.float64) ** 2)))
    response *= np.float32(10.0 ** (-direct_db / 20.0) / reverberation)
    response[0] = 1.0
    return response


@numba.njit(cache=True, nogil=True)
def _reflections(
    out: FloatArray,
    size: NDArray[np.float64],
    piano: NDArray[np.float64],
    microphone: NDArray[np.float64],
    scatter: float,
) -> None:
    """Fills `out` with the images of a piano within its reach, before they decay.

    `out` holds random numbers: an image is quieter by up to `scatter` of itself, as furniture and
    the directions in which pianos radiate would have it.
    """
    chances = out.copy()
    out[:] = 0.0
    direct = np.sqrt(np.sum((piano - microphone) ** 2))
    reach = direct + len(out) * _METRES
    many = np.zeros(3, np.int64)
    for axis in range(3):
        many[axis] = int(reach / (2 * size[axis])) + 1
    number = 0
    for i in range(-many[0], many[0] + 1):
        for j in range(-many[1], many[1] + 1):
            for k in range(-many[2], many[2] + 1):
                for mirror in range(8):
                    x = 2 * i * size[0] + (1 - 2 * (mirror & 1)) * piano[0] - microphone[0]
                    y = 2 * j * size[1] + (1 - (mirror & 2)) * piano[1] - microphone[1]
                    z = 2 * k * size[2] + (1 - (mirror & 4) // 2) * piano[2] - microphone[2]
                    distance = np.sqrt(x * x + y * y + z * z)
                    at = int((distance - direct) / _METRES + 0.5)
                    if 0 < at < len(out):
                        chance = min(1.0, abs(chances[number % len(chances)]))
                        out[at] += direct / distance * (1.0 - scatter * chance)
                        number += 1


@numba.njit(cache=True, nogil=True, fastmath={"contract"})
def _decay(
    response: FloatArray, low_s: float, high_s: float, crossover: float, brightness: float
) -> None:
    """Lets what lies under and over the crossover (cycles per sample) fall by 60 dB in its time.

    `brightness` is what walls leave of the high part at once.
    """
    smooth = 1.0 - np.exp(-2 * np.pi * crossover)
    keep_low = 10.0 ** (-3.0 / (low_s * SAMPLE_RATE))
    keep_high = 10.0 ** (-3.0 / (high_s * SAMPLE_RATE))
    low, high = 1.0, brightness
    once = dark = 0.0
    for i in range(len(response)):
        x = float(response[i])
        once += smooth * (x - once)
        dark += smooth * (once - dark)
        response[i] = low * dark + high * (x - dark)
        low *= keep_low
        high *= keep_high


def reverberate(audio: FloatArray, response: FloatArray) -> FloatArray:
    """Convolves with an aligned response; same length, no delay.

    Sound and response are cut into blocks, of which `_GROUP` are transformed at a time. All at once
    would take twice as long: fresh memory for the spectra, which the system zeroes page by page.

    Args:
        audio: float32 [S].
        response: float32 [R].

    Returns:
        float32 [S].
    """
    parts = -(-len(response) // _BLOCK)
    cut = np.zeros((parts, 2 * _BLOCK), np.float32)
    cut[:, :_BLOCK].flat[: len(response)] = response
    answers = rfft(cut)
    blocks = -(-len(audio) // _BLOCK)
    blocks += -blocks % _GROUP
    padded = np.zeros((blocks + 1) * _BLOCK, np.float32)
    padded[_BLOCK : _BLOCK + len(audio)] = audio
    out = np.empty(blocks * _BLOCK, np.float32)
    # Row b is block b behind the block before it: what wraps around falls into the first half.
    rows = np.lib.stride_tricks.sliding_window_view(padded, 2 * _BLOCK)[::_BLOCK]
    # The spectra that still ring, the oldest first.
    spectra = np.zeros((parts - 1 + _GROUP, _BLOCK + 1), np.complex64)
    for first in range(0, blocks, _GROUP):
        spectra[:-_GROUP] = spectra[_GROUP:].copy()
        spectra[-_GROUP:] = rfft(rows[first : first + _GROUP])
        heard = irfft(_products(spectra, answers), overwrite_x=True)
        out[first * _BLOCK : (first + _GROUP) * _BLOCK].reshape(_GROUP, _BLOCK)[:] = heard[
            :, _BLOCK:
        ]
    return out[: len(audio)]


@numba.njit(cache=True, nogil=True, fastmath=True)
def _products(
    spectra: NDArray[np.complex64], answers: NDArray[np.complex64]
) -> NDArray[np.complex64]:
    """Sums the products of each of the last `_GROUP` spectra, and of those before it, with the
    parts of the response that reach into it.
    """
    out = np.zeros((_GROUP, spectra.shape[1]), np.complex64)
    newest = len(spectra) - _GROUP
    for first in range(0, spectra.shape[1], _TILE):
        last = min(first + _TILE, spectra.shape[1])
        for block in range(_GROUP):
            total = out[block, first:last]
            for part in range(len(answers)):
                heard = spectra[newest + block - part, first:last]
                answer = answers[part, first:last]
                for bin in range(last - first):
                    total[bin] += heard[bin] * answer[bin]
    return out
