"""What the network answers for each frame, and how those numbers are laid out.

One row per frame holds five numbers per key and one for the pedal, in this order: onset, frame,
offset, velocity, shift (88 each), pedal (1). Onset, frame, offset and pedal are probabilities;
velocity is MIDI velocity / 128; shift is the distance from the frame's instant to the true onset in
hops, meaningful near onsets only.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .timing import PITCHES

ONSET, FRAME, OFFSET, VELOCITY, SHIFT = (slice(i * PITCHES, (i + 1) * PITCHES) for i in range(5))
PEDAL = 5 * PITCHES
WIDTH = 5 * PITCHES + 1
"""Numbers per frame."""

VELOCITY_SCALE = 128.0


@dataclass(frozen=True, slots=True)
class Activations:
    """Answers for T consecutive frames: views into one float32 array [T, WIDTH]."""

    rows: NDArray[np.float32]

    @property
    def onset(self) -> NDArray[np.float32]:
        """Probability that a key was struck at the frame's instant [T, 88]."""
        return self.rows[:, ONSET]

    @property
    def frame(self) -> NDArray[np.float32]:
        """Probability that a key's strings sound [T, 88]."""
        return self.rows[:, FRAME]

    @property
    def offset(self) -> NDArray[np.float32]:
        """Probability that a sounding key is damped at the frame's instant [T, 88]."""
        return self.rows[:, OFFSET]

    @property
    def velocity(self) -> NDArray[np.float32]:
        """MIDI velocity / 128 of a strike at the frame [T, 88]."""
        return self.rows[:, VELOCITY]

    @property
    def shift(self) -> NDArray[np.float32]:
        """Hops from the frame's instant to the true onset [T, 88]."""
        return self.rows[:, SHIFT]

    @property
    def pedal(self) -> NDArray[np.float32]:
        """Probability that the sustain pedal is down [T]."""
        return self.rows[:, PEDAL]
