"""Streaming conversion to the one sample rate inside the transcriber.

The converter is linear-phase and compensates its own delay: a click at t seconds of the input lies
at t seconds of the output, at any rate and for any way of cutting the stream into blocks.
"""

from __future__ import annotations

import numpy as np
import soxr

from .timing import SAMPLE_RATE

LOWEST_RATE = 8_000
"""Lowest sample rate accepted, in Hz (telephone)."""

HIGHEST_RATE = 192_000
"""Highest sample rate accepted, in Hz."""


class Resampler:
    """Turns mono blocks at `rate` Hz into mono blocks at `SAMPLE_RATE`.

    In total it returns round(n * SAMPLE_RATE / rate) +-1 samples for n samples in. Samples already
    at `SAMPLE_RATE` pass through untouched.

    Args:
        rate: Sample rate of the input in Hz, `LOWEST_RATE`..`HIGHEST_RATE`.
        steady: For listening: holds back the same 12.5 to 14 ms at all times (30 ms below
            16 kHz), with soxr's variable-rate filter. The one for files holds back up to 40 ms,
            and in bursts. Measured at 44.1, 48 and 96 kHz: passband (7.5 kHz) and aliasing
            (-115 dB) are as good, and all lies 0.07 to 0.12 ms later. Soxr's "QQ" would hold back
            nothing, but lets 9.5 kHz alias unhindered, and "LQ" still holds back 20 ms.

    Raises:
        ValueError: `rate` is out of range.
    """

    def __init__(self, rate: int, *, steady: bool = False) -> None:
        if not LOWEST_RATE <= rate <= HIGHEST_RATE:
            raise ValueError(f"rate {rate} Hz is outside {LOWEST_RATE}..{HIGHEST_RATE}")
        self.rate = rate
        self._taken = self._given = 0
        self._stream = (
            None
            if rate == SAMPLE_RATE
            else soxr.ResampleStream(rate, SAMPLE_RATE, 1, "float32", "HQ", vr=steady)
        )

    def push(self, samples: np.ndarray) -> np.ndarray:
        """Takes float32 samples `[n]` at `rate`; returns what is ready, float32 `[m]`, m >= 0."""
        self._taken += len(samples)
        if self._stream is None:
            self._given += len(samples)
            return samples
        out: np.ndarray = self._stream.resample_chunk(np.ascontiguousarray(samples, np.float32))
        self._given += len(out)
        return out

    @property
    def held_s(self) -> float:
        """Seconds of what was pushed that `push` has not returned yet, >= 0."""
        return max(self._taken / self.rate - self._given / SAMPLE_RATE, 0.0)

    def finish(self) -> np.ndarray:
        """The samples held back, float32 `[m]`; nothing may be pushed afterwards."""
        nothing = np.zeros(0, np.float32)
        if self._stream is None:
            return nothing
        out: np.ndarray = self._stream.resample_chunk(nothing, last=True)
        return out
