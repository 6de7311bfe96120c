"""A stream that fails: on a full disk, or because its reader went away."""

from __future__ import annotations

import os
from typing import TextIO


def give_up(stream: TextIO) -> None:
    """Lets a stream that failed lead nowhere: what is still in Python's buffer would fail again at
    the next line, and at exit.
    """
    with open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), stream.fileno())
