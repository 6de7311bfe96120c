"""Where a corpus is built: a folder of this machine, or any URL that fsspec knows.

Names are relative, with forward slashes. A folder gives what a disk can give: files and shards
that appear whole or not at all, a lock, a count of what is free. Behind a URL there are writes
alone, of which some stores leave half a file when they are interrupted. So a shard counts from its
`shard.json` on, which is written last and understood whole or not at all, and everything that is
written twice is written with the same bytes.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import secrets
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

from transcriber.atomic import atomic_write
from transcriber.errors import OutputError, UsageError

DRAFT = ".draft-"
"""Folders that are being written begin so; whoever finds one after a crash may delete it."""

_FILE_DRAFT = ".amt-"
"""So begin the drafts of `transcriber.atomic`."""

LAST = "shard.json"
"""The file of a shard that tells that the others are there."""

_URL = re.compile(r"^[a-z][a-z0-9+.-]+(://|::)", re.IGNORECASE)
_LOCK_WAIT_S = 10.0
"""Workers of a build that was killed notice within a second and let go of the lock."""


class Depot(Protocol):
    """A place in which one corpus lies or is being built."""

    place: str
    """As the user wrote it; `open_depot` opens it again, in any process that sees it."""

    def names(self) -> list[str]:
        """What lies in it, at the top; nothing where it does not exist yet."""

    def find(self, pattern: str) -> list[str]:
        """Sorted names of the files that fit a pattern such as `shards/*/shard.json`."""

    def read(self, name: str) -> bytes:
        """Bytes of a file; raises OSError where there is none."""

    def write(self, name: str, data: bytes) -> None:
        """Writes a file; raises OutputError or OSError."""

    def remove(self, name: str) -> None:
        """Deletes a file or a folder with all in it; nothing happens where there is none."""

    def draft(self) -> contextlib.AbstractContextManager[Path]:
        """A new folder of this machine to write a shard into, gone when the block ends."""

    def keep(self, draft: Path, name: str) -> None:
        """Moves a drafted shard to its place; one that is there already stays, it is the same."""

    def sweep(self) -> None:
        """Deletes the drafts of builds that were killed."""

    def free_bytes(self) -> int | None:
        """Room that is left; None where nobody can tell."""

    def locked(self) -> contextlib.AbstractContextManager[None]:
        """Keeps a second build out while the block lasts."""


def open_depot(place: str | os.PathLike[str]) -> Depot:
    """The depot at a path or a URL.

    Raises:
        UsageError: fsspec, or what it needs for this kind of URL, is not installed, or the URL is
            not understood.
    """
    text = os.fspath(place)
    return UrlDepot(text) if is_url(text) else FolderDepot(Path(text))


def is_url(place: str) -> bool:
    """Whether a place is named as fsspec names them, such as `s3://bucket/corpus`."""
    return _URL.match(place) is not None


class FolderDepot:
    """A folder of this machine, or of a disk that many machines share."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.place = str(folder)

    def names(self) -> list[str]:
        """What lies in the folder."""
        if self.folder.exists() and not self.folder.is_dir():
            raise UsageError(f"{self.folder} is a file.", "Name a folder with -o.")
        return sorted(os.listdir(self.folder)) if self.folder.is_dir() else []

    def find(self, pattern: str) -> list[str]:
        """Sorted names that fit a pattern."""
        return sorted(p.relative_to(self.folder).as_posix() for p in self.folder.glob(pattern))

    def read(self, name: str) -> bytes:
        """Bytes of a file."""
        return (self.folder / name).read_bytes()

    def write(self, name: str, data: bytes) -> None:
        """Writes a file, whole or not at all."""
        atomic_write(self.folder / name, data)

    def remove(self, name: str) -> None:
        """Deletes a file or a folder."""
        path = self.folder / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)

    @contextlib.contextmanager
    def draft(self) -> Iterator[Path]:
        """A folder on the same disk, so that moving it is one step."""
        draft = self.folder / "shards" / f"{DRAFT}{secrets.token_hex(6)}"
        draft.mkdir(parents=True)
        try:
            yield draft
        finally:
            shutil.rmtree(draft, ignore_errors=True)

    def keep(self, draft: Path, name: str) -> None:
        """Moves a drafted shard to its place, safe from a power cut where the system can."""
        target = self.folder / name
        for path in draft.iterdir():
            _sync(path)
        if target.exists() and not (target / LAST).exists():
            shutil.rmtree(target)  # somebody deleted half of it
        try:
            draft.rename(target)
        except OSError:
            if not (target / LAST).exists():
                raise
        _sync(target.parent)

    def sweep(self) -> None:
        """Deletes the drafts of builds that were killed."""
        for draft in (self.folder / "shards").glob(f"{DRAFT}*"):
            shutil.rmtree(draft, ignore_errors=True)
        for draft in self.folder.glob(f"{_FILE_DRAFT}*"):
            draft.unlink()

    def free_bytes(self) -> int | None:
        """Room on its disk."""
        return shutil.disk_usage(self.folder).free

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Keeps a second build out of the folder; a killed one leaves no lock.

        Raises:
            UsageError: Another build is at work.
            OutputError: The folder cannot be made or written.
        """
        try:
            (self.folder / "shards").mkdir(parents=True, exist_ok=True)
            handle = (self.folder / "lock").open("w")
        except OSError as error:
            raise unwritable(self.place, error) from error
        with handle:
            until = time.monotonic() + _LOCK_WAIT_S
            while True:
                try:
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() > until:
                        raise UsageError(
                            f"Another build is at work in {self.folder}.",
                            "Wait for it, or stop it first.",
                        ) from None
                    time.sleep(0.2)
            yield


class UrlDepot:
    """A place that fsspec reaches: a bucket, a server, a shared disk as `file://…`.

    There is no lock: two builds of the same plan write the same bytes, and another plan is refused.

    Raises:
        UsageError: fsspec, or what it needs for this URL, is missing, or the URL is not understood.
    """

    def __init__(self, url: str) -> None:
        self.place = url
        try:
            import fsspec

            self._files: Any
            self._files, self._root = fsspec.core.url_to_fs(url)
        except ImportError as error:
            raise UsageError(
                f"{url} cannot be reached: {error}.",
                f"Install it: {sys.executable} -m pip install fsspec, and what such URLs need.",
            ) from error
        except (ValueError, OSError) as error:
            raise UsageError(f"{url} cannot be reached: {error}.", "Check the URL.") from error
        self._root = self._root.rstrip("/")

    def names(self) -> list[str]:
        """What lies behind the URL."""
        self._files.invalidate_cache()
        if not self._files.exists(self._root):
            return []
        return sorted(p.rstrip("/").rsplit("/", 1)[1] for p in self._files.ls(self._root, False))

    def find(self, pattern: str) -> list[str]:
        """Sorted names that fit a pattern."""
        self._files.invalidate_cache()
        found = self._files.glob(f"{self._root}/{pattern}")
        return sorted(path[len(self._root) + 1 :] for path in found)

    def read(self, name: str) -> bytes:
        """Bytes of a file."""
        return bytes(self._files.cat_file(f"{self._root}/{name}"))

    def fetch(self, name: str, path: Path) -> None:
        """Copies a file to this machine; raises OSError where there is none."""
        self._files.get_file(f"{self._root}/{name}", str(path))

    def write(self, name: str, data: bytes) -> None:
        """Writes a file."""
        path = f"{self._root}/{name}"
        self._files.makedirs(path.rsplit("/", 1)[0], exist_ok=True)
        self._files.pipe_file(path, data)

    def remove(self, name: str) -> None:
        """Deletes a file or a folder."""
        with contextlib.suppress(FileNotFoundError):
            self._files.rm(f"{self._root}/{name}", recursive=True)

    @contextlib.contextmanager
    def draft(self) -> Iterator[Path]:
        """A temporary folder of this machine."""
        with tempfile.TemporaryDirectory(prefix="amt-shard-") as folder:
            yield Path(folder)

    def keep(self, draft: Path, name: str) -> None:
        """Copies a drafted shard to its place, `LAST` last."""
        for path in sorted(draft.iterdir(), key=lambda path: (path.name == LAST, path.name)):
            target = f"{self._root}/{name}/{path.name}"
            self._files.makedirs(f"{self._root}/{name}", exist_ok=True)
            if path.name == LAST:
                self._files.pipe_file(target, path.read_bytes())
            else:
                self._files.put_file(str(path), target)

    def sweep(self) -> None:
        """Nothing: drafts lie on the machines that made them, among the temporary files."""

    def free_bytes(self) -> int | None:
        """Not known."""
        return None

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Locks nothing, see above."""
        yield


def unwritable(place: str, error: OSError) -> OutputError:
    """What to say when a place takes no files."""
    return OutputError(
        f"{place} cannot be written: {error.strerror or error}.", "Choose another place with -o."
    )


def _sync(path: Path) -> None:
    """Makes a file, or the renames in a folder, survive a power cut, where the system can."""
    if os.name == "posix":
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
