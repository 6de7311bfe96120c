"""SFZ libraries: a text file that maps sound files to keys and velocities.

What decides the sound of single notes is read (sfzformat.com): headers from `<control>` to
`<region>`, `#define` and `#include`, `sample`, `default_path`, keys by number or name, velocities,
`pitch_keycenter`, `transpose`, `tune`, `volume`, `offset`, `end`, `trigger`, and the first of
several takes (`seq_position`, `lorand`). Envelopes, filters and effects are not: a bank holds what
was recorded, and the renderer has its own. Regions that controllers start (pedal noises) are left
out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from transcriber.errors import InputError
from transcriber.timing import SAMPLE_RATE

from .sampling import Sample, Trigger

FloatArray = NDArray[np.float32]
Opcodes = dict[str, str]

_LEVELS = ("global", "master", "group", "region")
_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
_DEFINE = re.compile(r"#define\s+(\$\w+)\s+(\S+)")
_INCLUDE = re.compile(r'#include\s+"([^"]+)"')
_TOKEN = re.compile(r"<(\w+)>|(\w+)=(.*?)(?=\s+\w+=|\s*<|\s*$)", re.MULTILINE)
_KEY_NAME = re.compile(r"([a-g])([#b]?)(-?\d+)$", re.IGNORECASE)
_SEMITONES = {"c": 0, "d": 2, "e": 4, "f": 5, "g": 7, "a": 9, "b": 11}
_DEEPEST = 10  # includes within includes; more is a circle


@dataclass(frozen=True)
class Region:
    """One sound file and where it is played; `Sample` without its sound."""

    path: Path
    root: int
    keys: tuple[int, int]
    velocities: tuple[int, int]
    trigger: Trigger
    tune_cents: float
    volume_db: float
    offset: int
    end: int | None


def read_sfz(path: Path) -> list[Region]:
    """The regions of an SFZ file that single notes play.

    Raises:
        InputError: The file, or one it includes, cannot be read, or a value makes no sense.
    """
    regions = []
    defaults: dict[str, Opcodes] = {}
    text = _text(path, path.parent, {}, _DEEPEST)
    for header, opcodes in _sections(text):
        if header == "control":
            defaults.setdefault("control", {}).update(opcodes)
            continue
        if header not in _LEVELS:  # <curve>, <effect>
            continue
        # A header ends everything that stood below it.
        for lower in _LEVELS[_LEVELS.index(header) :]:
            defaults.pop(lower, None)
        defaults[header] = opcodes
        if header == "region":
            merged: Opcodes = {}
            for level in ("control", *_LEVELS):
                merged |= defaults.get(level, {})
            try:
                region = _region(path.parent, merged)
            except ValueError as error:
                raise InputError(
                    f"{path} has a region that cannot be read ({error}).",
                    "Correct the file; sfzformat.com describes it.",
                ) from error
            if region is not None:
                regions.append(region)
    if not regions:
        raise InputError(f"{path} has no regions that play samples.", "Name an SFZ file.")
    return regions


def sampled(regions: list[Region]) -> Iterator[Sample]:
    """The sound of every region.

    Raises:
        InputError: A sound file cannot be read.
    """
    for region in regions:
        audio = _sound(region)
        yield Sample(
            audio, region.root, region.keys, region.velocities, region.trigger, region.tune_cents
        )


def _text(path: Path, root: Path, defined: dict[str, str], depth: int) -> str:
    """The file without comments, its includes and definitions put in; both go line by line, since
    a name may be defined anew between two includes.
    """
    try:
        raw = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error}).", "Check the path.") from error
    if depth == 0:
        raise InputError(f"{path} includes itself.", "Correct the file.")
    lines = []
    for line in _COMMENT.sub("", raw).splitlines():
        if found := _DEFINE.search(line):
            defined[found[1]] = found[2]
            continue
        # Longer names first, as $KEY is the beginning of $KEYCENTER.
        for name in sorted(defined, key=len, reverse=True):
            line = line.replace(name, defined[name])
        if found := _INCLUDE.search(line):
            line = _text(root / found[1].replace("\\", "/"), root, defined, depth - 1)
        lines.append(line)
    return "\n".join(lines)


def _sections(text: str) -> Iterator[tuple[str, Opcodes]]:
    header, opcodes = "", dict[str, str]()
    for found in _TOKEN.finditer(text):
        if found[1]:
            if header:
                yield header, opcodes
            header, opcodes = found[1], {}
        else:
            opcodes[found[2]] = found[3].strip()
    if header:
        yield header, opcodes


def _region(folder: Path, opcodes: Opcodes) -> Region | None:
    """A region by its opcodes; None for one that single notes do not play."""
    name = opcodes.get("sample", "")
    started = any(opcode.startswith(("on_locc", "on_hicc")) for opcode in opcodes)
    another_take = int(opcodes.get("seq_position", 1)) > 1 or float(opcodes.get("lorand", 0)) > 0
    if not name or name.startswith("*") or started or another_take:
        return None
    shift = int(opcodes.get("note_offset", 0)) + 12 * int(opcodes.get("octave_offset", 0))
    key = opcodes.get("key")
    low = _key(opcodes.get("lokey", key or "0")) + shift
    high = _key(opcodes.get("hikey", key or "127")) + shift
    if low > high or high < 0:
        return None
    center = _key(opcodes.get("pitch_keycenter", key or "60")) + shift
    trigger: Trigger = "release" if opcodes.get("trigger", "").startswith("release") else "attack"
    return Region(
        path=_found(folder, opcodes.get("default_path", "") + name),
        root=center - int(opcodes.get("transpose", 0)),
        keys=(low, high),
        velocities=(max(1, int(opcodes.get("lovel", 1))), int(opcodes.get("hivel", 127))),
        trigger=trigger,
        tune_cents=float(opcodes.get("tune", opcodes.get("pitch", 0.0))),
        volume_db=float(opcodes.get("volume", 0.0)),
        offset=int(opcodes.get("offset", 0)),
        end=int(opcodes["end"]) + 1 if "end" in opcodes else None,
    )


def _key(text: str) -> int:
    """A MIDI number, given as such or as a name; c4 is 60."""
    found = _KEY_NAME.match(text)
    if not found:
        return int(text)
    sharp = {"#": 1, "b": -1, "": 0}[found[2]]
    return 12 * (int(found[3]) + 1) + _SEMITONES[found[1].lower()] + sharp


def _found(folder: Path, name: str) -> Path:
    """The file called `name`, written with either slash; in another case if need be, as libraries
    made on Windows do not care.
    """
    path = folder / name.replace("\\", "/")
    if not path.exists() and path.parent.is_dir():
        for other in path.parent.iterdir():
            if other.name.lower() == path.name.lower():
                return other
    return path


def _sound(region: Region) -> FloatArray:
    """float32 [S, channels] at `SAMPLE_RATE`."""
    try:
        audio, rate = soundfile.read(region.path, dtype="float32", always_2d=True)
    except (OSError, soundfile.LibsndfileError) as error:
        raise InputError(
            f"The sample {region.path} cannot be read ({error}).", "Get the library again."
        ) from error
    audio = audio[region.offset : region.end, :2] * 10.0 ** (region.volume_db / 20.0)
    return np.asarray(soxr.resample(audio, rate, SAMPLE_RATE, "VHQ"), np.float32)
