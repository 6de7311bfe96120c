"""What sources list: works, each of which becomes items of a corpus."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from transcriber.errors import UsageError

Kind = Literal["recording", "performance", "exercise", "noise"]

SPLITS = ("train", "validation", "test")
"""Parts of a corpus: learned from, chosen by, judged on."""

UNKNOWN_LICENCE = "unknown"
"""Stands where a source does not say under which licence it may be used."""


@dataclass(frozen=True)
class Work:
    """One recording with its notes, one performance to render, or one synthetic item.

    Args:
        id: Name, unique in its source, of this work in the corpus.
        kind: What is to be done with it.
        split: One of `SPLITS`, None where the source leaves it open.
        piece: What is played, for keeping one piece out of two splits; empty for what is no piece.
        piano: What it was recorded on; empty for what is yet to be rendered.
        licence: Under which it may be used.
        seconds: Expected length; the exact one is known once it is read.
        audio: File with the sound.
        midi: File with notes and pedal; a recording may have a table alone.
        table: File whose note times are more exact than those of the MIDI file.
    """

    id: str
    kind: Kind
    split: str | None = None
    piece: str = ""
    piano: str = ""
    licence: str = UNKNOWN_LICENCE
    seconds: float = 0.0
    audio: str | None = None
    midi: str | None = None
    table: str | None = None


@dataclass(frozen=True, order=True)
class Skipped:
    """A file, or part of one, that could not be used, and why."""

    file: str
    reason: str


@dataclass
class Listing:
    """What was found in one source."""

    works: list[Work] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)


def piece_name(*words: str) -> str:
    """One spelling for a piece: no accents, no case, no punctuation."""
    plain = unicodedata.normalize("NFKD", " ".join(words)).encode("ascii", "ignore").decode()
    return " ".join(re.findall(r"[a-z0-9]+", plain.lower()))


def with_splits(works: Sequence[Work], held_out: float) -> list[Work]:
    """Gives a split to works that have none.

    All works of a piece go where the first of them that has a split is; a piece of which none has
    one is allotted by the hash of its name, so that adding works moves no other.

    Args:
        works: Works of one source.
        held_out: Share of the pieces, 0..1, that goes to validation and test, half each.
    """
    known: dict[str, str] = {}
    for work in works:
        if work.split is not None and work.piece:
            known.setdefault(work.piece, work.split)
    return [
        work
        if work.split is not None
        else replace(work, split=known.get(work.piece) or _allotted(work, held_out))
        for work in works
    ]


def _allotted(work: Work, held_out: float) -> str:
    if not work.piece:
        return "train"
    digest = hashlib.sha256(work.piece.encode()).digest()
    place = int.from_bytes(digest[:8], "big") / 2.0**64
    if place < held_out / 2.0:
        return "test"
    return "validation" if place < held_out else "train"


def check_splits(works: Iterable[Work]) -> None:
    """Refuses a piece that lies in two splits.

    Raises:
        UsageError: With the names of the first few.
    """
    seen: dict[str, dict[str, str]] = {}
    for work in works:
        if work.piece and work.split:
            seen.setdefault(work.piece, {}).setdefault(work.split, work.id)
    torn = {piece: places for piece, places in seen.items() if len(places) > 1}
    if not torn:
        return
    named = "; ".join(
        f"{piece!r} in " + " and ".join(f"{split} ({id_})" for split, id_ in sorted(places.items()))
        for piece, places in sorted(torn.items())[:5]
    )
    more = f", and {len(torn) - 5} more" if len(torn) > 5 else ""
    raise UsageError(
        f"{len(torn)} piece(s) would lie in two splits: {named}{more}.",
        "Leave one of the sources out, or take their splits as they are with --trust-splits.",
    )
