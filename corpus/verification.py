"""Checks that a corpus is, byte for byte, what was built."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from transcriber.errors import AmtError

from .packing import item_hash
from .sealing import sealed_text
from .shards import shard_folder
from .store import DAMAGE, Corpus, map_audio, map_labels


@dataclass(frozen=True)
class Fault:
    """A file that differs from what was built, and the items in it that differ."""

    file: str
    reason: str
    items: tuple[str, ...] = ()


def verify(corpus: Corpus, progress: Callable[[int], None] = lambda items: None) -> list[Fault]:
    """Compares every file with its hash.

    Args:
        corpus: A finished corpus.
        progress: Is told the number of items of each shard that has been checked.

    Returns:
        All faults; none where every byte is as it was built.
    """
    about, folder = corpus.about, corpus.folder
    faults = []
    if (folder / "corpus.json").read_text() != sealed_text(about):
        faults.append(Fault(str(folder / "corpus.json"), "differs from what was built"))
    hashes = {
        "skipped.jsonl": about["sha256"]["skipped.jsonl"],
        "index.npy": about["sha256"]["index.npy"],
        "plan.json": about["sha256"]["plan.json"],
        "manifest.jsonl": about["fingerprint"],
    }
    for name, wanted in hashes.items():
        faults += _compared(folder / name, wanted)
    for name, wanted in about["sha256"]["shards"].items():
        shard = shard_folder(folder, int(name))
        own = _compared(shard / "shard.json", wanted)
        faults += own
        if own:
            # What it says cannot be trusted; its items can still be told from the manifest's copy.
            faults += _items(shard, folder, int(name))
            continue
        described = json.loads((shard / "shard.json").read_bytes())
        for file, digest in described["sha256"].items():
            for fault in _compared(shard / file, digest):
                names = tuple(item.reason for item in _items(shard, folder, int(name)))
                faults.append(Fault(fault.file, fault.reason, names))
        progress(described["items"])
    return faults


def _compared(path: Path, wanted: str) -> list[Fault]:
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        return [Fault(str(path), f"cannot be read: {error.strerror}")]
    return [] if digest == wanted else [Fault(str(path), "differs from what was built")]


def _items(shard: Path, folder: Path, number: int) -> list[Fault]:
    """Items of a shard that differ from the manifest, each as a fault whose reason is its name."""
    try:
        audio, (notes, pedals) = map_audio(shard), map_labels(shard)
        lines = (folder / "manifest.jsonl").read_bytes().splitlines()
        described: list[dict[str, Any]] = [json.loads(line) for line in lines]
    except (AmtError, *DAMAGE):
        return []
    damaged = []
    for item in described:
        if item["shard"] != number:
            continue
        start, (first, count), (press, presses) = item["start"], item["notes"], item["pedals"]
        digest = item_hash(
            audio[start : start + item["samples"]],
            notes[first : first + count],
            pedals[press : press + presses],
        )
        if digest != item["sha256"]:
            damaged.append(Fault(str(shard), item["item"]))
    return damaged
