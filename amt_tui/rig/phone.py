"""A phone: the built page in Chromium, whose microphone plays a recording.

What the browser is made to do is written in phone/e2e; what it has to hear is said here, by
`amt transcribe`. `tests/phone` and `scripts/bench_phone` both come this way.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from transcriber.errors import AmtError
from transcriber.midi import read_midi
from transcriber.timing import SAMPLE_RATE

from .figures import Figure

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "phone"
PICTURES = PAGE / "build" / "pictures"

BROWSERS = ("chromium", "google-chrome")

MICROPHONE_RATE = 48_000
LEAD_S = 5
"""Silence to begin with: the recording runs already while a busy machine opens the microphone."""

FIGURES = "AMT_PHONE_FIGURES"
"""Names the file into which the browser's side writes what it measured, a line of JSON each."""


SHEET = (1560, 720)
PLACES = {
    "portrait": (0, 0, 405, 720),
    "light": (429, 0, 405, 720),
    "landscape": (858, 158, 702, 395),
}
"""Left, top, width and height of each picture on the sheet."""
CORNER = 18


class PhoneError(AmtError):
    """The page could not be built, opened, or used."""


def missing() -> str | None:
    """The program that is not installed here and without which no page can be opened."""
    for command in ("node", "npm"):
        if shutil.which(command) is None:
            return command
    return None if browser() else "chromium"


def browser() -> str | None:
    """Path of Chromium; phone/e2e starts the same."""
    paths = (shutil.which(name) for name in BROWSERS)
    return os.environ.get("AMT_CHROMIUM") or next(filter(None, paths), None)


def take(sound: NDArray[np.float32], path: Path) -> dict[str, Any]:
    """Writes sound as a microphone would hear it, and what `amt transcribe` hears in it.

    Args:
        sound: float32 [S] at `SAMPLE_RATE`.
        path: Where to, `.wav`; the MIDI file lies beside it.

    Returns:
        What phone/e2e/phone.ts calls a recording.
    """
    silence = np.zeros(LEAD_S * MICROPHONE_RATE, np.float32)
    sound = soxr.resample(sound, SAMPLE_RATE, MICROPHONE_RATE)
    sound = np.concatenate([silence, sound, silence[:MICROPHONE_RATE]])
    soundfile.write(path, sound, MICROPHONE_RATE)
    run([sys.executable, "-m", "amt_tui", "transcribe", path], {}, 600.0)
    notes = read_midi(path.with_suffix(".mid")).notes
    return {
        "path": str(path),
        "notes": [[note.onset_s, note.pitch] for note in notes],
        "seconds": len(sound) / MICROPHONE_RATE,
    }


def run(command: list[Any], environment: Mapping[str, str], timeout_s: float) -> str:
    """Runs a command of the page's to its end, and everything it started to theirs.

    Node, its compilers and the browser are processes of their own, the browser even in a session of
    its own; one that outlived us would keep our output open, and whoever reads it waiting. So none
    of them is given it, and they are found again by the folder they were told to use.

    Returns:
        All that was said.

    Raises:
        PhoneError: It failed, or did not end in time.
    """
    with tempfile.TemporaryDirectory(prefix="amt-phone-") as folder:
        settings = {**os.environ, **environment, "TMPDIR": folder}
        if (chromium := browser()) is not None:
            settings["AMT_CHROMIUM"] = chromium
        log = Path(folder, "log")
        try:
            with log.open("wb") as out:
                subprocess.run(
                    [str(word) for word in command],
                    check=True,
                    cwd=ROOT,
                    env=settings,
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=subprocess.STDOUT,
                    timeout=timeout_s,
                )
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
            print(log.read_text(errors="replace"), file=sys.stderr)
            name = " ".join(Path(word).name for word in map(str, command))
            ended = (
                "did not end in time" if isinstance(error, subprocess.TimeoutExpired) else "failed"
            )
            raise PhoneError(f"{name} {ended}.", "What it said stands above.") from error
        finally:
            _end_all(folder)
        return log.read_text(errors="replace")


def read_figures(path: Path) -> list[Figure]:
    """What the browser's side has measured; empty where it did not come so far."""
    lines = path.read_text().splitlines() if path.exists() else []
    read = [json.loads(line) for line in lines]
    # JavaScript writes null for what is no number; NaN misses every bar.
    return [
        Figure(**{**one, "value": np.nan if one["value"] is None else one["value"]}) for one in read
    ]


def picture(folder: Path, path: Path) -> None:
    """Puts what the browser's side has photographed side by side, for the documentation.

    Args:
        folder: Where it keeps its pictures.
        path: A PNG file to write.
    """
    sheet = Image.new("RGBA", SHEET)
    for name, (left, top, width, height) in PLACES.items():
        with Image.open(folder / f"{name}.png") as shot:
            small = shot.convert("RGBA").resize((width, height), Image.Resampling.LANCZOS)
        # Twice as fine as it is pasted, or the corners would be stairs.
        mask = Image.new("L", (2 * width, 2 * height))
        ImageDraw.Draw(mask).rounded_rectangle((0, 0, *mask.size), 2 * CORNER, fill=255)
        sheet.paste(small, (left, top), mask.resize(small.size))
    sheet.save(path, optimize=True)


def _end_all(folder: str) -> None:
    """Kills every process that was started with this folder (Linux).

    One that is becoming another program shows neither what it was told nor its settings for a
    moment, and one may start another while we look: so we look until there is none, twice more.
    """
    quiet = 0
    while quiet < 3:
        found = [process for process in Path("/proc").glob("[0-9]*") if _told(process, folder)]
        for process in found:
            with suppress(OSError):
                os.kill(int(process.name), signal.SIGKILL)
        quiet = 0 if found else quiet + 1
        time.sleep(0.02)


def _told(process: Path, folder: str) -> bool:
    """Whether a running process has this folder among its settings or words."""
    try:
        told = (process / "environ").read_bytes() + (process / "cmdline").read_bytes()
    except OSError:
        return False
    return folder.encode() in told
