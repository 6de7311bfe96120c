"""Pitches: names of the keys in scientific pitch notation, and playing higher by playing faster.

MIDI 60 is C4; black keys are sharps.
"""

from __future__ import annotations

_NAMES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")


def pitch_name(pitch: int) -> str:
    """Name of a MIDI pitch, from 21 (`A0`) to 108 (`C8`)."""
    return f"{_NAMES[pitch % 12]}{pitch // 12 - 1}"


def speed(cents: float) -> float:
    """Factor by which playback that is so many cents higher is faster."""
    return float(2.0 ** (cents / 1200.0))
