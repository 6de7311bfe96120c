"""Which release ends which strike of a key, in files that do not say.

MIDI numbers keys, not notes. Where strikes of a key overlap, releases are given to strikes in
order, first struck first released, which keeps written lengths. Where a release is missing, that
order would shift every note after it; such a run is read differently: each strike and each release
ends whatever sounds.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Strike:
    """A key going down (velocity 1..127) or up (velocity 0) at a tick."""

    tick: int
    velocity: int


def pair_strikes(strikes: list[Strike], end: int) -> list[tuple[int, int, int]]:
    """Pairs the strikes of one key with their releases.

    Returns:
        (start tick, end tick, velocity) of each note, by start; notes may overlap.
    """
    notes: list[tuple[int, int, int]] = []
    held: list[Strike] = []
    since = 0  # first note of the present run of overlapping strikes
    run: list[Strike] = []
    for strike in _releases_first(strikes):
        if not held:
            since, run = len(notes), []
        run.append(strike)
        if strike.velocity:
            held.append(strike)
        elif held:
            start = held.pop(0)
            notes.append((start.tick, strike.tick, start.velocity))
    if (
        held
    ):  # a release is missing somewhere in this run: do not let one gap shift all that follows
        del notes[since:]
        notes += _pair_by_restrike(run, end)
    return notes


def _pair_by_restrike(run: list[Strike], end: int) -> list[tuple[int, int, int]]:
    """As `pair_strikes`, each strike and each release ending whatever sounds."""
    notes = []
    sounds: Strike | None = None
    for strike in run:
        if sounds is not None:
            notes.append((sounds.tick, strike.tick, sounds.velocity))
        sounds = strike if strike.velocity else None
    if sounds is not None:
        notes.append((sounds.tick, end, sounds.velocity))
    return notes


def _releases_first(strikes: list[Strike]) -> list[Strike]:
    """Orders what a key does at one tick: first the releases of notes held before it."""
    ordered: list[Strike] = []
    held = at = 0
    while at < len(strikes):
        upto = at
        while upto < len(strikes) and strikes[upto].tick == strikes[at].tick:
            upto += 1
        group = strikes[at:upto]
        downs = [strike for strike in group if strike.velocity]
        ups = [strike for strike in group if not strike.velocity]
        ordered += ups[:held] + downs + ups[held:]
        held = max(held - len(ups[:held]) + len(downs) - len(ups[held:]), 0)
        at = upto
    return ordered
