"""How fast transcribing is: measured, and laid out for people and for scripts.

Everything runs on one core of its own, chosen by the operating system's affinity where there is
such a thing (Linux), so that no library can use a second one unnoticed.
"""

from __future__ import annotations

import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from transcriber.audio import AudioReader
from transcriber.errors import InputError
from transcriber.model import Model
from transcriber.notes import TranscriptBuilder
from transcriber.stream import Transcriber
from transcriber.timing import SAMPLE_RATE

from .machine import processor_name
from .rehearsal import listen

BUSY_LOAD = 0.5
"""Processes waiting for a processor, on average, from which on figures are not to be trusted."""

PART = "bench_transcribe"
"""Part of docs/benchmarks.md that the figures are written into."""

_PEAK = """
import sys
from amt_tui.main import main
sys.argv = ["amt", *sys.argv[1:]]
try:
    main()
finally:
    from amt_tui.benchmark import peak_mb
    print(peak_mb(), file=sys.stderr)
"""


@dataclass(frozen=True, slots=True)
class Figures:
    """What one program needs.

    Args:
        program: Name and version.
        speed: Seconds of audio per second of work, from file to notes, model loaded.
        start_to_exit_s: Wall time of the command for a recording of 10 s.
        peak_mb: Largest resident memory of that command, in MB (10^6 bytes).
        step_ms: Median and 99th percentile of computing per 20 ms of audio; None if it cannot.
    """

    program: str
    speed: float
    start_to_exit_s: float
    peak_mb: float
    step_ms: tuple[float, float] | None = None


def use_one_core() -> str:
    """Confines this process, and all it starts, to one core; says which, for the table."""
    if not hasattr(os, "sched_setaffinity"):
        return "any core: this system cannot confine a process"
    core = max(os.sched_getaffinity(0))  # interrupts prefer the first
    os.sched_setaffinity(0, {core})
    return f"one of {os.cpu_count()} cores"


def load_warning() -> str | None:
    """A sentence where other work would falsify the figures."""
    if not hasattr(os, "getloadavg"):
        return None
    load = os.getloadavg()[0]
    if load < BUSY_LOAD:
        return None
    return f"The machine is busy (load average {load:.1f}): these figures are too slow."


def repeated(recording: Path, seconds: float) -> NDArray[np.float32]:
    """A recording again and again, at least `seconds` long; float32 [S] at `SAMPLE_RATE`.

    Raises:
        InputError: It cannot be read.
    """
    with AudioReader(recording) as reader:
        once = np.concatenate(list(reader))
    return np.tile(once, int(np.ceil(seconds * SAMPLE_RATE / len(once))))


def offline_speed(recording: Path, model: Model, runs: int) -> float:
    """Median times real time from file to notes, in the blocks `amt transcribe` uses."""
    speeds = []
    for _ in range(runs):
        began = time.perf_counter()
        transcriber, builder = Transcriber(model), TranscriptBuilder()
        with AudioReader(recording) as reader:
            for block in reader:
                builder.add(transcriber.push(block))
        builder.add(transcriber.finish())
        heard = builder.finish(transcriber.samples)
        speeds.append(heard.duration_s / (time.perf_counter() - began))
    return statistics.median(speeds)


def step_ms(samples: NDArray[np.float32], model: Model) -> tuple[float, float]:
    """Median and 99th percentile of computing per 20 ms of audio, in ms."""
    p50, p99 = np.percentile(listen(samples, model).step_ms, [50, 99])
    return float(p50), float(p99)


def start_to_exit(command: Sequence[str | Path], runs: int) -> float:
    """Median wall time of a command in seconds.

    Raises:
        InputError: It fails.
    """
    walls = []
    for _ in range(runs):
        began = time.perf_counter()
        _run(command)
        walls.append(time.perf_counter() - began)
    return statistics.median(walls)


def command_peak_mb(arguments: Sequence[str | Path]) -> float:
    """Largest resident memory of `amt ARGUMENTS` in MB; raises like `start_to_exit`.

    The command tells itself: what the system reports of a child may still be its parent's.
    """
    return float(_run([sys.executable, "-c", _PEAK, *arguments]).stderr.split()[-1])


def peak_mb() -> float:
    """Largest resident memory of this process so far, in MB."""
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024 / 1e6
    import resource

    size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return size / 1e6 if sys.platform == "darwin" else size * 1024 / 1e6


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    packages = ("amt", "onnxruntime", "numpy")
    return {
        "processor": processor_name(),
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        **{name: version(name) for name in packages},
    }


def table(figures: Sequence[Figures]) -> str:
    """Markdown: one row per measure, one column per program."""

    def row(title: str, cells: Sequence[str]) -> str:
        return f"| {title} | {' | '.join(cells)} |"

    steps = [
        "only whole files" if f.step_ms is None else f"{f.step_ms[0]:.2f} ms, {f.step_ms[1]:.2f} ms"
        for f in figures
    ]
    return "\n".join(
        (
            row("", [f.program for f in figures]),
            "|---|" + "---:|" * len(figures),
            row("Offline, times real time", [f"{f.speed:.0f}x" for f in figures]),
            row("One step of 20 ms: median, p99", steps),
            row("A file of 10 s, start to exit", [f"{f.start_to_exit_s:.2f} s" for f in figures]),
            row("Peak memory of that", [f"{f.peak_mb:.0f} MB" for f in figures]),
        )
    )


def document(figures: Sequence[Figures], **facts: Any) -> dict[str, Any]:
    """Everything, as one line of JSON can hold it."""
    return {"machine": machine(), "figures": [asdict(f) for f in figures], **facts}


def _run(command: Sequence[str | Path]) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [str(word) for word in command], capture_output=True, text=True, check=False
    )
    if done.returncode:
        said = done.stderr.strip().splitlines() or ["it says nothing"]
        why = next((line for line in said if line.startswith("Error: ")), said[-1])
        raise InputError(f"{command[0]} failed: {why}", "Run it alone to see more.")
    return done
