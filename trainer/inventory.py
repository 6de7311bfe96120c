"""What a run would hear, by kind and licence: taken from what was loaded, not from what was asked.

A loader leaves out what is excluded, held out, unreadable or not free, so only the loaded material
tells what a model is made of.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from corpus.acoustics import Acoustics
from corpus.performances import Repertoire, collection, collection_licences
from corpus.segments import SegmentSource
from corpus.store import StoredSource
from transcriber.timing import SAMPLE_RATE

from .config import DataConfig
from .material import MixedSource, SegmentDraw

UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Part:
    """Some of the material.

    Args:
        kind: `performances`, `piano`, `soundfont`, `recordings`, `rooms`, `noises` or `corpus`.
        name: Collection, bank, piano or kind of item; empty where there is none.
        count: How many there are.
        hours: How long they are together, None where that says nothing.
        licence: As its manifest has it.
    """

    kind: str
    name: str
    count: int
    hours: float | None
    licence: str


def inventory(source: SegmentDraw, data: DataConfig) -> list[Part]:
    """Everything that segments are drawn from.

    Args:
        source: As `material.load_source` made it.
        data: Where it was loaded from.
    """
    match source:
        case MixedSource():
            return [*inventory(source.first, data), *inventory(source.second, data)]
        case StoredSource():
            return [*_stored(source), *_acoustics(source.acoustics)]
        case SegmentSource():
            return _rendered(source, data)
        case _:
            raise TypeError(f"{type(source).__name__} is no material of a run")


def _rendered(source: SegmentSource, data: DataConfig) -> list[Part]:
    recordings = ((r.piano, r.licence, len(r.audio) / SAMPLE_RATE) for r in source.recordings)
    return [
        *_performances(source.repertoire, collection_licences(Path(data.performances))),
        *(Part("piano", bank.name, 1, None, bank.licence) for bank in source.banks),
        *(Part("soundfont", bank.name, 1, None, bank.licence) for bank in source.soundfonts),
        *_grouped("recordings", recordings),
        *_acoustics(source.acoustics),
    ]


def _performances(repertoire: Repertoire, licences: dict[str, str]) -> list[Part]:
    collections = map(collection, repertoire.names)
    lengths = zip(collections, repertoire.durations_s.tolist(), strict=True)
    return _grouped("performances", ((name, licences.get(name, ""), s) for name, s in lengths))


def _acoustics(acoustics: Acoustics) -> list[Part]:
    return [
        *_grouped("rooms", (("", licence, 0.0) for licence in acoustics.room_licences)),
        *_grouped("noises", (("", licence, 0.0) for licence in acoustics.noise_licences)),
    ]


def _stored(source: StoredSource) -> list[Part]:
    """Items of a corpus by kind, with all licences that its items of that kind are under."""
    items = [source.corpus.describe(int(number)) for number in source.numbers]
    licences: dict[str, set[str]] = defaultdict(set)
    for item in items:
        licences[item["kind"]].update(item["licences"])
    return _grouped(
        "corpus",
        (
            (item["kind"], "; ".join(sorted(licences[item["kind"]])), item["samples"] / SAMPLE_RATE)
            for item in items
        ),
    )


def _grouped(kind: str, items: Iterable[tuple[str, str, float]]) -> list[Part]:
    """Items of (name, licence, seconds), those of one name and licence together."""
    lengths: dict[tuple[str, str], list[float]] = defaultdict(list)
    for name, licence, seconds in items:
        lengths[name, licence or UNKNOWN].append(seconds)
    return [
        Part(kind, name, len(found), sum(found) / 3600.0 if any(found) else None, licence)
        for (name, licence), found in sorted(lengths.items())
    ]
