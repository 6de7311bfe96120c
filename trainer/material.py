"""Loads a run's material and serves it as batches: features and targets, segment by segment.

Workers are forked after the material is loaded and share it; each segment is drawn from its number,
so the position of the loader is one integer and any process can draw any segment.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from corpus.acoustics import Acoustics, load_acoustics
from corpus.banks import load_bank
from corpus.performances import Repertoire, read_zip
from corpus.recordings import load_recordings
from corpus.segments import SegmentSource
from corpus.store import Corpus, StoredSource
from transcriber.errors import InputError

from .config import DataConfig, RunConfig
from .frontend import LogMelBatch
from .targets import target_rows


def load_source(config: RunConfig, cache: Path) -> SegmentSource | StoredSource:
    """Loads everything `config.data` names.

    Args:
        config: The run.
        cache: Folder in which parsed performances are kept.

    Raises:
        InputError: Something named is missing or unreadable.
    """
    data = config.data
    if data.corpus:
        return StoredSource(Corpus(Path(data.corpus)), config.seconds, config.seed)
    for what, path in (("performances", data.performances), ("sample banks", data.banks)):
        if not path:
            raise InputError(
                f"There are no {what} to render training segments from.",
                "Name a data folder laid out as docs/training.md describes.",
            )
    banks = [
        load_bank(path)
        for path in sorted(Path(data.banks).glob("*.json"))
        if path.stem != "manifest" and path.stem not in data.exclude
    ]
    recordings = [
        recording
        for recording in (load_recordings(Path(data.recordings)) if data.recordings else [])
        if recording.piano not in data.exclude
    ]
    acoustics = (
        load_acoustics(Path(data.acoustics), data.free_only)
        if data.acoustics
        else Acoustics((), ())
    )
    return SegmentSource(
        load_repertoire(data, cache),
        banks,
        recordings,
        acoustics,
        config.mix,
        config.seconds,
        config.seed,
    )


def load_repertoire(data: DataConfig, cache: Path) -> Repertoire:
    """Parsed performances, from the cache when the zip has not changed."""
    zipped = Path(data.performances)
    stat = zipped.stat()
    key = f"{zipped.resolve()} {stat.st_size} {stat.st_mtime_ns} {data.exclude}"
    stored = cache / f"performances-{hashlib.sha256(key.encode()).hexdigest()[:12]}.npz"
    if not stored.exists():
        cache.mkdir(parents=True, exist_ok=True)
        repertoire = Repertoire.of(
            (name, transcript)
            for name, transcript in read_zip(zipped)
            if name.split("/")[0] not in data.exclude
        )
        partial = stored.with_suffix(f".{os.getpid()}.partial.npz")
        repertoire.save(partial)
        partial.replace(stored)
    return Repertoire.load(stored)


class SegmentDataset(Dataset[tuple[Tensor, Tensor]]):
    """Segment number -> (log-mel frames [T, mels], target rows [T, WIDTH])."""

    def __init__(self, source: SegmentSource | StoredSource, config: RunConfig) -> None:
        self.source = source
        self.config = config
        self.frontend = LogMelBatch(config.features)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        segment = self.source.draw(index)
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

    def __init__(self, first_step: int, config: RunConfig, rank: int, ranks: int) -> None:
        self.first_step, self.config, self.rank, self.ranks = first_step, config, rank, ranks

    def __iter__(self) -> Iterator[int]:
        share = self.config.batch // self.ranks
        for step in range(self.first_step, self.config.steps):
            first = step * self.config.batch + self.rank * share
            yield from range(first, first + share)


def batches(
    source: SegmentSource | StoredSource, config: RunConfig, first_step: int, rank: int, ranks: int
) -> DataLoader[tuple[Tensor, Tensor]]:
    """Batches of this rank from `first_step` on."""
    return DataLoader(
        SegmentDataset(source, config),
        batch_size=config.batch // ranks,
        sampler=_Numbers(first_step, config, rank, ranks),
        num_workers=config.workers,
        multiprocessing_context="fork" if config.workers else None,
        prefetch_factor=4 if config.workers else None,
        worker_init_fn=_settle_worker,
        # A loader draws a seed for its workers: from its own generator, or the network's dropout
        # would go on differently after a resume.
        generator=torch.Generator().manual_seed(config.seed),
    )


def _settle_worker(_: int) -> None:
    torch.set_num_threads(1)
    np.seterr(all="ignore")
