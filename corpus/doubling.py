"""Lines doubled at the octave, and chords struck at one instant: what makes octaves hard to hear.

The partials of a key an octave up are partials of the lower key too, so a transcriber has to learn
from loudness alone whether one key was struck or two. Performers help it without knowing: their
keys come down some milliseconds apart. Performances hold too few octaves in too few registers to
learn this from, and hardly any that are struck as exactly together as a player piano strikes them.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import replace

import numpy as np

from transcriber.notes import Note, Transcript
from transcriber.timing import LOWEST_PITCH, PITCHES

INTERVALS = {12: 0.55, -12: 0.2, 24: 0.1, 19: 0.1, 7: 0.05}
"""Semitones from a line to its double, and how often."""

TOGETHER_S = 0.03
"""Strikes no further apart than this belong to one chord."""

_CLEAR_S = 0.06  # between two strikes of a key


def doubled(transcript: Transcript, rng: np.random.Generator) -> Transcript:
    """Adds a second key to some of the notes of a drawn register.

    The double lasts as long as the note, is as loud but for a drawn difference, and is struck at
    the same instant or some milliseconds from it. Where its key sounds already, or is struck before
    the double ends, there is none.
    """
    notes = transcript.notes
    if not notes:
        return transcript
    interval = int(rng.choice(list(INTERVALS), p=list(INTERVALS.values())))
    centre = notes[int(rng.integers(len(notes)))].pitch
    reach, share = rng.uniform(6.0, 24.0), rng.uniform(0.3, 1.0)
    apart_s = 0.0 if rng.random() < 0.6 else rng.uniform(0.002, 0.012)
    louder, uneven = rng.normal(0.0, 8.0), rng.uniform(0.0, 6.0)
    taken: dict[int, list[Note]] = {}
    for note in notes:
        taken.setdefault(note.pitch, []).append(note)
    added = []
    for note in notes:
        chance, late_s, more = rng.random(), apart_s * rng.normal(), uneven * rng.normal()
        pitch = note.pitch + interval
        if abs(note.pitch - centre) > reach or chance > share:
            continue
        if not LOWEST_PITCH <= pitch < LOWEST_PITCH + PITCHES:
            continue
        onset_s = max(0.0, note.onset_s + late_s)
        if onset_s >= note.offset_s or _sounds(taken.get(pitch, []), onset_s, note.offset_s):
            continue
        velocity = round(min(127.0, max(1.0, note.velocity + louder + more)))
        added.append(replace(note, onset_s=onset_s, pitch=pitch, velocity=velocity))
    return Transcript.of([*notes, *added], transcript.pedals, transcript.duration_s)


def _sounds(notes: list[Note], start_s: float, end_s: float) -> bool:
    """Whether any of these notes of one key, in the order of their strikes, sounds in between."""
    at = bisect_left(notes, end_s + _CLEAR_S, key=lambda note: note.onset_s)
    return any(note.offset_s + _CLEAR_S > start_s for note in notes[:at])


def together(transcript: Transcript) -> Transcript:
    """Moves the strikes of each chord to its first, as notation programs and player pianos play."""
    notes, first_s = [], -np.inf
    for note in transcript.notes:  # in the order of their strikes
        if note.onset_s > first_s + TOGETHER_S:
            first_s = note.onset_s
        notes.append(replace(note, onset_s=first_s))
    return Transcript.of(notes, transcript.pedals, transcript.duration_s)
