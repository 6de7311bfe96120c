"""Where a recorded note begins to sound.

A label names one instant, a recorded attack takes time: key and damper noise come first, a bass
string then needs up to 30 ms to speak. The instant taken here is where the level comes within 17 dB
of the highest it reaches while the attack lasts. That is a choice, and the one on which most ways
of measuring agree: of 1,500 rendered strikes of the five banks at hand, all are within 5 ms of
their labels by a threshold of -20 dB, and 98 in 100 by -26 or -14 dB.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from transcriber.timing import SAMPLE_RATE

RISE_DB = 17.0
"""The attack is where the level is this far below its highest."""

_SEARCH_S = 0.12
"""How long after its first sound a note may take to reach the level that counts."""

_WINDOWS = (SAMPLE_RATE // 1000, SAMPLE_RATE // 500, SAMPLE_RATE // 200)
_FIRST_DB = 40.0


def find_attack(audio: NDArray[Any]) -> int:
    """Sample at which the note in `audio` begins.

    Args:
        audio: One recorded note, any float type [S], with or without silence before it.

    Returns:
        Sample index; 0 where there is only silence. The level is an RMS over 1 ms. Where attacks
        are uneven, RMS over 2 or 5 ms reach the same mark later: the middle is taken, so that no
        way of measuring finds the note far from it.
    """
    power = np.square(audio[: 2 * SAMPLE_RATE], dtype=np.float64)
    energy = np.concatenate([[0.0], np.cumsum(power)])
    if len(power) < _WINDOWS[-1] or energy[-1] <= 0.0:
        return 0
    found = [_first_within(energy, window) for window in _WINDOWS]
    return (found[0] + max(found)) // 2


def _first_within(energy: NDArray[np.float64], window: int) -> int:
    """Last sample of the first window whose level is within `RISE_DB` of the highest."""
    level = energy[window:] - energy[:-window]
    # The level of the whole is no guide where a click, or nothing, comes first: look for the first
    # sound that is worth calling one, then for how loud it becomes.
    first = int(np.argmax(level > level.max() * 10.0 ** (-_FIRST_DB / 10.0)))
    near = level[first : first + round(_SEARCH_S * SAMPLE_RATE)]
    return first + int(np.argmax(near > near.max() * 10.0 ** (-RISE_DB / 10.0))) + window - 1
