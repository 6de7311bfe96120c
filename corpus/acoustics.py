"""Recorded rooms and noises: what lies between a piano and a microphone.

Impulse responses are aligned to their direct sound when loaded, so that convolving never moves an
onset (a response with leading silence would shift onsets by up to 90 ms).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from transcriber.errors import InputError
from transcriber.timing import SAMPLE_RATE

from .licences import is_free

FloatArray = NDArray[np.float32]


@dataclass(frozen=True)
class Acoustics:
    """Recorded rooms (direct sound at sample 0, its peak 1.0) and noises (RMS 1.0), and the licence
    of each where it is known.
    """

    rooms: tuple[FloatArray, ...]
    noises: tuple[FloatArray, ...]
    room_licences: tuple[str, ...] = ()
    noise_licences: tuple[str, ...] = ()


def load_acoustics(folder: Path, free_only: bool = False) -> Acoustics:
    """Loads what `manifest.json` of `folder` lists.

    Args:
        folder: Folder with `manifest.json`, files relative to it.
        free_only: Leave out noises whose licence is not free.

    Raises:
        InputError: The manifest or a file is missing or unreadable.
    """
    rooms, noises = [], []
    room_licences, noise_licences = [], []
    try:
        items = json.loads((folder / "manifest.json").read_text())["items"]
        for item in items:
            if item["kind"] == "noise" and free_only and not is_free(item["licence"]):
                continue
            audio, rate = soundfile.read(folder / item["file"], dtype="float32")
            if rate != SAMPLE_RATE or audio.ndim != 1:
                raise InputError(
                    f"{folder / item['file']} is not {SAMPLE_RATE} Hz mono.", "Convert it first."
                )
            if item["kind"] == "rir":
                rooms.append(align(audio))
                room_licences.append(str(item["licence"]))
            elif len(audio) >= SAMPLE_RATE // 2 and np.abs(audio).max() > 0:
                noises.append(audio / np.sqrt(np.mean(audio * audio)))
                noise_licences.append(str(item["licence"]))
    except (OSError, ValueError, KeyError, soundfile.LibsndfileError) as error:
        raise InputError(
            f"The rooms and noises in {folder} cannot be read ({error}).",
            "Name a folder with a manifest.json as docs/corpus.md describes.",
        ) from error
    return Acoustics(tuple(rooms), tuple(noises), tuple(room_licences), tuple(noise_licences))


def align(response: FloatArray) -> FloatArray:
    """Cuts everything before the direct sound and scales its peak to 1.0.

    The direct sound is the first sample within 12 dB of the highest peak, the peak right after it.
    What is left once all but a millionth of the energy has passed is cut too: recordings end in
    noise.
    """
    loud = np.abs(response)
    first = int(np.argmax(loud >= 0.25 * loud.max()))
    direct = first + int(np.argmax(loud[first : first + SAMPLE_RATE // 500]))
    cut = response[direct:]
    energy_left = np.cumsum(cut[::-1].astype(np.float64) ** 2)[::-1]
    cut = cut[: np.count_nonzero(energy_left > 1e-6 * energy_left[0])]
    return np.asarray(cut / cut[0], np.float32)
