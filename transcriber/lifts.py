"""Pedal lifts that were not heard, inferred from the notes that ended while the pedal was down.

Lifting the pedal for an instant while playing the next chord is the commonest of its uses and the
hardest to hear. Where it is missed, one long press seems to hold notes that have ended, and a MIDI
file of keys and pedal would let them sound on. Nothing but a lift ends notes under a press, so one
is put there, if it matters: notes also die away by themselves, and their ends are not exact.
"""

from __future__ import annotations

from collections.abc import Sequence

from .notes import Note, Pedal, sounding

TOGETHER_S = 0.05
"""Ends no further apart than this are one lift."""

WORTH_S = 1.0
"""Seconds of sound, all notes together, that a press must wrongly add before it is lifted.

On the seven development recordings 0.5 s makes 1.6 times as many presses as were played, 1 s 1.4
times and 2 s 1.1 times; onset and end F1 of the notes read back is 0.574, 0.571 and 0.558.
"""

REST_S = 0.02
"""From the last end to the next press."""

SHORTEST_S = 0.06
"""Shorter presses are left out: feet are slower."""


def lifted(notes: Sequence[Note], pedals: Sequence[Pedal]) -> tuple[Pedal, ...]:
    """The presses, parted where notes ended under them.

    Args:
        notes: With sounding ends; where no key end is known, the key is held as long. No two of one
            pitch and onset.
        pedals: Presses that `notes.sounding` would let notes ring through.

    Returns:
        Presses under which `notes.sounding` lengthens notes by little more than `WORTH_S` in all at
        any one place; those of a consistent performance, as `sounding` makes it, unchanged.
    """
    ordered = sorted(notes, key=lambda note: (note.onset_s, note.pitch))
    ends = sorted(
        (note.offset_s, rung.offset_s - note.offset_s)
        for note, rung in zip(ordered, sounding(ordered, pedals), strict=True)
        if rung.offset_s - note.offset_s > TOGETHER_S
    )
    lifts = []
    for group in _together(ends):
        first, last = group[0][0], group[-1][0]
        if sum(added for _, added in group) > WORTH_S and not _would_cut(ordered, first, last):
            lifts.append((first, last + REST_S))
    return tuple(part for pedal in sorted(pedals) for part in _parts(pedal, lifts))


def _together(ends: list[tuple[float, float]]) -> list[list[tuple[float, float]]]:
    groups: list[list[tuple[float, float]]] = []
    for end in ends:
        if groups and end[0] - groups[-1][-1][0] <= TOGETHER_S:
            groups[-1].append(end)
        else:
            groups.append([end])
    return groups


def _would_cut(notes: Sequence[Note], first: float, last: float) -> bool:
    """Whether a lift would end a note that the pedal alone holds, its key known to be up."""
    return any(
        note.onset_s < first and note.key_offset_s <= last < note.offset_s - TOGETHER_S
        for note in notes
        if note.key_offset_s is not None
    )


def _parts(pedal: Pedal, lifts: list[tuple[float, float]]) -> list[Pedal]:
    """A press without the lifts that fall into it."""
    inside = [lift for lift in lifts if pedal.onset_s <= lift[0] < pedal.offset_s]
    if not inside:
        return [pedal]
    downs = [pedal.onset_s, *(down for _, down in inside)]
    ups = [*(up for up, _ in inside), pedal.offset_s]
    return [Pedal(down, up) for down, up in zip(downs, ups, strict=True) if up - down >= SHORTEST_S]
