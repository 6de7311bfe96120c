"""Shards: folders of six files, each of which appears whole or not at all.

audio.pcm      int16, little-endian, 16 kHz mono, items one behind the other
notes.npy      NOTE records (see `packing`), items one behind the other
pedals.npy     PEDAL records, likewise
items.jsonl    one line per item: what it is, where it lies, its hash
skipped.jsonl  one line per file that could not be used
shard.json     sizes and the SHA-256 of the other files; a shard without it does not count
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from transcriber.errors import InputError, OutputError

from .depots import LAST, Depot
from .packing import NOTE, PEDAL, item_hash
from .works import Skipped


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
    """What became of a shard: counts, and what the process that made it used.

    `process` names it among all machines; `memory_bytes` is the most it was seen to have.
    """

    number: int
    items: int
    samples: int
    bytes: int
    skipped: tuple[Skipped, ...]
    cpu_s: float = 0.0
    process: str = ""
    memory_bytes: int = 0


def shard_name(number: int) -> str:
    """Where shard `number` lies in its corpus."""
    return f"shards/{number:05d}"


def shard_folder(corpus: Path, number: int) -> Path:
    """Where shard `number` of a corpus on this machine lies."""
    return corpus / shard_name(number)


def write_shard(
    depot: Depot, number: int, tasks: Iterable[tuple[str, Iterable[Clip]]]
) -> ShardReport:
    """Writes one shard.

    Args:
        depot: The corpus.
        number: Of the shard.
        tasks: The clips of each file, and its name. One that raises `InputError`, however late, is
            skipped: none of its clips stays.

    Raises:
        OutputError: The disk is full or cannot be written.
    """
    skipped: list[Skipped] = []
    try:
        with depot.draft() as folder:
            with _Draft(folder, number) as draft:
                for file, clips in tasks:
                    try:
                        draft.add_all(clips)
                    except InputError as error:
                        skipped.append(Skipped(file, error.problem))
            (folder / "items.jsonl").write_text("".join(json_line(line) for line in draft.lines))
            losses = "".join(json_line(asdict(loss)) for loss in sorted(skipped))
            (folder / "skipped.jsonl").write_text(losses)
            sizes = {path.name: path.stat().st_size for path in sorted(folder.iterdir())}
            about = {
                "items": len(draft.lines),
                "samples": draft.samples,
                "bytes": sizes,
                "sha256": {name: _file_hash(folder / name) for name in sizes},
            }
            (folder / LAST).write_text(json_line(about))
            depot.keep(folder, shard_name(number))
    except OSError as error:
        raise OutputError(
            f"{depot.place} cannot be written: {error.strerror or error}.",
            "Make room and run the same command again: it goes on where it stopped.",
        ) from error
    return _report(number, about, skipped)


class _Draft:
    """Takes clips one by one, and gives those of a spoilt file back.

    Attributes:
        lines: What is said of each item.
        samples: Audio written.
    """

    def __init__(self, folder: Path, number: int) -> None:
        self.lines: list[dict[str, Any]] = []
        self.samples = 0
        self._folder, self._number = folder, number
        self._audio = (folder / "audio.pcm").open("wb")
        self._notes: list[NDArray[np.void]] = [np.zeros(0, NOTE)]
        self._pedals: list[NDArray[np.void]] = [np.zeros(0, PEDAL)]

    def add_all(self, clips: Iterable[Clip]) -> None:
        """Adds the clips of one file, or none of them where one cannot be had."""
        lines, samples = len(self.lines), self.samples
        try:
            for clip in clips:
                self._add(clip)
        except InputError:
            self._audio.truncate(2 * samples)
            self._audio.seek(2 * samples)
            self.samples = samples
            del self.lines[lines:], self._notes[lines + 1 :], self._pedals[lines + 1 :]
            raise

    def _add(self, clip: Clip) -> None:
        first = self._first("notes"), self._first("pedals")
        place = {
            "shard": self._number,
            "start": self.samples,
            "samples": len(clip.audio),
            "notes": [first[0], len(clip.notes)],
            "pedals": [first[1], len(clip.pedals)],
            "sha256": item_hash(clip.audio, clip.notes, clip.pedals),
        }
        self._audio.write(clip.audio.astype("<i2").tobytes())
        self._notes.append(clip.notes)
        self._pedals.append(clip.pedals)
        self.lines.append({**clip.about, **place})
        self.samples += len(clip.audio)

    def _first(self, kind: str) -> int:
        return sum(self.lines[-1][kind]) if self.lines else 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._audio.close()
        if error is None:
            np.save(self._folder / "notes.npy", np.concatenate(self._notes))
            np.save(self._folder / "pedals.npy", np.concatenate(self._pedals))


def read_report(depot: Depot, number: int) -> ShardReport | None:
    """Counts of a shard that lies there; None where it is not whole, as after an interruption."""
    try:
        about = json.loads(depot.read(f"{shard_name(number)}/{LAST}"))
        return _report(number, about, read_skipped(depot, shard_name(number)))
    except (OSError, ValueError, LookupError, TypeError):
        return None


def read_skipped(depot: Depot, shard: str) -> Iterator[Skipped]:
    """The files that a shard could not use."""
    for line in depot.read(f"{shard}/skipped.jsonl").splitlines():
        yield Skipped(**json.loads(line))


def _report(number: int, about: dict[str, Any], skipped: Iterable[Skipped]) -> ShardReport:
    size = sum(about["bytes"].values())
    return ShardReport(number, about["items"], about["samples"], size, tuple(sorted(skipped)))


def json_line(value: object) -> str:
    """One line of JSON that is the same for the same value."""
    return json.dumps(value, ensure_ascii=True, sort_keys=True) + "\n"


def _file_hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
