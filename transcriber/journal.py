"""A session, written while it is played, so that nothing that ends the program ends the music.

A journal is a text file, one JSON array or object per line, only ever appended to:

    {"format": "amt-session", "version": 1, "started": "2026-11-22T17:10:31+00:00", ...}
    ["source", 0, "USB microphone, 48000 Hz, 2 channels, 16-bit integer"]
    ["on", 15980, 17600, 60, 72, 0.93]        sample, decided, pitch, velocity, confidence
    ["off", 31040, 32960, 60]                 sample, decided, pitch
    ["down", 16320, 17920]   ["up", ...]      the pedal: sample, decided
    ["mark", 64000, "second try"]
    ["model", 70400, "free 1.1.0"]            listens from then on
    ["clock", 80000]                          samples heard, twice a second
    ["end", 91840]                            the program ended as it should

Each line is handed to the system when it is complete: kill -9 loses nothing that was decided. A
power cut may, since the disk is not waited for; then the last line may be half a line, which
readers pass over.

The sound, where it is kept, is a WAV of the same name. Its header promises no length until the end;
a WAV that was never finished is read to where it stops. Time in which nothing was heard is a hole
in the file, which most file systems store for free.
"""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from .errors import OutputError
from .events import Event, NoteOff, NoteOn, PedalOn
from .snapshot import Marker
from .sources import SourceInfo
from .timing import SAMPLE_RATE

if TYPE_CHECKING:
    from .model import ModelInfo

FORMAT = "amt-session"
VERSION = 1
SUFFIX = ".amt.jsonl"

CLOCK = SAMPLE_RATE // 2
"""Samples between two lines that tell the time: at most so much silence is lost at the end."""

WAV_BYTES = 44
_UNKNOWN = 0xFFFF_FFFF


class Journal:
    """Writes one session.

    Args:
        folder: Where sessions are kept; made if missing.
        about: What else to say at the start: model, program; JSON values.
        audio: Keep the sound too, 16 bits at `SAMPLE_RATE`: 115 MB per hour.
        started: Begin, for the name; now if None.

    Attributes:
        path: Of the journal.

    Raises:
        OutputError: It cannot be written. Every method may raise this.
    """

    def __init__(
        self,
        folder: Path,
        about: dict[str, Any] | None = None,
        *,
        audio: bool = False,
        started: datetime | None = None,
    ) -> None:
        started = started or datetime.now(UTC).astimezone()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self.path, self._text = _create(folder, started)
            self._sound: BinaryIO | None = None
            if audio:
                self._sound = audio_path(self.path).open("xb")
                self._sound.write(wav_header(None))
        except OSError as error:
            raise _unwritten(folder, error) from error
        self._ticked = 0
        self._dirty = False
        head = {"format": FORMAT, "version": VERSION, "started": started.isoformat("T", "seconds")}
        self._write([{**head, "sample_rate": SAMPLE_RATE, **(about or {})}])

    def events(self, events: Sequence[Event]) -> None:
        """Writes events, in order."""
        self._write([_line(event) for event in events])

    def mark(self, marker: Marker) -> None:
        """Writes a marker."""
        self._write([["mark", marker.sample, marker.text]])

    def source(self, sample: int, info: SourceInfo) -> None:
        """Writes what is listened to from `sample` on."""
        channels = "1 channel" if info.channels == 1 else f"{info.channels} channels"
        text = f"{info.name}, {info.sample_rate} Hz, {channels}, {info.format}"
        self._write([["source", sample, text]])

    def model(self, sample: int, info: ModelInfo) -> None:
        """From `sample` on another model listens."""
        self._write([["model", sample, f"{info.name} {info.version}"]])

    def sound(self, samples: NDArray[np.float32], at: int) -> None:
        """Keeps samples that begin at sample `at` of the session, if sound is kept at all."""
        if self._sound is None or not len(samples):
            return
        data = np.clip(np.rint(samples * 32767.0), -32768, 32767).astype("<i2").tobytes()
        try:
            self._sound.seek(WAV_BYTES + 2 * at)
            self._sound.write(data)
            self._dirty = True
        except OSError as error:
            raise _unwritten(self.path, error) from error

    def tick(self, samples: int, *, force: bool = False) -> None:
        """Tells the time, and hands the sound to the system, if half a second has passed."""
        if samples - self._ticked < CLOCK and not force:
            return
        self._ticked = samples
        self._write([["clock", samples]])

    def close(self, samples: int) -> None:
        """Ends the session at `samples`; the WAV gets its length.

        A session in which nothing was heard, because no microphone ever came, leaves no file.
        """
        if self._text.closed:
            return
        self._write([["end", samples]])
        try:
            self._text.close()
            if self._sound is not None:
                self._sound.truncate(WAV_BYTES + 2 * samples)
                self._sound.seek(0)
                self._sound.write(wav_header(samples))
                self._sound.close()
            if not samples:
                self.path.unlink()
                audio_path(self.path).unlink(missing_ok=True)
        except OSError as error:
            raise _unwritten(self.path, error) from error

    def _write(self, lines: Sequence[Any]) -> None:
        text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
        try:
            self._text.write(text.encode())
            self._text.flush()
            if self._dirty and self._sound is not None:
                self._sound.flush()
                self._dirty = False
        except OSError as error:
            raise _unwritten(self.path, error) from error


