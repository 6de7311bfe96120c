"""Builds a corpus: shards first, in any order, then the index over them.

    DIR/plan.json        what decides the bytes; written first
    DIR/shards/00000/    see `shards`
    DIR/manifest.jsonl   the lines of all shards, in order
    DIR/skipped.jsonl    files that could not be used
    DIR/index.npy        INDEX records, one per item
    DIR/corpus.json      totals and the fingerprint; its presence says that the corpus is complete

Whatever stops a build, the same command goes on where it stopped, and ends with the same bytes as
if it had never been stopped: a shard is there whole or not at all, and the index is made from the
shards alone.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, wait
from dataclasses import replace
from functools import lru_cache
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Protocol

from transcriber.atomic import atomic_write
from transcriber.errors import InputError, OutputError, UsageError
from transcriber.timing import SAMPLE_RATE

from .plans import Plan
from .production import Workshop, clips
from .sealing import seal
from .shards import DRAFT, ShardReport, read_report, shard_folder, write_shard
from .works import Skipped

BYTES_PER_S = 2 * SAMPLE_RATE + 400
"""Disk needed per second of audio: the samples, and about 20 notes' worth of labels."""

RESERVE_BYTES = 1 << 30
"""Left free on the disk, for what else is at work on it."""

_LOCK_WAIT_S = 10.0
"""Workers of a build that was killed notice within a second and let go of the lock."""


class Listener(Protocol):
    """Is told how a build goes on."""

    def planned(self, plan: Plan, done: list[ShardReport]) -> None:
        """Work starts; `done` are the shards of former runs."""

    def built(self, report: ShardReport) -> None:
        """A shard has appeared."""


def build(
    folder: Path,
    plan: Plan,
    executor: Callable[[], Executor],
    listener: Listener,
    *,
    overwrite: bool = False,
    strict: bool = False,
) -> dict[str, Any]:
    """Builds a corpus, or goes on with it; a finished one stays as it is.

    Args:
        folder: New, empty, or begun with the same plan.
        plan: What to build.
        executor: Makes what shards are handed to, see `build_shards`.
        listener: Is told how it goes on.
        overwrite: Delete another corpus that lies there.
        strict: Stop at the first file that cannot be used.

    Returns:
        What `corpus.json` says.

    Raises:
        UsageError, OutputError, InputError: As `claim`, `locked` and `build_shards`.
    """
    refuse_strangers(folder)
    with locked(folder):
        claim(folder, plan, overwrite=overwrite)
        if not all(shard_folder(folder, i).exists() for i in range(len(plan.shards))):
            preload(folder)
        with executor() as workers:
            build_shards(folder, plan, workers, listener, strict=strict)
        return seal(folder, plan)


def refuse_strangers(folder: Path) -> None:
    """Refuses a folder in which something other than a corpus lies, before anything is written.

    Raises:
        UsageError: With the folder's name.
    """
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is a file.", "Name a folder with -o.")
    if not folder.is_dir() or (folder / "plan.json").exists():
        return
    if any(not _ours(path) for path in folder.iterdir()):
        raise UsageError(
            f"{folder} holds files that are no corpus; nothing was touched.",
            "Name a new or empty folder with -o.",
        )


def claim(folder: Path, plan: Plan, *, overwrite: bool) -> None:
    """Makes `folder` the home of `plan`.

    Nothing is deleted but, with `overwrite`, the corpus that lies there.

    Raises:
        UsageError: Another corpus lies in the folder.
        OutputError: The folder cannot be made or written.
    """
    text = plan.to_json()
    written = folder / "plan.json"
    try:
        if written.exists() and written.read_text() == text and not overwrite:
            return
        if written.exists() and not overwrite:
            raise UsageError(
                f"{folder} holds a corpus from other sources or settings, or its sources have "
                "changed; nothing was touched.",
                "Name another folder with -o, or replace it with --overwrite.",
            )
        folder.mkdir(parents=True, exist_ok=True)
        _clear(folder)
    except OSError as error:
        raise OutputError(
            f"{folder} cannot be written: {error.strerror}.", "Choose another folder with -o."
        ) from error
    atomic_write(written, text.encode())


def _ours(path: Path) -> bool:
    """Whether a build may have left this file in its folder."""
    return path.name == "lock" or path.name.startswith(".amt-")


def _clear(folder: Path) -> None:
    """Deletes a corpus, and nothing else that may lie beside it; its seal goes first."""
    for name in ("corpus.json", "index.npy", "manifest.jsonl", "skipped.jsonl", "plan.json"):
        (folder / name).unlink(missing_ok=True)
    if (folder / "shards").is_dir():
        shutil.rmtree(folder / "shards")


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keeps a second build out of the folder while the block lasts; a killed one leaves no lock.

    Raises:
        UsageError: Another build is at work.
        OutputError: The folder cannot be made or written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = (folder / "lock").open("w")
    except OSError as error:
        raise OutputError(
            f"{folder} cannot be written: {error.strerror}.", "Choose another folder with -o."
        ) from error
    with handle:
        until = time.monotonic() + _LOCK_WAIT_S
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > until:
                    raise UsageError(
                        f"Another build is at work in {folder}.", "Wait for it, or stop it first."
                    ) from None
                time.sleep(0.2)
        yield


