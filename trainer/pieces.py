"""Recordings whose notes are known, to be scored against: found, read, and paired with transcripts.

A piece is an audio file with a MIDI file of the same name beside it (`take.flac`, `take.mid`), and
perhaps a table of its note times (`take.tsv`). Where there is a table its times are taken, because
they are finer than a MIDI file's ticks; the pedal always comes from the MIDI file. A table without
MIDI tells when keys were released and not when notes stopped sounding: such a piece is passed over.
The items of a corpus are pieces, too (`stored`).
"""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from transcriber.audio import AudioReader, is_audio
from transcriber.errors import InputError, UsageError
from transcriber.inputs import closed_below
from transcriber.midi import read_midi
from transcriber.notes import Transcript, sounding
from transcriber.signatures import MIDI_SUFFIXES
from transcriber.tables import read_tsv

from .stored import StoredPiece, find_stored, is_corpus


@dataclass(frozen=True, slots=True)
class Piece:
    """One recording and where its truth lies.

    Args:
        name: Path below the folder without ending.
        audio: The recording.
        midi: Notes and pedal.
        table: Note times and key releases, where there is such a file.
    """

    name: str
    audio: Path
    midi: Path
    table: Path | None = None

    def duration_s(self) -> float:
        """Length of the recording in seconds, from its header where that tells.

        Raises:
            InputError: The recording cannot be read.
        """
        with AudioReader(self.audio) as reader:
            if reader.info.duration_s is not None:
                return reader.info.duration_s
            for _ in reader:
                pass
            return reader.position_s

    def samples(self) -> NDArray[np.float32]:
        """The recording, float32 [S], mono, at 16 kHz; raises like `duration_s`."""
        with AudioReader(self.audio) as reader:
            return np.concatenate(list(reader))

    def truth(self, duration_s: float) -> Transcript:
        """What was played, with sounding ends.

        Args:
            duration_s: Length of the recording, which extra notes per minute are counted against.

        Raises:
            InputError: The MIDI file or the table cannot be read.
        """
        played = read_midi(self.midi)
        notes = played.notes
        if self.table is not None:
            notes = sounding(read_tsv(self.table).notes, played.pedals)
        whole = Transcript.of(notes, played.pedals, duration_s)
        # Music that goes on after the recording was stopped cannot be heard.
        return whole if whole.duration_s <= duration_s else whole.cut(0.0, duration_s)


AnyPiece = Piece | StoredPiece
"""What can be scored on."""


@dataclass(frozen=True, slots=True)
class Collection:
    """The pieces of a folder, sorted by name, and the recordings passed over for want of truth."""

    folder: Path
    pieces: tuple[AnyPiece, ...]
    without_truth: tuple[Path, ...] = ()

    def named(self, names: Sequence[str]) -> Collection:
        """The pieces of these names, in that order.

        Raises:
            InputError: One of them is not there.
        """
        by_stem = {Path(piece.name).name: piece for piece in self.pieces}
        missing = [name for name in names if name not in by_stem]
        if missing:
            raise InputError(
                f"{self.folder} has no recording with notes named {missing[0]}.",
                "Name the folder that the excerpts were taken from.",
            )
        return Collection(self.folder, tuple(by_stem[name] for name in names))


def find_pieces(folder: Path, split: str | None = None) -> Collection:
    """Finds the pieces of a folder, searched to the bottom.

    A folder in it that may not be read counts as a piece, which fails when it is opened: left out,
    its pieces would not be missed.

    Args:
        folder: Where recordings and their notes lie side by side; or a corpus.
        split: Only pieces of this split, by the folder's `manifest.json` (`items` with `audio` and
            `split`) or MAESTRO's table (`maestro-*.csv`). A corpus needs one.

    Raises:
        InputError: The folder is missing, or holds no such pair.
        UsageError: A split was asked for that the folder does not tell or does not have, or none of
            a corpus.
    """
    if not os.path.isdir(folder):
        what = "is not a folder" if os.path.exists(folder) else "does not exist"
        raise InputError(f"{folder} {what}.", "Pass a folder of recordings with MIDI beside them.")
    if is_corpus(folder):
        return Collection(folder, find_stored(folder, split))
    chosen = None if split is None else _split_names(folder, split)
    pieces, without = [], []
    recordings, closed = _recordings(folder)
    for below in closed:
        name = below.relative_to(folder).as_posix()
        if chosen is None or any(one.startswith(f"{name}/") for one in chosen):
            pieces.append(Piece(name, below, below))
    for audio in recordings:
        name = audio.relative_to(folder).with_suffix("").as_posix()
        if chosen is not None and name not in chosen:
            continue
        midi = _beside(audio, MIDI_SUFFIXES)
        if midi is None:
            without.append(audio)
        else:
            pieces.append(Piece(name, audio, midi, _beside(audio, (".tsv",))))
    if not pieces:
        raise InputError(
            f"{folder} holds no recording with a MIDI file of the same name beside it"
            + (f" in split {split}." if split else "."),
            "Put take.mid next to take.wav, and so on.",
        )
    pieces.sort(key=lambda piece: piece.audio)
    return Collection(folder, tuple(pieces), tuple(without))


