"""Memory of the training process, of its loader workers and of the GPU, as the system sees it.

Four figures per process, in MB of 10^6 bytes:

    RSS     resident: everything mapped and in memory, whoever else maps it too.
    USS     of that, what no other process shares: what its end would give back.
    PSS     USS and a fair share of the rest: the only one that may be added up.
    held    of RSS, what no file on disk backs. Slopes are taken of this one: the others also rise
            while a worker reads shards through a memory map, and USS and PSS while pages shared
            since the fork are written for the first time; both end by themselves.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil

MB = 1e6


@dataclass(frozen=True, slots=True)
class Reading:
    """Memory of one process.

    Args:
        name: "main", "worker 0", "rank 1", "rank 1 worker 0" and so on; of any other child, the
            program's name.
        pid: Its number in the system.
        rss_mb: Resident.
        uss_mb: Resident and not shared.
        pss_mb: That and its share of what is; USS where the system does not tell.
        held_mb: Resident and backed by no file; USS where the system does not tell.
    """

    name: str
    pid: int
    rss_mb: float
    uss_mb: float
    pss_mb: float
    held_mb: float


@dataclass(frozen=True, slots=True)
class GpuReading:
    """What torch's allocator holds of one GPU.

    Args:
        name: "cuda:0" and so on.
        allocated_mb: Held by tensors.
        reserved_mb: Taken from the driver, the allocator's free blocks included.
        peak_mb: Most that tensors ever held.
    """

    name: str
    allocated_mb: float
    reserved_mb: float
    peak_mb: float


@dataclass(frozen=True, slots=True)
class Sample:
    """All readings of one instant.

    Args:
        time: Seconds since 1970.
        step: Optimiser steps done.
        epoch: Number of the epoch that ends here, counted from 1; None within an epoch.
        processes: The training process first.
        gpu: Its GPU, if it has one.
    """

    time: float
    step: int
    epoch: int | None
    processes: tuple[Reading, ...]
    gpu: GpuReading | None = None

    @property
    def total_mb(self) -> float:
        """Taken by all processes together."""
        return sum(reading.pss_mb for reading in self.processes)

    @property
    def held_mb(self) -> float:
        """Held by the processes, where what they share counts for each: to see it grow only."""
        return sum(reading.held_mb for reading in self.processes)

    def record(self) -> dict[str, Any]:
        """Form kept in the journal."""
        return asdict(self)

    @classmethod
    def of_record(cls, record: Mapping[str, Any]) -> Sample:
        """Reads what `record` made.

        Raises:
            KeyError: Something is missing.
            TypeError: Something has another form.
        """
        processes = tuple(Reading(**reading) for reading in record["processes"])
        gpu = GpuReading(**record["gpu"]) if record["gpu"] else None
        return cls(record["time"], record["step"], record["epoch"], processes, gpu)


class ProcessFamily:
    """This process and its children; and, under torchrun, the other ranks of this machine and
    theirs.

    A child with its parent's own command line was forked from it: a loader worker. Workers are
    numbered in the order they were first seen, and keep their numbers.
    """

    def __init__(self) -> None:
        self._own = psutil.Process()
        self._command = self._own.cmdline()
        self._others: dict[str, psutil.Process] | None = None
        self._names: dict[int, str] = {}

    def read(self) -> tuple[Reading, ...]:
        """Readings of all that live, the process itself first."""
        if self._others is None:
            self._others = _other_ranks(self._own)
        readings = [_read("main", self._own), *self._read_children("", self._own)]
        for name, process in self._others.items():
            with suppress(psutil.Error):
                readings.append(_read(name, process))
                readings += self._read_children(f"{name} ", process)
        return tuple(readings)

    def _read_children(self, prefix: str, parent: psutil.Process) -> list[Reading]:
        readings = []
        for child in sorted(parent.children(), key=lambda process: process.pid):
            # A child may end, or be refused to us, between being listed and being read.
            with suppress(psutil.Error):
                readings.append(_read(self._name(prefix, child), child))
        return readings

    def _name(self, prefix: str, child: psutil.Process) -> str:
        if child.pid not in self._names:
            start = f"{prefix}worker "
            number = sum(name.startswith(start) for name in self._names.values())
            forked = child.cmdline() == self._command
            self._names[child.pid] = f"{start}{number}" if forked else prefix + child.name()
        return self._names[child.pid]


def _other_ranks(own: psutil.Process) -> dict[str, psutil.Process]:
    """Processes that torchrun started beside this one, by name."""
    launcher = own.parent() if "RANK" in os.environ else None
    found = {}
    for sibling in launcher.children() if launcher is not None else []:
        with suppress(psutil.Error):
            rank = sibling.environ().get("RANK")
            if rank is not None and sibling.pid != own.pid:
                found[f"rank {rank}"] = sibling
    return dict(sorted(found.items()))


def read_gpu() -> GpuReading | None:
    """Reads torch's allocator on the GPU in use; None where none is."""
    import torch

    if not torch.cuda.is_initialized():
        return None
    return GpuReading(
        f"cuda:{torch.cuda.current_device()}",
        _mb(torch.cuda.memory_allocated()),
        _mb(torch.cuda.memory_reserved()),
        _mb(torch.cuda.max_memory_allocated()),
    )


def _read(name: str, process: psutil.Process) -> Reading:
    full = process.memory_full_info()
    held = _held(process.pid) if sys.platform == "linux" else full.uss
    pss = full.pss if sys.platform == "linux" else full.uss
    return Reading(name, process.pid, _mb(full.rss), _mb(full.uss), _mb(pss), _mb(held))


def _held(pid: int) -> int:
    """Bytes that /proc calls anonymous or shared memory; workers pass batches in the latter.

    Raises:
        psutil.NoSuchProcess: It has ended.
    """
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError as error:
        raise psutil.NoSuchProcess(pid) from error
    fields = dict(line.split(":", 1) for line in lines)
    return 1024 * sum(int(fields[name].split()[0]) for name in ("RssAnon", "RssShmem"))


def _mb(size: float) -> float:
    return round(size / MB, 3)
