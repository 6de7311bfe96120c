"""Shards: a folder of four files, which appears whole or not at all.

    audio.pcm      int16, little-endian, 16 kHz mono, items one behind the other
    notes.npy      NOTE records, items one behind the other
    pedals.npy     PEDAL records, likewise
    items.jsonl    one line per item: what it is, where it lies, its hash
    skipped.jsonl  one line per file that could not be used
    shard.json     sizes and the SHA-256 of the other files

Times are samples from the start of the item. A note may have been struck before it (negative
onset) and may end after it.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from transcriber.errors import OutputError
from transcriber.notes import MIN_NOTE_S, Note, Pedal, Transcript
from transcriber.timing import SAMPLE_RATE

from .works import Skipped

NOTE = np.dtype(
    [
        ("onset", "<i4"),
        ("offset", "<i4"),
        ("key_offset", "<i4"),
        ("pitch", "u1"),
        ("velocity", "u1"),
    ]
)
"""Strike, sounding end and key end in samples (the same where the key end is not known)."""

PEDAL = np.dtype([("onset", "<i4"), ("offset", "<i4")])
"""Press and release of the sustain pedal, in samples."""

DRAFT = ".draft-"
"""Folders that are being written begin so; whoever finds one after a crash may delete it."""

_MIN_SAMPLES = round(MIN_NOTE_S * SAMPLE_RATE)


@dataclass(frozen=True)
class Clip:
    """One item before it is stored.

    Args:
        about: What it is and how it was made; JSON values.
        audio: int16 [S].
        notes: NOTE records.
        pedals: PEDAL records.
    """

    about: dict[str, Any]
    audio: NDArray[np.int16]
    notes: NDArray[np.void]
    pedals: NDArray[np.void]


@dataclass(frozen=True)
class ShardReport:
    """What became of a shard: counts, and what the process that made it used."""

    number: int
    items: int
    samples: int
    bytes: int
    skipped: tuple[Skipped, ...]
    cpu_s: float = 0.0
    process: int = 0
    memory_bytes: int = 0


def pack_notes(notes: Iterable[Note], lead_s: float, samples: int) -> NDArray[np.void]:
    """Notes sounding in an item, as records.

    Args:
        notes: Times counted from `lead_s` before the item.
        lead_s: Seconds before the item.
        samples: Length of the item.
    """
    rows = []
    for note in notes:
        onset = round((note.onset_s - lead_s) * SAMPLE_RATE)
        offset = max(round((note.offset_s - lead_s) * SAMPLE_RATE), onset + _MIN_SAMPLES)
        key_s = note.offset_s if note.key_offset_s is None else note.key_offset_s
        key = min(max(round((key_s - lead_s) * SAMPLE_RATE), onset + _MIN_SAMPLES), offset)
        if onset < samples and offset > 0:
            rows.append((onset, offset, key, note.pitch, note.velocity))
    return np.array(sorted(rows), NOTE)


def pack_pedals(pedals: Iterable[Pedal], lead_s: float, samples: int) -> NDArray[np.void]:
    """Pedal presses that overlap an item, as records; arguments as `pack_notes`."""
    rows = []
    for pedal in pedals:
        onset = round((pedal.onset_s - lead_s) * SAMPLE_RATE)
        offset = max(round((pedal.offset_s - lead_s) * SAMPLE_RATE), onset + 1)
        if onset < samples and offset > 0:
            rows.append((onset, offset))
    return np.array(rows, PEDAL)


def unpack(
    notes: NDArray[np.void], pedals: NDArray[np.void], start: int, samples: int, lead: int
) -> Transcript:
    """The part of an item from `start` on as a transcript whose time 0 lies `lead` samples before.

    Notes struck earlier than that begin at time 0.
    """
    origin = start - lead
    near = notes[(notes["onset"] < start + samples + SAMPLE_RATE) & (notes["offset"] > origin)]
    heard = []
    for onset, offset, key, pitch, velocity in near.tolist():
        on = max(onset - origin, 0)
        off = max(offset - origin, on + _MIN_SAMPLES)
        released = min(max(key - origin, on + _MIN_SAMPLES), off)
        heard.append(
            Note(on / SAMPLE_RATE, off / SAMPLE_RATE, pitch, velocity, released / SAMPLE_RATE)
        )
    pressed = [
        Pedal(max(onset - origin, 0) / SAMPLE_RATE, (offset - origin) / SAMPLE_RATE)
        for onset, offset in pedals.tolist()
        if offset > origin and onset < start + samples
    ]
    return Transcript.of(heard, pressed, (lead + samples) / SAMPLE_RATE)


def item_hash(audio: NDArray[np.int16], notes: NDArray[np.void], pedals: NDArray[np.void]) -> str:
    """SHA-256 of an item's bytes."""
    digest = hashlib.sha256(np.ascontiguousarray(audio).data)
    digest.update(np.ascontiguousarray(notes).tobytes())
    digest.update(np.ascontiguousarray(pedals).tobytes())
    return digest.hexdigest()