def load_plan(folder: Path) -> Plan:
    """The plan of a corpus.

    Raises:
        InputError: There is none, or it is damaged.
    """
    try:
        return Plan.from_json((folder / "plan.json").read_text())
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{folder} holds no corpus of this version of amt ({error}).",
            "Make one with: amt corpus build",
        ) from error


def build_shards(
    folder: Path, plan: Plan, executor: Executor, listener: Listener, *, strict: bool = False
) -> list[ShardReport]:
    """Makes the shards that are not there yet.

    Args:
        folder: Claimed by `plan` and locked.
        plan: The plan.
        executor: Anything like `concurrent.futures`: processes here, or a cluster that sees
            `folder` under the same name.
        listener: Is told of every shard.
        strict: Stop at the first file that cannot be used.

    Returns:
        The reports of all shards, in order.

    Raises:
        OutputError: The disk is full. What is done stays.
        InputError: With `strict`, the first file that cannot be used.
    """
    (folder / "shards").mkdir(exist_ok=True)
    for draft in (folder / "shards").glob(f"{DRAFT}*"):
        shutil.rmtree(draft, ignore_errors=True)
    reports: dict[int, ShardReport] = {}
    for number in range(len(plan.shards)):
        if shard_folder(folder, number).exists():
            reports[number] = read_report(folder, number)
    waiting = [number for number in range(len(plan.shards)) if number not in reports]
    if strict:
        _refuse([*plan.skipped, *(s for report in reports.values() for s in report.skipped)])
    check_room(folder, sum(plan.seconds[number] for number in waiting))
    started: set[Future[ShardReport]] = set()
    try:
        # Before the listener starts its thread: processes are forked from a single one.
        started |= {executor.submit(build_shard, str(folder), number) for number in waiting}
        listener.planned(plan, list(reports.values()))
        while started:
            done, started = wait(started, return_when=FIRST_COMPLETED)
            for future in done:
                report = future.result()
                reports[report.number] = report
                if strict:
                    _refuse(list(report.skipped))
                listener.built(report)
            left = [number for number in waiting if number not in reports]
            check_room(folder, sum(plan.seconds[number] for number in left))
    except BaseException:
        for future in started:
            future.cancel()
        raise
    return [reports[number] for number in range(len(plan.shards))]


def _refuse(skipped: list[Skipped]) -> None:
    if skipped:
        raise InputError(
            f"{skipped[0].file}: {skipped[0].reason}",
            "Repair or remove it, or leave --strict out.",
        )


def check_room(folder: Path, seconds: float) -> None:
    """Refuses to go on where the disk cannot hold so many more seconds of audio.

    Raises:
        OutputError: There is too little room.
    """
    free = shutil.disk_usage(folder).free
    needed = round(seconds * BYTES_PER_S)
    if seconds > 0 and free < needed + RESERVE_BYTES:
        raise OutputError(
            f"{folder} needs {needed / 1e9:.1f} GB more and {RESERVE_BYTES / 1e9:.0f} GB to spare, "
            f"but its disk has {free / 1e9:.1f} GB free.",
            "Make room, build less with --hours, or choose another disk with -o.",
        )


def build_shard(folder: str, number: int) -> ShardReport:
    """Makes one shard: what an executor is given. Doing it twice does no harm."""
    corpus = Path(folder)
    began = time.process_time()
    stamp = (corpus / "plan.json").stat().st_mtime_ns
    plan, workshop = _prepared(corpus, stamp)
    skipped: list[Skipped] = []
    drawn = (clip for task in plan.shards[number] for clip in clips(plan, task, workshop, skipped))
    report = write_shard(corpus, number, drawn, skipped)
    return replace(
        report,
        cpu_s=time.process_time() - began,
        process=os.getpid(),
        memory_bytes=_peak_memory(),
    )


@lru_cache(maxsize=1)
def _prepared(folder: Path, stamp: int) -> tuple[Plan, Workshop]:
    """Plan and workshop of a folder, kept while its plan stays the same file."""
    plan = load_plan(folder)
    return plan, Workshop.of(plan.settings)


def preload(folder: Path) -> None:
    """Loads plan and pianos before processes are forked, which then share them.

    Raises:
        InputError: A piano, room or noise cannot be read.
    """
    _prepared(folder, (folder / "plan.json").stat().st_mtime_ns)


def processes(workers: int) -> ProcessPoolExecutor:
    """Worker processes that end with the one that started them, however that ends."""
    method = "fork" if sys.platform.startswith("linux") else "spawn"
    return ProcessPoolExecutor(
        workers, mp_context=get_context(method), initializer=_settle, initargs=(os.getpid(),)
    )


def _settle(parent: int) -> None:
    """Ends this worker when its parent is gone: a killed parent could not tell it to."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _peak_memory() -> int:
    """Most memory this process has had, in bytes."""
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak
