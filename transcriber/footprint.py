"""What this process takes of the machine."""

from __future__ import annotations

import os
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Footprint:
    """Memory and processor time.

    Args:
        memory_mb: Resident memory in MB; the largest so far where the system tells no more; 0
            where it tells nothing.
        cpu_percent: Processor time over elapsed time, 100 is one core.
    """

    memory_mb: float = 0.0
    cpu_percent: float = 0.0


class FootprintMeter:
    """Measures since the measurement before."""

    def __init__(self) -> None:
        self._wall_s, self._cpu_s = time.monotonic(), time.process_time()

    def measure(self) -> Footprint:
        """Memory now, and the share of a core since the last call."""
        wall_s, cpu_s = time.monotonic(), time.process_time()
        elapsed_s = wall_s - self._wall_s
        percent = 100.0 * (cpu_s - self._cpu_s) / elapsed_s if elapsed_s > 0.0 else 0.0
        self._wall_s, self._cpu_s = wall_s, cpu_s
        return Footprint(_resident_mb(), percent)


def _resident_mb() -> float:
    with suppress(OSError, ValueError, IndexError):
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
    if sys.platform == "win32":
        return 0.0
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak / 1e3
