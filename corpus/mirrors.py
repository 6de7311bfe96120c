"""Reads a corpus behind a URL: a file comes to this machine when it is first asked for.

Copies lie in the user's cache, in a folder named after the URL, and are read memory-mapped as
those of any corpus. They are thrown away when the corpus behind the URL has become another one.
"""

from __future__ import annotations

import fcntl
import hashlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from platformdirs import user_cache_path

from transcriber.atomic import atomic_path, atomic_write, make_folder
from transcriber.errors import InputError

from .depots import UrlDepot, is_url
from .store import Corpus

_SEAL = "corpus.json"
_REMEDY = "Name another cache with XDG_CACHE_HOME."
_LISTS = ("index.npy", "manifest.jsonl", "plan.json", "skipped.jsonl")


def open_corpus(place: str, *, anew: bool = False) -> Corpus:
    """Opens the corpus in a folder or behind a URL.

    Args:
        place: As the user wrote it.
        anew: Fetch all files at once, and trust none that was fetched before.

    Raises:
        InputError: There is no finished corpus, or it cannot be fetched.
        UsageError: What this kind of URL needs is not installed, or it is not understood.
        OutputError: The cache cannot be written.
    """
    folder = _on_disk(place)
    if folder is not None:
        return Corpus(folder)
    mirror = _Mirror(place)
    if anew:
        mirror.forget()
    mirror.begin()
    if anew:
        mirror.complete()
    return Corpus(mirror.folder, mirror.fetch, place)


def local_folder(place: str) -> Path:
    """Where a corpus lies on this machine; all of one behind a URL is fetched first.

    Raises:
        InputError, UsageError, OutputError: As `open_corpus`, of one behind a URL.
    """
    folder = _on_disk(place)
    if folder is None:
        mirror = _Mirror(place)
        with mirror.alone():
            mirror.begin()
            mirror.complete()
        folder = mirror.folder
    return folder


def _on_disk(place: str) -> Path | None:
    """The folder that a path or a `file://` URL names; None for other URLs."""
    if not is_url(place):
        return Path(place)
    scheme, _, path = place.partition("://")
    return Path(path) if scheme in ("file", "local") else None


class _Mirror:
    """Copies of the files behind a URL."""

    def __init__(self, url: str) -> None:
        self._depot = UrlDepot(url)
        digest = hashlib.sha256(url.rstrip("/").encode()).hexdigest()[:16]
        self.folder = user_cache_path("amt", appauthor=False) / "corpora" / digest

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Lets one process at a time at the copies: torchrun starts many at once."""
        make_folder(self.folder.parent, _REMEDY)
        with self.folder.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def begin(self) -> None:
        """Fetches the seal and the lists: what a corpus is opened with."""
        try:
            seal = self._depot.read(_SEAL)
        except FileNotFoundError as error:
            raise InputError(
                f"{self._depot.place} holds no finished corpus.",
                "Build it, or go on with its build: amt corpus build … -o URL",
            ) from error
        except OSError as error:
            raise self._unreachable(_SEAL, error) from error
        path = self.folder / _SEAL
        if path.exists() and path.read_bytes() != seal:
            self.forget()
        for name in _LISTS:
            self.fetch(name)
        atomic_write(path, seal)

    def complete(self) -> None:
        """Fetches every shard."""
        for name in self._depot.find("shards/*/*"):
            self.fetch(name)

    def forget(self) -> None:
        """Deletes the copies."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def fetch(self, name: str) -> None:
        """Makes sure of a copy of a file; one that is missing there is missing here."""
        path = self.folder / name
        if path.exists():
            return
        make_folder(path.parent, _REMEDY)
        with suppress(_MissingError), atomic_path(path) as draft:
            try:
                self._depot.fetch(name, draft)
            except FileNotFoundError as error:
                raise _MissingError from error
            except OSError as error:
                raise self._unreachable(name, error) from error

    def _unreachable(self, name: str, error: OSError) -> InputError:
        return InputError(
            f"{self._depot.place}/{name} cannot be fetched ({error}).",
            "Check the URL, the connection, and who may read there.",
        )


class _MissingError(Exception):
    """There is no such file behind the URL."""
