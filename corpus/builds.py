"""Builds a corpus: shards first, in any order, then the index over them.

    DIR/plan.json        what decides the bytes; written first
    DIR/shards/00000/    see `shards`
    DIR/manifest.jsonl   the lines of all shards, in order
    DIR/skipped.jsonl    files that could not be used
    DIR/index.npy        INDEX records, one per item
    DIR/corpus.json      totals and the fingerprint; its presence says that the corpus is complete

Whatever stops a build, the same command goes on where it stopped, and ends with the same bytes as
if it had never been stopped: a shard counts whole or not at all, and the index is made from the
shards alone.
"""

from __future__ import annotations

import hashlib
import os
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    CancelledError,
    Executor,
    Future,
    wait,
)
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

from transcriber.errors import AmtError, InputError, OutputError, UsageError
from transcriber.timing import SAMPLE_RATE

from .depots import LAST, Depot, FolderDepot, open_depot, unwritable
from .executors import memory_bytes
from .plans import Plan, Task
from .production import Workshop, clips
from .sealing import seal
from .shards import Clip, ShardReport, read_report, write_shard
from .works import Skipped

BYTES_PER_S = 2 * SAMPLE_RATE + 400
"""Disk needed per second of audio: the samples, and about 20 notes' worth of labels."""

RESERVE_BYTES = 1 << 30
"""Left free on the disk, for what else is at work on it."""

_OWN_FILES = ("corpus.json", "index.npy", "manifest.jsonl", "skipped.jsonl", "shards")
"""What `overwrite` deletes, the seal first. The plan stays until the next one replaces it: it tells
that all this is a corpus, should the deletion be interrupted.
"""


class Listener(Protocol):
    """Is told how a build goes on."""

    def planned(self, plan: Plan, done: list[ShardReport]) -> None:
        """Work starts; `done` are the shards of former runs."""

    def built(self, report: ShardReport) -> None:
        """A shard has appeared."""


def build(
    place: str | os.PathLike[str],
    plan: Plan,
    executor: Callable[[], AbstractContextManager[Executor]],
    listener: Listener,
    *,
    overwrite: bool = False,
    strict: bool = False,
) -> dict[str, Any]:
    """Builds a corpus, or goes on with it; a finished one stays as it is.

    Args:
        place: A folder or URL: new, empty, or begun with the same plan.
        plan: What to build.
        executor: Makes what shards are handed to, see `build_shards`.
        listener: Is told how it goes on.
        overwrite: Delete another corpus that lies there.
        strict: Stop at the first file that cannot be used.

    Returns:
        What `corpus.json` says.

    Raises:
        UsageError, OutputError, InputError: As `claim`, `Depot.locked` and `build_shards`.
    """
    depot = open_depot(place)
    with _written(depot):
        refuse_strangers(depot)
    with depot.locked():
        with _written(depot):
            claim(depot, plan, overwrite=overwrite)
            depot.sweep()
            done = finished_shards(depot, plan)
        if len(done) < len(plan.shards):
            # Before processes are forked, which then share plan and pianos.
            _prepared(depot.place, _digest(plan))
            check_room(depot, plan, done)
            with executor() as workers:
                build_shards(depot, plan, done, workers, listener, strict=strict)
        else:
            listener.planned(plan, list(done.values()))
        with _written(depot):
            return seal(depot, plan)


@contextmanager
def _written(depot: Depot) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise unwritable(depot.place, error) from error


def refuse_strangers(depot: Depot) -> None:
    """Refuses a folder in which something other than a corpus lies, before anything is written.

    Raises:
        UsageError: With the folder's name.
    """
    names = depot.names()
    if "plan.json" in names:
        return
    # What a build that was stopped before it wrote its plan may have left.
    if any(not (name in ("lock", "shards") or name.startswith(".amt-")) for name in names) or (
        depot.find("shards/*")
    ):
        raise UsageError(
            f"{depot.place} holds files that are no corpus; nothing was touched.",
            "Name a new or empty folder with -o.",
        )


def claim(depot: Depot, plan: Plan, *, overwrite: bool) -> None:
    """Makes a depot the home of `plan`.

    Nothing is deleted but, with `overwrite`, the corpus that lies there.

    Raises:
        UsageError: Another corpus lies there.
        OutputError, OSError: It cannot be written.
    """
    text = plan.to_json().encode()
    try:
        written = depot.read("plan.json")
    except OSError:
        written = b""
    if written == text and not overwrite:
        return
    # Where files do not appear whole, a build may have been stopped half-way through its plan.
    if not overwrite and not text.startswith(written):
        raise UsageError(
            f"{depot.place} holds a corpus from other sources or settings, or its sources have "
            "changed; nothing was touched.",
            "Name another folder with -o, or replace it with --overwrite.",
        )
    if overwrite:
        for name in _OWN_FILES:
            depot.remove(name)
    depot.write("plan.json", text)


def load_plan(folder: Path) -> Plan:
    """The plan of a corpus.

    Raises:
        InputError: There is none, or it is damaged.
    """
    return _read_plan(FolderDepot(folder))


def _read_plan(depot: Depot) -> Plan:
    try:
        return Plan.from_json(depot.read("plan.json").decode())
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{depot.place} holds no corpus of this version of amt ({error}).",
            "Make one with: amt corpus build",
        ) from error


