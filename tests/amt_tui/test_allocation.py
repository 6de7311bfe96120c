"""What a process holds beside what it keeps, with and without being told."""

from __future__ import annotations

import os
import platform
import subprocess
import sys

import pytest

glibc = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="glibc's own habit")

CIRCLES = """
import gc, sys
from collections import deque
from amt_tui.allocation import settle

class Circle:
    alive = most = 0

    def __init__(self):
        self.me = self
        Circle.alive += 1
        Circle.most = max(Circle.most, Circle.alive)

    def __del__(self):
        Circle.alive -= 1

program = [[] for _ in range(300_000)]
settle() if sys.argv[1] == "told" else gc.collect()
shown = deque(maxlen=1000)
for _ in range(500_000):
    shown.append(Circle())
print(Circle.most)
"""

GROWING = """
import sys
from array import array
from amt_tui.allocation import spare_memory

def held_mb():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("RssAnon")) / 1024

if sys.argv[1] == "told":
    spare_memory()
bytearray(b"x" * 24_000_000)  # freed at once: the border of glibc would move up to here
before = held_mb()
kept, grown = [], array("q")
for number in range(1_000_000):
    grown.append(number)
    if number % 1000 == 0:
        kept.append(b"x" * 1000)  # something small that stays, above the array
print(held_mb() - before)
"""


def told_by(program: str, how: str) -> float:
    # What stands in the environment would have the last word.
    environment = {k: v for k, v in os.environ.items() if not k.startswith("MALLOC_")}
    command = [sys.executable, "-c", program, how]
    told = subprocess.run(
        command, capture_output=True, text=True, timeout=60, check=True, env=environment
    )
    return float(told.stdout)


@glibc
def test_growing_arrays_leave_no_holes() -> None:
    told = told_by(GROWING, "told")
    assert told == pytest.approx(8.0, abs=1.5)  # what a million numbers of eight bytes take
    assert told_by(GROWING, "untold") > told + 2.0


def test_garbage_is_not_measured_by_the_size_of_the_program() -> None:
    assert told_by(CIRCLES, "told") < 30_000
    assert told_by(CIRCLES, "untold") > 50_000