def audio_path(journal: Path) -> Path:
    """Where the sound of a session is kept, if it is."""
    return journal.with_name(journal.name.removesuffix(SUFFIX) + ".wav")


def wav_header(samples: int | None, text: str = "") -> bytes:
    """Header of a 16-bit mono WAV at `SAMPLE_RATE`.

    Args:
        samples: Its length; None promises none.
        text: What program made it (the tag ISFT); the header has `WAV_BYTES` without.
    """
    about = b""
    if text:
        told = text.encode() + b"\0"
        told += b"\0" * (len(told) % 2)
        about = struct.pack("<4sI4s", b"LIST", 12 + len(told), b"INFO")
        about += struct.pack("<4sI", b"ISFT", len(told)) + told
    rest = WAV_BYTES - 8 + len(about)  # what RIFF counts besides the samples
    size = _UNKNOWN if samples is None or 2 * samples > _UNKNOWN - rest else 2 * samples
    whole = _UNKNOWN if size == _UNKNOWN else size + rest
    form = struct.pack("<4sI4s4sI", b"RIFF", whole, b"WAVE", b"fmt ", 16)
    coding = struct.pack("<HHIIHH", 1, 1, SAMPLE_RATE, 2 * SAMPLE_RATE, 2, 16)
    return form + coding + about + struct.pack("<4sI", b"data", size)


def _line(event: Event) -> list[Any]:
    match event:
        case NoteOn():
            confidence = round(event.confidence, 4)
            return ["on", event.sample, event.decided, event.pitch, event.velocity, confidence]
        case NoteOff():
            return ["off", event.sample, event.decided, event.pitch]
        case PedalOn():
            return ["down", event.sample, event.decided]
        case _:
            return ["up", event.sample, event.decided]


def _create(folder: Path, started: datetime) -> tuple[Path, BinaryIO]:
    """A new file named after the instant; two sessions begun in one second get a number."""
    stem = started.strftime("%Y-%m-%dT%H%M%S")
    number = 1
    while True:
        name = stem if number == 1 else f"{stem}-{number}"
        path = folder / (name + SUFFIX)
        try:
            return path, path.open("xb")
        except FileExistsError:
            number += 1


def _unwritten(path: Path, error: OSError) -> OutputError:
    reason = error.strerror or os.strerror(error.errno or 0)
    return OutputError(
        f"{path} cannot be written: {reason}.",
        "Make room, or choose another folder with `amt config sessions FOLDER`.",
    )
