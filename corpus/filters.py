"""Second-order filters: equalisers, and the response of microphones.

A section is float64 [6], b0 b1 b2 1 a1 a2 as in scipy's `sosfilt`; designs are those of the Audio
EQ Cookbook (R. Bristow-Johnson).
"""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

from transcriber.timing import SAMPLE_RATE

FloatArray = NDArray[np.float32]
Section = NDArray[np.float64]
_Fixed = tuple[float, float, float, float, float, float]

_THROUGH: Section = np.array([1.0, 0.0, 0.0, 1.0, 0.0, 0.0])
"""The section that changes nothing."""

_HIGHEST_HZ = 7800.0  # the designs fold together at half the sample rate
_FORGOTTEN = 1e-10
_LANES = 8  # of float64: a vector of AVX-512, two of AVX2
_TILE = 64
_FAINT = 1e-30  # keeps dying filters out of denormal numbers, which take forty times as long


def peaking(centre_hz: float, q: float, gain_db: float) -> Section:
    """A bell of `gain_db` around `centre_hz`."""
    a = 10.0 ** (gain_db / 40.0)
    w = 2 * np.pi * centre_hz / SAMPLE_RATE
    alpha = np.sin(w) / (2 * q)
    b = np.array([1 + alpha * a, -2 * np.cos(w), 1 - alpha * a])
    d = np.array([1 + alpha / a, -2 * np.cos(w), 1 - alpha / a])
    return np.concatenate([b / d[0], d / d[0]])


def lowpass(cutoff_hz: float) -> Section:
    """Butterworth low-pass."""
    w = 2 * np.pi * min(cutoff_hz, _HIGHEST_HZ) / SAMPLE_RATE
    return _butterworth(w, (1 - np.cos(w)) / 2, 1 - np.cos(w))


def highpass(cutoff_hz: float) -> Section:
    """Butterworth high-pass."""
    w = 2 * np.pi * cutoff_hz / SAMPLE_RATE
    return _butterworth(w, (1 + np.cos(w)) / 2, -1 - np.cos(w))


def _butterworth(w: float, outer: float, inner: float) -> Section:
    alpha = np.sin(w) / np.sqrt(2.0)
    d = np.array([1 + alpha, -2 * np.cos(w), 1 - alpha])
    return np.concatenate([np.array([outer, inner, outer]) / d[0], d / d[0]])


def filtered(audio: FloatArray, sections: list[Section]) -> FloatArray:
    """Passes float32 [S] through all sections, one after another; the same length."""
    for first in range(0, len(sections), 4):
        four = sections[first : first + 4]
        four += [_THROUGH] * (4 - len(four))
        warm = -(-_settling(four) // _TILE) * _TILE
        if warm * _LANES < len(audio):
            audio = _side_by_side(audio, warm, _LANES, *four)
        else:
            audio = _cascade(audio, *four)
    return audio


def _settling(sections: list[Section]) -> int:
    """Samples after which sections have forgotten what they heard, but for `_FORGOTTEN`."""
    longest = 0.0
    for *_, a1, a2 in sections:
        # The larger of the poles, which are complex or real.
        root = max(a1 * a1 / 4 - a2, 0.0)
        radius = abs(a1) / 2 + np.sqrt(root) if root else np.sqrt(abs(a2))
        if radius > 0.0:
            longest = max(longest, np.log(_FORGOTTEN) / np.log(radius))
    return int(longest) + 1


# Contracted to fused multiply-adds alone: they change roundings, never the order of sums.
@numba.njit(cache=True, nogil=True, fastmath={"contract"})
def _cascade(audio: FloatArray, a: Section, b: Section, c: Section, d: Section) -> FloatArray:
    """One pass over the sound, all sections at once: what a section waits for is hidden behind the
    work of the others, and what they remember stays in registers.
    """
    out = np.empty_like(audio)
    a0 = a1 = b0 = b1 = c0 = c1 = d0 = d1 = 0.0
    for i in range(len(audio)):
        x = float(audio[i]) + _FAINT
        x, a0, a1 = _step(x, a, a0, a1)
        x, b0, b1 = _step(x, b, b0, b1)
        x, c0, c1 = _step(x, c, c0, c1)
        x, d0, d1 = _step(x, d, d0, d1)
        out[i] = x
    return out


@numba.njit(cache=True, nogil=True, fastmath={"contract"})
def _side_by_side(
    audio: FloatArray, warm: int, lanes: int, a: Section, b: Section, c: Section, d: Section
) -> FloatArray:
    """The same in half the time: `lanes` stretches of the sound at once, each begun `warm` samples
    early, by when the sections know of what went before.

    `lanes` is an argument because a loop of constant length would be unrolled, not vectorised.
    """
    length = -(-len(audio) // lanes)
    out = np.empty(lanes * length, np.float32)
    memory = np.zeros((8, lanes))
    tile = np.empty((_TILE, lanes))
    e, f, g, h = _fixed(a), _fixed(b), _fixed(c), _fixed(d)
    for first in range(-warm, length, _TILE):
        for lane in range(lanes):
            at = lane * length + first
            if at >= 0 and at + _TILE <= len(audio):
                heard = audio[at : at + _TILE]
                for i in range(_TILE):
                    tile[i, lane] = float(heard[i]) + _FAINT
            else:
                for i in range(_TILE):
                    inside = 0 <= at + i < len(audio)
                    tile[i, lane] = float(audio[at + i]) + _FAINT if inside else 0.0
        for i in range(_TILE):
            row = tile[i]
            for k in range(lanes):
                x = row[k]
                x, memory[0, k], memory[1, k] = _step(x, e, memory[0, k], memory[1, k])
                x, memory[2, k], memory[3, k] = _step(x, f, memory[2, k], memory[3, k])
                x, memory[4, k], memory[5, k] = _step(x, g, memory[4, k], memory[5, k])
                x, memory[6, k], memory[7, k] = _step(x, h, memory[6, k], memory[7, k])
                row[k] = x
        if first >= 0:
            count = min(_TILE, length - first)
            for lane in range(lanes):
                kept = out[lane * length + first : lane * length + first + count]
                for i in range(count):
                    kept[i] = tile[i, lane]
    return out[: len(audio)]


@numba.njit(inline="always")
def _fixed(section: Section) -> _Fixed:
    """A section in registers, which nothing that is written can change."""
    return section[0], section[1], section[2], section[3], section[4], section[5]


@numba.njit(inline="always")
def _step(
    x: float, section: Section | _Fixed, first: float, second: float
) -> tuple[float, float, float]:
    """One sample through one section: what comes out, and what it remembers."""
    y = section[0] * x + first
    return y, (section[1] * x + second) - section[4] * y, section[2] * x - section[5] * y
