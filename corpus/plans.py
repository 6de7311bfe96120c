"""The plan of a corpus: everything that decides its bytes, written down before the work starts.

A plan lists all works and deals them out to shards. A shard is a function of the plan and its
number alone, so shards can be made in any order, by any process, twice, or after a crash.
"""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from transcriber.errors import InputError, UsageError
from transcriber.timing import SAMPLE_RATE

from .cuts import clip_lengths, passages
from .pianos import inventory
from .recipes import Recipe
from .shelves import open_shelf
from .sources import SYNTHETIC, Source, list_source
from .works import Kind, Skipped, Work, check_splits

VERSION = 3
"""Raised when the same plan would give other bytes or another layout."""

_EXACT_S = 0.5
"""Lengths are rounded; a work that fits but for so much is taken whole."""

SYNTHETIC_S = 3600.0
"""Length of a synthetic source of weight 1 where no number of hours is given."""


@dataclass(frozen=True)
class Settings:
    """What a build was told.

    Args:
        seed: Decides everything random.
        clip_s: Length of an item, in seconds.
        shard_s: About how much audio lies in one shard, in seconds.
        hours: Length of the whole corpus, shared among the sources by weight; None takes every
            source `weight` times.
        held_out: Share of pieces kept from training where a source has no splits of its own.
        trust_splits: Do not check that no piece lies in two splits.
        pianos: Sample banks, a soundfont or an SFZ library, absolute; empty for none.
        acoustics: Folder of rooms and noises, absolute; empty for none.
        free_only: Leave out noises whose licence is not free, see `licences`.
        recipe: Augmentation.
    """

    seed: int = 1
    clip_s: float = 30.0
    shard_s: float = 600.0
    hours: float | None = None
    held_out: float = 0.1
    trust_splits: bool = False
    pianos: str = ""
    acoustics: str = ""
    free_only: bool = False
    recipe: Recipe = field(default_factory=Recipe)


@dataclass(frozen=True)
class Task:
    """One pass over one work.

    Args:
        source: Its number.
        work: Number of the work in it.
        take: Counts the passes, each with other chances.
        clips: Only so many of the work's clips, from the first on; 0 takes all.
        seconds: Expected length of these.
    """

    source: int
    work: int
    take: int
    clips: int
    seconds: float


@dataclass(frozen=True)
class Plan:
    """Settings, sources, their works, and the tasks of each shard."""

    settings: Settings
    sources: tuple[Source, ...]
    works: tuple[tuple[Work, ...], ...]
    shards: tuple[tuple[Task, ...], ...]
    skipped: tuple[Skipped, ...] = ()
    inventories: tuple[str, ...] = ()

    def work(self, task: Task) -> Work:
        """The work of a task."""
        return self.works[task.source][task.work]

    def name(self, task: Task) -> str:
        """What the items of a task are called, before the number of the clip."""
        return _name(self.sources[task.source], self.work(task), task.take)

    def file(self, task: Task) -> str:
        """The file a task is made from, for messages."""
        work = self.work(task)
        return f"{self.sources[task.source].path}/{work.audio or work.midi or work.id}"

    @cached_property
    def seconds(self) -> tuple[float, ...]:
        """Expected audio of each shard."""
        return tuple(sum(task.seconds for task in shard) for shard in self.shards)

    def to_json(self) -> str:
        """JSON text that `from_json` reads back; the same plan gives the same text."""
        values = dataclasses.asdict(self)
        values["settings"]["recipe"] = self.settings.recipe.to_dict()
        values["shards"] = [[dataclasses.astuple(t) for t in shard] for shard in self.shards]
        document = {"format": "amt-corpus-plan", "version": VERSION, **values}
        return json.dumps(document, ensure_ascii=True, sort_keys=True) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Plan:
        """Reads what `to_json` wrote.

        Raises:
            ValueError, KeyError, TypeError: It is something else, or of another version.
        """
        values: dict[str, Any] = json.loads(text)
        if values.pop("format") != "amt-corpus-plan" or values.pop("version") != VERSION:
            raise ValueError("another format or version")
        settings = values["settings"]
        settings["recipe"] = Recipe.from_dict(settings["recipe"])
        return cls(
            Settings(**settings),
            tuple(Source(**source) for source in values["sources"]),
            tuple(tuple(Work(**work) for work in works) for works in values["works"]),
            tuple(tuple(Task(*task) for task in shard) for shard in values["shards"]),
            tuple(Skipped(**skipped) for skipped in values["skipped"]),
            tuple(values["inventories"]),
        )


