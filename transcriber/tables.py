"""Transcripts as text: JSON in and out, CSV out, and the TSV lists of the MAPS recordings in.

JSON, version 1 (times in seconds, rounded to a microsecond; `key_offset_s` only where known,
`model` only if given):

    {"format": "amt-notes", "version": 1, "duration_s": 3.2, "model": {...},
     "notes": [{"onset_s": 0.5, "offset_s": 1.2, "pitch": 60, "name": "C4", "velocity": 64,
                "key_offset_s": 0.9}],
     "pedals": [{"onset_s": 0.4, "offset_s": 1.2}]}

CSV: a header, then one line per note with its sounding end. Pedal presses are in the JSON and MIDI
forms only.
"""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Mapping
from typing import Any

from .atomic import atomic_write
from .errors import InputError
from .inputs import read_input
from .notes import Note, Pedal, Transcript
from .pitches import pitch_name

JSON_FORMAT = "amt-notes"
"""Value of `format` in the JSON form."""

JSON_VERSION = 1
"""Value of `version`; raised when a reader of the former one would misunderstand."""

CSV_HEADER = ("onset_s", "offset_s", "pitch", "name", "velocity")
"""Columns of the CSV form."""

_DIGITS = 6


def write_json(
    transcript: Transcript, path: str | os.PathLike[str], *, model: Mapping[str, Any] | None = None
) -> None:
    """Writes a transcript as JSON, whole or not at all.

    Args:
        transcript: Notes, pedal, duration.
        path: Target; an existing file is replaced.
        model: What wrote the notes, for example name and version; must be JSON itself.

    Raises:
        OutputError: `path` cannot be written.
    """
    notes = []
    for note in transcript.notes:
        entry: dict[str, Any] = {
            "onset_s": round(note.onset_s, _DIGITS),
            "offset_s": round(note.offset_s, _DIGITS),
            "pitch": note.pitch,
            "name": pitch_name(note.pitch),
            "velocity": note.velocity,
        }
        if note.key_offset_s is not None:
            entry["key_offset_s"] = round(note.key_offset_s, _DIGITS)
        notes.append(entry)
    document: dict[str, Any] = {
        "format": JSON_FORMAT,
        "version": JSON_VERSION,
        "duration_s": round(transcript.duration_s, _DIGITS),
    }
    if model is not None:
        document["model"] = dict(model)
    document["notes"] = notes
    document["pedals"] = [
        {"onset_s": round(pedal.onset_s, _DIGITS), "offset_s": round(pedal.offset_s, _DIGITS)}
        for pedal in transcript.pedals
    ]
    atomic_write(path, (json.dumps(document, indent=1, ensure_ascii=False) + "\n").encode())


def read_json(path: str | os.PathLike[str]) -> Transcript:
    """Reads what `write_json` wrote. Unknown fields are ignored.

    Raises:
        InputError: The file is missing, no such JSON, of a later version, or holds impossible
            values.
    """
    text = _read_text(path, "a JSON file written by amt")
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} is not JSON: {error}.", "Pass a file written by amt.") from error
    if not isinstance(document, dict) or document.get("format") != JSON_FORMAT:
        raise InputError(f"{path} is JSON, but no list of notes.", "Pass a file written by amt.")
    if document.get("version") != JSON_VERSION:
        raise InputError(
            f"{path} has version {document.get('version')!r} of the note format; this program "
            f"knows {JSON_VERSION}.",
            "Update amt.",
        )
    try:
        notes = [
            Note(
                float(entry["onset_s"]),
                float(entry["offset_s"]),
                int(entry["pitch"]),
                int(entry["velocity"]),
                float(entry["key_offset_s"]) if "key_offset_s" in entry else None,
            )
            for entry in document["notes"]
        ]
        pedals = [Pedal(float(e["onset_s"]), float(e["offset_s"])) for e in document["pedals"]]
        return Transcript.of(notes, pedals, float(document["duration_s"]))
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise InputError(
            f"{path} holds a note or pedal press that cannot be: {error}.",
            "Write it again with amt.",
        ) from error


def write_csv(transcript: Transcript, path: str | os.PathLike[str]) -> None:
    """Writes the notes with their sounding ends as CSV, whole or not at all.

    Raises:
        OutputError: `path` cannot be written.
    """
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(CSV_HEADER)
    for note in transcript.notes:
        times = (f"{note.onset_s:.{_DIGITS}f}", f"{note.offset_s:.{_DIGITS}f}")
        writer.writerow((*times, note.pitch, pitch_name(note.pitch), note.velocity))
    atomic_write(path, table.getvalue().encode())


def read_tsv(path: str | os.PathLike[str]) -> Transcript:
    """Reads a MAPS list: onset s, key release s, pitch, velocity, tab-separated; `#` comments.

    The list knows no pedal: the notes returned end with the key (`offset_s` equals `key_offset_s`).
    Extend them with `notes.sounding` and the pedal of the recording's MIDI file.

    Raises:
        InputError: The file is missing or a line is not such a note.
    """
    notes = []
    for number, line in enumerate(_read_text(path, "a list of notes").splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        try:
            onset_s, offset_s, pitch, velocity = (float(value) for value in line.split())
            notes.append(Note(onset_s, offset_s, round(pitch), round(velocity), offset_s))
        except (ValueError, OverflowError) as error:
            raise InputError(
                f"Line {number} of {path} is not a note: {line.strip()[:60]!r}.",
                "Each line needs onset, offset, pitch and velocity.",
            ) from error
    return Transcript.of(notes)


def _read_text(path: str | os.PathLike[str], kind: str) -> str:
    try:
        return read_input(path, kind).decode()
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not a text file.", f"Pass {kind}.") from error
