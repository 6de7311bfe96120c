"""Reads a finished corpus: any item at random, by many processes, without copies.

`StoredSource` draws training segments from it as `segments.SegmentSource` draws them on the fly.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tokenize import TokenError
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from transcriber.errors import InputError
from transcriber.notes import Transcript
from transcriber.timing import SAMPLE_RATE

from .acoustics import Acoustics
from .augmentation import AugmentationConfig, apply, draw
from .packing import NOTE, PEDAL, unpack
from .sealing import FORMAT, INDEX, VERSION
from .segments import LEAD_S, Segment
from .shards import shard_folder
from .works import SPLITS

DAMAGE = (
    OSError,
    EOFError,
    ValueError,
    LookupError,
    TypeError,
    SyntaxError,
    ArithmeticError,
    MemoryError,
    TokenError,
)
"""What JSON and NumPy raise on damaged files; a damaged .npy header is parsed as Python."""

_OPEN_SHARDS = 64
"""Shards kept mapped at a time: each takes three file handles, of which a process has some 1024."""


@dataclass(frozen=True)
class Item:
    """One stored item.

    Args:
        audio: int16 [S], mapped, not copied.
        notes: NOTE records, times in samples from the start of `audio`.
        pedals: PEDAL records.
    """

    audio: NDArray[np.int16]
    notes: NDArray[np.void]
    pedals: NDArray[np.void]

    @property
    def transcript(self) -> Transcript:
        """Notes and pedal; what began before the item begins at 0."""
        return unpack(self.notes, self.pedals, 0, len(self.audio), 0)


_Audio = NDArray[np.int16]
_Labels = tuple[NDArray[np.void], NDArray[np.void]]
_Mapped = TypeVar("_Mapped")


class Corpus:
    """A finished corpus in a folder.

    Args:
        folder: As `amt corpus build -o` wrote it.
        fetch: Is called with the name of a file of a shard before it is first read.
        place: What to call it; the folder if empty.

    Attributes:
        about: Totals and fingerprint, from `corpus.json`.
        index: INDEX records, one per item.

    Raises:
        InputError: There is no finished corpus, or one of a later version.
    """

    def __init__(
        self, folder: Path, fetch: Callable[[str], None] | None = None, place: str = ""
    ) -> None:
        self.folder = folder
        self.place = place or str(folder)
        self._fetch = fetch
        try:
            self.about: dict[str, Any] = json.loads((folder / "corpus.json").read_bytes())
            if (self.about["format"], self.about["version"]) != (FORMAT, VERSION):
                raise ValueError("another format or version")
            self.index: NDArray[np.void] = np.load(folder / "index.npy", allow_pickle=False)
            if self.index.dtype != INDEX or len(self.index) != self.about["items"]:
                raise ValueError("its index is damaged")
        except FileNotFoundError as error:
            unfinished = (folder / "plan.json").exists()
            raise InputError(
                f"{folder} holds {'an unfinished' if unfinished else 'no'} corpus.",
                "Run the command that builds it again: it goes on where it stopped."
                if unfinished
                else "Make one with: amt corpus build",
            ) from error
        except DAMAGE as error:
            raise InputError(
                f"The corpus in {folder} cannot be read ({error}).", "Build it again."
            ) from error
        self._audio: OrderedDict[int, _Audio] = OrderedDict()
        self._labels: OrderedDict[int, _Labels] = OrderedDict()

    def __len__(self) -> int:
        return len(self.index)

    def __getitem__(self, number: int) -> Item:
        """Item `number`, 0 to len - 1.

        Raises:
            InputError: Its shard is missing or cut off.
        """
        row = self.index[number]
        start, shard = int(row["start"]), int(row["shard"])
        audio = self._kept(self._audio, shard, ("audio.pcm",), map_audio)
        return Item(audio[start : start + int(row["samples"])], *self.labels(number))

    def labels(self, number: int) -> _Labels:
        """NOTE and PEDAL records of item `number`, without a look at its sound.

        Raises:
            InputError: Its shard is missing or cut off.
        """
        row = self.index[number]
        names = ("notes.npy", "pedals.npy")
        notes, pedals = self._kept(self._labels, int(row["shard"]), names, map_labels)
        first, press = int(row["first_note"]), int(row["first_pedal"])
        return (
            notes[first : first + int(row["notes"])],
            pedals[press : press + int(row["pedals"])],
        )

    def describe(self, number: int) -> dict[str, Any]:
        """The manifest's line of item `number`."""
        with (self.folder / "manifest.jsonl").open("rb") as manifest:
            manifest.seek(int(self.index["line"][number]))
            line: dict[str, Any] = json.loads(manifest.readline())
        return line

    def numbers(self, split: str) -> NDArray[np.int64]:
        """Numbers of the items of a split."""
        return np.flatnonzero(self.index["split"] == SPLITS.index(split)).astype(np.int64)

    def _kept(
        self,
        kept: OrderedDict[int, _Mapped],
        number: int,
        names: tuple[str, ...],
        read: Callable[[Path], _Mapped],
    ) -> _Mapped:
        if number in kept:
            kept.move_to_end(number)
            return kept[number]
        folder = shard_folder(self.folder, number)
        if self._fetch is not None:
            for name in names:
                self._fetch(f"{folder.relative_to(self.folder).as_posix()}/{name}")
        kept[number] = read(folder)
        if len(kept) > _OPEN_SHARDS:
            kept.popitem(last=False)
        return kept[number]

    def __getstate__(self) -> dict[str, Any]:
        """Without open files, for processes that are not forked."""
        return {**self.__dict__, "_audio": OrderedDict(), "_labels": OrderedDict()}


