"""Practice material nobody performed: chords, clusters, trills, repeats, scales, single notes.

Networks trained on music alone learn which notes go together and fail on notes that do not (ANCHORS
1c: onset F1 falls to 60-82 % on random notes). A share of random material keeps them listening.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from transcriber.notes import Note, Pedal, Transcript, sounding
from transcriber.timing import LOWEST_PITCH, PITCHES

from . import performances

HIGHEST_PITCH = LOWEST_PITCH + PITCHES - 1

SOFTEST = round(performances.SOFTEST)
"""No note is softer: nobody would hear it, and its label would mislead."""


def draw_material(duration_s: float, rng: np.random.Generator) -> Transcript:
    """One exercise of a random kind, `duration_s` seconds long, sometimes with pedal."""
    kind = KINDS[int(rng.integers(len(KINDS)))]
    notes = kind(duration_s, rng)
    pedals = []
    if rng.random() < 0.3:
        at = 0.0
        while at < duration_s:
            down = at + rng.uniform(0.05, 1.0)
            up = down + rng.uniform(0.3, 4.0)
            pedals.append(Pedal(down, up))
            at = up
    return Transcript.of(sounding(notes, pedals), pedals, duration_s)


def _velocity(rng: np.random.Generator) -> int:
    return int(rng.integers(SOFTEST + 1, 128))


def _note(onset_s: float, length_s: float, pitch: int, velocity: int) -> Note:
    return Note(onset_s, onset_s + max(0.03, length_s), pitch, min(127, max(SOFTEST, velocity)))


def chords(duration_s: float, rng: np.random.Generator) -> list[Note]:
    """Random chords of 2 to 10 notes, struck almost together."""
    notes, at = [], rng.uniform(0.0, 0.5)
    while at < duration_s:
        size = int(rng.integers(2, 11))
        length, velocity = rng.uniform(0.1, 2.0), _velocity(rng)
        for pitch in rng.choice(np.arange(LOWEST_PITCH, HIGHEST_PITCH + 1), size, replace=False):
            spread = abs(rng.normal(0.0, 0.01))
            loud = velocity + int(rng.normal(0, 8))
            notes.append(_note(at + spread, length * rng.uniform(0.7, 1.2), int(pitch), loud))
        at += rng.uniform(0.15, 1.5)
    return notes


def clusters(duration_s: float, rng: np.random.Generator) -> list[Note]:
    """Neighbouring keys struck together."""
    notes, at = [], rng.uniform(0.0, 0.5)
    while at < duration_s:
        low = int(rng.integers(LOWEST_PITCH, HIGHEST_PITCH - 6))
        velocity, length = _velocity(rng), rng.uniform(0.1, 1.5)
        notes += [
            _note(at + abs(rng.normal(0, 0.005)), length, pitch, velocity)
            for pitch in range(low, low + int(rng.integers(2, 7)))
        ]
        at += rng.uniform(0.3, 1.5)
    return notes


def repeats(duration_s: float, rng: np.random.Generator) -> list[Note]:
    """One key struck again and again, up to 12 times a second, over held notes."""
    notes, at = [], rng.uniform(0.0, 0.5)
    while at < duration_s:
        pitch, velocity = int(rng.integers(LOWEST_PITCH, HIGHEST_PITCH + 1)), _velocity(rng)
        period = rng.uniform(0.08, 0.5)
        for _ in range(int(rng.integers(3, 14))):
            notes.append(_note(at, period * rng.uniform(0.4, 0.95), pitch, velocity))
            velocity += int(rng.normal(0, 6))
            at += period * rng.uniform(0.95, 1.05)
        at += rng.uniform(0.0, 0.5)
    return notes


def trills(duration_s: float, rng: np.random.Generator) -> list[Note]:
    """Two keys in quick alternation."""
    notes, at = [], rng.uniform(0.0, 0.5)
    while at < duration_s:
        low = int(rng.integers(LOWEST_PITCH, HIGHEST_PITCH - 12))
        step, velocity = int(rng.choice([1, 2, 3, 12])), _velocity(rng)
        period = rng.uniform(0.06, 0.15)
        for i in range(int(rng.integers(6, 24))):
            loud = velocity + int(rng.normal(0, 5))
            notes.append(_note(at, period * rng.uniform(0.7, 1.1), low + step * (i % 2), loud))
            at += period
        at += rng.uniform(0.1, 0.8)
    return notes


def scales(duration_s: float, rng: np.random.Generator) -> list[Note]:
    """Runs up and down the whole keyboard."""
    notes, at = [], rng.uniform(0.0, 0.3)
    pitch, direction = int(rng.integers(LOWEST_PITCH, HIGHEST_PITCH + 1)), 1
    step, period, velocity = int(rng.integers(1, 4)), rng.uniform(0.06, 0.3), _velocity(rng)
    while at < duration_s:
        notes.append(_note(at, period * rng.uniform(0.5, 1.1), pitch, velocity))
        velocity = min(127, max(SOFTEST, velocity + int(rng.normal(0, 5))))
        pitch += direction * step
        if not LOWEST_PITCH <= pitch <= HIGHEST_PITCH:
            direction = -direction
            pitch += 2 * direction * step
            step, period = int(rng.integers(1, 4)), rng.uniform(0.06, 0.3)
        at += period
    return notes


def singles(duration_s: float, rng: np.random.Generator) -> list[Note]:
    """Single notes anywhere on the keyboard, at any velocity, of any length."""
    notes, at = [], rng.uniform(0.0, 0.5)
    while at < duration_s:
        pitch = int(rng.integers(LOWEST_PITCH, HIGHEST_PITCH + 1))
        notes.append(_note(at, rng.uniform(0.05, 3.0), pitch, _velocity(rng)))
        at += rng.exponential(0.35)
    return notes


KINDS: tuple[Callable[[float, np.random.Generator], list[Note]], ...] = (
    chords,
    clusters,
    repeats,
    trills,
    scales,
    singles,
)
