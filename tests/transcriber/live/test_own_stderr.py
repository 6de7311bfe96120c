"""What C libraries write must not land in the middle of the screen."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[3]

PROGRAM = """
import os, sys
from transcriber.devices import own_stderr

os.write(2, b"before\\n")
try:
    with own_stderr():
        os.write(2, b"a C library\\n")
        print("ours", file=sys.stderr)
        print("drawn", file=sys.__stderr__)
        raise ValueError
except ValueError:
    pass
os.write(2, b"after\\n")
print("at last", file=sys.stderr)
"""


def test_only_our_own_words_reach_standard_error() -> None:
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
        cwd=REPOSITORY,
    )

    assert run.stderr.splitlines() == ["before", "ours", "drawn", "after", "at last"]
