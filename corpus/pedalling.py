"""Half-pressed pedals: which presses lift the dampers only partly, what then fades, and until when.

Transcripts do not keep how deep a pedal went, so that some presses are half presses is drawn with
the instrument. What is heard of them is not what the foot did: a label that says so would teach a
network to hear a pedal where nothing rings.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace

from transcriber.notes import Note, Pedal, Transcript

from .instruments import Instrument

FIRST_UNDAMPED = 90
"""F#6: from here up a grand has no dampers, notes ring on after the key is released."""

HALF_LIFT = 0.4
"""How freely strings sound along under a half-pressed pedal."""

GONE_DB = 20.0
"""A note that has faded so far under a half-pressed pedal is not called held any longer."""

_HELD_S = 0.02
"""A note that sounds so long after its key is held by the pedal."""


@dataclass(frozen=True)
class Fade:
    """A note under half press number `press`, from the instant its key is up."""

    press: int
    from_s: float
    time_constant_s: float

    @property
    def gone_s(self) -> float:
        """When it has faded by `GONE_DB`."""
        return self.from_s + self.time_constant_s * math.log(10.0) * GONE_DB / 20.0


class HalfPresses:
    """The half presses among the pedals of a transcript, as an instrument has them.

    The instant of its release decides, as good as by chance: a window cuts off the beginning of a
    press that is down already, which would make all those the same kind.
    """

    def __init__(self, pedals: Sequence[Pedal], instrument: Instrument) -> None:
        self._presses = [pedal.onset_s for pedal in pedals]
        self._time_constant_s = instrument.half_pedal_s
        self.halves = [(p.offset_s * 61.803) % 1.0 < instrument.half_pedal for p in pedals]

    def fade(self, note: Note) -> Fade | None:
        """How a note goes on whose key comes up under a half press, None for any other note."""
        key_s = note.key_offset_s
        if note.pitch >= FIRST_UNDAMPED or key_s is None or key_s >= note.offset_s - _HELD_S:
            return None
        press = bisect_right(self._presses, key_s) - 1
        if press < 0 or not self.halves[press]:
            return None
        # Heavy strings are hardly held by dampers that only touch them.
        return Fade(press, key_s, self._time_constant_s * 2.0 ** ((60 - note.pitch) / 24.0))


def as_heard(transcript: Transcript, instrument: Instrument) -> Transcript:
    """The transcript whose notes and presses last as long as half-pressed pedals let them.

    A note under a half press ends when it has faded by `GONE_DB`, the press with the last note
    that it holds. One that holds none is left out: all it does is to let strings sound along, 16 dB
    below what a whole press lets through.
    """
    presses = HalfPresses(transcript.pedals, instrument)
    if not any(presses.halves):
        return transcript
    until_s = [0.0] * len(presses.halves)
    notes = []
    for note in transcript.notes:
        fade = presses.fade(note)
        if fade is not None:
            note = replace(note, offset_s=min(note.offset_s, fade.gone_s))
            until_s[fade.press] = max(until_s[fade.press], note.offset_s)
        notes.append(note)
    pedals = [
        replace(pedal, offset_s=min(pedal.offset_s, until)) if half else pedal
        for pedal, half, until in zip(transcript.pedals, presses.halves, until_s, strict=True)
        if not half or until > pedal.onset_s
    ]
    return Transcript.of(notes, pedals, transcript.duration_s)
