"""The page, built and opened by a browser whose microphone plays the demo recording.

`scripts/test -m phone` runs it; it needs Node, npm and Chromium. What the browser does is written
in phone/tests and phone/e2e; what it must hear is said here, by `amt transcribe`.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr

from transcriber.midi import read_midi
from transcriber.timing import SAMPLE_RATE

pytestmark = [pytest.mark.phone, pytest.mark.timeout(1800)]

REPOSITORY = Path(__file__).resolve().parents[2]
PHONE = REPOSITORY / "phone"
CHROMIUM = ("chromium", "google-chrome")
MICROPHONE_RATE = 48_000
LEAD_S = 5
"""Silence to begin with: the recording runs already while a busy machine opens the microphone."""


@pytest.fixture(scope="module")
def page() -> Path:
    """Build the page with the bundled model."""
    for command in ("node", "npm"):
        if shutil.which(command) is None:
            pytest.skip(f"{command} is not installed")
    subprocess.run([REPOSITORY / "scripts" / "phone", "--build"], check=True, timeout=900)
    return PHONE / "dist"


def record(sound: np.ndarray, folder: Path) -> dict:
    """Write sound as a microphone would hear it, and what `amt transcribe` hears in it."""
    path = folder / "take.wav"
    silence = np.zeros(LEAD_S * MICROPHONE_RATE, np.float32)
    sound = soxr.resample(sound, SAMPLE_RATE, MICROPHONE_RATE)
    sound = np.concatenate([silence, sound, silence[:MICROPHONE_RATE]])
    soundfile.write(path, sound, MICROPHONE_RATE)
    subprocess.run(
        [sys.executable, "-m", "amt_tui", "transcribe", path],
        check=True,
        cwd=REPOSITORY,
        timeout=300,
    )
    notes = read_midi(path.with_suffix(".mid")).notes
    assert len(notes) > 20
    return {
        "path": str(path),
        "notes": [[note.onset_s, note.pitch] for note in notes],
        "seconds": len(sound) / MICROPHONE_RATE,
    }


def browse(script: str, recording: dict) -> None:
    """Run the browser's side of the tests."""
    if not any(shutil.which(name) for name in CHROMIUM):
        pytest.skip("Chromium is not installed")
    environment = os.environ | {"AMT_PHONE_RECORDING": json.dumps(recording)}
    subprocess.run(["npm", "run", script], check=True, cwd=PHONE, env=environment, timeout=1500)


@pytest.mark.usefixtures("page")
def test_units() -> None:
    subprocess.run([REPOSITORY / "scripts" / "phone", "--check"], check=True, timeout=600)


@pytest.mark.usefixtures("page")
def test_page_hears_the_demo_recording(demo_sound: np.ndarray, tmp_path: Path) -> None:
    browse("e2e", record(demo_sound[: 12 * SAMPLE_RATE], tmp_path))


@pytest.mark.bench
@pytest.mark.usefixtures("page")
def test_slow_phone_keeps_up_for_five_minutes(demo_sound: np.ndarray, tmp_path: Path) -> None:
    times = 300 * SAMPLE_RATE // len(demo_sound) + 1
    browse("bench", record(np.tile(demo_sound, times)[: 300 * SAMPLE_RATE], tmp_path))
