"""What the figures were measured on."""

from __future__ import annotations

import platform
import subprocess
from contextlib import suppress
from pathlib import Path


def processor_name() -> str:
    """Name of the processor as its maker writes it; the architecture where it cannot be found."""
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return " ".join(line.split(":", 1)[1].split())
    if platform.system() == "Darwin":
        with suppress(OSError, subprocess.SubprocessError):
            command = ["/usr/sbin/sysctl", "-n", "machdep.cpu.brand_string"]
            answer = subprocess.run(command, capture_output=True, text=True, timeout=2, check=True)
            return answer.stdout.strip()
    return platform.processor() or platform.machine()
