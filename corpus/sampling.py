"""Writes sample banks: single notes in, a folder of FLAC files and its `NAME.json` out.

Soundfonts and SFZ libraries become banks in this way once, and are then read like any other
(`corpus/banks.py`). Everything a bank says about level, onset and decay is measured here.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import soundfile
from numpy.typing import NDArray

from transcriber.atomic import atomic_write
from transcriber.errors import AmtError, InputError
from transcriber.timing import SAMPLE_RATE

from .attacks import find_attack

FloatArray = NDArray[np.float32]
Trigger = Literal["attack", "release"]

LONGEST_S = 12.0
"""Longest part of a note that is kept; a bass string sounds for longer, but hardly any note is
held so long.
"""

SILENT_DB = 70.0
"""A note ends where it has fallen this far below its loudest."""

_PEAK_DBFS = -9.0
_BLOCK = SAMPLE_RATE // 20
_BEFORE_S = 0.02


@dataclass(frozen=True)
class Sample:
    """One recorded note.

    Args:
        audio: float32 [S] or [S, 2] at `SAMPLE_RATE`, at its true level against its bank.
        root: Pitch that sounds, MIDI number.
        keys: Lowest and highest key it is played for.
        velocities: Lowest and highest velocity it is played for.
        trigger: Whether it sounds when the key goes down or when it comes back.
        tune_cents: Correction that its library asks for.
    """

    audio: FloatArray
    root: int
    keys: tuple[int, int]
    velocities: tuple[int, int]
    trigger: Trigger = "attack"
    tune_cents: float = 0.0


@dataclass(frozen=True)
class About:
    """What a bank says about itself; `name` is also the name of its files."""

    name: str
    instrument: str
    licence: str
    source: str


def bank_name(text: str) -> str:
    """`text` as a file name: small letters, digits and underscores."""
    return re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_") or "piano"


def write_bank(folder: Path, about: About, samples: Iterable[Sample]) -> Path:
    """Writes a bank into `folder`, its description last.

    Silent samples are left out.

    Returns:
        The description, `folder/NAME.json`, which `load_bank` reads.

    Raises:
        InputError: There is no sample with sound.
        AmtError: A bank of that name is there already, or the folder cannot be written.
    """
    description = folder / f"{about.name}.json"
    sounds = description.with_suffix("")
    if description.exists():
        raise AmtError(f"There is a bank {description} already.", "Delete it, or name another -o.")
    try:
        shutil.rmtree(sounds, ignore_errors=True)  # of a conversion that was broken off
        sounds.mkdir(parents=True)
        zones = []
        for number, sample in enumerate(samples):
            zone = _write_zone(sounds / f"{sample.root:03d}_{number:04d}.flac", sample)
            if zone is not None:
                zones.append(zone)
        if not any(zone["trigger"] == "attack" for zone in zones):
            raise InputError(f"{about.source} has no sound in it.", "Choose another piano.")
        table = {**vars(about), "sample_rate": SAMPLE_RATE, "zones": zones}
        text = json.dumps(table, indent=1, ensure_ascii=False) + "\n"
        atomic_write(description, text.encode())
    except OSError as error:
        raise AmtError(
            f"The bank {description} cannot be written ({error}).", "Name another folder with -o."
        ) from error
    return description


def _write_zone(path: Path, sample: Sample) -> dict[str, Any] | None:
    """Writes one sample and tells its zone; None if it is silent."""
    audio = sample.audio if sample.audio.ndim == 2 else sample.audio[:, None]
    mono = audio.mean(1)
    peak = float(np.abs(audio).max(initial=0.0))
    if peak < 1e-5:
        return None
    attack = find_attack(mono)
    begin = max(0, attack - round(_BEFORE_S * SAMPLE_RATE))
    audio = _without_tail(audio[begin : begin + round(LONGEST_S * SAMPLE_RATE)])
    # The bits are spent on the loudest moment of each; the true level stands beside it.
    scale = 10.0 ** (_PEAK_DBFS / 20.0) / peak
    soundfile.write(path, audio * scale, SAMPLE_RATE, subtype="PCM_16")
    head = mono[attack : attack + SAMPLE_RATE // 2]
    return {
        "file": path.name,
        "root": sample.root,
        "lokey": sample.keys[0],
        "hikey": sample.keys[1],
        "lovel": sample.velocities[0],
        "hivel": sample.velocities[1],
        "trigger": sample.trigger,
        "tune_cents": round(sample.tune_cents, 2),
        "lowpass_hz": None,
        "dur": round(len(audio) / SAMPLE_RATE, 3),
        "onset_ms": round((attack - begin) * 1000.0 / SAMPLE_RATE, 2),
        "peak_dbfs": round(20.0 * float(np.log10(peak)), 2),
        "stored_scale_db": round(20.0 * float(np.log10(scale)), 2),
        "rms500_dbfs": round(10.0 * float(np.log10(np.mean(head * head) + 1e-12)), 2),
        "t20": _decay_s(mono[attack:], 20.0),
    }


def _blocks_db(mono: NDArray[Any]) -> NDArray[np.float64]:
    """Level of consecutive 50 ms."""
    whole = mono[: len(mono) // _BLOCK * _BLOCK].reshape(-1, _BLOCK).astype(np.float64)
    return np.asarray(10.0 * np.log10(np.mean(whole * whole, 1) + 1e-14))


def _without_tail(audio: FloatArray) -> FloatArray:
    """The sound up to where it has died away."""
    levels = _blocks_db(audio.mean(1))
    if not len(levels):
        return audio
    heard = np.flatnonzero(levels > levels.max() - SILENT_DB)
    return audio[: (int(heard[-1]) + 2) * _BLOCK]


def _decay_s(mono: NDArray[Any], fall_db: float) -> float | None:
    """Seconds until the level has fallen by `fall_db`; None if it never does."""
    levels = _blocks_db(mono)
    if not len(levels):
        return None
    fallen = np.flatnonzero(levels < levels.max() - fall_db)
    after = fallen[fallen > int(levels.argmax())]
    return round(float(after[0]) * _BLOCK / SAMPLE_RATE, 2) if len(after) else None
