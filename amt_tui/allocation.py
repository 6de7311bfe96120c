"""What the C library and Python do with memory, told before hours of listening begin.

glibc gives each thread an arena of its own and, once a large block was freed, takes blocks of that
size from the heap too. The session's arrays then grow by being copied to the top of the heap, and
leave holes that nothing fits: over 1.9 hours of 960 notes a minute the process grew from 156 to
169 MB, of which 8 were notes. With one arena, and large blocks outside of it, it holds 14 MB less.

Python looks for circles of garbage among all objects only when a quarter of them is new. A screen
leaves some with every line of figures it draws, and beside the hundred thousand objects of a
program of this size they add up to megabytes first.
"""

from __future__ import annotations

import ctypes
import gc
import os

_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8  # of glibc's malloc.h

LARGE = 128 * 1024
"""Bytes from which a block is a mapping of its own, which grows in place and goes back when freed:
glibc's own value, but now it stays.
"""

SPARE = 1024 * 1024
"""Bytes kept free at the top of the heap, so that it does not shrink and grow with every block."""


def spare_memory() -> None:
    """Keeps small what this process holds from now on; nothing where the C library is not glibc.

    Settings of the environment (`MALLOC_ARENA_MAX` and the like) have the last word. To be called
    before any thread is started.
    """
    if any(name.startswith("MALLOC_") for name in os.environ):
        return
    option = getattr(ctypes.CDLL(None), "mallopt", None) if os.name == "posix" else None
    if option is None:
        return
    for parameter, value in (
        (_ARENA_MAX, 1),
        (_MMAP_THRESHOLD, LARGE),
        (_TRIM_THRESHOLD, SPARE),
    ):
        option(parameter, value)


def settle() -> None:
    """Takes what was built so far out of Python's search for garbage, for good.

    What is left to search is small: it is searched every few seconds, in a few milliseconds instead
    of fifty in which no thread runs. To be called once, when all that stays has been built.
    """
    gc.collect()
    gc.freeze()
    gc.collect()  # how many objects there are is counted here, and what is new measured by it
