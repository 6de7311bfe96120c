"""What the user names as SOURCE, and which reader understands it.

A source is a path, or one of the words `exercises` and `noise`; `:WEIGHT` may follow. Paths are
recognised by what lies there, never by their name: MAESTRO by its index, MAPS by its file names,
recordings by a manifest or by MIDI files beside them, and performances to render by MIDI alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path

import soundfile

from transcriber.audio import is_audio
from transcriber.errors import InputError, UsageError
from transcriber.wav import read_header

from .maestro import find_index, list_maestro
from .maps import is_maps, list_maps
from .pairs import is_midi, list_manifest, list_pairs, list_performances, read_manifest
from .shelves import Shelf, ZipShelf, open_shelf
from .works import UNKNOWN_LICENCE, Listing, Skipped, with_splits

SYNTHETIC = ("exercises", "noise")
"""Sources that need no files: practice material, and rooms without a piano."""

_HEAD_BYTES = 1 << 16
_PACKED_BYTES_PER_S = 16_000
"""For the length of MP3 and Ogg in zips, which only planning needs: 128 kbit/s."""


@dataclass(frozen=True)
class Source:
    """One source as the user named it.

    Args:
        label: Short name, unique in the corpus; item names begin with it.
        path: Absolute folder or zip; empty for a synthetic source.
        weight: Relative amount, > 0.
        inventory: Hash of the names and sizes of its files.
        licence: For what does not name its own.
    """

    label: str
    path: str
    weight: float
    inventory: str = ""
    licence: str = UNKNOWN_LICENCE


def parse_sources(texts: Sequence[str], licence: str = UNKNOWN_LICENCE) -> list[Source]:
    """Reads `PATH[:WEIGHT]` and `exercises[:WEIGHT]`, `noise[:WEIGHT]`.

    Raises:
        UsageError: A weight is not a positive number.
        InputError: A path does not exist.
    """
    sources: list[Source] = []
    for text in texts:
        name, weight = _weighed(text)
        path = Path(name)
        if name in SYNTHETIC and not path.exists():
            sources.append(Source(_unique(name, sources), "", weight, licence="CC0 (amt)"))
            continue
        path = path.resolve()
        shelf = open_shelf(path)
        stem = path.stem if path.is_file() else path.name
        sources.append(Source(_unique(stem, sources), str(path), weight, shelf.inventory, licence))
    return sources


def _weighed(text: str) -> tuple[str, float]:
    name, colon, number = text.rpartition(":")
    if not colon or Path(text).exists():
        return text, 1.0
    try:
        weight = float(number)
    except ValueError:
        return text, 1.0
    if not 0.0 < weight < 1e6:
        raise UsageError(f"The weight {number} of {name} is not positive.", "For example: maps:2")
    return name, weight


def _unique(label: str, sources: Sequence[Source]) -> str:
    taken = {source.label for source in sources}
    choices = [label, *(f"{label}-{number}" for number in range(2, len(taken) + 3))]
    return next(choice for choice in choices if choice not in taken)


def list_source(source: Source, held_out: float) -> Listing:
    """Lists the works of a source that lies somewhere, each with its split and expected length.

    Raises:
        InputError: Nothing in it can be used.
    """
    shelf = open_shelf(Path(source.path))
    listing = _recognised(shelf, source.licence)
    listing.skipped += [
        Skipped(str(shelf.path / name), "is a path that leads out of the zip; it was not touched")
        for name in shelf.refused
    ]
    works = []
    for work in with_splits(listing.works, held_out):
        if work.seconds or work.audio is None:
            works.append(work)
            continue
        try:
            works.append(replace(work, seconds=_seconds(shelf, work.audio)))
        except InputError as error:
            listing.skipped.append(Skipped(str(shelf.path / work.audio), error.problem))
    return Listing(works, listing.skipped)


def _recognised(shelf: Shelf, licence: str) -> Listing:
    if find_index(shelf):
        return list_maestro(shelf)
    if is_maps(shelf):
        return list_maps(shelf)
    manifest = read_manifest(shelf)
    if manifest and all(isinstance(i, dict) and "audio" in i for i in manifest["items"]):
        return list_manifest(shelf, manifest)
    if any(is_audio(name) for name in shelf.sizes):
        return list_pairs(shelf, licence)
    if any(is_midi(name) for name in shelf.sizes):
        return list_performances(shelf, manifest, licence)
    raise InputError(
        f"{shelf.path} holds neither recordings nor MIDI files.",
        "Name MAESTRO, MAPS, a folder of recordings with MIDI, or a folder or zip of MIDI files.",
    )


def _seconds(shelf: Shelf, name: str) -> float:
    """Length by the header. MP3 and Ogg tell it at their end; in a zip their size has to do."""
    if not isinstance(shelf, ZipShelf):
        try:
            info = soundfile.info(str(shelf.path / name))
        except (OSError, soundfile.LibsndfileError) as error:
            raise InputError(f"It cannot be read ({error}).", "Copy it again.") from error
        return float(info.frames) / float(info.samplerate)
    head = shelf.head(name, _HEAD_BYTES)
    wav = read_header(BytesIO(head), bytearray())
    if wav is not None and wav.data_bytes:
        return wav.data_bytes / wav.frame_bytes / wav.sample_rate
    with suppress(soundfile.LibsndfileError):
        info = soundfile.info(BytesIO(head))
        if info.frames:
            return float(info.frames) / float(info.samplerate)
    return shelf.sizes[name] / _PACKED_BYTES_PER_S