def map_audio(folder: Path) -> _Audio:
    """Audio of a shard, mapped read-only.

    Raises:
        InputError: The file is missing or cut off.
    """
    with _readable(folder):
        size = (folder / "audio.pcm").stat().st_size // 2
        return np.memmap(folder / "audio.pcm", "<i2", "r") if size else np.zeros(0, np.int16)


def map_labels(folder: Path) -> _Labels:
    """Notes and pedals of a shard, mapped read-only.

    Raises:
        InputError: A file is missing or cut off.
    """
    with _readable(folder):
        notes = np.load(folder / "notes.npy", "r", allow_pickle=False)
        pedals = np.load(folder / "pedals.npy", "r", allow_pickle=False)
        if notes.dtype != NOTE or pedals.dtype != PEDAL:
            raise ValueError("its records have another form")
        return notes, pedals


@contextmanager
def _readable(folder: Path) -> Iterator[None]:
    try:
        yield
    except DAMAGE as error:
        raise InputError(
            f"The shard {folder} cannot be read ({error}).",
            "Delete this folder and run the build again: it makes only what is missing.",
        ) from error


class StoredSource:
    """Draws training segments from a corpus: no two alike, each decided by its number alone.

    Args:
        corpus: A finished corpus.
        seconds: Length of a segment.
        seed: With the number, decides a segment.
        split: The split drawn from.
        augmentation: Applied to every segment on top of what is stored; None for nothing. For a
            corpus built with `--no-augmentation`, which is then never heard twice alike.
        acoustics: Rooms and noises for it.
        exclude: Pianos and collections (the first folder of an item's name) that are left out.

    Raises:
        InputError: The split is empty, or all of it is left out.
    """

    def __init__(
        self,
        corpus: Corpus,
        seconds: float,
        seed: int,
        split: str = "train",
        augmentation: AugmentationConfig | None = None,
        acoustics: Acoustics | None = None,
        exclude: Sequence[str] = (),
    ) -> None:
        self.corpus = corpus
        self.samples = round(seconds * SAMPLE_RATE)
        self.seed = seed
        self.augmentation = augmentation
        self.acoustics = acoustics or Acoustics((), ())
        self.numbers = corpus.numbers(split)
        if exclude:
            told = [corpus.describe(number) for number in self.numbers.tolist()]
            out = [bool({a["piano"], a["item"].split("/")[0]} & set(exclude)) for a in told]
            self.numbers = self.numbers[~np.array(out, bool)]
        if not len(self.numbers):
            raise InputError(
                f"{corpus.place} has no items in its split {split!r}.", "Build one that has."
            )
        # Long items in proportion: every second of the corpus is as likely as any other.
        self._until = np.cumsum(corpus.index["samples"][self.numbers])

    def draw(self, index: int) -> Segment:
        """Segment number `index` >= 0; an item shorter than a segment is followed by silence."""
        rng = np.random.default_rng((self.seed, index))
        at = rng.random() * float(self._until[-1])
        place = int(np.searchsorted(self._until, at, side="right"))
        item = self.corpus[int(self.numbers[min(place, len(self.numbers) - 1)])]
        start = int(rng.integers(0, max(0, len(item.audio) - self.samples) + 1))
        sound = item.audio[start : start + self.samples].astype(np.float32) / 32767.0
        audio = np.pad(sound, (0, self.samples - len(sound)))
        lead = round(LEAD_S * SAMPLE_RATE)
        notes, pedals = item.notes, item.pedals
        if len(sound) < self.samples:  # what rang on after the item is not heard in the silence
            notes, pedals = (_until(records, len(sound)) for records in (notes, pedals))
        transcript = unpack(notes, pedals, start, self.samples, lead)
        if self.augmentation is not None:
            piano = bool(transcript.notes)
            chain = draw(self.augmentation, self.acoustics, rng, piano=piano)
            # A segment keeps its length and its times.
            audio = apply(audio, replace(chain, detune_cents=0.0), self.acoustics)
        return Segment(audio, transcript, lead / SAMPLE_RATE)


def _until(records: NDArray[np.void], end: int) -> NDArray[np.void]:
    """NOTE or PEDAL records of what is over at sample `end`."""
    ended = records.copy()
    for name in ("offset", "key_offset"):
        if name in (ended.dtype.names or ()):
            ended[name] = np.minimum(ended[name], end)
    return ended