def make_plan(sources: Sequence[Source], settings: Settings) -> Plan:
    """Looks through the sources and deals their works out to shards.

    Raises:
        InputError: A source holds nothing usable, or performances have no piano to be played on.
        UsageError: A piece would lie in two splits.
    """
    works: list[tuple[Work, ...]] = []
    skipped: list[Skipped] = []
    for source in sources:
        if not source.path:
            works.append(())
            continue
        listing = list_source(source, settings.held_out)
        skipped += listing.skipped
        if not listing.works:
            first = f" First reason: {min(skipped).reason}." if skipped else ""
            raise InputError(f"Nothing in {source.path} can be used.{first}", "Check the source.")
        works.append(tuple(listing.works))
    if not settings.trust_splits:
        check_splits(work for listed in works for work in listed)
    tasks: list[Task] = []
    owed_s = 0.0
    for number, source in enumerate(sources):
        target_s = _target(source, sources, works[number], settings) + owed_s
        if not source.path:
            works[number] = _synthetic(source, target_s, settings)
        dealt = list(_dealt(number, source, works[number], target_s, settings))
        tasks += dealt
        if settings.hours is not None:
            # Half a clip too many or too few of one source is made good by the next; a source that
            # has no more to give is not.
            rest_s = target_s - sum(task.seconds for task in dealt)
            owed_s = rest_s if abs(rest_s) < settings.clip_s else 0.0
    sounding = {work.kind for listed in works for work in listed} & {"performance", "exercise"}
    if sounding and not settings.pianos:
        raise UsageError(
            "There are notes to render, but no piano to render them on.",
            "Name sample banks or a soundfont with --pianos.",
        )
    order = np.random.default_rng([settings.seed, 0]).permutation(len(tasks))
    return Plan(
        settings,
        tuple(sources),
        tuple(works),
        _shards([tasks[i] for i in order], settings.shard_s),
        tuple(sorted(skipped)),
        (
            inventory(Path(settings.pianos)) if settings.pianos else "",
            open_shelf(Path(settings.acoustics)).inventory if settings.acoustics else "",
        ),
    )


def _name(source: Source, work: Work, take: int) -> str:
    return f"{source.label}/{work.id}" + (f"#{take + 1}" if take else "")


def _target(
    source: Source, sources: Sequence[Source], listed: Sequence[Work], settings: Settings
) -> float:
    """Seconds wanted of a source."""
    if settings.hours is not None:
        share = source.weight / sum(other.weight for other in sources)
        return 3600.0 * settings.hours * share
    if not source.path:
        return SYNTHETIC_S * source.weight
    return sum(
        sum(_lengths(source, work, 0, settings))
        * (source.weight if work.split == "train" else min(source.weight, 1.0))
        for work in listed
    )


def _synthetic(source: Source, target_s: float, settings: Settings) -> tuple[Work, ...]:
    name = next(name for name in SYNTHETIC if source.label.startswith(name))
    count = max(1, round(target_s / settings.clip_s))
    kind: Kind = "exercise" if name == "exercises" else "noise"
    return tuple(
        Work(f"{i:06d}", kind, "train", licence=source.licence, seconds=settings.clip_s)
        for i in range(count)
    )


def _lengths(source: Source, work: Work, take: int, settings: Settings) -> list[float]:
    """Expected seconds of each clip of a work."""
    match work.kind:
        case "recording":
            samples, whole = (round(s * SAMPLE_RATE) for s in (work.seconds, settings.clip_s))
            return [length / SAMPLE_RATE for length in clip_lengths(samples, whole)]
        case "performance":
            name = _name(source, work, take)
            cut = passages(name, work.seconds, settings.clip_s, settings.seed)
            return [passage.samples / SAMPLE_RATE for passage in cut]
        case _:
            return [work.seconds]


def _dealt(
    number: int, source: Source, listed: Sequence[Work], target_s: float, settings: Settings
) -> Iterator[Task]:
    """Takes works in the order of a hash of their names, again and again, up to the target.

    The last one may be cut short, so that half a clip too much or too little is the most there can
    be. Held-out works are taken once: hearing them twice would tell nothing new.
    """
    by_chance = sorted(
        range(len(listed)), key=lambda i: hashlib.sha256(listed[i].id.encode()).digest()
    )
    left_s = target_s
    for take in itertools.count():
        before_s = left_s
        for i in by_chance:
            if take and listed[i].split != "train":
                continue
            lengths = _lengths(source, listed[i], take, settings)
            whole_s = round(sum(lengths), 3)
            if whole_s <= left_s + _EXACT_S:
                left_s -= whole_s
                yield Task(number, i, take, 0, whole_s)
                continue
            until_s = np.cumsum(lengths)
            clips = int(np.count_nonzero(until_s - np.array(lengths) / 2.0 <= left_s))
            if clips == len(lengths):
                yield Task(number, i, take, 0, whole_s)
            elif clips:
                yield Task(number, i, take, clips, round(float(until_s[clips - 1]), 3))
            return
        if left_s == before_s:
            return


def _shards(tasks: Sequence[Task], shard_s: float) -> tuple[tuple[Task, ...], ...]:
    shards: list[tuple[Task, ...]] = []
    current: list[Task] = []
    length_s = 0.0
    for task in tasks:
        current.append(task)
        length_s += task.seconds
        if length_s >= shard_s:
            shards.append(tuple(current))
            current, length_s = [], 0.0
    if current:
        shards.append(tuple(current))
    return tuple(shards)
