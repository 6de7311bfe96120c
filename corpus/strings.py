"""Strings that sound along: what a piano with lifted dampers adds to the notes that are struck.

Each string answers at its own partials, so a note excites the strings an octave, a twelfth or two
octaves away from it and hardly any other. What rings there was not struck and has no label.
"""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

from transcriber.timing import LOWEST_PITCH, PITCHES, SAMPLE_RATE

FloatArray = NDArray[np.float32]

RING_S = 1.5
"""Length of the response. Strings ring for longer, but far below the notes themselves by then."""

PARTIALS = 6

_ROW = 160  # samples of a row, when the response is laid out in rows
_ATTACK_S = 0.01


def ring(tuning_cents: NDArray[np.float64], rng: np.random.Generator) -> FloatArray:
    """Impulse response of all strings, undamped.

    A sum of decaying sinusoids, 6 for each of the 88 keys where they lie below 7.6 kHz: partial n
    at n * f * sqrt((1 + B n^2) / (1 + B)), with the stiffness B growing eightfold over two octaves
    towards the treble (Fletcher and Rossing, The Physics of Musical Instruments, 1998, chapter
    12); the phase is random.

    Args:
        tuning_cents: Offset of every string from equal temperament, float64 [88].
        rng: Decides phases, decay and how strongly each string answers.

    Returns:
        float32 [RING_S * SAMPLE_RATE] of energy 1.
    """
    pitch = LOWEST_PITCH + np.arange(PITCHES)[:, None]
    partial = np.arange(1, PARTIALS + 1)[None]
    stiffness = 4e-4 * 2.0 ** (np.maximum(pitch - 60, -12) / 8.0)
    stretch = np.sqrt((1.0 + stiffness * partial**2) / (1.0 + stiffness))
    hz = 440.0 * 2.0 ** ((pitch - 69 + tuning_cents[:, None] / 100.0) / 12.0) * partial * stretch
    decay_s = rng.uniform(0.5, 1.5) * 2.0 ** ((60 - pitch) / 24.0) / np.sqrt(partial)
    strength = rng.lognormal(0.0, 0.5, (PITCHES, 1)) / partial
    kept = hz < 7600.0
    exponent = (2j * np.pi * hz - 1.0 / decay_s)[kept] / SAMPLE_RATE
    start = strength[kept] * np.exp(2j * np.pi * rng.random(len(exponent)))
    # exp(x (row + column)) = exp(x row) exp(x column): one product of two small matrices instead of
    # millions of exponentials.
    count = round(RING_S * SAMPLE_RATE)
    rows = _powers(np.exp(_ROW * exponent), -(-count // _ROW))
    columns = _powers(np.exp(exponent), _ROW) * start.astype(np.complex64)[:, None]
    response = _real_product(rows, columns).ravel()[:count]
    attack = round(_ATTACK_S * SAMPLE_RATE)
    response[:attack] *= np.linspace(0.0, 1.0, attack, dtype=np.float32)
    return np.asarray(response / np.sqrt(np.sum(response * response)), np.float32)


def _powers(base: NDArray[np.complex128], count: int) -> NDArray[np.complex64]:
    """base ** [0, 1, ... count - 1] by doubling, complex [N, count]."""
    powers = np.ones((len(base), count), np.complex64)
    done = 1
    while done < count:
        more = min(done, count - done)
        step = (base**done).astype(np.complex64)[:, None]
        np.multiply(powers[:, :more], step, out=powers[:, done : done + more])
        done += more
    return powers


# Not by BLAS, whose sums depend on the number of its threads: the same seed would be another piano.
@numba.njit(cache=True, nogil=True, fastmath={"contract"})
def _real_product(rows: NDArray[np.complex64], columns: NDArray[np.complex64]) -> FloatArray:
    """Real part of rows.T @ columns: float32 [R, C] of complex [N, R] and complex [N, C]."""
    real, imaginary = columns.real.copy(), columns.imag.copy()
    out = np.zeros((rows.shape[1], columns.shape[1]), np.float32)
    for r in range(rows.shape[1]):
        total = out[r]
        for n in range(len(rows)):
            a, b = rows[n, r].real, rows[n, r].imag
            wave, shifted = real[n], imaginary[n]
            for c in range(len(total)):
                total[c] += a * wave[c] - b * shifted[c]
    return out
