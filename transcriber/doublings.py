"""One key, one string: strikes of a pitch too close together to be two are one note.

Doublings come from files whose tracks share a pitch, and from rounding. They would otherwise leave
notes of no length behind, since a strike ends the note before it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from .notes import MIN_NOTE_S, Note


def merge_doublings(notes: Iterable[Note], within_s: float = MIN_NOTE_S) -> list[Note]:
    """Makes one note of strikes of a pitch less than `within_s` seconds apart.

    The first gives the onset, the loudest the velocity, the longest both ends.

    Returns:
        Notes by pitch, then onset.
    """
    merged: list[Note] = []
    for note in sorted(notes, key=lambda n: (n.pitch, n.onset_s)):
        last = merged[-1] if merged else None
        # A microsecond of slack keeps strikes exactly `within_s` apart separate in spite of
        # rounding.
        if (
            last is None
            or last.pitch != note.pitch
            or note.onset_s - last.onset_s >= within_s - 1e-6
        ):
            merged.append(note)
            continue
        longest = max(last, note, key=lambda n: n.offset_s)
        merged[-1] = replace(
            longest, onset_s=last.onset_s, velocity=max(last.velocity, note.velocity)
        )
    return merged
