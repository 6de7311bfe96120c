"""Heap reports from inside loader workers.

A worker knows nothing of steps, but segments are drawn by their number, and the number says the
epoch. Whatever worker first draws one of a new epoch reports what it kept at the end of the one
before. Workers run ahead of the training by the batches they have ready.
"""

from __future__ import annotations

import os
from typing import TypeVar

from torch.utils.data import Dataset, get_worker_info

from .heap_watch import HeapWatch
from .journal import Journal

Item = TypeVar("Item", covariant=True)


class WatchedDataset(Dataset[Item]):
    """A dataset that reports the heap of each worker it is drawn from in; its items are the same.

    Args:
        dataset: What is drawn from, by running numbers.
        journal: Where to report.
        epoch_items: Numbers in an epoch.
    """

    def __init__(self, dataset: Dataset[Item], journal: Journal, epoch_items: int) -> None:
        self._dataset = dataset
        self._journal = journal
        self._epoch_items = epoch_items
        self._watch: HeapWatch | None = None
        self._epoch = 0

    def __getitem__(self, index: int) -> Item:
        if get_worker_info() is not None:  # the training process watches itself
            self._tell(index // self._epoch_items)
        return self._dataset[index]

    def _tell(self, done: int) -> None:
        if self._watch is None:
            self._watch, self._epoch = HeapWatch(os.getpid()), done
        if done > self._epoch:
            self._epoch = done
            report = self._watch.epoch(done)
            if report is not None:
                self._journal.append("heap", report.record())
