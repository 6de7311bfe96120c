"""MAESTRO v1.0.0 to v3.0.0: an index of recordings of competition performances.

The index is a CSV or a JSON file. JSON comes as a list of records (v1, v2) or as one table of
columns (v3). (Hawthorne et al. 2019, magenta.tensorflow.org/datasets/maestro.)
"""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import PurePosixPath
from typing import Any

from transcriber.errors import InputError

from .shelves import Shelf
from .works import SPLITS, Listing, Skipped, Work, piece_name

LICENCE = "CC BY-NC-SA 4.0 (MAESTRO)"

COLUMNS = (
    "canonical_composer",
    "canonical_title",
    "split",
    "year",
    "midi_filename",
    "audio_filename",
    "duration",
)

_NEEDED = ("canonical_composer", "canonical_title", "split", "midi_filename", "audio_filename")
_INDEX = re.compile(r"^maestro-v(\d+)\.(\d+)\.(\d+)\.(csv|json)$")
_OTHER_SUFFIXES = (".midi", ".mid", ".wav", ".flac", ".ogg")


def find_index(shelf: Shelf) -> list[str]:
    """Index files, the newest version first and CSV before JSON; empty where it is no MAESTRO."""
    found = []
    for name in shelf.sizes:
        match = _INDEX.match(PurePosixPath(name).name)
        if match:
            *version, ending = match.groups()
            found.append(([-int(part) for part in version], ending, name))
    return [name for _, _, name in sorted(found)]


def list_maestro(shelf: Shelf) -> Listing:
    """Lists the recordings of the first index that can be read.

    Raises:
        InputError: No index can be read.
    """
    listing = Listing()
    index, rows = _read_index(shelf, listing.skipped)
    _take(shelf, index, rows, listing)
    return listing


def midi_splits(shelf: Shelf) -> dict[str, str]:
    """Split of each MIDI file by the first index that can be read; empty where it is no MAESTRO.

    Raises:
        InputError: There is an index, and none can be read.
    """
    if not find_index(shelf):
        return {}
    index, rows = _read_index(shelf, [])
    folder = PurePosixPath(index).parent
    found = {_find(shelf, folder, str(row["midi_filename"])): row["split"] for row in rows}
    return {name: str(split) for name, split in found.items() if name is not None}


def _read_index(shelf: Shelf, skipped: list[Skipped]) -> tuple[str, list[dict[str, Any]]]:
    """Name and rows of the first index that can be read; those before it are `skipped`."""
    for index in find_index(shelf):
        try:
            return index, _rows(index, shelf.read(index))
        except InputError as error:
            skipped.append(Skipped(str(shelf.path / index), error.problem))
    reasons = " ".join(one.reason for one in skipped)
    raise InputError(f"{shelf.path} has no MAESTRO index that can be read. {reasons}".strip(), "")


def _rows(name: str, data: bytes) -> list[dict[str, Any]]:
    try:
        text = data.decode("utf-8-sig")
        rows = _json_rows(json.loads(text)) if name.endswith(".json") else _csv_rows(text)
    except (ValueError, TypeError, AttributeError, csv.Error) as error:
        raise InputError(f"{name} cannot be read ({error}).", "Download it again.") from error
    if not rows:
        raise InputError(f"{name} lists nothing.", "Download it again.")
    missing = [column for column in _NEEDED if column not in rows[0]]
    if missing:
        raise InputError(f"{name} has no column {', '.join(missing)}.", "Download it again.")
    return rows


def _csv_rows(text: str) -> list[dict[str, Any]]:
    return [dict(row) for row in csv.DictReader(io.StringIO(text), restkey="")]


def _json_rows(table: Any) -> list[dict[str, Any]]:
    if isinstance(table, list):
        return [dict(row) for row in table]
    columns = {name: dict(column) for name, column in table.items()}
    keys = sorted(next(iter(columns.values())), key=int) if columns else []
    return [{name: column.get(key) for name, column in columns.items()} for key in keys]


def _take(shelf: Shelf, index: str, rows: list[dict[str, Any]], listing: Listing) -> None:
    where = shelf.path / index
    unknown = sorted({str(key) for row in rows for key in row} - set(COLUMNS))
    for column in unknown:
        reason = f"has a column {column!r} that MAESTRO does not have; the column is ignored"
        listing.skipped.append(Skipped(str(where), reason))
    folder = PurePosixPath(index).parent
    for number, row in enumerate(rows, start=1):
        label = f"{where}, row {number}"
        files = {}
        for column in ("audio_filename", "midi_filename"):
            name = str(row.get(column) or "")
            found = _find(shelf, folder, name) if name else None
            if found is None:
                listing.skipped.append(Skipped(label, f"names {name!r}, which is not there"))
            else:
                files[column] = found
        split = str(row["split"])
        if split not in SPLITS:
            listing.skipped.append(Skipped(label, f"names an unknown split {split!r}"))
        elif len(files) == 2:
            audio = files["audio_filename"]
            listing.works.append(
                Work(
                    id=str(PurePosixPath(audio).relative_to(folder).with_suffix("")),
                    kind="recording",
                    split=split,
                    piece=piece_name(str(row["canonical_composer"]), str(row["canonical_title"])),
                    piano="Disklavier",
                    licence=LICENCE,
                    seconds=_seconds(row.get("duration")),
                    audio=audio,
                    midi=files["midi_filename"],
                )
            )


def _find(shelf: Shelf, folder: PurePosixPath, name: str) -> str | None:
    """The file an index names; people rename `.midi` to `.mid` and pack WAV as FLAC."""
    named = folder / name
    choices = [named, *(named.with_suffix(suffix) for suffix in _OTHER_SUFFIXES)]
    midi = named.suffix in (".mid", ".midi")
    for choice in choices:
        found = shelf.find(str(choice))
        if found is not None and (choice.suffix in (".mid", ".midi")) == midi:
            return found
    return None


def _seconds(value: Any) -> float:
    try:
        return max(0.0, float(value))
    except (TypeError, ValueError):
        return 0.0