def shard_folder(corpus: Path, number: int) -> Path:
    """Where shard `number` of a corpus lies."""
    return corpus / "shards" / f"{number:05d}"


def write_shard(
    corpus: Path, number: int, clips: Iterable[Clip], skipped: list[Skipped]
) -> ShardReport:
    """Writes one shard; `skipped` may grow while the clips are drawn.

    A shard that has appeared meanwhile stays: it holds the same bytes.

    Raises:
        OutputError: The disk is full or cannot be written.
    """
    target = shard_folder(corpus, number)
    draft = target.with_name(f"{DRAFT}{number:05d}-{secrets.token_hex(4)}")
    try:
        draft.mkdir(parents=True)
        lines, samples = _write_items(draft, number, clips)
        _write(draft / "items.jsonl", "".join(json_line(line) for line in lines).encode())
        losses = "".join(json_line(asdict(loss)) for loss in sorted(skipped))
        _write(draft / "skipped.jsonl", losses.encode())
        sizes = {path.name: path.stat().st_size for path in sorted(draft.iterdir())}
        about = {
            "items": len(lines),
            "samples": samples,
            "bytes": sizes,
            "sha256": {name: _file_hash(draft / name) for name in sizes},
        }
        _write(draft / "shard.json", json_line(about).encode())
        try:
            draft.rename(target)
        except OSError:
            if not target.exists():
                raise
            shutil.rmtree(draft)
        sync_folder(target.parent)
    except OSError as error:
        shutil.rmtree(draft, ignore_errors=True)
        raise OutputError(
            f"{target} cannot be written: {error.strerror or error}.",
            "Make room and run the same command again: it goes on where it stopped.",
        ) from error
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    return read_report(corpus, number)


def _write_items(
    draft: Path, number: int, clips: Iterable[Clip]
) -> tuple[list[dict[str, Any]], int]:
    lines = []
    notes: list[NDArray[np.void]] = [np.zeros(0, NOTE)]
    pedals: list[NDArray[np.void]] = [np.zeros(0, PEDAL)]
    first, samples = [0, 0], 0
    with (draft / "audio.pcm").open("wb") as audio:
        for clip in clips:
            audio.write(clip.audio.astype("<i2").tobytes())
            notes.append(clip.notes)
            pedals.append(clip.pedals)
            place = {
                "shard": number,
                "start": samples,
                "samples": len(clip.audio),
                "notes": [first[0], len(clip.notes)],
                "pedals": [first[1], len(clip.pedals)],
                "sha256": item_hash(clip.audio, clip.notes, clip.pedals),
            }
            lines.append({**clip.about, **place})
            samples += len(clip.audio)
            first = [first[0] + len(clip.notes), first[1] + len(clip.pedals)]
        audio.flush()
        os.fsync(audio.fileno())
    for name, records in (("notes.npy", notes), ("pedals.npy", pedals)):
        with (draft / name).open("wb") as file:
            np.save(file, np.concatenate(records))
            file.flush()
            os.fsync(file.fileno())
    return lines, samples


def read_report(corpus: Path, number: int) -> ShardReport:
    """Counts of a shard that lies there."""
    folder = shard_folder(corpus, number)
    about = json.loads((folder / "shard.json").read_text())
    losses = (folder / "skipped.jsonl").read_text().splitlines()
    skipped = tuple(Skipped(**json.loads(line)) for line in losses)
    size = sum(about["bytes"].values())
    return ShardReport(number, about["items"], about["samples"], size, skipped)


def json_line(value: object) -> str:
    """One line of JSON that is the same for the same value."""
    return json.dumps(value, ensure_ascii=True, sort_keys=True) + "\n"


def sync_folder(folder: Path) -> None:
    """Makes renames in a folder survive a power cut, where the system can."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _write(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _file_hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
