"""The run's memory as it was written down: `memory.jsonl`, a JSON object per line.

    {"kind": "begin", …}    a process of the run starts, or goes on after a stop
    {"kind": "sample", …}   readings.Sample, every few seconds and at the end of each epoch
    {"kind": "heap", …}     heap.HeapReport of the training process or a worker, when profiling

Workers append to the same file: a line is one write at the end of the file, which the system keeps
whole.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path
from typing import Any

from transcriber.errors import InputError

from .heap import HeapReport
from .readings import Sample

NAME = "memory.jsonl"
"""Name of the journal in a run's folder."""

_BEGIN = '{"kind": "begin"'

Series = tuple[list[int], list[float]]
"""Epoch numbers and MB at their ends."""


class Journal:
    """Appends to a run's journal.

    Args:
        run: Folder of the run.
    """

    def __init__(self, run: Path) -> None:
        self.path = run / NAME

    def begin(self, record: Mapping[str, Any]) -> None:
        """Writes that a process of the run starts, on a line of its own after one left torn."""
        with suppress(OSError):
            if not self.path.read_bytes().endswith(b"\n"):
                self._write("\n")
        self.append("begin", record)

    def append(self, kind: str, record: Mapping[str, Any]) -> None:
        """Writes one line."""
        self._write(json.dumps({"kind": kind, **record}) + "\n")

    def _write(self, line: str) -> None:
        # A disk without room is the checkpoint's to complain of: watching must not end a training.
        with suppress(OSError):
            file = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
            try:
                os.write(file, line.encode())
            finally:
                os.close(file)


@dataclass
class Life:
    """A run from its start, or from going on after a stop, to the next stop.

    Args:
        profiled: Whether heaps were watched too.
        samples: In the order they were taken.
        heaps: In the order they were written.
    """

    profiled: bool = False
    samples: list[Sample] = field(default_factory=list)
    heaps: list[HeapReport] = field(default_factory=list)

    @property
    def epochs(self) -> list[Sample]:
        """Samples at the ends of epochs."""
        return [sample for sample in self.samples if sample.epoch is not None]

    def process_series(self) -> dict[str, Series]:
        """Held memory of each process that lives at the last epoch's end, by name."""
        ends = self.epochs
        names = [reading.name for reading in ends[-1].processes] if ends else []
        return {name: self._series(name) for name in names}

    def gpu_series(self) -> Series:
        """Memory that tensors hold on the GPU."""
        ends = [(s.epoch, s.gpu.allocated_mb) for s in self.epochs if s.gpu and s.epoch]
        return [epoch for epoch, _ in ends], [size for _, size in ends]

    def total_series(self) -> Series:
        """Held memory of all processes together."""
        ends = [(s.epoch, s.held_mb) for s in self.epochs if s.epoch]
        return [epoch for epoch, _ in ends], [size for _, size in ends]

    def heap_series(self) -> dict[str, Series]:
        """Main memory each process allocated since the warm-up, by the process's name."""
        series: dict[str, Series] = {}
        for name, heap in self._named_heaps():
            epochs, sizes = series.setdefault(name, ([], []))
            epochs.append(heap.epoch)
            sizes.append(heap.main_mb)
        return series

    def last_heaps(self) -> dict[str, HeapReport]:
        """Each process's last heap report, by the process's name."""
        return dict(self._named_heaps())

    def _named_heaps(self) -> Iterator[tuple[str, HeapReport]]:
        names = {r.pid: r.name for sample in self.samples for r in sample.processes}
        for heap in self.heaps:
            yield names.get(heap.pid, f"process {heap.pid}"), heap

    def _series(self, name: str) -> Series:
        epochs, sizes = [], []
        for sample in self.epochs:
            for reading in sample.processes:
                if reading.name == name and sample.epoch:
                    epochs.append(sample.epoch)
                    sizes.append(reading.held_mb)
        return epochs, sizes


def read_journal(run: Path) -> list[Life]:
    """Reads the journal of a run.

    Returns:
        Its lives, in order, at least one.

    Raises:
        InputError: There is no such run, its memory was not watched, or the journal is damaged.
    """
    path = run / NAME
    if not run.is_dir():
        raise InputError(f"There is no run folder {run}.", "amt runs lists the runs there are.")
    try:
        text = path.read_text()
    except FileNotFoundError as error:
        raise InputError(
            f"{run} holds no {NAME}.", "Name the folder of a run that amt train has begun."
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read ({error}).", "Check the file.") from error
    lives: list[Life] = []
    for record in _records(text, path):
        try:
            match record.pop("kind"):
                case "begin":
                    lives.append(Life(bool(record["profiled"])))
                case "sample":
                    lives[-1].samples.append(Sample.of_record(record))
                case "heap":
                    lives[-1].heaps.append(HeapReport.of_record(record))
        except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
            raise _damaged(path) from error
    if not lives:
        raise _damaged(path)
    return lives


def _records(text: str, path: Path) -> Iterator[dict[str, Any]]:
    lines = text.splitlines()
    for line, following in zip_longest(lines, lines[1:], fillvalue=_BEGIN):
        try:
            yield json.loads(line)
        except ValueError as error:
            # A kill in the middle of a write leaves the last line torn, or that before a start.
            if not following.startswith(_BEGIN):
                raise _damaged(path) from error


def _damaged(path: Path) -> InputError:
    return InputError(
        f"{path} is damaged, or was not written by this version of amt.",
        "Remove the file; the run goes on without it.",
    )
