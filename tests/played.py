"""A few events, as a session keeps and a replay gives them back."""

from __future__ import annotations

from collections.abc import Sequence

from transcriber.events import Event, NoteOff, NoteOn, PedalOff, PedalOn

EVENTS: Sequence[Event] = (
    NoteOn(16_000, 17_600, 60, 70, 0.9375),
    PedalOn(17_000, 18_600),
    NoteOff(32_000, 33_600, 60),
    PedalOff(33_000, 34_600),
    NoteOn(40_000, 41_600, 62, 80, 0.5),
)
