"""Serves a run's material as batches: features and targets, segment by segment.

Workers are forked after the material is loaded and share it. A segment is drawn from its number, so
the position of the loader is one integer and any process can draw any segment.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from multiprocessing import active_children

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler, default_collate

from transcriber.errors import AmtError

from .config import RunConfig
from .frontend import LogMelBatch
from .interrupts import leave_to_parent
from .material import SegmentDraw
from .memory.allocation import give_back_freed_memory
from .memory.journal import Journal
from .memory.workers import WatchedDataset
from .processes import Process
from .targets import target_rows

Batch = tuple[Tensor, Tensor]

TRIM_EVERY = 16
"""Segments after which a process gives freed memory back: a hundredth of the time of drawing."""


class SegmentDataset(Dataset[Batch | AmtError]):
    """Segment number -> (log-mel frames [T, mels], target rows [T, WIDTH]), or why there is none.

    An error is an item and not raised: a loader would bury its sentence in a worker's traceback.
    """

    def __init__(self, source: SegmentDraw, config: RunConfig) -> None:
        self.source = source
        self.config = config
        self.frontend = LogMelBatch(config.features)
        self._drawn = 0

    def __getitem__(self, index: int) -> Batch | AmtError:
        self._drawn += 1
        if self._drawn % TRIM_EVERY == 0:
            give_back_freed_memory()
        try:
            segment = self.source.draw(index)
        except AmtError as error:
            return error
        frames = self.frontend(torch.from_numpy(segment.audio)[None])[0]
        clock = self.config.clock
        rows = target_rows(
            segment.transcript,
            clock,
            len(frames),
            clock.samples(segment.lead_s),
            self.config.onset_width,
        )
        return frames, torch.from_numpy(rows)


class _Numbers(Sampler[int]):
    """Segment numbers of one rank, from a step on: step s, rank r of n takes a contiguous share of
    its batch.
    """

    def __init__(self, first_step: int, config: RunConfig, process: Process) -> None:
        self.first_step, self.config, self.process = first_step, config, process

    def __iter__(self) -> Iterator[int]:
        share = self.config.batch // self.process.ranks
        for step in range(self.first_step, self.config.steps):
            first = step * self.config.batch + self.process.rank * share
            yield from range(first, first + share)


def batches(
    source: SegmentDraw,
    config: RunConfig,
    first_step: int,
    process: Process,
    journal: Journal | None = None,
) -> Generator[Batch]:
    """Batches of this process from `first_step` on; closing the iterator ends the workers.

    Args:
        source: Draws segments.
        config: The run.
        first_step: Steps done already.
        process: Which share of each batch to serve.
        journal: Where workers report their memory, if they shall.

    Raises:
        AmtError: A segment could not be drawn, with the sentence of the worker that tried.
    """
    dataset: Dataset[Batch | AmtError] = SegmentDataset(source, config)
    if journal is not None:
        dataset = WatchedDataset(dataset, journal, config.batch * config.epoch_steps)
    loader: DataLoader[Batch | AmtError] = DataLoader(
        dataset,
        batch_size=config.batch // process.ranks,
        sampler=_Numbers(first_step, config, process),
        collate_fn=_collate,
        num_workers=config.workers,
        multiprocessing_context="fork" if config.workers else None,
        prefetch_factor=4 if config.workers else None,
        pin_memory=process.device.type == "cuda",
        worker_init_fn=_settle_worker,
        # A loader draws a seed for its workers: from its own generator, to leave torch's alone.
        generator=torch.Generator().manual_seed(config.seed),
    )
    others = set(active_children())
    served = iter(loader)
    workers = set(active_children()) - others
    try:
        for batch in served:
            if isinstance(batch, AmtError):
                raise batch
            yield batch
    finally:
        del served  # asks the workers to end, and waits for some seconds
        for worker in workers:
            if worker.is_alive():
                # It hangs, and ignores what torch sends it then: Python would wait for it forever
                # when it ends.
                worker.kill()
                worker.join()


def _collate(items: list[Batch | AmtError]) -> Batch | AmtError:
    for item in items:
        if isinstance(item, AmtError):
            return item
    frames, rows = default_collate(items)
    return frames, rows


def _settle_worker(_: int) -> None:
    leave_to_parent()
    torch.set_num_threads(1)
    np.seterr(all="ignore")
