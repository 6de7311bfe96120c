"""Recordings made worse in known ways: out of tune, in a room, with noise, at another input level.

The parts come in the order of nature: the piano, the room, then the noise of the place, then the
level of the input. Nothing is clipped: a float stream may pass full scale. Chances are drawn from
the seed and the piece's name, so that a piece sounds the same in every run and in any company.
"""

from __future__ import annotations

import sys
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from transcriber.errors import InputError, UsageError
from transcriber.pitches import speed
from transcriber.timing import SAMPLE_RATE

if TYPE_CHECKING:
    from collections.abc import Sequence

FloatArray = NDArray[np.float32]

DIRECT_DB = 0.0
"""Energy of the direct sound against the room's: equal, as a few metres from the piano."""

FADE = SAMPLE_RATE // 50
"""Samples over which one noise follows another: 20 ms, so that joints do not click."""

LEVELS_DBFS = (-50.0, -20.0)
"""Range of levels (root mean square) of the noises in a noise-only test."""


@dataclass(frozen=True)
class Degradation:
    """What is done to each recording.

    Args:
        rt60_s: Reverberation time of a simulated room, 0.1..5 s; None leaves the sound dry.
        noise_snr_db: Level of the recording against the added noise, both root mean square over
            the whole recording, in dB; None adds none.
        gain_db: Change of level, in dB.
        cents: How much higher the piano is, by playing faster, -50..50: beyond, a key is nearer to
            the next one's name.
        noises: What `noise_snr_db` draws from, each of root mean square 1.0.
        seed: Of all chances.
    """

    rt60_s: float | None = None
    noise_snr_db: float | None = None
    gain_db: float = 0.0
    cents: float = 0.0
    noises: Sequence[FloatArray] = ()
    seed: int = 0

    @property
    def speed(self) -> float:
        """How much faster it plays: what was played moves with it (`Transcript.faster`)."""
        return speed(self.cents)

    def apply(self, samples: FloatArray, name: str) -> FloatArray:
        """Degrades a recording.

        Args:
            samples: float32 [S], mono, at `SAMPLE_RATE`.
            name: Of the piece; with the seed it decides all chances.

        Returns:
            float32 [S / speed]; the input itself where nothing is to be done.
        """
        letters = name.encode(errors="surrogateescape")  # a file's name need not be text
        rng = np.random.default_rng([self.seed, zlib.crc32(letters)])
        if self.cents:
            from corpus.transmission import detune

            samples = detune(samples, self.cents)
        if self.rt60_s is not None:
            samples = _in_room(samples, rng, self.rt60_s)
        if self.noise_snr_db is not None:
            level = _rms(samples) * 10.0 ** (-self.noise_snr_db / 20.0)
            noise = noise_track(self.noises, len(samples), rng)
            samples = samples + np.float32(level / (_rms(noise) or 1.0)) * noise
        if self.gain_db:
            samples = samples * np.float32(10.0 ** (self.gain_db / 20.0))
        return samples

    def to_dict(self) -> dict[str, float | int | None]:
        """What was done, for reports."""
        return {
            "rt60_s": self.rt60_s,
            "noise_snr_db": self.noise_snr_db,
            "gain_db": self.gain_db,
            "cents": self.cents,
            "seed": self.seed,
        }


def check_acoustics() -> None:
    """Lets all but levels pass where scipy and numba are installed, which the stage does without.

    Raises:
        UsageError: They are not.
    """
    try:
        import corpus.augmentation  # noqa: F401 - whether it can be imported is the question
    except ModuleNotFoundError as error:
        raise UsageError(
            "Changing rooms, noise or pitch needs "
            f"{str(error.name).split('.')[0]}, which is not installed.",
            f"Install it: {sys.executable} -m pip install scipy numba",
        ) from error


def load_noises(folder: Path) -> tuple[FloatArray, ...]:
    """Noises of a folder laid out like `../shared/data/acoustics`, each of root mean square 1.0.

    Raises:
        InputError: The folder has no readable manifest, or no noises.
        UsageError: scipy or numba is not installed.
    """
    check_acoustics()
    from corpus.acoustics import load_acoustics

    noises = load_acoustics(folder).noises
    if not noises:
        raise InputError(f"{folder} holds no noises.", "Name a folder whose manifest lists some.")
    return noises


def noise_track(noises: Sequence[FloatArray], samples: int, rng: np.random.Generator) -> FloatArray:
    """Noises one after another in a random order, from a random place of the first.

    Args:
        noises: At least one, each longer than 2 x `FADE`.
        samples: Length of the track.
        rng: Where its chances come from.

    Returns:
        float32 [samples].
    """
    track = np.zeros(samples, np.float32)
    at, first = 0, True
    for noise in _shuffled(noises, rng):
        clip = noise[rng.integers(0, len(noise) // 2) :] if first else noise
        at, first = _lay(track, clip, at), False
        if at >= samples:
            return track
    return track


def noise_only(noises: Sequence[FloatArray], seconds: float, seed: int) -> FloatArray:
    """A recording without a piano: noises of any level within `LEVELS_DBFS`, one after another."""
    rng = np.random.default_rng([seed, zlib.crc32(b"noise only")])
    track = np.zeros(round(seconds * SAMPLE_RATE), np.float32)
    at = 0
    for noise in _shuffled(noises, rng):
        level = np.float32(10.0 ** (rng.uniform(*LEVELS_DBFS) / 20.0))
        at = _lay(track, level * noise, at)
        if at >= len(track):
            break
    return track


def _lay(track: FloatArray, clip: FloatArray, at: int) -> int:
    """Adds a clip with faded ends; returns where the next one begins, half over its end."""
    clip = clip.copy()
    ramp = np.linspace(0.0, 1.0, FADE, dtype=np.float32)
    clip[:FADE] *= ramp
    clip[-FADE:] *= ramp[::-1]
    kept = clip[: len(track) - at]
    track[at : at + len(kept)] += kept
    return at + len(clip) - FADE


def _shuffled(noises: Sequence[FloatArray], rng: np.random.Generator) -> Iterator[FloatArray]:
    """All noises in random order, and again, without end."""
    while True:
        for index in rng.permutation(len(noises)):
            yield noises[index]


def _in_room(samples: FloatArray, rng: np.random.Generator, rt60_s: float) -> FloatArray:
    """The recording in a simulated room, at its former level."""
    from corpus.rooms import reverberate, simulate_room

    wet = reverberate(samples, simulate_room(rng, rt60_s, DIRECT_DB))
    level = _rms(wet)
    return wet * np.float32(_rms(samples) / level) if level else wet


def _rms(samples: FloatArray) -> float:
    return float(np.sqrt(np.mean(np.square(samples, dtype=np.float64)))) if len(samples) else 0.0
