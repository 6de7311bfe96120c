"""What `--pianos` names: a folder of sample banks, one bank, a soundfont, or an SFZ library."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from dataclasses import astuple
from pathlib import Path

from platformdirs import user_cache_path

from transcriber.errors import AmtError, InputError, UsageError

from . import modelled, sfz, soundfonts
from .banks import Bank, bank_paths, load_bank
from .sampling import About, bank_name, write_bank
from .shelves import open_shelf

SOUNDFONTS = (".sf2", ".sf3")
LIBRARIES = (*SOUNDFONTS, ".sfz")
"""Files that are made into banks."""

MODELLED = re.compile(r"modelled:\d{1,9}")
"""Names of the pianos of `corpus.modelled`."""

_MADE = "1"  # counts what changes how banks are made: older ones in the cache are left alone


def load_pianos(path: Path) -> list[Bank]:
    """All banks of a folder; or one bank, soundfont (its grand piano) or SFZ library.

    Soundfonts and libraries are converted once and kept in the user's cache.

    Raises:
        InputError: There is no bank, or one cannot be read.
        AmtError: A soundfont cannot be played, or the cache not be written.
    """
    if path.is_dir():
        descriptions = bank_paths(path)
        if not descriptions:
            raise InputError(f"{path} holds no sample banks.", "docs/corpus.md describes them.")
        return [load_bank(description) for description in descriptions]
    if path.suffix.lower() in LIBRARIES:
        return [load_bank(_cached(path))]
    return [load_bank(path)]


def make_bank(
    library: Path,
    folder: Path,
    preset: tuple[int, int] = (0, 0),
    name: str = "",
    licence: str = "unknown",
) -> Path:
    """Makes a bank of a soundfont, an SFZ library or a modelled piano.

    Args:
        library: SF2, SF3 or SFZ file, or `modelled:NUMBER` (see `corpus.modelled`).
        folder: Where the bank is written.
        preset: Bank and program of a soundfont.
        name: Name of the bank; the library's if empty.
        licence: What the sounds may be used for.

    Returns:
        The description of the bank.

    Raises:
        InputError: The library cannot be read.
        UsageError: It is something else.
        AmtError: A soundfont cannot be played, or the bank not be written.
    """
    if MODELLED.fullmatch(str(library)):
        number = str(library).removeprefix("modelled:")
        about = About(bank_name(name or f"modelled {number}"), "none", "CC0", str(library))
        return write_bank(folder, about, modelled.sampled(int(number)))
    if library.suffix.lower() in SOUNDFONTS:
        chosen = soundfonts.find_preset(library, *preset)
        name = name or f"{library.stem} {chosen.name}"
        about = About(bank_name(name), chosen.name, licence, library.name)
        return write_bank(folder, about, soundfonts.sampled(library, chosen))
    if library.suffix.lower() == ".sfz":
        about = About(bank_name(name or library.stem), library.stem, licence, library.name)
        return write_bank(folder, about, sfz.sampled(sfz.read_sfz(library)))
    raise UsageError(
        f"{library} is no soundfont and no SFZ library.",
        "Name .sf2, .sf3 or .sfz, or a modelled piano: modelled:1.",
    )


def inventory(path: Path) -> str:
    """Hash that tells whether what `load_pianos` reads has changed.

    Names and sizes of a folder; the bytes of a file, and for SFZ its samples and their sizes.

    Raises:
        InputError: It cannot be read.
    """
    if path.is_dir():
        return open_shelf(path).inventory
    try:
        digest = hashlib.sha256(path.read_bytes())
        if path.suffix.lower() == ".sfz":
            for region in sfz.read_sfz(path):
                # Without the folder: the same library elsewhere is the same.
                where = (region.path.name, region.path.stat().st_size, *astuple(region)[1:])
                digest.update(repr(where).encode())
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error}).", "Check the path.") from error
    return digest.hexdigest()


def _cached(library: Path) -> Path:
    """The bank of a library, made on first use; whole or not at all, as several processes may make
    it at once.
    """
    folder = (
        user_cache_path("amt", appauthor=False) / "banks" / f"{_MADE}-{inventory(library)[:16]}"
    )
    if not folder.is_dir():
        partial = folder.with_name(f"{folder.name}.{os.getpid()}.partial")
        try:
            make_bank(library, partial)
            partial.rename(folder)
        except OSError as error:
            if not folder.is_dir():
                raise AmtError(
                    f"The cache {folder} cannot be written ({error}).",
                    "Make a bank with amt corpus bank, and name its folder.",
                ) from error
        finally:
            shutil.rmtree(partial, ignore_errors=True)
    return bank_paths(folder)[0]
