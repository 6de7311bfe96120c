"""Sample banks: recorded single notes of a piano, with where each one belongs.

A bank is a folder of FLAC files and a `NAME.json` beside it that lists the zones (format:
`docs/corpus.md`). Levels and attacks are measured, not trusted: each zone carries its true level,
so that the renderer can put any velocity curve on any piano, also on libraries whose layers were
normalised; and where it begins to sound, also where microphones were far away.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray
from scipy.signal import butter, lfilter

from transcriber.errors import InputError
from transcriber.timing import LOWEST_PITCH, PITCHES, SAMPLE_RATE

from .attacks import find_attack

PREROLL_S = 0.025
"""What is kept before the attack: the hammer on its way, and bass strings that speak slowly. It is
faded in, or key noise would be taken for the note.
"""

BRIGHTNESS_STEPS = 3
"""Sub-layers made from a zone whose library darkens soft notes with a low-pass filter."""


@dataclass(frozen=True, slots=True)
class Zone:
    """One recorded note inside `Bank.samples`.

    `start` and `stop` are samples into the bank, `onset` samples from `start` to the attack; the
    velocities are inclusive. `levels_db` are the RMS of the first half second at full scale 1.0:
    of each channel, then of the mean of all where there are several. `tune_cents` is the correction
    its library asks for.
    """

    root: int
    low_velocity: int
    high_velocity: int
    start: int
    stop: int
    onset: int
    levels_db: tuple[float, ...]
    tune_cents: float = 0.0

    def level_db(self, channel: int) -> float:
        """Level by a channel of the bank, -1 for the mean of all; a mono zone stands in each."""
        return self.levels_db[min(channel, len(self.levels_db) - 1)]


@dataclass(frozen=True)
class Bank:
    """All zones of one piano, audio in one int16 array that forked workers share.

    `samples` is int16 [C, S], one row for each channel that was recorded.
    `strikes[p - 21]` lists the zones recorded nearest to pitch p, from softest to loudest;
    `releases[p - 21]` is the sound of the key and damper coming back, or None.
    `loudness_db[p - 21]` is the level of the loudest layer, `tuning_cents[p - 21]` how far its
    strings lie from equal temperament, 0 where that was not measured.
    """

    name: str
    licence: str
    samples: NDArray[np.int16]
    strikes: tuple[tuple[Zone, ...], ...]
    releases: tuple[Zone | None, ...]
    loudness_db: NDArray[np.float64]
    tuning_cents: NDArray[np.float64]


def bank_paths(folder: Path) -> list[Path]:
    """Descriptions of the banks in a folder, in the order of their names."""
    return sorted(path for path in folder.glob("*.json") if path.stem != "manifest")


def _darken(audio: NDArray[np.float32], cutoff_hz: float) -> NDArray[np.float32]:
    b, a = butter(1, min(cutoff_hz, 0.45 * SAMPLE_RATE), fs=SAMPLE_RATE)
    return np.asarray(lfilter(b, a, audio), np.float32)


def _level_db(audio: NDArray[np.float32]) -> float:
    head = audio[: SAMPLE_RATE // 2].astype(np.float64)
    return float(10.0 * np.log10(np.mean(head * head) + 1e-12))


class _Assembler:
    """Reads zone files, corrects them and lays them one behind the other."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.pieces: list[NDArray[np.int16]] = []
        self.length = 0

    def add(self, zone: dict[str, Any], low: int, high: int, cutoff_hz: float | None) -> Zone:
        audio = self._read(self.folder / zone["file"])
        if cutoff_hz is not None:
            audio = _darken(audio, cutoff_hz)
        if zone["trigger"] == "attack":
            attack = find_attack(audio.mean(0))
            begin = max(0, attack - round(PREROLL_S * SAMPLE_RATE))
        else:
            begin = attack = round(zone["onset_ms"] * SAMPLE_RATE / 1000)
        audio = audio[:, begin:]
        # A filtered sample may have lost level: spend the 16 bits again.
        audio = audio * (0.5 / max(1e-6, float(np.abs(audio).max())))
        before = attack - begin
        audio[:, :before] *= (
            np.linspace(1.0, 0.0, before, endpoint=False, dtype=np.float32)[::-1] ** 2
        )
        fade = min(audio.shape[1], SAMPLE_RATE // 20)
        audio[:, audio.shape[1] - fade :] *= np.linspace(1.0, 0.0, fade, dtype=np.float32)
        pcm = np.round(audio * 32767.0).astype(np.int16)
        self.pieces.append(pcm)
        start = self.length
        self.length += pcm.shape[1]
        channels = [*audio, audio.mean(0)] if len(audio) > 1 else [audio[0]]
        levels = tuple(_level_db(channel[attack - begin :]) for channel in channels)
        tune = zone.get("tune_cents") or 0.0
        return Zone(zone["root"], low, high, start, self.length, attack - begin, levels, tune)

    def samples(self) -> NDArray[np.int16]:
        """int16 [C, S]; what was recorded in one channel stands in all."""
        channels = max(len(piece) for piece in self.pieces)
        whole = np.empty((channels, self.length), np.int16)
        np.concatenate(
            [np.broadcast_to(piece, (channels, piece.shape[1])) for piece in self.pieces],
            axis=1,
            out=whole,
        )
        return whole

    @staticmethod
    def _read(path: Path) -> NDArray[np.float32]:
        """float32 [C, S]."""
        try:
            audio, rate = soundfile.read(path, dtype="float32", always_2d=True)
        except (OSError, soundfile.LibsndfileError) as error:
            raise InputError(
                f"The sample {path} cannot be read ({error}).", "Get the sample bank again."
            ) from error
        if rate != SAMPLE_RATE or audio.shape[1] > 2:
            raise InputError(
                f"The sample {path} is not {SAMPLE_RATE} Hz mono or stereo.",
                "Convert the bank as docs/corpus.md describes.",
            )
        return np.ascontiguousarray(audio.T)


def _brightness_layers(zone: dict[str, Any]) -> list[tuple[int, int, float | None]]:
    """Velocity ranges and cut-offs a zone is unfolded into."""
    low, high = max(1, zone["lovel"]), zone["hivel"]
    if zone["lowpass_hz"] is None:
        return [(low, high, None)]
    edges = np.linspace(low, high + 1, BRIGHTNESS_STEPS + 1).round().astype(int)
    cutoffs = [zone["lowpass_hz"] * 2.0**step for step in range(BRIGHTNESS_STEPS)]
    return [(int(a), int(b) - 1, c) for a, b, c in zip(edges[:-1], edges[1:], cutoffs, strict=True)]


def load_bank(description: Path) -> Bank:
    """Loads the bank described by `NAME.json`, its audio in the folder `NAME` beside it.

    Raises:
        InputError: The description or a sample is missing or not what it should be.
    """
    try:
        return _assemble(description, json.loads(description.read_text()))
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise InputError(
            f"{description} does not describe a sample bank ({error!r}).",
            "Name the JSON file of a bank as docs/corpus.md describes.",
        ) from error


def _assemble(description: Path, table: dict[str, Any]) -> Bank:
    name, zones = table["name"], table["zones"]
    assembler = _Assembler(description.with_suffix(""))
    struck: list[tuple[dict[str, Any], Zone]] = []
    released: list[Zone] = []
    for zone in zones:
        if zone["trigger"] == "attack":
            for low, high, cutoff in _brightness_layers(zone):
                struck.append((zone, assembler.add(zone, low, high, cutoff)))
        else:
            released.append(assembler.add(zone, 1, 127, None))
    if not struck:
        raise ValueError("no zone is struck")
    strikes, releases = [], []
    loudness, tuning = np.zeros(PITCHES), np.zeros(PITCHES)
    for key in range(PITCHES):
        pitch = LOWEST_PITCH + key
        own = [pair for pair in struck if pair[0]["lokey"] <= pitch <= pair[0]["hikey"]]
        if not own:
            nearest = min(abs(made.root - pitch) for _, made in struck)
            own = [pair for pair in struck if abs(pair[1].root - pitch) == nearest]
        own.sort(key=lambda pair: (pair[1].low_velocity, pair[1].high_velocity))
        strikes.append(tuple(made for _, made in own))
        loudness[key] = own[-1][0]["rms500_dbfs"]
        tuning[key] = own[-1][0].get("meas_cents") or 0.0
        near = [z for z in released if abs(z.root - pitch) <= 2]
        releases.append(min(near, key=lambda z: abs(z.root - pitch)) if near else None)
    smooth = _smooth(loudness)
    return Bank(
        name,
        table["licence"],
        assembler.samples(),
        tuple(strikes),
        tuple(releases),
        smooth - smooth.max(),
        _smooth(tuning),
    )


def _smooth(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean over an octave: differences between single keys are drawn, not taken over."""
    return np.convolve(np.pad(values, 6, mode="edge"), np.ones(13) / 13, mode="valid")
