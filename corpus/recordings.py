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

    Note times come from the table (TSV), which is exact; the pedal comes from the MIDI. A recording
    whose MIDI is missing is played without pedal: its sounding ends would be wrong, so it is left
    out.

    Args:
        folder: That folder.
        free_only: Leave out recordings whose licence, by the manifest, is not free.

    Raises:
        InputError: The manifest or a file is missing or unreadable.
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
    for item in items:
        licence = str(item.get("licence") or manifest.get("licence") or "")
        if free_only and not is_free(licence):
            continue
        midi = folder / (item.get("midi") or f"{item['id']}.mid")
        if not midi.exists():
            continue
        try:
            audio, rate = soundfile.read(folder / item["audio"], dtype="int16")
        except (OSError, soundfile.LibsndfileError) as error:
            raise InputError(
                f"The recording {folder / item['audio']} cannot be read ({error}).",
                "Get the data again.",
            ) from error
        if rate != SAMPLE_RATE or audio.ndim != 1:
            raise InputError(f"{item['audio']} is not {SAMPLE_RATE} Hz mono.", "Convert it first.")
        recordings.append(
            Recording(
                item["id"],
                item.get("piano") or item["id"].rsplit("_", 1)[-1],
                audio,
                labels(folder / item["notes_tsv"], midi, len(audio) / SAMPLE_RATE),
                licence,
            )
        )
    return recordings


def labels(table: Path, midi: Path, duration_s: float) -> Transcript:
    """Sounding notes from a table of key releases and the pedal of a MIDI file."""
    pedals = read_midi(midi).pedals
    return Transcript.of(sounding(read_tsv(table).notes, pedals), pedals, duration_s)
