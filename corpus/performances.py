"""Performances: what is played, without sound. Kept as arrays so that forked workers share them
without copies.
"""

from __future__ import annotations

import json
import math
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from transcriber.errors import AmtError, InputError
from transcriber.midi_reader import parse_midi
from transcriber.notes import MIN_NOTE_S, Note, Pedal, Transcript
from transcriber.signatures import MIDI_SUFFIXES

from .licences import is_free
from .maestro import midi_splits
from .shelves import ZIP_FAULTS, ZipShelf

HELD_OUT = ("validation", "test")
"""MAESTRO splits that are never trained on, so that figures on MAESTRO stay honest."""

READER = 2
"""Is raised when performances are read in another way: what was kept is then read anew."""

SOFTEST = 15.0
"""A drawn style takes no note down to this velocity, where nobody would hear it and its label would
mislead.
"""

SOFT = 30.0
"""Below this velocity a style takes notes down ever less."""


@dataclass(frozen=True)
class Performance:
    """One performance as arrays.

    Args:
        name: Where it came from.
        times: float64 [N, 3]: onset, sounding end, key end in seconds, sorted by onset.
        keys: int16 [N, 2]: pitch and velocity.
        pedals: float64 [P, 2]: press and release in seconds.
        duration_s: Seconds up to the last end.
    """

    name: str
    times: NDArray[np.float64]
    keys: NDArray[np.int16]
    pedals: NDArray[np.float64]
    duration_s: float

    @classmethod
    def of(cls, name: str, transcript: Transcript) -> Performance:
        """Packs a transcript; a key end that is not known is the sounding end."""
        times = [
            (n.onset_s, n.offset_s, n.offset_s if n.key_offset_s is None else n.key_offset_s)
            for n in transcript.notes
        ]
        return cls(
            name,
            np.array(times, np.float64).reshape(-1, 3),
            np.array([(n.pitch, n.velocity) for n in transcript.notes], np.int16).reshape(-1, 2),
            np.array([(p.onset_s, p.offset_s) for p in transcript.pedals]).reshape(-1, 2),
            transcript.duration_s,
        )

    def window(
        self, start_s: float, end_s: float, lead_s: float, style: Style | None = None
    ) -> Transcript:
        """Notes struck in [start_s - lead_s, end_s), times moved so that `start_s - lead_s` is 0.

        Args:
            start_s: Start of the window in the performance's own time.
            end_s: End of the window.
            lead_s: Seconds before the window whose notes may still ring in it.
            style: How the playing is changed; None plays as recorded. Its tempo scales all times.
        """
        style = style or Style()
        origin = start_s - lead_s
        first, last = np.searchsorted(self.times[:, 0], [origin, end_s])
        times = (self.times[first:last] - origin) * style.tempo
        notes = []
        for (on, off, key_off), (pitch, velocity) in zip(
            times.tolist(), self.keys[first:last].tolist(), strict=True
        ):
            moved = pitch + style.transpose
            if not 21 <= moved <= 108:
                continue
            end = off if style.pedal else key_off
            notes.append(
                Note(
                    on,
                    max(end, on + MIN_NOTE_S),
                    moved,
                    style.velocity(velocity),
                    max(key_off, on + MIN_NOTE_S),
                )
            )
        pedals = []
        if style.pedal:
            for on, off in ((self.pedals - origin) * style.tempo).tolist():
                if off > 0.0 and on < (end_s - origin) * style.tempo:
                    pedals.append(Pedal(max(on, 0.0), off))
        return Transcript.of(notes, pedals)


@dataclass(frozen=True)
class Style:
    """A way of playing: tempo (factor on times), transposition in semitones, velocity curve, pedal
    or none.
    """

    tempo: float = 1.0
    transpose: int = 0
    velocity_gain: float = 1.0
    velocity_offset: float = 0.0
    pedal: bool = True

    @classmethod
    def draw(cls, rng: np.random.Generator) -> Style:
        """A style within what players do."""
        return cls(
            tempo=float(np.exp(rng.uniform(-0.25, 0.25))),
            transpose=int(rng.integers(-6, 7)) if rng.random() < 0.7 else 0,
            velocity_gain=float(rng.uniform(0.6, 1.3)),
            velocity_offset=float(rng.uniform(-32.0, 15.0)),
            pedal=bool(rng.random() < 0.85),
        )

    def velocity(self, velocity: int) -> int:
        """Velocity after the curve, which turns around velocity 64.

        What would fall below `SOFT` is pressed together between `SOFT` and `SOFTEST`, each strike
        still above the softer ones; a note played more softly than that stays as it was played.
        """
        curved = 64.0 + self.velocity_gain * (velocity - 64.0) + self.velocity_offset
        if curved < SOFT:
            room = SOFT - SOFTEST
            pressed = SOFTEST + room * math.exp((curved - SOFT) / room)
            curved = max(curved, min(velocity, pressed))
        return round(min(127.0, curved))


