"""Time, defined once: an integer number of samples since the start of the stream.

Frames, seconds and look-ahead are derived from it here and nowhere else. For hop H and window N
with a right side of R samples, frame k is computed as soon as sample (k+1)H - 1 has arrived:

    samples   ... |--------- window of frame k: N samples ----------|
                  ^ (k+1)H - N                            ^         ^ (k+1)H
                                                          peak of the window, (k+1)H - R

    The network delays its answer by D frames, so the outputs of frame k speak about the instant

        instant(k) = (k+1)H - R - D*H          (with R = H: (k-D)H)

Look-ahead, the most a sample waits before the outputs that speak about it can be computed, counts
the window's right side, the delay and one block: R + D*H + H samples.
"""

from __future__ import annotations

from dataclasses import dataclass

SAMPLE_RATE = 16_000
"""Samples per second of every stream inside the transcriber (mono)."""

LOWEST_PITCH = 21
"""MIDI number of the lowest piano key, A0."""

PITCHES = 88
"""Keys of a piano: MIDI 21 (A0) to 108 (C8)."""


@dataclass(frozen=True, slots=True)
class FrameClock:
    """Converts between samples, frames and seconds.

    Args:
        sample_rate: Samples per second.
        hop: Samples from one frame to the next.
        right: Samples of the analysis window after its peak.
        delay: Frames by which the network's answers lag behind their subject.
    """

    sample_rate: int = SAMPLE_RATE
    hop: int = 320
    right: int = 320
    delay: int = 4

    def __post_init__(self) -> None:
        if self.hop <= 0 or self.sample_rate % self.hop:
            raise ValueError(f"hop {self.hop} does not divide the sample rate {self.sample_rate}")
        if self.right < 0 or self.delay < 0:
            raise ValueError("right and delay must not be negative")

    @property
    def frame_rate(self) -> int:
        """Frames per second, an integer because the hop divides the sample rate."""
        return self.sample_rate // self.hop

    @property
    def lookahead(self) -> int:
        """Algorithmic look-ahead in samples: window's right side + delay + one block."""
        return self.right + self.delay * self.hop + self.hop

    @property
    def lookahead_ms(self) -> float:
        """Algorithmic look-ahead in milliseconds."""
        return 1000.0 * self.lookahead / self.sample_rate

    def frames_in(self, samples: int) -> int:
        """Number of frames that can be computed from the first `samples` samples."""
        return samples // self.hop

    def available_at(self, frame: int) -> int:
        """Number of samples that must have arrived before `frame` can be computed."""
        return (frame + 1) * self.hop

    def instant(self, frame: int) -> int:
        """Sample that the outputs of `frame` speak about; negative in the first frames."""
        return (frame + 1) * self.hop - self.right - self.delay * self.hop

    def frame_of(self, sample: int) -> int:
        """Frame that speaks about the instant nearest to `sample`; ties go to the later frame."""
        return (sample - self.instant(0) + self.hop // 2) // self.hop

    def seconds(self, samples: int) -> float:
        """Seconds from the start of the stream to sample `samples`."""
        return samples / self.sample_rate

    def samples(self, seconds: float) -> int:
        """Sample nearest to `seconds` from the start of the stream."""
        return round(seconds * self.sample_rate)
