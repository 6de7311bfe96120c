"""Loads a run's material: a corpus, what is rendered on the fly, or a mix of both."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import numpy as np

from corpus.acoustics import Acoustics, load_acoustics
from corpus.banks import Bank, bank_paths, load_bank
from corpus.builds import load_plan
from corpus.licences import is_free
from corpus.noises import prepare
from corpus.performances import READER, Repertoire, collection, manifest_path, read_zip
from corpus.recordings import Recording, load_recordings
from corpus.segments import Segment, SegmentSource
from corpus.store import Corpus, StoredSource
from transcriber.atomic import atomic_path, make_folder
from transcriber.errors import InputError, UsageError

from .config import DataConfig, RunConfig


class SegmentDraw(Protocol):
    """Whatever decides a training segment by its number alone."""

    def draw(self, index: int) -> Segment:
        """Segment number `index` >= 0."""


class MixedSource:
    """Segments of two sources; which one a number belongs to is drawn from the number.

    Args:
        first: Where a share of the segments comes from.
        second: Where the others come from.
        share: That share, 0 to 1.
        seed: With the number, decides which.
    """

    def __init__(self, first: SegmentDraw, second: SegmentDraw, share: float, seed: int) -> None:
        self.first, self.second, self.share, self.seed = first, second, share, seed

    def draw(self, index: int) -> Segment:
        """Segment number `index` >= 0."""
        # One more number than the sources seed by, or they would see the same chances.
        chance = np.random.default_rng((self.seed, index, 1)).random()
        return (self.first if chance < self.share else self.second).draw(index)


def load_source(config: RunConfig, cache: Path) -> SegmentDraw:
    """Loads everything `config.data` names.

    Args:
        config: The run.
        cache: Folder in which parsed performances are kept.

    Raises:
        InputError: Something named is missing or unreadable.
    """
    data = config.data
    if not data.corpus:
        return _load_rendered(config, cache)
    stored = _load_corpus(config)
    if not data.rendered:
        return stored
    return MixedSource(stored, _load_rendered(config, cache), data.corpus_share, config.seed)


def _load_corpus(config: RunConfig) -> StoredSource:
    """A corpus of plain sound is augmented here, one that was augmented when built is not again."""
    corpus = Corpus(Path(config.data.corpus))
    if config.data.free_only:
        _check_free(corpus)
    recipe = load_plan(corpus.folder).settings.recipe
    if recipe.augmentation is not None and "train" in recipe.splits:
        return StoredSource(corpus, config.seconds, config.seed, exclude=config.data.exclude)
    return StoredSource(
        corpus,
        config.seconds,
        config.seed,
        augmentation=config.mix.augmentation,
        acoustics=_load_acoustics(config.data),
        exclude=config.data.exclude,
    )


def _check_free(corpus: Corpus) -> None:
    for number in corpus.numbers("train"):
        for licence in corpus.describe(int(number))["licences"]:
            if not is_free(licence):
                raise UsageError(
                    f"{corpus.folder} holds material that is not free: {licence}.",
                    "Train without --free, or build a corpus of free material.",
                )


def _load_rendered(config: RunConfig, cache: Path) -> SegmentSource:
    data = config.data
    pianos = data.banks or data.soundfonts
    for what, path in (("performances", data.performances), ("sample banks", pianos)):
        if not path:
            raise InputError(
                f"There are no {what} to render training segments from.",
                "Name a data folder laid out as docs/training.md describes.",
            )
    banks, soundfonts = _load_banks(data, data.banks), _load_banks(data, data.soundfonts)
    if not banks and not soundfonts:
        raise InputError(
            f"No sample bank is left in {pianos} to render performances on.",
            "Look at data.exclude, and at --free, which leaves out banks that are not free.",
        )
    recordings = [
        recording for recording in _load_recordings(data) if recording.piano not in data.exclude
    ]
    return SegmentSource(
        load_repertoire(data, cache),
        banks,
        recordings,
        _load_acoustics(data),
        config.mix,
        config.seconds,
        config.seed,
        soundfonts,
    )


def _load_recordings(data: DataConfig) -> list[Recording]:
    return load_recordings(Path(data.recordings), data.free_only) if data.recordings else []


def _load_banks(data: DataConfig, folder: str) -> list[Bank]:
    if not folder:
        return []
    banks = [load_bank(p) for p in bank_paths(Path(folder)) if p.stem not in data.exclude]
    return [bank for bank in banks if is_free(bank.licence) or not data.free_only]


def _load_acoustics(data: DataConfig) -> Acoustics:
    prepare()  # before the workers are forked, which then share the tracks
    if not data.acoustics:
        return Acoustics((), ())
    acoustics = load_acoustics(Path(data.acoustics), data.free_only)
    if data.free_only:
        # Manifests tell the licence of the collection that a room was found in; simulated rooms
        # have none.
        return replace(acoustics, rooms=(), room_licences=())
    return acoustics


def load_repertoire(data: DataConfig, cache: Path) -> Repertoire:
    """Parsed performances, from the cache when neither zip nor manifest has changed."""
    zipped = Path(data.performances)
    stat = zipped.stat()
    key = f"{READER} {zipped.resolve()} {stat.st_size} {stat.st_mtime_ns} {data.exclude}"
    manifest = manifest_path(zipped)
    if manifest.exists():  # it tells what is held out, and what is free
        key += f" {hashlib.sha256(manifest.read_bytes()).hexdigest()}"
    if data.free_only:
        key += " free"
    stored = cache / f"performances-{hashlib.sha256(key.encode()).hexdigest()[:12]}.npz"
    if not stored.exists():
        make_folder(cache)
        repertoire = Repertoire.of(
            (name, transcript)
            for name, transcript in read_zip(zipped, data.free_only)
            if collection(name) not in data.exclude
        )
        with atomic_path(stored) as draft:
            repertoire.save(draft)
    return Repertoire.load(stored)


def fingerprint(data: DataConfig) -> dict[str, str]:
    """What the material is, by kind: a corpus's own fingerprint, else a hash of names and sizes.

    Raises:
        InputError: Something named is missing.
    """
    marks = {"corpus": Corpus(Path(data.corpus)).about["fingerprint"]} if data.corpus else {}
    for kind in ("performances", "banks", "soundfonts", "recordings", "acoustics"):
        if path := getattr(data, kind):
            marks[kind] = _digest(Path(path))
    return marks


def _digest(path: Path) -> str:
    if not path.exists():
        raise InputError(f"There is no {path} to train on.", "Name where it lies with --set data.…")
    files = sorted(path.rglob("*")) if path.is_dir() else [path]
    names = (
        f"{file.relative_to(path)} {file.stat().st_size}\n" for file in files if file.is_file()
    )
    return hashlib.sha256("".join(names).encode()).hexdigest()


def check_same_material(now: dict[str, str], before: dict[str, str]) -> None:
    """Compares two fingerprints, kind by kind.

    Raises:
        UsageError: A run that goes on would not hear what it began with.
    """
    for kind in sorted(now.keys() | before.keys()):
        if now.get(kind) != before.get(kind):
            marks = [(marks.get(kind) or "none")[:12] for marks in (before, now)]
            raise UsageError(
                f"The material of this run has changed: {kind} had the fingerprint {marks[0]} when "
                f"it began and {marks[1]} now.",
                "Give it the material it began with, or begin another run with -o.",
            )