def read_transcript(folder: Path, piece: AnyPiece, collection: Collection) -> Transcript:
    """Reads the transcript that some program made of a piece.

    It is called like the piece, or like the piece and something behind it, as programs add their
    own name: `take.mid`, `take_basic_pitch.mid`.

    Args:
        folder: Where the transcripts lie.
        piece: The piece.
        collection: All pieces: `take_2.mid` belongs to `take_2`, not to `take`.

    Raises:
        InputError: There is none, or more than one, or it cannot be read.
    """
    stem = Path(piece.name).name
    for place in (folder / piece.name, folder / stem):
        for suffix in MIDI_SUFFIXES:
            path = place.with_name(place.name + suffix)
            if os.path.isfile(path):
                return read_midi(path)
    longer = [name for other in collection.pieces if len(name := Path(other.name).name) > len(stem)]
    found = sorted(
        path
        for path in folder.glob("*")
        if path.suffix.lower() in MIDI_SUFFIXES
        and _extends(path.name, stem)
        and not any(_extends(path.name, name) for name in longer)
    )
    if len(found) == 1:
        return read_midi(found[0])
    if found:
        raise InputError(
            f"{folder} holds {len(found)} transcripts of {piece.name}: {found[0].name}, "
            f"{found[1].name}.",
            "Keep one of them there.",
        )
    raise InputError(f"{folder} holds no transcript of {piece.name}.", f"Add {stem}.mid to it.")


def _extends(name: str, stem: str) -> bool:
    """Whether a file is called like a piece, with nothing or a separated word behind it."""
    return name.startswith(stem) and not name[len(stem) : len(stem) + 1].isalnum()


def _recordings(folder: Path) -> tuple[list[Path], list[Path]]:
    """The recordings of a folder, and the folders in it that may not be read.

    Raises:
        InputError: The folder itself may not be read.
    """
    found: list[Path] = []
    closed: list[Path] = []

    def keep(error: OSError) -> None:
        closed.append(closed_below(folder, error))

    for parent, folders, names in os.walk(folder, onerror=keep):
        folders[:] = [name for name in folders if not name.startswith(".")]
        found += [Path(parent, n) for n in names if is_audio(n) and not n.startswith(".")]
    return sorted(found), closed


def _beside(audio: Path, suffixes: Sequence[str]) -> Path | None:
    for suffix in suffixes:
        path = audio.with_suffix(suffix)
        if os.path.isfile(path):
            return path
    return None


def _split_names(folder: Path, split: str) -> set[str]:
    """Names of the pieces of a split."""
    rows: list[tuple[str, str]] = []
    tables = sorted(folder.glob("maestro-*.csv"))
    manifest = folder / "manifest.json"
    try:
        if tables:
            with tables[-1].open(newline="", encoding="utf-8") as file:
                rows = [(row["audio_filename"], row["split"]) for row in csv.DictReader(file)]
        elif os.path.isfile(manifest):
            items = json.loads(manifest.read_text(encoding="utf-8"))["items"]
            rows = [(item["audio"], item["split"]) for item in items if "split" in item]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"The list of recordings in {folder} cannot be read ({error!r}).", "Get it again."
        ) from error
    splits = {name for _, name in rows}
    if split not in splits:
        told = f"has the splits {', '.join(sorted(splits))}" if splits else "tells no splits"
        raise UsageError(f"{folder} {told}, not {split}.", "Leave --split out to score everything.")
    return {Path(audio).with_suffix("").as_posix() for audio, name in rows if name == split}
