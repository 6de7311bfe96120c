"""Folders and zips without a layout of their own: recordings with MIDI beside them, or MIDI alone.

A `manifest.json`, inside or beside a zip, may say more: pieces, pianos, lengths, splits, licences.
"""

from __future__ import annotations

import json
import re
from pathlib import PurePosixPath
from typing import Any

from transcriber.audio import is_audio
from transcriber.errors import AmtError
from transcriber.midi import parse_midi
from transcriber.signatures import MIDI_SUFFIXES

from .maps import LICENCE as MAPS_LICENCE
from .maps import TEST_PIANO, keep_test_pieces_out
from .performances import files_told, split_of
from .shelves import Shelf, ZipShelf
from .works import SPLITS, UNKNOWN_LICENCE, Listing, Skipped, Work, piece_name


def is_midi(name: str) -> bool:
    """Whether a name ends like a MIDI file."""
    return name.lower().endswith(MIDI_SUFFIXES)


def read_manifest(shelf: Shelf) -> dict[str, Any]:
    """The `manifest.json` of a shelf, or the one beside a zip; empty where there is none."""
    try:
        if shelf.find("manifest.json"):
            table = json.loads(shelf.read("manifest.json"))
        elif isinstance(shelf, ZipShelf):
            table = json.loads((shelf.path.parent / "manifest.json").read_bytes())
            if table.get("zip") != shelf.path.name:
                return {}
        else:
            return {}
        ours = isinstance(table.get("items"), list)
    except (AmtError, OSError, ValueError, AttributeError):
        return {}
    return table if ours else {}


def list_manifest(shelf: Shelf, manifest: dict[str, Any]) -> Listing:
    """Lists the recordings a manifest names: `id`, `audio`, `notes_tsv`, `midi`, `piano`, `piece`,
    `dur_s`, and optionally `split` and `licence`.
    """
    listing = Listing()
    about = str(manifest.get("licence") or UNKNOWN_LICENCE)
    for number, item in enumerate(manifest["items"], start=1):
        label = f"{shelf.path}/manifest.json, item {number}"
        try:
            id_ = str(item["id"])
            audio = shelf.find(str(item["audio"]))
            midi = shelf.find(str(item.get("midi") or f"{id_}.mid"))
            table = shelf.find(str(item["notes_tsv"])) if item.get("notes_tsv") else None
        except (KeyError, TypeError, AttributeError) as error:
            listing.skipped.append(Skipped(label, f"lacks {error}"))
            continue
        if audio is None or midi is None:
            what = "sound" if audio is None else "MIDI file (pedal)"
            listing.skipped.append(Skipped(f"{shelf.path}/{id_}", f"has no {what}"))
            continue
        piece, _, ending = id_.rpartition("_")
        piano = str(item.get("piano") or ending)
        split = item.get("split")
        if split not in SPLITS:
            split = "test" if piano.startswith(TEST_PIANO) else None
            split = split or ("train" if "MAPS" in about else None)
        listing.works.append(
            Work(
                id=id_,
                kind="recording",
                split=split,
                piece=piece_name(str(item.get("piece") or piece or id_)),
                piano=piano,
                licence=str(item.get("licence") or (MAPS_LICENCE if "MAPS" in about else about)),
                seconds=float(item.get("dur_s") or 0.0),
                audio=audio,
                midi=midi,
                table=table,
            )
        )
    return keep_test_pieces_out(listing, shelf)


def list_pairs(shelf: Shelf, licence: str) -> Listing:
    """Pairs each recording with the MIDI file of the same name in the same folder."""
    listing = Listing()
    scores = {_stem(name): name for name in shelf.sizes if is_midi(name)}
    sounds = {_stem(name): name for name in shelf.sizes if is_audio(name)}
    for stem, audio in sounds.items():
        if stem not in scores:
            where = str(shelf.path / audio)
            listing.skipped.append(Skipped(where, "has no MIDI file of the same name beside it"))
            continue
        listing.works.append(
            Work(
                id=stem,
                kind="recording",
                piece=piece_name(PurePosixPath(stem).name),
                licence=licence,
                audio=audio,
                midi=scores[stem],
            )
        )
    for stem, midi in scores.items():
        if stem not in sounds:
            where = str(shelf.path / midi)
            listing.skipped.append(Skipped(where, "has no recording of the same name beside it"))
    return listing


def list_performances(shelf: Shelf, manifest: dict[str, Any], licence: str) -> Listing:
    """Lists MIDI files to be rendered; parses those whose length no manifest tells."""
    listing = Listing()
    told = files_told(manifest)
    licences = manifest.get("licences") or {}
    for name in shelf.sizes:
        if not is_midi(name):
            continue
        item = told.get(name, {})
        seconds = float(item.get("dur") or 0.0)
        if not seconds:
            try:
                transcript = parse_midi(str(shelf.path / name), shelf.read(name))
            except AmtError as error:
                listing.skipped.append(Skipped(str(shelf.path / name), error.problem))
                continue
            if not transcript.notes:
                listing.skipped.append(Skipped(str(shelf.path / name), "has no notes in it"))
                continue
            seconds = transcript.duration_s
        split = split_of(item)
        title = str(item.get("title") or "")
        context = item.get("composer") if title else item.get("collection")
        # `_p07` is the seventh pianist, not another piece.
        title = title or re.sub(r"_p\d+$", "", PurePosixPath(name).stem)
        listing.works.append(
            Work(
                id=_stem(name),
                kind="performance",
                split=split if split in SPLITS else None,
                piece=piece_name(str(context or ""), title),
                licence=str(licences.get(item.get("collection")) or licence),
                seconds=seconds,
                midi=name,
            )
        )
    return listing


def _stem(name: str) -> str:
    return str(PurePosixPath(name).with_suffix(""))
