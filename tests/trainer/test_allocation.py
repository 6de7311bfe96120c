"""What a process gives back when arrays are freed between others that are kept."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="glibc's own habit")

HOLES = """
import sys
import numpy as np
from trainer.memory.allocation import give_back_freed_memory

def held_mb():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("RssAnon")) / 1024

np.ones(3_000_000)  # 24 MB, freed at once: the border of glibc moves up to here
before = held_mb()
kept = [np.ones(32_768) for _ in range(200)]  # 256 KiB each
del kept[::2]
if sys.argv[1] == "told":
    give_back_freed_memory()
print(held_mb() - before)
"""


def growth_mb(how: str) -> float:
    told = subprocess.run(
        [sys.executable, "-c", HOLES, how], capture_output=True, text=True, timeout=240, check=True
    )
    return float(told.stdout)


def test_freed_arrays_leave_no_holes() -> None:
    assert growth_mb("told") == pytest.approx(25.0, abs=4.0)
    assert growth_mb("untold") > 45.0