def read_zip(path: Path, free_only: bool = False) -> Iterator[tuple[str, Transcript]]:
    """Reads a zip of MIDI files, leaving out MAESTRO's validation and test pieces.

    A `manifest.json` beside the zip, where there is one, names the split of each file and the
    licence of each collection; so does MAESTRO's own index, if it lies in the zip. Files without
    notes or that cannot be read are skipped.

    Args:
        path: The zip.
        free_only: Leave out collections whose licence is not free.

    Raises:
        InputError: The zip itself, the manifest or MAESTRO's index cannot be read.
    """
    manifest = _manifest(path)
    licences = manifest.get("licences") or {}
    splits = {name: split_of(item) for name, item in files_told(manifest).items()}
    try:
        with zipfile.ZipFile(path) as archive:
            splits |= midi_splits(ZipShelf(path))
            for name in sorted(archive.namelist()):
                if not name.lower().endswith(MIDI_SUFFIXES) or splits.get(name) in HELD_OUT:
                    continue
                if free_only and not is_free(licences.get(collection(name), "")):
                    continue
                try:
                    transcript = parse_midi(name, archive.read(name))
                except AmtError:
                    continue
                if transcript.notes:
                    yield name, transcript
    except ZIP_FAULTS as error:
        raise InputError(
            f"The performances {path} cannot be read ({error}).", "Name a zip of MIDI files."
        ) from error


def files_told(manifest: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """What a manifest tells of each MIDI file, by the file's name in the zip."""
    items = manifest.get("items") or []
    return {str(item.get("arc") or item.get("path")): item for item in items}


def split_of(item: dict[str, Any]) -> str | None:
    """The split that a manifest names for a MIDI file."""
    return item.get("maestro_split") or item.get("split")


def collection(name: str) -> str:
    """Collection that a performance belongs to: the first folder in its name."""
    return name.split("/")[0]


def collection_licences(path: Path) -> dict[str, str]:
    """Licence of each collection in a zip of performances, where its manifest tells."""
    return dict(_manifest(path).get("licences") or {})


def manifest_path(path: Path) -> Path:
    """Where the manifest of a zip of performances lies, if it has one."""
    return path.parent / "manifest.json"


def _manifest(path: Path) -> dict[str, Any]:
    """What lies beside a zip of performances; empty where nothing does."""
    manifest = manifest_path(path)
    if not manifest.exists():
        return {}
    try:
        read: dict[str, Any] = json.loads(manifest.read_text())
        files_told(read), read.get("licences")  # whether it is made as one
    except (OSError, ValueError, AttributeError) as error:
        raise InputError(
            f"The manifest {manifest} cannot be read ({error}).", "Get it and its zip again."
        ) from error
    return read


@dataclass(frozen=True)
class Repertoire:
    """Many performances in a few arrays: what a training process and its forked workers share."""

    names: tuple[str, ...]
    times: NDArray[np.float64]
    keys: NDArray[np.int16]
    pedals: NDArray[np.float64]
    note_ends: NDArray[np.int64]
    pedal_ends: NDArray[np.int64]
    durations_s: NDArray[np.float64]

    @classmethod
    def of(cls, performances: Iterable[tuple[str, Transcript]]) -> Repertoire:
        """Packs performances one behind the other."""
        packed = [Performance.of(name, transcript) for name, transcript in performances]
        if not packed:
            raise InputError(
                "There are no performances to learn from.", "Name a zip of MIDI files."
            )
        return cls(
            tuple(p.name for p in packed),
            np.concatenate([p.times for p in packed]),
            np.concatenate([p.keys for p in packed]),
            np.concatenate([p.pedals for p in packed]),
            np.cumsum([len(p.times) for p in packed]),
            np.cumsum([len(p.pedals) for p in packed]),
            np.array([p.duration_s for p in packed]),
        )

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, index: int) -> Performance:
        note_start = self.note_ends[index - 1] if index else 0
        pedal_start = self.pedal_ends[index - 1] if index else 0
        notes = slice(note_start, self.note_ends[index])
        pedals = slice(pedal_start, self.pedal_ends[index])
        return Performance(
            self.names[index],
            self.times[notes],
            self.keys[notes],
            self.pedals[pedals],
            float(self.durations_s[index]),
        )

    def save(self, path: Path) -> None:
        """Writes the arrays as .npz, so that MIDI is parsed once."""
        np.savez(
            path,
            names=np.array(self.names),
            **{k: getattr(self, k) for k in _ARRAYS},
        )

    @classmethod
    def load(cls, path: Path) -> Repertoire:
        """Reads what `save` wrote."""
        with np.load(path, allow_pickle=False) as data:
            return cls(tuple(data["names"].tolist()), **{k: data[k] for k in _ARRAYS})


_ARRAYS = ("times", "keys", "pedals", "note_ends", "pedal_ends", "durations_s")
