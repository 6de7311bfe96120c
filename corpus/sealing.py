"""Closes a corpus: one manifest, one index and one fingerprint over all shards."""

from __future__ import annotations

import hashlib
import io
import json
from dataclasses import asdict
from typing import Any

import numpy as np

from transcriber.timing import SAMPLE_RATE

from .depots import LAST, Depot
from .plans import Plan
from .shards import json_line, read_skipped, shard_name
from .works import SPLITS

FORMAT = "amt-corpus"
VERSION = 1

INDEX = np.dtype(
    [
        ("shard", "<i4"),
        ("split", "u1"),
        ("start", "<i8"),
        ("samples", "<i8"),
        ("first_note", "<i8"),
        ("notes", "<i8"),
        ("first_pedal", "<i8"),
        ("pedals", "<i8"),
        ("line", "<i8"),
    ]
)
"""Where an item lies: split as a position in `SPLITS`, counts in records and samples, and the byte
of the manifest at which its line begins.
"""


def seal(depot: Depot, plan: Plan) -> dict[str, Any]:
    """Writes manifest, index, list of skipped files and, last, `corpus.json`.

    All of them follow from the shards alone, so doing it again changes no byte.

    Returns:
        What `corpus.json` says.

    Raises:
        OutputError, OSError: A file cannot be written.
    """
    manifest = io.BytesIO()
    rows = []
    skipped = set(plan.skipped)
    hashes = {}
    for number in range(len(plan.shards)):
        shard = shard_name(number)
        hashes[f"{number:05d}"] = hashlib.sha256(depot.read(f"{shard}/{LAST}")).hexdigest()
        for line in depot.read(f"{shard}/items.jsonl").splitlines(keepends=True):
            rows.append(_row(json.loads(line), manifest.tell()))
            manifest.write(line)
        skipped |= set(read_skipped(depot, shard))
    index = np.array(rows, INDEX)
    packed = io.BytesIO()
    np.save(packed, index)
    losses_text = "".join(json_line(asdict(loss)) for loss in sorted(skipped))
    depot.write("manifest.jsonl", manifest.getvalue())
    depot.write("index.npy", packed.getvalue())
    depot.write("skipped.jsonl", losses_text.encode())
    about = {
        "format": FORMAT,
        "version": VERSION,
        "sample_rate": SAMPLE_RATE,
        "items": len(index),
        "samples": int(index["samples"].sum()),
        "notes": int(index["notes"].sum()),
        "splits": {
            split: int(index["samples"][index["split"] == i].sum())
            for i, split in enumerate(SPLITS)
        },
        "skipped": len(skipped),
        # Over names, places, drawn parameters and hashes of all items, hence over all sound and
        # labels; not over the plan, which names folders of one machine.
        "fingerprint": hashlib.sha256(manifest.getvalue()).hexdigest(),
        "sha256": {
            "index.npy": hashlib.sha256(packed.getvalue()).hexdigest(),
            "skipped.jsonl": hashlib.sha256(losses_text.encode()).hexdigest(),
            "plan.json": hashlib.sha256(depot.read("plan.json")).hexdigest(),
            "shards": hashes,
        },
    }
    depot.write("corpus.json", sealed_text(about).encode())
    return about


def sealed_text(about: dict[str, Any]) -> str:
    """The text of `corpus.json`, with a hash over the rest of itself."""
    rest = {key: value for key, value in about.items() if key != "seal"}
    digest = hashlib.sha256(json_line(rest).encode()).hexdigest()
    return json.dumps({**rest, "seal": digest}, indent=1, sort_keys=True) + "\n"


def _row(item: dict[str, Any], line: int) -> tuple[int, ...]:
    return (
        item["shard"],
        SPLITS.index(item["split"]),
        item["start"],
        item["samples"],
        *item["notes"],
        *item["pedals"],
        line,
    )
