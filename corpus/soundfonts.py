"""SF2 and SF3 soundfonts, played by FluidSynth.

A soundfont is a program as much as a recording: velocities open filters, envelopes and loops make
the tail. So it is not read but played, note by note, by the program that defines how they sound,
without its reverb and chorus.
"""

from __future__ import annotations

import shutil
import struct
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import mido
import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from transcriber.errors import AmtError, InputError
from transcriber.timing import LOWEST_PITCH, PITCHES, SAMPLE_RATE

from .sampling import LONGEST_S, Sample

FloatArray = NDArray[np.float32]

VELOCITIES = (12, 30, 50, 70, 90, 108, 124)
"""Played for each key; a layer reaches half way to its neighbours."""

KEY_STEP = 3
"""Every third key is played. Soundfonts have about as many samples themselves."""

_PLAYED_RATE = 48_000  # FluidSynth transposes without a low-pass: leave it room, then resample
_FIRST_S = 0.5
_PERIOD_S = LONGEST_S + 3.0
_TICKS_PER_S = 1000
_ALIKE = 0.998  # correlation squared: what differs lies 27 dB below


@dataclass(frozen=True, order=True)
class Preset:
    """One instrument of a soundfont."""

    bank: int
    program: int
    name: str


def list_presets(font: Path) -> list[Preset]:
    """The instruments of a soundfont, by its preset headers (SoundFont 2.04, section 7.2).

    Raises:
        InputError: The file cannot be read or is no soundfont.
    """
    try:
        data = font.read_bytes()
    except OSError as error:
        raise InputError(f"{font} cannot be read ({error}).", "Check the path.") from error
    headers = data.rfind(b"phdr")
    if data[:4] != b"RIFF" or data[8:12] != b"sfbk" or headers < 0:
        raise InputError(f"{font} is no soundfont.", "Name an SF2 or SF3 file.")
    (size,) = struct.unpack_from("<I", data, headers + 4)
    records = data[headers + 8 : headers + 8 + size]
    presets = []
    for name, program, bank in struct.iter_unpack("<20sHH14x", records[: size // 38 * 38]):
        presets.append(Preset(bank, program, name.split(b"\0")[0].decode("latin-1").strip()))
    return sorted(presets[:-1])  # the last record only ends the list


def find_preset(font: Path, bank: int, program: int) -> Preset:
    """One instrument of a soundfont.

    Raises:
        InputError: It is not there; the message lists the pianos that are.
    """
    presets = list_presets(font)
    for preset in presets:
        if (preset.bank, preset.program) == (bank, program):
            return preset
    pianos = ", ".join(f"{p.bank}:{p.program} {p.name}" for p in presets if p.program < 4)
    raise InputError(
        f"{font} has no preset {bank}:{program}.",
        f"Its pianos, as bank:program, are {pianos}." if pianos else "It has no pianos.",
    )


def sampled(font: Path, preset: Preset) -> Iterator[Sample]:
    """Plays every `KEY_STEP`-th key at `VELOCITIES`, in stereo where the soundfont is.

    Raises:
        AmtError: FluidSynth is not installed, or does not play the file.
    """
    program = shutil.which("fluidsynth")
    if program is None:
        raise AmtError(
            "Soundfonts are played by FluidSynth, which is not installed.",
            "Install it: apt install fluidsynth (macOS: brew install fluid-synth).",
        )
    keys = list(range(LOWEST_PITCH, LOWEST_PITCH + PITCHES, KEY_STEP))
    reach = KEY_STEP // 2
    # Layers meet half way between what is played. From the loudest down, so that a soundfont that
    # only turns the volume down for soft notes gets one layer.
    kept: dict[int, Sample] = {}
    for number in reversed(range(len(VELOCITIES))):
        velocity = VELOCITIES[number]
        low = (VELOCITIES[number - 1] + velocity) // 2 + 1 if number else 1
        for key, audio in zip(keys, _played(program, font, preset, velocity, keys), strict=True):
            louder = kept.get(key)
            if louder is not None and _same_sound(louder.audio, audio):
                kept[key] = replace(louder, velocities=(low, louder.velocities[1]))
                continue
            if louder is not None:
                yield louder
            high = louder.velocities[0] - 1 if louder else 127
            span = (key - reach, key + KEY_STEP - 1 - reach)
            kept[key] = Sample(audio, key, span, (low, high))
    yield from kept.values()


def _same_sound(loud: FloatArray, soft: FloatArray) -> bool:
    """Whether two notes differ in level only."""
    head = 2 * SAMPLE_RATE
    a, b = loud[:head].ravel().astype(np.float64), soft[:head].ravel().astype(np.float64)
    if len(a) != len(b):
        return False
    return float(a @ b) ** 2 > _ALIKE * float(a @ a) * float(b @ b)


def _played(
    program: str, font: Path, preset: Preset, velocity: int, keys: list[int]
) -> list[FloatArray]:
    """One note after the other: float32 [S, channels] each."""
    with tempfile.TemporaryDirectory(prefix="amt-") as folder:
        score, sound = Path(folder) / "score.mid", Path(folder) / "sound.wav"
        _write_score(score, preset, velocity, keys)
        options = {
            "synth.reverb.active": 0,
            "synth.chorus.active": 0,
            "synth.sample-rate": _PLAYED_RATE,
            "synth.gain": 0.5,
            "synth.midi-bank-select": "mma",
            "audio.file.format": "float",
            "audio.file.type": "wav",
        }
        settings = [f"-o{name}={value}" for name, value in options.items()]
        command = [program, "-niq", *settings, "-F", str(sound), str(font), str(score)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode or not sound.exists():
            raise AmtError(
                f"FluidSynth could not play {font}: {done.stderr.strip()[-200:]}",
                "Check the file, or play it with another version of FluidSynth.",
            )
        notes = []
        with soundfile.SoundFile(sound) as file:
            for number in range(len(keys)):
                file.seek(round((_FIRST_S / 2 + number * _PERIOD_S) * _PLAYED_RATE))
                note = file.read(round(_PERIOD_S * _PLAYED_RATE), "float32", always_2d=True)
                notes.append(_alike(soxr.resample(note, _PLAYED_RATE, SAMPLE_RATE, "VHQ")))
    return notes


def _alike(audio: FloatArray) -> FloatArray:
    """Stereo whose channels are the same is mono."""
    left, right = audio[:, 0], audio[:, 1]
    if float(np.abs(left - right).max()) < 1e-3 * float(np.abs(audio).max()):
        return audio[:, :1]
    return audio


def _write_score(path: Path, preset: Preset, velocity: int, keys: list[int]) -> None:
    ticks = mido.second2tick(1.0, _TICKS_PER_S, 1_000_000)
    track = mido.MidiTrack(
        [
            mido.MetaMessage("set_tempo", tempo=1_000_000),
            mido.Message("control_change", control=0, value=preset.bank >> 7),
            mido.Message("control_change", control=32, value=preset.bank & 127),
            mido.Message("program_change", program=preset.program),
        ]
    )
    wait_s = _FIRST_S
    for key in keys:
        track.append(
            mido.Message("note_on", note=key, velocity=velocity, time=round(wait_s * ticks))
        )
        track.append(mido.Message("note_off", note=key, time=round(LONGEST_S * ticks)))
        wait_s = _PERIOD_S - LONGEST_S
    track.append(mido.MetaMessage("end_of_track", time=2 * ticks))
    midi = mido.MidiFile(type=0, ticks_per_beat=_TICKS_PER_S)
    midi.tracks.append(track)
    midi.save(path)
