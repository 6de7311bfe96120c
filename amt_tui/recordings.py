"""Which recordings a command line means: files, folders, glob patterns, and standard input."""

from __future__ import annotations

import glob
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from transcriber.audio import AUDIO_SUFFIXES, STDIN, is_audio
from transcriber.errors import InputError, UsageError
from transcriber.inputs import closed_below


@dataclass(frozen=True, slots=True)
class Recording:
    """One input and its place below the folder or pattern that named it.

    Args:
        path: As it will be opened, or `-`.
        below: Path whose folders are repeated under an output folder; only a name for a plain file.
    """

    path: str
    below: Path

    @property
    def is_stdin(self) -> bool:
        """Whether this is standard input."""
        return self.path == STDIN


def find_recordings(inputs: Sequence[str]) -> list[Recording]:
    """Expands what the user wrote, in the order written; each recording once.

    A file is taken whatever its name; in folders (searched to the bottom) and patterns only names
    that end like audio count, and hidden files and folders are passed over. A path that does not
    exist, or a folder in a folder that may not be read, is kept, so that it fails as one of the
    batch and the others go on.

    Raises:
        UsageError: `-` is given twice.
        InputError: A folder or a pattern holds no recording, or the folder may not be read.
    """
    found: dict[str, Recording] = {}
    for text in inputs:
        if text == STDIN:
            if STDIN in found:
                raise UsageError("Standard input (-) is given twice.", "It can be read once.")
            found[STDIN] = Recording(STDIN, Path("stdin"))
            continue
        for recording in _expanded(text):
            # Links and different spellings of one file would otherwise be transcribed twice.
            found.setdefault(os.path.realpath(recording.path), recording)
    return list(found.values())


def _expanded(text: str) -> list[Recording]:
    path = Path(text)
    if os.path.isdir(path):  # Path.is_dir raises where a folder may not be entered
        return _in_folder(path)
    # A file may be called "take [2].wav": a name that exists is a name, not a pattern.
    if glob.has_magic(text) and not os.path.lexists(text):
        return _matching(text)
    return [Recording(text, Path(path.name))]


def _in_folder(folder: Path) -> list[Recording]:
    found = []

    def keep(error: OSError) -> None:
        closed = closed_below(folder, error)
        found.append(Recording(str(closed), closed.relative_to(folder)))

    for parent, folders, names in os.walk(folder, onerror=keep):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            if is_audio(name) and not name.startswith("."):
                path = Path(parent, name)
                found.append(Recording(str(path), path.relative_to(folder)))
    if not found:
        endings = " ".join(sorted(AUDIO_SUFFIXES))
        raise InputError(f"{folder} holds no recordings.", f"These are looked for: {endings}")
    return found


def _matching(pattern: str) -> list[Recording]:
    fixed = Path(*_fixed_parts(pattern))
    found = []
    for match in sorted(glob.glob(pattern, recursive=True)):
        path = Path(match)
        if os.path.isfile(path) and is_audio(path):
            found.append(Recording(match, path.relative_to(fixed)))
    if not found:
        raise InputError(
            f"No recording matches {pattern}.", "Check the pattern; ** looks into folders."
        )
    return found


def _fixed_parts(pattern: str) -> list[str]:
    """The folders of a pattern before its first wildcard."""
    parts: list[str] = []
    for part in Path(pattern).parts[:-1]:
        if glob.has_magic(part):
            break
        parts.append(part)
    return parts
