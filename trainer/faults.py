"""What a transcript gets wrong: notes that were not played, and which of the played ones it missed.

Both by register, velocity and polyphony: a played note counts in its own band, whether it was found
or not, and an extra in the band of what it was taken for.

A reference note without a partner in the largest matching (`transcriber.matching`) is a miss, an
estimated one without a partner an extra. Definitions:

    Octave error. An extra one or two octaves away from a reference note struck at the same time,
    within the onset tolerance: a partial taken for a note.

    Register. The octave of scientific pitch notation: C4 to B4 are octave 4, A0 to B0 octave 0.

    Polyphony. The number of reference notes that sound right after the strike, this one included;
    notes struck within `CHORD_S` after it count as struck together. Sounding ends include the
    pedal, so pedalled music is denser than its written chords.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from dataclasses import dataclass, field
from itertools import compress

import numpy as np

from transcriber.matching import DECIMALS, match
from transcriber.notes import Note, Transcript
from transcriber.scores import Score

CHORD_S = 0.03
"""Strikes this close together are one chord, in seconds."""

OCTAVES = (12, 24)
"""Distances of octave errors, in semitones."""

VELOCITY_BANDS = (1, 32, 48, 64, 80, 96)
"""First velocity of each band; the last one ends at 127."""

POLYPHONY_BANDS = (1, 2, 4, 7, 11, 16)
"""First number of sounding notes of each band; the last one is open."""


@dataclass(frozen=True, slots=True)
class Bands:
    """Notes by band: how many were played, how many of them were missed, how many were extra."""

    played: Counter[str] = field(default_factory=Counter)
    missed: Counter[str] = field(default_factory=Counter)
    extra: Counter[str] = field(default_factory=Counter)

    def __add__(self, other: Bands) -> Bands:
        return Bands(
            self.played + other.played, self.missed + other.missed, self.extra + other.extra
        )

    def rows(self) -> list[tuple[str, int, int]]:
        """Band, missed, played; from the lowest to the highest, those nobody played left out."""
        return [(band, self.missed[band], self.played[band]) for band in self._names()]

    def scores(self) -> list[tuple[str, Score]]:
        """Onset score of each of these bands."""
        return [
            (
                band,
                Score.of_counts(
                    hits := self.played[band] - self.missed[band],
                    hits + self.extra[band],
                    self.played[band],
                ),
            )
            for band in self._names()
        ]

    def _names(self) -> list[str]:
        return sorted(self.played, key=lambda band: int(band.rstrip("+").split("-")[0]))


@dataclass(frozen=True, slots=True)
class Faults:
    """Faults of one transcript, or of several added up.

    Args:
        seconds: Length of the recording.
        extras: Estimated notes that were not played.
        octave_errors: Those of them an octave or two from a note struck at the same time.
        register: By octave.
        velocity: By band of `VELOCITY_BANDS`.
        polyphony: By band of `POLYPHONY_BANDS`.
    """

    seconds: float = 0.0
    extras: int = 0
    octave_errors: int = 0
    register: Bands = field(default_factory=Bands)
    velocity: Bands = field(default_factory=Bands)
    polyphony: Bands = field(default_factory=Bands)

    def __add__(self, other: Faults) -> Faults:
        return Faults(
            self.seconds + other.seconds,
            self.extras + other.extras,
            self.octave_errors + other.octave_errors,
            self.register + other.register,
            self.velocity + other.velocity,
            self.polyphony + other.polyphony,
        )

    @property
    def extras_per_minute(self) -> float:
        """Extra notes per minute of recording."""
        return 60.0 * self.extras / self.seconds if self.seconds else 0.0


def find_faults(reference: Transcript, estimate: Transcript, tolerance_s: float = 0.05) -> Faults:
    """Compares two transcripts note by note.

    Args:
        reference: What was played; its duration is what extras are counted against.
        estimate: What was transcribed.
        tolerance_s: Onset tolerance in seconds.
    """
    pairs = match(reference.notes, estimate.notes, tolerance_s)
    hit = {r for r, _ in pairs}
    true = {e for _, e in pairs}
    missed = [i not in hit for i in range(len(reference.notes))]
    extra = [i not in true for i in range(len(estimate.notes))]
    extras = [note for note, is_extra in zip(estimate.notes, extra, strict=True) if is_extra]
    return Faults(
        reference.duration_s,
        len(extras),
        sum(_is_octave_error(note, reference.notes, tolerance_s) for note in extras),
        *(
            _count(bands(reference.notes), missed, bands(estimate.notes), extra)
            for bands in (_registers, _velocities, _polyphonies)
        ),
    )


def _registers(notes: tuple[Note, ...]) -> list[str]:
    return [str(note.pitch // 12 - 1) for note in notes]


def _velocities(notes: tuple[Note, ...]) -> list[str]:
    return [_band(note.velocity, VELOCITY_BANDS, last=127) for note in notes]


def _polyphonies(notes: tuple[Note, ...]) -> list[str]:
    return [_band(number, POLYPHONY_BANDS) for number in polyphony(notes)]


def polyphony(notes: tuple[Note, ...]) -> list[int]:
    """For each note, how many notes sound right after its strike, itself included."""
    onsets = np.sort([note.onset_s for note in notes])
    ends = np.sort([note.offset_s for note in notes])
    at = np.array([note.onset_s for note in notes])
    struck = np.searchsorted(onsets, at + CHORD_S, side="right")
    ended = np.searchsorted(ends, at, side="right")
    return [int(number) for number in struck - ended]


def _is_octave_error(extra: Note, reference: tuple[Note, ...], tolerance_s: float) -> bool:
    margin = tolerance_s + 10.0**-DECIMALS
    first = bisect_left(reference, extra.onset_s - margin, key=lambda note: note.onset_s)
    for note in reference[first:]:
        if note.onset_s > extra.onset_s + margin:
            return False
        near = round(abs(note.onset_s - extra.onset_s), DECIMALS) <= tolerance_s
        if near and abs(note.pitch - extra.pitch) in OCTAVES:
            return True
    return False


def _count(
    played: list[str], was_missed: list[bool], found: list[str], was_extra: list[bool]
) -> Bands:
    return Bands(
        Counter(played), Counter(compress(played, was_missed)), Counter(compress(found, was_extra))
    )


def _band(value: int, firsts: tuple[int, ...], last: int | None = None) -> str:
    """Name of the band a value falls in: `32-47`, `1` where it holds one value, `16+` if open."""
    at = bisect_right(firsts, value) - 1
    first = firsts[at]
    end = firsts[at + 1] - 1 if at + 1 < len(firsts) else last
    if end is None:
        return f"{first}+"
    return f"{first}-{end}" if end > first else str(first)
