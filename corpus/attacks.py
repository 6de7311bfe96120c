"""Where a recorded note begins to sound.

A label names one instant, a recorded attack takes time: key and damper noise come first, a bass
string then needs up to 30 ms to speak. The instant taken here is where the level comes within 20 dB
of the highest it reaches while the attack lasts. On the banks at hand -30 dB lies up to 9 ms before
it and -10 dB up to 12 ms after it in the bass (medians), in the treble both within 2 ms.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from transcriber.timing import SAMPLE_RATE

RISE_DB = 20.0
"""The attack is where the level is this far below its highest."""

_SEARCH_S = 0.12
"""How long after its first sound a note may take to reach the level that counts."""

_WINDOW = SAMPLE_RATE // 1000
_FIRST_DB = 40.0


def find_attack(audio: NDArray[Any]) -> int:
    """Sample at which the note in `audio` begins.

    Args:
        audio: One recorded note, any float type [S], with or without silence before it.

    Returns:
        Index of the first sample of the first millisecond whose RMS is within `RISE_DB` of the
        highest in the first `_SEARCH_S` of sound; 0 where there is only silence.
    """
    power = np.square(audio[: 2 * SAMPLE_RATE], dtype=np.float64)
    total = np.concatenate([[0.0], np.cumsum(power)])
    if len(power) < _WINDOW or total[-1] <= 0.0:
        return 0
    level = (total[_WINDOW:] - total[:-_WINDOW]) / _WINDOW
    # The level of the whole is no guide where a click, or nothing, comes first: look for the first
    # sound that is worth calling one, then for how loud it becomes.
    first = int(np.argmax(level > level.max() * 10.0 ** (-_FIRST_DB / 10.0)))
    near = level[first : first + round(_SEARCH_S * SAMPLE_RATE)]
    return first + int(np.argmax(near > near.max() * 10.0 ** (-RISE_DB / 10.0))) + _WINDOW - 1
