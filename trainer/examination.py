"""The whole examination of a model: the same recordings as they are and made worse, and noise.

How much worse is fixed here, so that two models, or two versions of one, can be compared.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from .evaluation import Summary
from .peers import Peers

NOISE_SNR_DB = 15.0
"""Noise this far below the recordings, both root mean square."""

LEVELS_DB = (-10.0, -20.0, -30.0)
"""Changes of input level; the recordings as they are stand for 0 dB."""

PITCH_CENTS = (-20.0, 20.0)
"""Changes of pitch of the whole piano: to A4 = 435 and 445 Hz."""

RT60_S = 0.6
"""Reverberation time of the simulated rooms."""

SILENCE_MINUTES = 10.0
"""Length of the noise without a piano."""


@dataclass(frozen=True)
class Examination:
    """What was found; None where it was not asked.

    Args:
        recordings: The recordings as they are.
        noise: With noise at `NOISE_SNR_DB`.
        room: In rooms of `RT60_S`.
        levels: At each of `LEVELS_DB`.
        silence_per_minute: Notes heard per minute where no piano played.
        excerpts: The excerpts of `peers`.
        peers: What other programs reach on them.
        lookahead_ms: Algorithmic look-ahead of the model.
        file_mb: Size of its file in MB (10^6 bytes).
    """

    recordings: Summary
    noise: Summary | None = None
    room: Summary | None = None
    levels: dict[float, Summary] = field(default_factory=dict)
    silence_per_minute: float | None = None
    excerpts: Summary | None = None
    peers: Peers | None = None
    lookahead_ms: float | None = None
    file_mb: float | None = None
