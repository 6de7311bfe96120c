"""A log-mel spectrogram of a whole recording in bounded memory, for pictures."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from transcriber.features import FeatureConfig, LogMel
from transcriber.timing import LOWEST_PITCH, PITCHES

MOST_COLUMNS = 8192
"""Columns kept at most: 164 s at 20 ms, 23 min at 160 ms, 3 h at 1.3 s."""


class Spectrogram:
    """Collects the loudest value of each column's frames; halves the time resolution when full.

    Args:
        features: The features the model hears, so that the picture shows what it had to go by.
    """

    def __init__(self, features: FeatureConfig) -> None:
        self.features = features
        self._front_end = LogMel(features)
        self._tail: NDArray[np.float32] | None = None
        self._columns = np.zeros((MOST_COLUMNS, features.mels), np.float32)
        self._stride = 1  # frames per column
        self._frames = 0

    def push(self, samples: NDArray[np.float32]) -> None:
        """Adds samples: float32 [n], mono, at the features' sample rate."""
        frames, self._tail = self._front_end.step(samples, self._tail)
        done = 0
        while done < len(frames):
            if self._frames == MOST_COLUMNS * self._stride:
                self._halve()
            room = MOST_COLUMNS * self._stride - self._frames
            part = frames[done : done + room, : self.features.mels]
            at = (self._frames + np.arange(len(part))) // self._stride
            np.maximum.at(self._columns, at, part)
            self._frames += len(part)
            done += len(part)

    @property
    def column_s(self) -> float:
        """Seconds per column."""
        return self._stride * self.features.hop / self.features.sample_rate

    @property
    def start_s(self) -> float:
        """Instant of the left edge of column 0: half a hop before the peak of frame 0's window."""
        c = self.features
        return (c.hop - c.right - c.hop / 2) / c.sample_rate

    def levels(self, per_semitone: int = 1) -> NDArray[np.float32]:
        """Loudness over pitch and time.

        Args:
            per_semitone: Rows per key.

        Returns:
            Float32 [88 * per_semitone, columns], row 0 the lowest; 0 is silence, 1 the 99.9th
            percentile of the recording.
        """
        used = -(-self._frames // self._stride)
        columns = self._columns[:used]
        rows = np.arange(PITCHES * per_semitone) / per_semitone
        pitches = LOWEST_PITCH - 0.5 + 0.5 / per_semitone + rows
        hz = 440.0 * 2.0 ** ((pitches - 69.0) / 12.0)
        at = np.interp(hz, self._centres_hz(), np.arange(self.features.mels))
        low = np.minimum(at.astype(int), self.features.mels - 2)
        share = (at - low).astype(np.float32)
        image = columns[:, low] * (1 - share) + columns[:, low + 1] * share
        top = float(np.percentile(image, 99.9)) if image.size else 0.0
        levels: NDArray[np.float32] = np.minimum(image.T / (top or 1.0), 1.0)
        return levels

    def _halve(self) -> None:
        pairs = self._columns.reshape(MOST_COLUMNS // 2, 2, -1).max(axis=1)
        self._columns[:] = 0.0
        self._columns[: len(pairs)] = pairs
        self._stride *= 2

    def _centres_hz(self) -> NDArray[np.float64]:
        """Centre of each mel filter, equally spaced on the HTK mel scale as the filters are."""
        c = self.features
        edges = 2595.0 * np.log10(1.0 + np.array([c.low_hz, c.high_hz]) / 700.0)
        mel = np.linspace(edges[0], edges[1], c.mels + 2)[1:-1]
        return 700.0 * (10.0 ** (mel / 2595.0) - 1.0)
