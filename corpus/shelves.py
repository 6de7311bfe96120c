"""Folders and zips alike: a shelf of named files.

A data set is read where it lies, unpacked or as the zip it came in. Names are relative, with
forward slashes. Names in a zip that climb out of it (`../x`, `/etc/x`, `C:\\x`) are never touched;
they are listed in `refused`.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property, lru_cache
from pathlib import Path, PurePosixPath

from transcriber.errors import InputError

ZIP_FAULTS = (OSError, EOFError, zlib.error, zipfile.BadZipFile, NotImplementedError, RuntimeError)
"""RuntimeError: the member is encrypted; NotImplementedError: packed in a way unknown to Python."""


class Shelf:
    """Files of a folder.

    Args:
        path: An existing folder.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def refused(self) -> tuple[str, ...]:
        """Names that point out of the shelf; a folder has none."""
        return ()

    @cached_property
    def sizes(self) -> dict[str, int]:
        """Bytes of every file, by name, in the order of the names; hidden files are left out."""
        found = {}
        for folder, folders, files in os.walk(self.path):
            folders[:] = [name for name in folders if not name.startswith(".")]
            for file in files:
                path = Path(folder) / file
                name = path.relative_to(self.path).as_posix()
                if not _is_litter(name) and path.is_file():
                    found[name] = path.stat().st_size
        return dict(sorted(found.items()))

    @cached_property
    def _by_form(self) -> dict[str, str]:
        return {unicodedata.normalize("NFC", name): name for name in self.sizes}

    def find(self, name: str) -> str | None:
        """The file called `name`, however its accents are encoded; None if there is none.

        macOS unpacks `é` as two characters where the index of a data set has one.
        """
        return self._by_form.get(unicodedata.normalize("NFC", name))

    @property
    def inventory(self) -> str:
        """Hash of all names and sizes: tells whether the shelf has changed."""
        listing = "".join(f"{name}\0{size}\n" for name, size in self.sizes.items())
        return hashlib.sha256(listing.encode("utf-8", "surrogateescape")).hexdigest()

    def read(self, name: str) -> bytes:
        """Bytes of one file.

        Raises:
            InputError: It cannot be read.
        """
        try:
            return (self.path / name).read_bytes()
        except OSError as error:
            raise _unreadable(self.path, name, error) from error

    @contextmanager
    def file(self, name: str) -> Iterator[Path]:
        """A path at which the file can be opened while the block lasts.

        Raises:
            InputError: It cannot be read.
        """
        yield self.path / name


class ZipShelf(Shelf):
    """Files of a zip.

    Raises:
        InputError: The zip cannot be read.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        try:
            self._zip = zipfile.ZipFile(path)
        except ZIP_FAULTS as error:
            raise InputError(
                f"{path} is no zip that can be read ({error}).", "Download or copy it again."
            ) from error

    @property
    def refused(self) -> tuple[str, ...]:
        """Names that point out of the zip."""
        return tuple(name for name in sorted(self._zip.namelist()) if _climbs(name))

    @cached_property
    def sizes(self) -> dict[str, int]:
        """Bytes of every file, by name, in the order of the names; hidden files are left out."""
        return {
            info.filename: info.file_size
            for info in sorted(self._zip.infolist(), key=lambda info: info.filename)
            if not (info.is_dir() or _climbs(info.filename) or _is_litter(info.filename))
        }

    def read(self, name: str) -> bytes:
        """Bytes of one file; raises `InputError` where they are damaged."""
        return self.head(name, -1)

    def head(self, name: str, count: int) -> bytes:
        """The first bytes of a file, -1 for all; raises `InputError` where they are damaged."""
        try:
            with self._zip.open(name) as packed:
                return packed.read(count)
        except (*ZIP_FAULTS, KeyError) as error:
            raise _unreadable(self.path, name, error) from error

    @contextmanager
    def file(self, name: str) -> Iterator[Path]:
        """A temporary copy under the same ending; raises `InputError` where it is damaged."""
        with tempfile.TemporaryDirectory(prefix="amt-") as folder:
            copy = Path(folder) / f"member{PurePosixPath(name).suffix}"
            try:
                with self._zip.open(name) as packed, copy.open("wb") as unpacked:
                    shutil.copyfileobj(packed, unpacked, 1 << 20)
            except (*ZIP_FAULTS, KeyError) as error:
                raise _unreadable(self.path, name, error) from error
            yield copy


@lru_cache(maxsize=16)
def open_shelf(path: Path) -> Shelf:
    """The shelf at `path`; the same object for the same path, as its list of files is costly.

    Raises:
        InputError: There is neither a folder nor a zip.
    """
    if path.is_dir():
        return Shelf(path)
    if path.is_file():
        return ZipShelf(path)
    raise InputError(f"{path} does not exist.", "Check the path.")


def _climbs(name: str) -> bool:
    parts = PurePosixPath(name).parts
    return name.startswith("/") or ".." in parts or "\\" in name or ":" in name[:2]


def _is_litter(name: str) -> bool:
    """What operating systems leave in zips and folders."""
    parts = PurePosixPath(name).parts
    return "__MACOSX" in parts or any(part.startswith(".") for part in parts)


def _unreadable(path: Path, name: str, error: Exception) -> InputError:
    return InputError(f"{path / name} cannot be read ({error}).", "Copy or download it again.")
