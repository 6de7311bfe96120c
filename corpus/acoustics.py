"""Rooms and noises: what lies between a piano and a microphone.

Impulse responses are aligned to their direct sound when loaded, so that convolving never moves an
onset (a response with leading silence would shift onsets by up to 90 ms). Rooms beyond the recorded
ones are simulated as decaying noise with a direct sound, darker with time, as ptify found to be
enough (ANCHORS 6).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray
from scipy.fft import next_fast_len
from scipy.signal import lfilter

from transcriber.errors import InputError
from transcriber.timing import SAMPLE_RATE

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
        free_only: Leave out noises that may be used for research only.

    Raises:
        InputError: The manifest or a file is missing or unreadable.
    """
    rooms, noises = [], []
    room_licences, noise_licences = [], []
    try:
        items = json.loads((folder / "manifest.json").read_text())["items"]
        for item in items:
            if item["kind"] == "noise" and free_only and "no commercial" in item["licence"]:
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
    """
    loud = np.abs(response)
    first = int(np.argmax(loud >= 0.25 * loud.max()))
    direct = first + int(np.argmax(loud[first : first + SAMPLE_RATE // 500]))
    cut = response[direct:]
    return np.asarray(cut / cut[0], np.float32)


def simulate_room(rng: np.random.Generator, rt60_s: float, direct_db: float) -> FloatArray:
    """A room as decaying noise behind a direct sound.

    Args:
        rng: Where its chances come from.
        rt60_s: Time in which the reverberation falls by 60 dB, in seconds.
        direct_db: Energy of the direct sound against the reverberation, in dB.

    Returns:
        float32 [S], direct sound 1.0 at sample 0.
    """
    length = int(min(1.2 * rt60_s, 2.5) * SAMPLE_RATE)
    t = np.arange(length) / SAMPLE_RATE
    tail = rng.standard_normal(length)
    # Air and walls swallow high frequencies first: mix a slow dark decay with a faster bright one.
    dark = lfilter([0.15], [1.0, -0.85], tail) * 10.0 ** (-3.0 * t / rt60_s)
    bright = 0.35 * tail * 10.0 ** (-3.0 * t / (rt60_s * rng.uniform(0.3, 0.8)))
    tail = dark + bright
    gap = int(rng.uniform(0.001, 0.015) * SAMPLE_RATE)
    tail[:gap] = 0.0
    for _ in range(int(rng.integers(2, 9))):
        at = int(rng.uniform(0.001, 0.04) * SAMPLE_RATE)
        if at < length:
            tail[at] += rng.choice([-1.0, 1.0]) * rng.uniform(0.3, 1.5) * np.abs(tail).max()
    tail *= 10.0 ** (-direct_db / 20.0) / np.sqrt(np.sum(tail * tail))
    tail[0] = 1.0
    return np.asarray(tail, np.float32)


def coloured_noise(rng: np.random.Generator, samples: int, slope_db: float) -> FloatArray:
    """Stationary noise of RMS 1.0 whose spectrum falls by `slope_db` per octave (0 white, 3 pink, 6
    brown).
    """
    # Detuned clips have any length, also prime ones, for which transforms take ten times as long.
    whole = next_fast_len(samples)
    spectrum = np.fft.rfft(rng.standard_normal(whole))
    f = np.maximum(np.fft.rfftfreq(whole, 1 / SAMPLE_RATE), 20.0)
    noise = np.fft.irfft(spectrum * (f / 1000.0) ** (-slope_db / 6.02), whole)[:samples]
    return np.asarray(noise / np.sqrt(np.mean(noise * noise)), np.float32)


def mains_hum(rng: np.random.Generator, samples: int) -> FloatArray:
    """Hum of RMS 1.0: harmonics of 50 or 60 Hz."""
    t = np.arange(samples) / SAMPLE_RATE
    f = rng.choice([50.0, 60.0])
    hum = np.zeros(samples)
    for harmonic in range(1, 9):
        level = 10.0 ** (-rng.uniform(0.0, 30.0) / 20.0)
        hum += level * np.sin(2 * np.pi * (harmonic * f * t + rng.random()))
    return np.asarray(hum / np.sqrt(np.mean(hum * hum)), np.float32)


def babble(rng: np.random.Generator, samples: int) -> FloatArray:
    """Speech-like sound of RMS 1.0: glottal pulses through moving formants, in syllables.

    No recorded voices are needed; it has the harmonics, glides and rhythm that make talking look
    like notes.
    """
    out = np.zeros(samples)
    for _ in range(int(rng.integers(1, 4))):
        base_hz = rng.uniform(85.0, 260.0)
        knots = max(4, samples // (SAMPLE_RATE // 6))
        at = np.linspace(0, samples - 1, knots)
        every = np.arange(samples)
        pitch = base_hz * 2.0 ** np.interp(every, at, np.cumsum(rng.normal(0, 0.12, knots)) % 0.7)
        phase = np.cumsum(pitch) / SAMPLE_RATE
        source = 2.0 * (phase % 1.0) - 1.0 + 0.1 * rng.standard_normal(samples)
        voice = np.zeros(samples)
        for low, high in ((300, 850), (900, 2300), (2300, 3200)):
            centre = rng.uniform(low, high)
            r = np.exp(-np.pi * rng.uniform(60, 160) / SAMPLE_RATE)
            a = [1.0, -2 * r * np.cos(2 * np.pi * centre / SAMPLE_RATE), r * r]
            voice += lfilter([1 - r], a, source)
        syllables = np.clip(np.interp(every, at, rng.normal(0.4, 0.6, knots)), 0.0, None)
        out += voice * syllables * rng.uniform(0.2, 1.0)
    return np.asarray(out / max(1e-6, np.sqrt(np.mean(out * out))), np.float32)
