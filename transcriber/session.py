"""Sessions that were kept: reading them, listing them, and making MIDI and WAV of them."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .atomic import atomic_path
from .errors import InputError, OutputError
from .events import Event, NoteOff, NoteOn, PedalOff, PedalOn
from .inputs import open_input
from .journal import FORMAT, SUFFIX, VERSION, audio_path, wav_header
from .midi import write_midi
from .notes import Transcript, TranscriptBuilder
from .snapshot import Marker
from .timing import LOWEST_PITCH, PITCHES, SAMPLE_RATE
from .wav import WavStream, read_header

_PIANO = range(LOWEST_PITCH, LOWEST_PITCH + PITCHES)


@dataclass(frozen=True)
class Session:
    """One session, read whole.

    Args:
        path: The journal.
        started: When it began, with its time zone.
        about: What else its first line says; `model` names all that listened.
        events: In the order of their decision.
        markers: In the order in which they were set.
        sources: What was listened to, from which sample on.
        samples: Its length on its own clock.
        finished: The program ended as it should; if not, at most the last second is missing.
    """

    path: Path
    started: datetime
    about: dict[str, Any]
    events: tuple[Event, ...]
    markers: tuple[Marker, ...]
    sources: tuple[Marker, ...]
    samples: int
    finished: bool

    @property
    def name(self) -> str:
        """By which it is listed and asked for."""
        return self.path.name.removesuffix(SUFFIX)

    @property
    def audio(self) -> Path | None:
        """The sound, where it was kept."""
        path = audio_path(self.path)
        return path if os.path.isfile(path) else None

    @property
    def notes(self) -> int:
        """Number of strikes."""
        return sum(isinstance(event, NoteOn) for event in self.events)

    def transcript(self) -> Transcript:
        """Its notes; what sounded when it broke off ends there."""
        builder = TranscriptBuilder()
        builder.add(self.events)
        return builder.finish(self.samples)


def read_session(path: Path) -> Session:
    """Reads a journal, finished or not.

    Raises:
        InputError: It cannot be read, or is no journal, or one of a later version.
    """
    with open_input(path, "a session") as file:
        head, *rest = list(_lines(file.read())) or [None]
    version = head.get("version", 0) if isinstance(head, dict) else None
    if not isinstance(version, int) or head.get("format") != FORMAT:
        raise InputError(
            f"{path} is not a session of amt.", "`amt sessions` lists those there are."
        )
    if version > VERSION:
        raise InputError(f"{path} was written by a later version of amt.", "Update amt.")
    events: list[Event] = []
    markers: list[Marker] = []
    sources: list[Marker] = []
    models = [str(head.get("model", ""))]
    samples, finished = 0, False
    for line in rest:
        match line:
            case ["on", int(), int(), int(pitch), int(velocity), float() | int()] if (
                pitch in _PIANO and velocity in range(1, 128)
            ):
                events.append(NoteOn(*line[1:]))
            case ["off", int(), int(), int(pitch)] if pitch in _PIANO:
                events.append(NoteOff(*line[1:]))
            case ["down", int(), int()]:
                events.append(PedalOn(*line[1:]))
            case ["up", int(), int()]:
                events.append(PedalOff(*line[1:]))
            case ["mark", int(at), str(text)]:
                markers.append(Marker(at, text))
            case ["source", int(at), str(text)]:
                sources.append(Marker(at, text))
            case ["model", int(), str(text)] if text not in models:
                models.append(text)
            case ["clock", int(at)]:
                samples = max(samples, at)
            case ["end", int(at)]:
                samples, finished = max(samples, at), True
    samples = max([samples, *(event.sample for event in events[-1:])])
    about = {**head, "model": ", ".join(models)} if len(models) > 1 else head
    try:
        started = datetime.fromisoformat(head["started"])
        if started.tzinfo is None:
            started = started.astimezone()
    except (KeyError, TypeError, ValueError, OverflowError):
        started = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    return Session(
        path, started, about, tuple(events), tuple(markers), tuple(sources), samples, finished
    )


def list_sessions(folder: Path) -> list[Session]:
    """All sessions of a folder, the latest first; files that are none are passed over.

    Names do not tell which is the latest: clocks are put back, and people travel.
    """
    found = []
    for path in reversed(_journals(folder)):
        try:
            found.append(read_session(path))
        except InputError:
            continue
    return sorted(found, key=lambda session: session.started, reverse=True)


def find_session(wanted: str, folder: Path) -> Session:
    """Finds a session by path, by name, by the start of its name, or `last`.

    Raises:
        InputError: There is none, or several.
    """
    if os.path.isfile(wanted):
        return read_session(Path(wanted))
    if wanted == "last" and (kept := list_sessions(folder)):
        return kept[0]
    alike = [path for path in _journals(folder) if path.name.startswith(wanted)]
    alike = [path for path in alike if path.name == wanted + SUFFIX] or alike
    if len(alike) == 1:
        return read_session(alike[0])
    trouble = "There are several sessions" if alike else "There is no session"
    raise InputError(f"{trouble} called {wanted}.", "`amt sessions` lists those there are.")


def export_midi(session: Session, target: Path, text: str = "") -> None:
    """Writes a session's notes, pedal and markers as MIDI.

    Raises:
        OutputError: `target` cannot be written, or the session is kept there.
    """
    _spare(session, target)
    markers = [(marker.sample / SAMPLE_RATE, marker.text) for marker in session.markers]
    write_midi(session.transcript(), target, text=text, markers=markers)


def export_audio(session: Session, target: Path, text: str = "") -> None:
    """Writes a session's sound as WAV, of the length it has even if it was never finished.

    Args:
        session: What was kept.
        target: Where to.
        text: What program made it, for the file's tags.

    Raises:
        InputError: The session has no sound.
        OutputError: `target` cannot be written, or the session is kept there.
    """
    _spare(session, target)
    source = session.audio
    if source is None:
        raise InputError(
            f"The session {session.name} was kept without sound.",
            "Record the next one with --record-audio.",
        )
    with source.open("rb") as kept, atomic_path(target) as draft, draft.open("wb") as file:
        head = bytearray()
        wav = read_header(kept, head)
        if wav is None and head:
            raise InputError(
                f"{source} is damaged.", "Export the notes alone, with -o and a name in .mid."
            )
        samples = 0 if wav is None else WavStream(kept, wav).frames  # 0: nothing was heard yet
        file.write(wav_header(samples, text))
        shutil.copyfileobj(kept, file)


def _spare(session: Session, target: Path) -> None:
    """Refuses to write over a session what is made of it."""
    for kept in filter(None, (session.path, session.audio)):
        if os.path.exists(target) and os.path.exists(kept) and os.path.samefile(target, kept):
            raise OutputError(
                f"{target} is where the session {session.name} itself is kept.",
                "Name another file with -o.",
            )


def _journals(folder: Path) -> list[Path]:
    """Journals of a folder, the latest last; by their names without the ending, so that the second
    of one instant (`-2`) follows the first.
    """
    return sorted(folder.glob(f"*{SUFFIX}"), key=lambda path: path.name.removesuffix(SUFFIX))


def _lines(data: bytes) -> Iterator[Any]:
    """The lines that are whole; a crash may leave half of one at the end."""
    for line in data.splitlines():
        try:
            yield json.loads(line)
        except ValueError:
            continue
