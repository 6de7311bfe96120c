"""Matching of estimated to reference notes: as many pairs as possible, as in mir_eval.

mir_eval is the measure of the field, and the tests hold this module to it exactly. It is not
imported here because with scipy it would add half to the size of an install that only wants to
score a demo. Two differences: notes are compared by MIDI number instead of within 50 cents, which
changes nothing; and among equally large sets of pairs another one may be chosen, which can change
the line that velocities are fitted to, never the other scores.
"""

from __future__ import annotations

from bisect import bisect_left

import numpy as np

from .notes import Note

DECIMALS = 4
"""Distances are rounded to this many decimals, so that exactly 50 ms does not fail by float noise
(mir_eval).
"""

OFFSET_RATIO = 0.2
"""Share of a note's length within which its end must lie."""

OFFSET_TOLERANCE_S = 0.05
"""Smallest tolerance of ends, in seconds."""

VELOCITY_TOLERANCE = 0.1
"""Largest difference of rescaled velocities."""

Pairs = list[tuple[int, int]]


def match(
    reference: tuple[Note, ...],
    estimate: tuple[Note, ...],
    onset_tolerance_s: float = 0.05,
    offsets: bool = False,
) -> Pairs:
    """The largest set of pairs (reference index, estimate index) of notes that agree.

    Notes agree when pitch is equal, onsets lie within the tolerance and, if asked for, ends lie
    within the larger of `OFFSET_TOLERANCE_S` and `OFFSET_RATIO` of the reference's length.
    """
    by_pitch: dict[int, tuple[list[int], list[int]]] = {}
    for index, note in enumerate(reference):
        by_pitch.setdefault(note.pitch, ([], []))[0].append(index)
    for index, note in enumerate(estimate):
        if note.pitch in by_pitch:
            by_pitch[note.pitch][1].append(index)
    pairs: Pairs = []
    for ours, theirs in by_pitch.values():
        theirs.sort(key=lambda i: estimate[i].onset_s)
        onsets = [estimate[i].onset_s for i in theirs]
        edges: dict[int, list[int]] = {}
        for r in ours:
            note = reference[r]
            at = bisect_left(onsets, note.onset_s - onset_tolerance_s - 1e-3)
            near = []
            while at < len(onsets) and onsets[at] <= note.onset_s + onset_tolerance_s + 1e-3:
                if _agree(note, estimate[theirs[at]], onset_tolerance_s, offsets):
                    near.append(theirs[at])
                at += 1
            edges[r] = near
        pairs += _largest_matching(edges)
    return sorted(pairs)


def match_velocity(reference: tuple[Note, ...], estimate: tuple[Note, ...], pairs: Pairs) -> Pairs:
    """Pairs whose velocities agree after the estimate's scale is fitted (Hawthorne et al. 2018,
    section 3).

    Reference velocities are mapped to 0..1, estimated ones by the line that fits the pairs best.
    """
    if not pairs:
        return []
    ref = np.array([n.velocity for n in reference], float)
    low, high = ref.min(), ref.max()
    ref = (ref - low) / max(1.0, high - low)
    ours = ref[[r for r, _ in pairs]]
    theirs = np.array([float(estimate[e].velocity) for _, e in pairs])
    columns = np.vstack([theirs, np.ones(len(theirs))]).T
    slope, intercept = np.linalg.lstsq(columns, ours, rcond=None)[0]
    close = np.abs(slope * theirs + intercept - ours) <= VELOCITY_TOLERANCE
    return [pair for pair, agrees in zip(pairs, close, strict=True) if agrees]


def _agree(ours: Note, theirs: Note, tolerance_s: float, offsets: bool) -> bool:
    if round(abs(ours.onset_s - theirs.onset_s), DECIMALS) > tolerance_s:
        return False
    if not offsets:
        return True
    allowed = max(OFFSET_TOLERANCE_S, OFFSET_RATIO * (ours.offset_s - ours.onset_s))
    return round(abs(ours.offset_s - theirs.offset_s), DECIMALS) <= allowed


def _largest_matching(edges: dict[int, list[int]]) -> Pairs:
    """Maximum bipartite matching by augmenting paths (Kuhn 1955); the graphs of one key are
    small.
    """
    taken: dict[int, int] = {}
    for start in edges:
        seen: set[int] = set()
        # Who looks for a partner, each to leave its own to the one before, with those it has not
        # asked yet; and whom it asks now. A trill may make this longer than Python's stack is deep.
        path = [(start, iter(edges[start]))]
        asked: list[int] = []
        while path:
            e = next((e for e in path[-1][1] if e not in seen), None)
            if e is None:
                path.pop()
                del asked[-1:]
                continue
            seen.add(e)
            asked.append(e)
            if e not in taken:
                taken.update((e, r) for (r, _), e in zip(path, asked, strict=True))
                break
            path.append((taken[e], iter(edges[taken[e]])))
    return [(r, e) for e, r in taken.items()]
