"""Where in the source something was allocated, said as FILE:LINE.

tracemalloc knows the whole stack. What helps is its innermost line of code that somebody here can
change: neither Python's own nor an installed library's.
"""

from __future__ import annotations

import ctypes
import sys
import sysconfig
import tracemalloc
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

FRAMES = 12
"""Depth of the stacks tracemalloc keeps: torch's modules lie three frames apart."""

UNKNOWN = "made before profiling began"
"""In place of a line, for what was allocated before tracemalloc was started."""

_ROOT = Path(__file__).resolve().parent.parent.parent
_HOUSE = tuple(str(_ROOT / name) for name in ("transcriber", "corpus", "trainer", "amt_tui"))
_LIBRARIES = tuple(
    str(Path(sysconfig.get_path(name)).resolve()) for name in ("stdlib", "purelib", "platlib")
)


def own_line(traceback: tracemalloc.Traceback) -> str:
    """FILE:LINE of the innermost frame outside libraries, or of the innermost where all are."""
    for frame in reversed(traceback):
        if not _is_library(frame.filename):
            return f"{_shown(frame.filename)}:{frame.lineno}"
    return f"{_shown(traceback[-1].filename)}:{traceback[-1].lineno}"


def birthplace(thing: object) -> str:
    """FILE:LINE where an object was made, or `UNKNOWN`."""
    traceback = tracemalloc.get_object_traceback(thing)
    if traceback is None and sys.version_info < (3, 12):
        traceback = _traceback_past_dict(thing)
    return UNKNOWN if traceback is None else own_line(traceback)


def _traceback_past_dict(thing: object) -> tracemalloc.Traceback | None:
    """Looks where Python 3.11 allocates an object whose class has a `__dict__`, a tensor for
    instance.

    Such an object is preceded by two pointers and the collector's header of two more, and 3.11's
    `get_object_traceback` forgets the former: it finds nothing. 3.12 mends it. The table is only
    asked, nothing is read at the address.
    """
    frames = _traces()(0, id(thing) - 4 * ctypes.sizeof(ctypes.c_void_p))
    return tracemalloc.Traceback(frames) if frames else None


@cache
def _traces() -> Callable[[int, int], Any]:
    """Python's own look-up of an address in a domain, 0 for Python's allocators."""
    ask = ctypes.pythonapi._PyTraceMalloc_GetTraceback
    ask.restype, ask.argtypes = ctypes.py_object, (ctypes.c_uint, ctypes.c_size_t)
    return ask


@cache
def _is_library(filename: str) -> bool:
    if filename.startswith("<"):
        return True
    path = str(Path(filename).resolve())
    return path.startswith(_LIBRARIES) and not path.startswith(_HOUSE)


@cache
def _shown(filename: str) -> str:
    """Relative to the project or the working directory, where it lies in one of them."""
    path = Path(filename)
    for root in (_ROOT, Path.cwd()):
        if path.is_relative_to(root):
            return str(path.relative_to(root))
    return filename
