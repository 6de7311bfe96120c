"""Opening what the user named, with a sentence for everything that can be wrong with a name."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import BinaryIO, cast

from .errors import InputError


def open_input(path: str | os.PathLike[str], kind: str) -> BinaryIO:
    """Opens a file, or a named pipe, for reading.

    Args:
        path: What the user named.
        kind: What it should be, with its article, such as `a recording`; for the message.

    Raises:
        InputError: It does not exist, is a folder, may not be read, or cannot be opened.
    """
    name = os.fspath(path)
    try:
        # By descriptor, so that the stream carries no name: soundfile would take *.raw for
        # headerless samples.
        descriptor = os.open(name, os.O_RDONLY)
        try:
            return cast(BinaryIO, open(descriptor, "rb"))
        except BaseException:
            os.close(descriptor)
            raise
    except OSError as error:
        raise _unopened(name, kind, error) from error
    except ValueError as error:  # a null byte
        raise InputError(f"{name!r} is not a file name.", "Check the path.") from error


def read_input(path: str | os.PathLike[str], kind: str) -> bytes:
    """Reads a whole file.

    Raises:
        InputError: As `open_input`; also where the file is empty or the disk fails.
    """
    try:
        with open_input(path, kind) as stream:
            data = stream.read()
    except OSError as error:
        raise _unopened(os.fspath(path), kind, error) from error
    if not data:
        raise InputError(f"{path} is empty: it has zero bytes.", "Copy or export it again.")
    return data


def closed_below(folder: Path, error: OSError) -> Path:
    """The folder that `os.walk` could not read in `folder`, from the error it tells.

    Raises:
        InputError: It is `folder` itself.
    """
    closed = Path(error.filename)
    if closed == folder:
        raise InputError(
            f"{folder} cannot be read: {error.strerror}.", f'Allow it with: chmod u+rx "{folder}"'
        ) from error
    return closed


def _unopened(name: str, kind: str, error: OSError) -> InputError:
    match error.errno:
        case errno.ENOENT | errno.ENOTDIR:
            return InputError(f"{name} does not exist.", "Check the path.")
        case errno.EISDIR:
            return InputError(f"{name} is a folder, not {kind}.", "Pass the files inside it.")
        case errno.EACCES | errno.EPERM:
            return InputError(
                f"{name} may not be read by you.", f'Allow it with: chmod u+r "{name}"'
            )
        case _:
            return InputError(
                f"{name} cannot be opened: {error.strerror}.", "Check the disk and the path."
            )