def finished_shards(depot: Depot, plan: Plan) -> dict[int, ShardReport]:
    """The reports of the shards that are there, by number."""
    there = {int(name.split("/")[1]) for name in depot.find(f"shards/[0-9]*/{LAST}")}
    found = {n: read_report(depot, n) for n in sorted(there & set(range(len(plan.shards))))}
    return {number: report for number, report in found.items() if report is not None}


def build_shards(
    depot: Depot,
    plan: Plan,
    done: dict[int, ShardReport],
    executor: Executor,
    listener: Listener,
    *,
    strict: bool = False,
) -> list[ShardReport]:
    """Makes the shards that are not there yet.

    Args:
        depot: Claimed by `plan` and locked.
        plan: The plan.
        done: The shards that are there.
        executor: Anything like `concurrent.futures`: processes here, or a cluster that sees
            sources, pianos and depot under the same names.
        listener: Is told of every shard.
        strict: Stop at the first file that cannot be used.

    Returns:
        The reports of all shards, in order.

    Raises:
        OutputError: The disk is full. What is done stays.
        InputError: With `strict`, the first file that cannot be used.
        AmtError: Workers died.
    """
    reports = dict(done)
    if strict:
        _refuse([*plan.skipped, *(s for report in done.values() for s in report.skipped)])
    digest = _digest(plan)
    started: set[Future[ShardReport]] = set()
    try:
        # Before the listener starts its thread: processes are forked from a single one.
        started |= {
            executor.submit(build_shard, depot.place, number, digest)
            for number in range(len(plan.shards))
            if number not in reports
        }
        listener.planned(plan, list(done.values()))
        while started:
            ended, started = wait(started, return_when=FIRST_COMPLETED)
            for future in ended:
                report = _result(future)
                reports[report.number] = report
                if strict:
                    _refuse(list(report.skipped))
                listener.built(report)
            check_room(depot, plan, reports)
    except BaseException:
        for future in started:
            future.cancel()
        raise
    return [reports[number] for number in range(len(plan.shards))]


def _result(future: Future[ShardReport]) -> ShardReport:
    try:
        return future.result()
    except CancelledError as error:
        raise AmtError(
            "The scheduler was lost.", "Run the same command again: it goes on where it stopped."
        ) from error
    except Exception as error:
        # Dask calls it KilledWorker: several workers died of the same shard.
        if isinstance(error, BrokenExecutor) or type(error).__name__ == "KilledWorker":
            raise AmtError(
                "A worker was killed, most likely because memory ran out.",
                "Run the same command again, with fewer --workers: it goes on where it stopped.",
            ) from error
        raise


def _refuse(skipped: list[Skipped]) -> None:
    if skipped:
        raise InputError(
            f"{skipped[0].file}: {skipped[0].reason}",
            "Repair or remove it, or leave --strict out.",
        )


def check_room(depot: Depot, plan: Plan, done: dict[int, ShardReport]) -> None:
    """Refuses to go on where the disk cannot hold the rest.

    Raises:
        OutputError: There is too little room.
    """
    free = depot.free_bytes()
    left_s = sum(seconds for number, seconds in enumerate(plan.seconds) if number not in done)
    needed = round(left_s * BYTES_PER_S)
    if left_s and free is not None and free < needed + RESERVE_BYTES:
        raise OutputError(
            f"{depot.place} needs {needed / 1e9:.1f} GB more and {RESERVE_BYTES / 1e9:.0f} GB to "
            f"spare, but its disk has {free / 1e9:.1f} GB free.",
            "Make room, build less with --hours, or choose another disk with -o.",
        )


def build_shard(place: str, number: int, digest: str) -> ShardReport:
    """Makes one shard: what an executor is given. Doing it twice does no harm.

    Args:
        place: Of the corpus.
        number: Of the shard.
        digest: Of the plan, as its text may have changed since this process read one from there.
    """
    began = time.thread_time()
    plan, workshop = _prepared(place, digest)
    most = 0

    def watched(task: Task) -> Iterator[Clip]:
        nonlocal most
        for clip in clips(plan, task, workshop):
            yield clip
            most = max(most, memory_bytes())

    tasks = ((plan.file(task), watched(task)) for task in plan.shards[number])
    report = write_shard(open_depot(place), number, tasks)
    return replace(
        report,
        cpu_s=time.thread_time() - began,
        process=f"{socket.gethostname()} {os.getpid()}",
        memory_bytes=most,
    )


def _digest(plan: Plan) -> str:
    return hashlib.sha256(plan.to_json().encode()).hexdigest()


@lru_cache(maxsize=1)
def _prepared(place: str, digest: str) -> tuple[Plan, Workshop]:
    """Plan and workshop of a corpus, kept while it is the same plan.

    Raises:
        InputError: A piano, room or noise cannot be read, or the plan has been replaced.
    """
    plan = _read_plan(open_depot(place))
    if _digest(plan) != digest:
        raise InputError(
            f"The plan in {place} is not the one this build was started with.",
            "Let one build at a time work there, with the same version of amt on all machines.",
        )
    return plan, Workshop.of(plan.settings)
