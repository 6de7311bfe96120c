"""Noises of every kind, drawn from tracks that are made once per process.

Making a noise takes milliseconds; copying a piece of a long track from a random place takes a
fiftieth of that. Tracks are decided by constants alone, so a piece is the same bytes in any
process, and processes forked after `prepare` share them.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from functools import cache

import numba
import numpy as np
from numpy.typing import NDArray

from transcriber.timing import SAMPLE_RATE

from . import foley
from .acoustics import Acoustics
from .foley import Track
from .voices import voice

FloatArray = NDArray[np.float32]

KINDS: dict[str, tuple[Track, ...]] = {
    "coloured": tuple(foley.coloured(slope_db) for slope_db in np.arange(0.0, 9.1, 0.75)),
    "babble": tuple([voice] * 24),
    "singing": tuple([lambda rng, samples: voice(rng, samples, sung=True)] * 8),
    "foley": 3
    * (
        foley.knocks,
        foley.steps,
        foley.clicks,
        foley.ticking,
        foley.dishes,
        foley.drumming,
        foley.rustling,
    ),
    "ambience": tuple([foley.ventilation] * 8),
    "wind": tuple([foley.wind] * 4),
    "tones": 8 * (foley.beeps, foley.whistling),
}
"""What is on the tracks of each kind. Besides them there are "hum" and "recorded:N"."""

IN_ROOM = frozenset({"babble", "singing", "foley", "tones"})
"""Kinds that sound in the room of the piano; the others come with a room of their own, or have
none.
"""

_LENGTH = 1 << 17  # 8.2 s, in a circle
_CROWD = 12


@dataclass(frozen=True)
class _Bank:
    """int16 tracks [n, S], and what each is multiplied by to have an RMS of 1.0."""

    tracks: NDArray[np.int16]
    scales: NDArray[np.float64]


@cache
def _bank(kind: str) -> _Bank:
    seed = zlib.crc32(kind.encode())
    tracks = [
        make(np.random.default_rng([seed, number]), _LENGTH)
        for number, make in enumerate(KINDS[kind])
    ]
    peaks = [float(np.abs(track).max()) for track in tracks]
    packed = np.stack(
        [np.round(t * (32767.0 / p)).astype(np.int16) for t, p in zip(tracks, peaks, strict=True)]
    )
    rms = [float(np.sqrt(np.mean(row.astype(np.float64) ** 2))) for row in packed]
    return _Bank(packed, 1.0 / np.array(rms))


def prepare() -> None:
    """Makes all tracks (some 24 MB, half a second), for processes forked afterwards to share."""
    for kind in KINDS:
        _bank(kind)


def add_noise(
    out: FloatArray, kind: str, gain: float, acoustics: Acoustics, rng: np.random.Generator
) -> None:
    """Adds a noise of one kind to `out`, float32 [S].

    Args:
        out: Changed in place.
        kind: "hum", "recorded:N" or one of `KINDS`.
        gain: RMS of the noise, that of its track to be exact.
        acoustics: Has the recorded noises.
        rng: Decides which piece.
    """
    if kind == "hum":
        period = _hum_period(rng)
        _lay(out, period, int(rng.integers(len(period))), gain)
    elif kind.startswith("recorded:"):
        recording = acoustics.noises[int(kind.split(":")[1])]
        _lay(out, recording, int(rng.integers(len(recording))), gain)
    else:
        bank = _bank(kind)
        for share in _shares(kind, rng):
            row = int(rng.integers(len(bank.tracks)))
            at = int(rng.integers(bank.tracks.shape[1]))
            _lay(out, bank.tracks[row], at, gain * share * bank.scales[row])


def _shares(kind: str, rng: np.random.Generator) -> NDArray[np.float64]:
    """Levels of the tracks that sound together, their powers adding up to 1: talk has up to four
    speakers or is a crowd, of others there is one or two.
    """
    count = int(rng.integers(1, 5 if kind == "babble" else 3))
    if kind == "babble" and rng.random() < 0.15:
        count = _CROWD
    levels = rng.uniform(0.2, 1.0, count)
    return np.asarray(levels / np.sqrt(np.sum(levels**2)))


def _hum_period(rng: np.random.Generator) -> FloatArray:
    """A whole number of periods of mains hum, RMS 1.0: harmonics of 50 or 60 Hz."""
    cycles, samples = (1, SAMPLE_RATE // 50) if rng.random() < 0.5 else (3, SAMPLE_RATE // 20)
    t = np.arange(samples) / samples * cycles
    hum = np.zeros(samples)
    for harmonic in range(1, 17):
        level = 10.0 ** (-rng.uniform(0.0, 30.0) / 20.0) / np.sqrt(harmonic)
        hum += level * np.sin(2 * np.pi * (harmonic * t + rng.random()))
    return np.asarray(hum / np.sqrt(np.mean(hum * hum)), np.float32)


@numba.njit(cache=True, nogil=True, fastmath={"contract"})
def _lay(
    out: FloatArray, track: NDArray[np.float32] | NDArray[np.int16], start: int, gain: float
) -> None:
    """Adds a track from `start` on, round and round."""
    level = np.float32(gain)
    done, at = 0, start
    while done < len(out):
        count = min(len(out) - done, len(track) - at)
        # Slices, because only where an index starts at 0 is the loop vectorised.
        heard, piece = out[done : done + count], track[at : at + count]
        for i in range(count):
            heard[i] += level * np.float32(piece[i])
        done += count
        at = 0
