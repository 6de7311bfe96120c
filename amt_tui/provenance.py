"""Which files amt wrote itself: those it may replace without being asked.

Next to many a recording lies a MIDI file of the same name which is no transcript but the truth:
what the player recorded. Replacing it silently would destroy something that cannot be made again.
"""

from __future__ import annotations

import os
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

from transcriber.errors import OutputError
from transcriber.tables import CSV_HEADER, JSON_FORMAT

if TYPE_CHECKING:
    from transcriber.model import ModelInfo

MARK = "transcribed by amt"
"""Stands near the start of every MIDI file, WAV and picture that amt writes."""

_HEAD_BYTES = 512

_MARKS = {
    ".json": f'"{JSON_FORMAT}"'.encode(),
    ".csv": ",".join(CSV_HEADER).encode(),
}


def program_version() -> str:
    """The installed version; source code that was never installed has none."""
    try:
        return version("amt")
    except PackageNotFoundError:
        return "uninstalled"


def signature(model: ModelInfo) -> str:
    """One line that names program and model, for the text fields of files."""
    return f"{MARK} {program_version()}, model {model.name} {model.version}"


def check_replaceable(
    path: Path,
    mark: str | None = None,
    remedy: str = "Choose a folder with -o, or replace it with --overwrite.",
) -> None:
    """Lets a path pass where nothing is, or an empty file, or one that amt wrote.

    Args:
        path: What is about to be written.
        mark: By what amt's own file is known; None takes what the ending stands for.
        remedy: What to do where the file may not be replaced.

    Raises:
        OutputError: Another program's file is there, or one that may not be read.
    """
    if not os.path.isfile(path):
        return  # whether it can be written is for the writer to find out
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
    except FileNotFoundError:
        return
    except OSError as error:  # a folder's owner may replace even what may not be read
        raise OutputError(
            f"{path} is already there, and whether amt wrote it cannot be read.", remedy
        ) from error
    known = _MARKS.get(path.suffix.lower(), MARK.encode()) if mark is None else mark.encode()
    if head and known not in head:
        raise OutputError(f"{path} is already there, and amt did not write it.", remedy)
