"""Basic Pitch (Bittner et al. 2022) on the same recordings, in an environment of its own.

It cannot share ours: it wants an older numpy and brings TensorFlow. `AMT_BASIC_PITCH` names the
interpreter of an environment with `pip install basic-pitch[onnx]`. Its ONNX model is run, as the
quickest of its four on an ordinary processor, with its own thresholds.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from transcriber.errors import UsageError

from .benchmark import Figures, start_to_exit

VARIABLE = "AMT_BASIC_PITCH"
"""Environment variable with the path of the interpreter."""

_PROGRAM = """
import importlib.metadata, json, pathlib, sys, time
import onnxruntime

class OneThread(onnxruntime.InferenceSession):  # as ours: a second would be in the way
    def __init__(self, model, **more):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        super().__init__(model, options, **more)

onnxruntime.InferenceSession = OneThread
from basic_pitch import FilenameSuffix, build_icassp_2022_model_path
from basic_pitch.inference import Model, predict
model = Model(build_icassp_2022_model_path(FilenameSuffix.onnx))
runs, folder, *files = sys.argv[1:]
walls = {}
for file in files:
    walls[file] = []
    for _ in range(int(runs)):
        began = time.perf_counter()
        _, midi, _ = predict(file, model)
        walls[file].append(time.perf_counter() - began)
    midi.write(str(pathlib.Path(folder, pathlib.Path(file).stem + ".mid")))
peak = [line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM:")]
print()
print(json.dumps({
    "walls": walls,
    "peak_mb": int(peak[0]) * 1024 / 1e6,
    "version": importlib.metadata.version("basic-pitch"),
    "onnxruntime": importlib.metadata.version("onnxruntime"),
}))
"""


def interpreter() -> Path | None:
    """The interpreter that `AMT_BASIC_PITCH` names; None where it is not set.

    Raises:
        UsageError: It names no file.
    """
    named = os.environ.get(VARIABLE)
    if not named:
        return None
    path = Path(named)
    if not os.path.isfile(path):
        raise UsageError(
            f"{VARIABLE} names {named}, which is no file.", "Name its .venv/bin/python."
        )
    return path


def transcribe(python: Path, files: Sequence[Path], folder: Path, runs: int = 1) -> dict[str, Any]:
    """Lets it transcribe files into a folder of MIDI files.

    Returns:
        `walls` (seconds of each run by file, model loaded), `peak_mb`, `version`, `onnxruntime`.

    Raises:
        UsageError: It fails.
    """
    command = [python, "-c", _PROGRAM, str(runs), folder, *files]
    done = subprocess.run(
        [str(word) for word in command], capture_output=True, text=True, check=False
    )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["it says nothing"])[-1]
        raise UsageError(
            f"Basic Pitch failed: {last}",
            f"Check the environment with: {python} -c 'import basic_pitch.inference'",
        )
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def measure(python: Path, long: Path, seconds: float, short: Path, folder: Path) -> Figures:
    """The same figures as ours, three runs each.

    Args:
        python: Its interpreter.
        long: Recording for the speed.
        seconds: Length of that recording.
        short: Recording of 10 s.
        folder: For what it writes.
    """
    answer = transcribe(python, [long], folder, runs=3)
    wall_s = start_to_exit([python, "-c", _PROGRAM, "1", folder, short], 3)
    return Figures(
        f"Basic Pitch {answer['version']} (ONNX Runtime {answer['onnxruntime']})",
        seconds / statistics.median(answer["walls"][str(long)]),
        wall_s,
        transcribe(python, [short], folder)["peak_mb"],
    )
