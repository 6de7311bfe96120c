"""The plan of a corpus: everything that decides its bytes, written down before the work starts.

A plan lists all works and deals them out to shards. A shard is a function of the plan and its
number alone, so shards can be made in any order, by any process, twice, or after a crash.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from transcriber.errors import InputError, UsageError

from .recipes import Recipe
from .shelves import open_shelf
from .sources import SYNTHETIC, Source, list_source
from .works import Kind, Skipped, Work, check_splits

VERSION = 1
"""Raised when the same plan would give other bytes or another layout."""

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
        pianos: Folder of sample banks, absolute; empty for none.
        acoustics: Folder of rooms and noises, absolute; empty for none.
        free_only: Leave out noises that may be used for research only.
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
    """One pass over one work; `take` counts the passes, each with other chances."""

    source: int
    work: int
    take: int


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

    @cached_property
    def seconds(self) -> tuple[float, ...]:
        """Expected audio of each shard."""
        return tuple(sum(self.work(t).seconds for t in shard) for shard in self.shards)

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
    targets = _targets(sources, works, settings)
    for number, source in enumerate(sources):
        if not source.path:
            works[number] = _synthetic(source, targets[number], settings)
    sounding = {work.kind for listed in works for work in listed} & {"performance", "exercise"}
    if sounding and not settings.pianos:
        raise UsageError(
            "There are notes to render, but no piano to render them on.",
            "Name a folder of sample banks with --pianos.",
        )
    tasks = [
        task for number, target in enumerate(targets) for task in _tasks(number, works, target)
    ]
    order = np.random.default_rng([settings.seed, 0]).permutation(len(tasks))
    return Plan(
        settings,
        tuple(sources),
        tuple(works),
        _shards([tasks[i] for i in order], works, settings.shard_s),
        tuple(sorted(skipped)),
        tuple(_inventory(path) for path in (settings.pianos, settings.acoustics)),
    )


def _targets(
    sources: Sequence[Source], works: Sequence[Sequence[Work]], settings: Settings
) -> list[float]:
    """Seconds wanted of each source."""
    if settings.hours is not None:
        total = sum(source.weight for source in sources)
        return [3600.0 * settings.hours * source.weight / total for source in sources]
    return [
        source.weight * (sum(w.seconds for w in listed) if source.path else SYNTHETIC_S)
        for source, listed in zip(sources, works, strict=True)
    ]


def _synthetic(source: Source, target_s: float, settings: Settings) -> tuple[Work, ...]:
    name = next(name for name in SYNTHETIC if source.label.startswith(name))
    count = max(1, round(target_s / settings.clip_s))
    kind: Kind = "exercise" if name == "exercises" else "noise"
    return tuple(
        Work(f"{i:06d}", kind, "train", licence=source.licence, seconds=settings.clip_s)
        for i in range(count)
    )


def _tasks(source: int, works: Sequence[Sequence[Work]], target_s: float) -> list[Task]:
    """Takes works in the order of a hash of their names, again and again, up to the target.

    Held-out works are taken once: hearing them twice would tell nothing new.
    """
    by_chance = sorted(
        range(len(works[source])),
        key=lambda i: hashlib.sha256(works[source][i].id.encode()).digest(),
    )
    tasks: list[Task] = []
    have_s, take = 0.0, 0
    while have_s < 0.999 * target_s:
        taken_s = 0.0
        for i in by_chance:
            work = works[source][i]
            if have_s + taken_s >= 0.999 * target_s:
                break
            if take == 0 or work.split == "train":
                tasks.append(Task(source, i, take))
                taken_s += max(work.seconds, 1.0)
        if taken_s == 0.0:
            break
        have_s += taken_s
        take += 1
    return tasks


def _shards(
    tasks: Sequence[Task], works: Sequence[Sequence[Work]], shard_s: float
) -> tuple[tuple[Task, ...], ...]:
    shards: list[tuple[Task, ...]] = []
    current: list[Task] = []
    length_s = 0.0
    for task in tasks:
        current.append(task)
        length_s += works[task.source][task.work].seconds
        if length_s >= shard_s:
            shards.append(tuple(current))
            current, length_s = [], 0.0
    if current:
        shards.append(tuple(current))
    return tuple(shards)


def _inventory(path: str) -> str:
    return open_shelf(Path(path)).inventory if path else ""
