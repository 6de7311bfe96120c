"""Files appear whole or not at all.

A writer works on a temporary file in the folder of its target, which takes the target's name only
once it is complete: Ctrl-C, a full disk or a crash leave the former file, or none, but never half
of one.
"""

from __future__ import annotations

import errno
import os
import secrets
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
    format. A symbolic link is followed. A device or named pipe (`/dev/stdout`) is written directly:
    it cannot be replaced.

    Raises:
        OutputError: The folder is missing or read-only, the disk is full, `path` is a folder. Any
            `OSError` of the block is taken for one of writing.
    """
    target = Path(os.path.realpath(path))
    try:
        is_folder, is_other = target.is_dir(), target.exists() and not target.is_file()
    except OSError as error:  # a folder that may not be entered, a name too long
        raise _unwritten(path, error) from error
    if is_folder:
        raise OutputError(f"{path} is a folder, not a file.", "Name a file inside it.")
    if is_other:
        try:
            yield target
        except OSError as error:
            raise _unwritten(path, error) from error
        return
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
