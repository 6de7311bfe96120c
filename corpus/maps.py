"""MAPS: recordings of software pianos and of one Disklavier (Emiya, Badeau, David 2010).

Original layout: `PIANO/MUS/MAPS_MUS-piece_PIANO.wav` with a `.txt` of note times (three columns, no
velocity) and a `.mid`; the isolated notes and chords in `ISOL`, `RAND` and `UCHO` likewise.
Repacked copies have FLAC or OGG sound and a `.tsv` of four columns, perhaps in another folder.

Labels come from the best there is: times of the table and pedal of the MIDI file; the MIDI file
alone; a `.tsv` alone, whose ends were made with the pedal (so does the edition of FLAC and TSV that
goes round with "Onsets and Frames"), and which tells nothing else about it.

Splits follow the literature: the Disklavier (`ENSTDk…`) is the test set, and its pieces are left
out of training on the other pianos.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import PurePosixPath

from transcriber.audio import is_audio
from transcriber.errors import InputError
from transcriber.notes import Note, Pedal, Transcript, sounding

from .shelves import Shelf
from .works import Listing, Skipped, Work, piece_name

LICENCE = "CC BY-NC-SA 2.0 FR (MAPS)"

TEST_PIANO = "ENSTDk"
"""The names of the Disklavier's two recordings begin so."""

_NAME = re.compile(r"^MAPS_(ISOL|RAND|UCHO|MUS)[-_](.+)_([A-Za-z0-9]+)$")
_SAME_STRIKE_S = 0.05


def is_maps(shelf: Shelf) -> bool:
    """Whether there is at least one recording named as MAPS names them."""
    return any(_NAME.match(PurePosixPath(n).stem) and is_audio(n) for n in shelf.sizes)


def list_maps(shelf: Shelf) -> Listing:
    """Lists the recordings whose notes and their ends are known."""
    listing = Listing()
    elsewhere = {PurePosixPath(name).name: name for name in shelf.sizes}
    for name in shelf.sizes:
        path = PurePosixPath(name)
        match = _NAME.match(path.stem)
        if not (match and is_audio(name)):
            continue
        section, piece, piano = match.groups()
        found = {}
        for suffix in (".mid", ".midi", ".tsv", ".txt"):
            beside = path.with_suffix(suffix)
            found[suffix] = shelf.find(str(beside)) or elsewhere.get(beside.name)
        midi = found[".mid"] or found[".midi"]
        if midi is None and found[".tsv"] is None:
            reason = "has no MIDI file (pedal and velocities) beside it"
            listing.skipped.append(Skipped(str(shelf.path / name), reason))
            continue
        listing.works.append(
            Work(
                id=f"{section}/{piece}_{piano}",
                kind="recording",
                split="test" if piano.startswith(TEST_PIANO) else "train",
                piece=piece_name(piece) if section == "MUS" else "",
                piano=piano,
                licence=LICENCE,
                seconds=0.0,
                audio=name,
                midi=midi,
                table=found[".tsv"] or found[".txt"],
            )
        )
    return keep_test_pieces_out(listing, shelf)


def keep_test_pieces_out(listing: Listing, shelf: Shelf) -> Listing:
    """Drops training recordings of pieces that the test recordings play too.

    This is the usual protocol and no fault of a file, so nothing is reported as skipped.
    """
    tested = {work.piece for work in listing.works if work.split == "test" and work.piece}
    works = [w for w in listing.works if w.split == "test" or w.piece not in tested]
    return Listing(works, listing.skipped)


def parse_table(name: str, data: bytes) -> list[Note]:
    """Reads a list of notes: onset s, key release s, pitch and, in four columns, velocity.

    Where there is no velocity it is 64. A heading line is passed over.

    Raises:
        InputError: A line is no note.
    """
    notes = []
    for number, line in enumerate(data.decode("utf-8", "replace").splitlines(), start=1):
        words = line.split()
        if not words or words[0].startswith("#") or words[0] == "OnsetTime":
            continue
        try:
            onset_s, offset_s, pitch, *rest = (float(word) for word in words)
            velocity = round(rest[0]) if rest else 64
            notes.append(Note(onset_s, offset_s, round(pitch), velocity, offset_s))
        except (ValueError, OverflowError) as error:
            raise InputError(
                f"Line {number} of {name} is not a note: {line.strip()[:60]!r}.",
                "Get the file again.",
            ) from error
    return notes


def uncombined(table: list[Note]) -> Transcript:
    """A table whose ends were made with the pedal; nothing else is known about the pedal."""
    return Transcript.of([replace(note, key_offset_s=None) for note in table], [])


def combined(table: list[Note], midi: Transcript) -> Transcript:
    """Times of the table, pedal and (where the table has none) velocities of the MIDI file."""
    struck: dict[int, list[Note]] = {}
    for note in midi.notes:
        struck.setdefault(note.pitch, []).append(note)
    notes = []
    for note in table:
        near = min(
            struck.get(note.pitch, []), key=lambda n: abs(n.onset_s - note.onset_s), default=None
        )
        velocity = note.velocity
        if near is not None and abs(near.onset_s - note.onset_s) < _SAME_STRIKE_S:
            velocity = near.velocity
        notes.append(Note(note.onset_s, note.offset_s, note.pitch, velocity, note.offset_s))
    pedals: tuple[Pedal, ...] = midi.pedals
    return Transcript.of(sounding(notes, pedals), pedals, midi.duration_s)
