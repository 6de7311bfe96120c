"""The log-mel features the network hears, defined once for running and for training.

A frame is the magnitude spectrum of an asymmetric window (long rise, short fall: Hu et al., ISMIR
2025, section 3.2), so that the newest samples weigh most and little look-ahead is spent; a bank of
HTK mel filters; and the pointwise compression log(1 + gain * magnitude). Magnitudes are scaled so
that a full-scale sine reads 1.0: the features of a sound depend on its own samples alone, never on
the rest of the file.

A window of 128 ms, as short as onsets want it, cannot tell neighbouring keys below the fifth octave
apart by their fundamentals. So a frame may go on with what a second, longer window hears of the low
register, ending at the same sample: the same definition at an eighth of the sample rate.

`trainer.frontend` repeats this in torch, batched; a test holds the two to 1e-4 on real audio.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .timing import SAMPLE_RATE, FrameClock

FloatArray = NDArray[np.float32]

DECIMATION = 8
"""Samples for each one that the long window sees."""

_TAPS = 128
"""Of the low-pass filter before it: flat to 750 Hz, -60 dB from 1250 Hz on, 4 ms late."""


@dataclass(frozen=True)
class FeatureConfig:
    """Everything that decides what a feature frame is.

    Args:
        sample_rate: Samples per second.
        hop: Samples from frame to frame.
        window: Samples per frame, and size of the Fourier transform.
        right: Samples of the window after its peak.
        mels: Number of mel filters.
        low_hz: Lower edge of the lowest filter.
        high_hz: Upper edge of the highest filter.
        gain: Factor inside the logarithm; a larger one hears softer sounds and more noise.
        long_window: Samples of the second window; 0 for none.
        long_mels: Number of mel filters on it, from `low_hz` on.
        long_high_hz: Upper edge of the highest of them.
    """

    sample_rate: int = SAMPLE_RATE
    hop: int = 320
    window: int = 2048
    right: int = 320
    mels: int = 229
    low_hz: float = 30.0
    high_hz: float = 8000.0
    gain: float = 10_000.0
    long_window: int = 0
    long_mels: int = 128
    long_high_hz: float = 800.0

    def __post_init__(self) -> None:
        if not 0 < self.right < self.window:
            raise ValueError(f"right {self.right} must lie inside the window {self.window}")
        if self.hop > self.window:
            raise ValueError(f"hop {self.hop} is longer than the window {self.window}")
        if not 0.0 <= self.low_hz < self.high_hz <= self.sample_rate / 2:
            raise ValueError("mel range must lie between 0 and half the sample rate")
        if self.long_window:
            if self.long_window < self.window:
                raise ValueError(f"long_window {self.long_window} is shorter than the window")
            if any(n % DECIMATION for n in (self.hop, self.right, self.long_window)):
                raise ValueError(f"hop, right and long_window must be multiples of {DECIMATION}")
            assert self.long is not None  # has conditions of its own

    def fingerprint(self) -> str:
        """Twelve hexadecimal digits that differ between any two different definitions."""
        values = asdict(self)
        if not self.long_window:  # as it was before there was one
            values = {k: v for k, v in values.items() if not k.startswith("long_")}
        text = json.dumps(values, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    def clock(self, delay: int) -> FrameClock:
        """The clock of frames made by this definition and answers delayed by `delay` frames."""
        return FrameClock(self.sample_rate, self.hop, self.right, delay)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> FeatureConfig:
        """Reads the dictionary form kept in model files and shards.

        Raises:
            TypeError: There is a key this version does not know.
        """
        return cls(**values)

    @property
    def columns(self) -> int:
        """Numbers in a frame: the mel filters, then those of the long window."""
        return self.mels + (self.long_mels if self.long_window else 0)

    @property
    def span(self) -> int:
        """Samples that decide a frame."""
        if not self.long_window:
            return self.window
        return self.long_window + _TAPS - DECIMATION

    @cached_property
    def long(self) -> FeatureConfig | None:
        """What the long window hears, as a front end of its own on every `DECIMATION`-th sample."""
        if not self.long_window:
            return None
        return FeatureConfig(
            self.sample_rate // DECIMATION,
            self.hop // DECIMATION,
            self.long_window // DECIMATION,
            self.right // DECIMATION,
            self.long_mels,
            self.low_hz,
            self.long_high_hz,
            self.gain,
        )

    @cached_property
    def low_pass(self) -> FloatArray:
        """Symmetric filter [128] before the decimation: a sinc under a Kaiser window."""
        at = np.arange(_TAPS) - (_TAPS - 1) / 2
        taps = np.sinc(at / DECIMATION) * np.kaiser(_TAPS, 6.0)
        response: FloatArray = (taps / taps.sum()).astype(np.float32)
        return response

    @cached_property
    def analysis_window(self) -> FloatArray:
        """Window [window], scaled so that a full-scale sine has magnitude 1.0 in its Fourier
        bin.
        """
        rise = self.window - self.right
        up = 0.5 - 0.5 * np.cos(np.pi * (np.arange(rise) + 0.5) / rise)
        down = 0.5 + 0.5 * np.cos(np.pi * (np.arange(self.right) + 0.5) / self.right)
        shape = np.concatenate([up, down])
        window: FloatArray = (shape * (2.0 / shape.sum())).astype(np.float32)
        return window

    @cached_property
    def mel_filters(self) -> FloatArray:
        """Triangular filters [window // 2 + 1, mels] with peaks of 1.0, equally spaced on the HTK
        mel scale.
        """

        def mel(hz: float) -> float:
            return float(2595.0 * np.log10(1.0 + hz / 700.0))

        edges_mel = np.linspace(mel(self.low_hz), mel(self.high_hz), self.mels + 2)
        edges = 700.0 * (10.0 ** (edges_mel / 2595.0) - 1.0)
        bins = np.arange(self.window // 2 + 1) * self.sample_rate / self.window
        # Low filters are narrower than a bin: widen them so that each one sees its nearest bins.
        bin_hz = self.sample_rate / self.window
        centre = edges[1:-1]
        below = np.maximum(centre - edges[:-2], bin_hz)
        above = np.maximum(edges[2:] - centre, bin_hz)
        distance = bins[:, None] - centre[None, :]
        slopes = np.where(distance < 0, 1.0 + distance / below, 1.0 - distance / above)
        filters: FloatArray = np.maximum(slopes, 0.0).astype(np.float32)
        return filters


class LogMel:
    """Streaming front end: `step(samples, state) -> (frames, state)`.

    The state is the tail of the stream that later frames still cover (float32, 1-D); `None` starts
    a stream, as if it had been silent before. Frames do not depend on how the samples were cut into
    pushes.
    """

    def __init__(self, config: FeatureConfig) -> None:
        self.config = config
        self._long = None if config.long is None else LogMel(config.long)
        filters, self._bins = np.nonzero(config.mel_filters.T)
        self._slopes = config.mel_filters.T[filters, self._bins]
        self._starts = np.flatnonzero(np.diff(filters, prepend=-1))

    def step(self, samples: FloatArray, state: FloatArray | None) -> tuple[FloatArray, FloatArray]:
        """Turns any number of samples into the frames they complete.

        Args:
            samples: float32 [S], mono, full scale 1.0.
            state: What the previous call returned, or None.

        Returns:
            Frames float32 [T, columns] and the new state.
        """
        c = self.config
        if state is None:
            state = np.zeros(c.span - c.hop, np.float32)
        signal = np.concatenate([state, samples.astype(np.float32, copy=False)])
        count = max(0, (len(signal) - c.span) // c.hop + 1)
        if count == 0:
            return np.zeros((0, c.columns), np.float32), signal
        frames = self._frames(signal[c.span - c.window :], count)
        if self._long is not None:
            frames = np.concatenate([frames, self._long._frames(self._decimated(signal), count)], 1)
        return frames, signal[count * c.hop :].copy()

    def _decimated(self, signal: FloatArray) -> FloatArray:
        framed = _windows(signal, _TAPS, DECIMATION)
        # Not a product of BLAS, for the reason below.
        decimated: FloatArray = np.einsum("st,t->s", framed, self.config.low_pass)
        return decimated

    def _frames(self, signal: FloatArray, count: int) -> FloatArray:
        """Log-mel frames [count, mels] of windows that begin at every hop of a signal."""
        c = self.config
        framed = _windows(signal, c.window, c.hop)[:count]
        spectrum = np.abs(np.fft.rfft(framed * c.analysis_window, axis=1)).astype(np.float32)
        # Sums over the few bins of each filter, not one matrix product: that would depend in its
        # last bit on how many frames share it, which can decide whether a note is heard.
        mel = np.add.reduceat(spectrum[:, self._bins] * self._slopes, self._starts, axis=1)
        frames: FloatArray = np.log1p(np.float32(c.gain) * mel)
        return frames


def _windows(signal: FloatArray, size: int, hop: int) -> FloatArray:
    """All windows of a signal that begin at a multiple of `hop`, as views: float32 [n, size].

    numpy's own `sliding_window_view` does the same by way of a dictionary whose keys are interned
    and dropped. At a hundred a second Python's table of interned strings grows by 2 MB.
    """
    (step,) = signal.strides
    count = (len(signal) - size) // hop + 1
    return np.ndarray((count, size), signal.dtype, signal.data, strides=(hop * step, step))
