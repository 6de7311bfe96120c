"""The input level meter: peak with a slow fall, and clipping that stays visible for a while."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FLOOR_DB = -96.0
"""Level of silence, in dB under full scale: that of a 16-bit converter."""

FALL_DB_S = 20.0
"""The peak falls by so many dB per second, as on mixing desks (IEC 60268-18)."""

CLIP_HOLD_S = 2.0
"""A clipped sample stays shown for so long."""


@dataclass(frozen=True, slots=True)
class Level:
    """Input level.

    Args:
        peak_db: In dB under full scale, `FLOOR_DB`..0, falling slowly.
        rms_db: Of the last block, the same scale.
        clipping: A sample was at full scale lately.
        clipped: Samples at full scale since the start.
    """

    peak_db: float = FLOOR_DB
    rms_db: float = FLOOR_DB
    clipping: bool = False
    clipped: int = 0


class LevelMeter:
    """Follows the level of a stream, block by block."""

    def __init__(self) -> None:
        self._peak_db = self._rms_db = FLOOR_DB
        self._clipped = 0
        self._clipped_at = -math.inf
        self._at = 0.0

    def push(self, samples: NDArray[np.float32], clipped: int, now_s: float) -> None:
        """Takes a block; `clipped` is counted by its source, before mixing."""
        peak = float(np.abs(samples).max(initial=0.0))
        self._peak_db = max(decibels(peak), self._fallen_db(now_s))
        if len(samples):
            self._rms_db = decibels(math.sqrt(float(np.vdot(samples, samples)) / len(samples)))
        self._at = now_s
        if clipped:
            self._clipped += clipped
            self._clipped_at = now_s

    def level(self, now_s: float) -> Level:
        """The meter's reading; the peak falls where no block comes, too."""
        clipping = now_s - self._clipped_at < CLIP_HOLD_S
        return Level(self._fallen_db(now_s), self._rms_db, clipping, self._clipped)

    def _fallen_db(self, now_s: float) -> float:
        fallen = self._peak_db - FALL_DB_S * max(now_s - self._at, 0.0)
        return max(fallen, FLOOR_DB)


def decibels(amplitude: float) -> float:
    """Amplitude (full scale 1.0) in dB, not under `FLOOR_DB`."""
    if amplitude <= 0.0:
        return FLOOR_DB
    return max(20.0 * math.log10(amplitude), FLOOR_DB)


def amplitude(db: float) -> float:
    """The inverse of `decibels`."""
    return float(10.0 ** (db / 20.0))
