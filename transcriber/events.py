"""Live events: what was decided, which sample it speaks about, and when it was decided.

`sample` is the musical instant and `decided` the number of samples that had been pushed when the
decision fell, both counted from the start of the stream at `SAMPLE_RATE`. `decided - sample` is the
decision latency.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class NoteOn:
    """A key was struck. `velocity` is 1..127, `confidence` the onset probability in 0..1."""

    sample: int
    decided: int
    pitch: int
    velocity: int
    confidence: float


@dataclass(frozen=True, slots=True)
class NoteOff:
    """A note stopped sounding: key released and damped, struck again, or died away."""

    sample: int
    decided: int
    pitch: int


@dataclass(frozen=True, slots=True)
class PedalOn:
    """The sustain pedal went down."""

    sample: int
    decided: int


@dataclass(frozen=True, slots=True)
class PedalOff:
    """The sustain pedal came up."""

    sample: int
    decided: int


Event = NoteOn | NoteOff | PedalOn | PedalOff
