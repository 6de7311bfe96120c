"""Counts what is in a corpus: hours, notes, pitches, velocities, polyphony, splits, licences."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from transcriber.timing import LOWEST_PITCH, PITCHES, SAMPLE_RATE

from .store import Corpus

MOST_VOICES = 32
"""Polyphony beyond this is counted as this."""


@dataclass
class Tally:
    """Items, seconds and notes of one kind of thing."""

    items: int = 0
    seconds: float = 0.0
    notes: int = 0

    def add(self, samples: int, notes: int) -> None:
        """Counts one item."""
        self.items += 1
        self.seconds += samples / SAMPLE_RATE
        self.notes += notes


@dataclass
class Census:
    """What is in a corpus.

    Args:
        total: All items.
        splits, sources, kinds, licences, pianos: The same by name; an item under several licences
            counts for each.
        pitches: Notes of each key, int64 [88].
        velocities: Notes of each velocity, int64 [128].
        polyphony: Seconds in which so many notes sound, float64 [MOST_VOICES + 1].
        pedal_s: Seconds with the sustain pedal down.
        pieces: Number of different pieces.
        skipped: Files that could not be used.
    """

    total: Tally = field(default_factory=Tally)
    splits: dict[str, Tally] = field(default_factory=dict)
    sources: dict[str, Tally] = field(default_factory=dict)
    kinds: dict[str, Tally] = field(default_factory=dict)
    licences: dict[str, Tally] = field(default_factory=dict)
    pianos: dict[str, Tally] = field(default_factory=dict)
    pitches: NDArray[np.int64] = field(default_factory=lambda: np.zeros(PITCHES, np.int64))
    velocities: NDArray[np.int64] = field(default_factory=lambda: np.zeros(128, np.int64))
    polyphony: NDArray[np.float64] = field(default_factory=lambda: np.zeros(MOST_VOICES + 1))
    pedal_s: float = 0.0
    pieces: int = 0
    skipped: int = 0


def take_census(corpus: Corpus) -> Census:
    """Counts a finished corpus; reads the labels, not the sound."""
    census = Census(skipped=int(corpus.about["skipped"]))
    pieces: Counter[str] = Counter()
    with (corpus.folder / "manifest.jsonl").open("rb") as manifest:
        for number, line in enumerate(manifest):
            about = json.loads(line)
            labels, pedals = corpus.labels(number)
            samples = int(corpus.index["samples"][number])
            # A note that runs over from the item before was counted there.
            notes = labels[labels["onset"] >= 0]
            named = (
                (census.splits, [about["split"]]),
                (census.sources, [about["source"]]),
                (census.kinds, [about["kind"]]),
                (census.licences, about["licences"]),
                (census.pianos, [about["piano"] or "none"]),
            )
            census.total.add(samples, len(notes))
            for table, names in named:
                for name in names:
                    table.setdefault(name, Tally()).add(samples, len(notes))
            pieces[about["piece"]] += 1
            census.pitches += np.bincount(notes["pitch"] - LOWEST_PITCH, minlength=PITCHES)
            census.velocities += np.bincount(notes["velocity"], minlength=128)[:128]
            census.polyphony += polyphony_s(labels, samples)
            presses = np.clip(pedals["offset"], 0, samples) - np.clip(pedals["onset"], 0, samples)
            census.pedal_s += float(presses.sum()) / SAMPLE_RATE
    census.pieces = len([piece for piece in pieces if piece])
    return census


def polyphony_s(notes: NDArray[np.void], samples: int) -> NDArray[np.float64]:
    """Seconds of an item in which 0, 1, 2, … notes sound, float64 [MOST_VOICES + 1]."""
    onsets = np.clip(notes["onset"], 0, samples).astype(np.int64)
    offsets = np.clip(notes["offset"], 0, samples).astype(np.int64)
    at = np.concatenate([onsets, offsets, [0, samples]])
    change = np.concatenate([np.ones(len(notes)), -np.ones(len(notes)), [0.0, 0.0]])
    order = np.argsort(at, kind="stable")
    voices = np.clip(np.cumsum(change[order]), 0, MOST_VOICES).astype(np.int64)[:-1]
    lengths = np.diff(at[order]) / SAMPLE_RATE
    return np.bincount(voices, lengths, MOST_VOICES + 1).astype(np.float64)
