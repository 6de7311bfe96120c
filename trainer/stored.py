"""Items of a finished corpus as pieces to be scored on: what was kept from training."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from transcriber.errors import InputError, UsageError
from transcriber.notes import Transcript
from transcriber.timing import SAMPLE_RATE

if TYPE_CHECKING:
    from corpus.store import Corpus

MARKS = ("corpus.json", "plan.json")
"""Files by which a folder is known to be a corpus, finished or not."""


@dataclass(frozen=True, slots=True)
class StoredPiece:
    """One item of a corpus; does what `pieces.Piece` does.

    Args:
        name: Of the item, unique in its corpus.
        corpus: Where it lies.
        number: Its number there.
    """

    name: str
    corpus: Corpus
    number: int

    def duration_s(self) -> float:
        """Length of the item in seconds."""
        return int(self.corpus.index["samples"][self.number]) / SAMPLE_RATE

    def samples(self) -> NDArray[np.float32]:
        """The sound, float32 [S], mono, at 16 kHz.

        Raises:
            InputError: Its shard is missing or cut off.
        """
        return self.corpus[self.number].audio.astype(np.float32) / np.float32(32767.0)

    def truth(self, duration_s: float) -> Transcript:
        """What was played, with sounding ends; raises like `samples`.

        Notes that were struck before the item begins can be heard in it but not be found: they are
        left out, as `Transcript.cut` does.
        """
        item = self.corpus[self.number]
        struck_inside = replace(item, notes=item.notes[item.notes["onset"] >= 0])
        return struck_inside.transcript.cut(0.0, duration_s)


def is_corpus(folder: Path) -> bool:
    """Whether `amt corpus build` made, or began to make, this folder."""
    return any(os.path.isfile(folder / name) for name in MARKS)


def find_stored(folder: Path, split: str | None) -> tuple[StoredPiece, ...]:
    """The pieces of a split of a corpus, in the order in which they lie there.

    Raises:
        InputError: The corpus is unfinished or damaged.
        UsageError: No split was named, it is not known or empty, or scipy is not installed.
    """
    try:
        from corpus.store import Corpus
        from corpus.works import SPLITS
    except ModuleNotFoundError as error:
        raise UsageError(
            f"Reading a corpus needs {error.name}, which is not installed.",
            f"Install it: {sys.executable} -m pip install {error.name}",
        ) from error
    if split not in SPLITS:
        asked = "" if split is None else f", not {split}"
        raise UsageError(
            f"{folder} is a corpus with the splits {', '.join(SPLITS)}{asked}.",
            "Choose what was kept from training: --split test",
        )
    corpus = Corpus(folder)
    numbers: Sequence[int] = corpus.numbers(split).tolist()
    if not numbers:
        raise InputError(f"The split {split} of {folder} is empty.", "Choose another one.")
    return tuple(StoredPiece(corpus.describe(n)["item"], corpus, n) for n in numbers)
