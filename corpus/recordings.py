"""Recordings with known notes: MAPS-style folders of audio, note tables and MIDI."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from transcriber.errors import InputError
from transcriber.midi import read_midi
from transcriber.notes import Transcript, sounding
from transcriber.tables import read_tsv
from transcriber.timing import SAMPLE_RATE

from .licences import is_free


@dataclass(frozen=True)
class Recording:
    """One recording: int16 audio [S] at `SAMPLE_RATE`, what was played, which piano it is, and the
    licence, where the manifest tells.
    """

    name: str
    piano: str
    audio: NDArray[np.int16]
    transcript: Transcript
    licence: str = ""


def load_recordings(folder: Path, free_only: bool = False) -> list[Recording]:
    """Loads a folder laid out like `../shared/data/real`: a `manifest.json` and files relative to
    it.

    Note times come from the table (TSV), if there is one; the pedal comes from the MIDI. A
    recording whose MIDI is missing would seem to be played without pedal, and its sounding ends
    would be wrong: it is left out.

    Args:
        folder: That folder.
        free_only: Leave out recordings whose licence, by the manifest, is not free.

    Raises:
        InputError: The manifest or a file is missing, unreadable or not made as one.
    """
    try:
        manifest = json.loads((folder / "manifest.json").read_text())
        items = manifest["items"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{folder} has no manifest.json of recordings ({error}).",
            "Name a folder with audio, TSV and MIDI files and their manifest.",
        ) from error
    recordings = []
    for number, item in enumerate(items, start=1):
        try:
            licence = str(item.get("licence") or manifest.get("licence") or "")
            id_, sound = str(item["id"]), folder / str(item["audio"])
            midi = folder / str(item.get("midi") or f"{id_}.mid")
            table = folder / str(item["notes_tsv"]) if item.get("notes_tsv") else None
        except (KeyError, TypeError, AttributeError) as error:
            raise InputError(
                f"Item {number} of {folder / 'manifest.json'} is not made as one (lacks {error}).",
                "It needs an id and audio, and notes_tsv where there is a table.",
            ) from error
        if not midi.exists() or (free_only and not is_free(licence)):
            continue
        try:
            audio, rate = soundfile.read(sound, dtype="int16")
        except (OSError, soundfile.LibsndfileError) as error:
            raise InputError(
                f"The recording {sound} cannot be read ({error}).", "Get the data again."
            ) from error
        if rate != SAMPLE_RATE or audio.ndim != 1:
            raise InputError(f"{sound} is not {SAMPLE_RATE} Hz mono.", "Convert it first.")
        piano = str(item.get("piano") or id_.rsplit("_", 1)[-1])
        played = labels(table, midi, len(audio) / SAMPLE_RATE)
        recordings.append(Recording(id_, piano, audio, played, licence))
    return recordings


def labels(table: Path | None, midi: Path, duration_s: float) -> Transcript:
    """Sounding notes from a table of key releases, or else from the MIDI file that has the pedal,
    too.
    """
    played = read_midi(midi)
    notes = played.notes if table is None else sounding(read_tsv(table).notes, played.pedals)
    return Transcript.of(notes, played.pedals, duration_s)
