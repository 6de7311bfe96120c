"""Files appear whole or not at all.

A writer works on a temporary file in the folder of its target, which takes the target's name only
once it is complete: Ctrl-C, a full disk or a crash leave the former file, or none, but never half
of one.
"""

from __future__ import annotations

import errno
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from .errors import OutputError


@contextmanager
def atomic_path(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Gives a path to write to, and moves it to `path` when the block ends without an error.

        with atomic_path("roll.png") as draft:
            figure.savefig(draft)

    The draft exists, empty, and has the suffix of `path`, by which some writers choose their
    format. A symbolic link is followed. A device or pipe (`/dev/stdout`) is written directly: it
    cannot be replaced.

    Raises:
        OutputError: The folder is missing or read-only, the disk is full, `path` is a folder. Any
            `OSError` of the block is taken for one of writing.
    """
    if _is_direct(path):
        try:
            yield Path(path)
        except OSError as error:
            raise _unwritten(path, error) from error
        return
    target = Path(os.path.realpath(path))
    draft = target.with_name(f".amt-{secrets.token_hex(6)}{target.suffix}")
    try:
        # 0o666 leaves the permissions to the umask; tempfile would make the file private.
        os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))
        yield draft
        os.replace(draft, target)
    except BaseException as error:
        with suppress(OSError):
            draft.unlink()
        if isinstance(error, OSError):
            raise _unwritten(path, error) from error
        raise


def check_writable(path: str | os.PathLike[str]) -> None:
    """Finds out before long work whether a file can be written after it; leaves nothing behind.

    Raises:
        OutputError: As `atomic_path`.
    """
    if _is_direct(path):
        return
    try:
        with atomic_path(path):
            raise _NothingToWrite
    except _NothingToWrite:
        pass


class _NothingToWrite(Exception):
    """Ends the making of a file that was only tried."""


def atomic_write(path: str | os.PathLike[str], data: bytes) -> None:
    """Writes a whole file.

    Raises:
        OutputError: As `atomic_path`.
    """
    with atomic_path(path) as draft:
        draft.write_bytes(data)


def make_folder(folder: Path, remedy: str = "Choose another one with -o.") -> None:
    """Makes a folder, and those above it, unless it is there.

    Args:
        folder: To be made.
        remedy: What to do where it cannot be.

    Raises:
        OutputError: It cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"The folder {folder} cannot be made: {error.strerror}.", remedy
        ) from error


def _is_direct(path: str | os.PathLike[str]) -> bool:
    """Whether something is there that can be written to and not replaced.

    Raises:
        OutputError: It is a folder, or lies where one may not look.
    """
    try:
        mode = os.stat(path).st_mode
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:  # a folder that may not be entered, a name too long
        raise _unwritten(path, error) from error
    if stat.S_ISDIR(mode):
        raise OutputError(f"{path} is a folder, not a file.", "Name a file inside it.")
    return not stat.S_ISREG(mode)


def _unwritten(path: str | os.PathLike[str], error: OSError) -> OutputError:
    folder = Path(path).parent
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT:
            return OutputError(
                f"{path} cannot be written: the disk is full.", "Make room or choose another disk."
            )
        case errno.EACCES | errno.EPERM:
            return OutputError(
                f"{path} cannot be written: {folder} is not yours to write in.",
                "Choose another folder with -o.",
            )
        case errno.EROFS:
            return OutputError(
                f"{path} cannot be written: {folder} is read-only.",
                "Choose another folder with -o.",
            )
        case errno.ENOENT | errno.ENOTDIR:
            return OutputError(
                f"{path} cannot be written: {folder} is not a folder.", "Create it first."
            )
        case _:
            return OutputError(
                f"{path} cannot be written: {error.strerror or error}.", "Choose another place."
            )
