"""From the options of `amt live` to a running engine: the same for the screen and without one."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from transcriber.errors import UsageError
from transcriber.signatures import MIDI_SUFFIXES
from transcriber.timing import SAMPLE_RATE

from .settings import Settings

if TYPE_CHECKING:
    from transcriber.engine import Engine
    from transcriber.feed import Listener
    from transcriber.journal import Journal
    from transcriber.replay import Replay
    from transcriber.sources import Source

STDIN = "-"

PATIENCE_S = 5.0
"""For the engine to end: far more than it takes, unless a driver hangs or the machine is busy."""

_RAW = ("--format", "--rate", "--channels")
# What a replay cannot heed: it listens to nothing, and shows what was heard then.
_LISTENING = ("--input", "--device", "--model", "--profile", *_RAW)
_KEEPING = ("--midi-out", "--record-audio", "--save")


@dataclass(frozen=True)
class LiveOptions:
    """What the command line asked for, merged with what is remembered.

    Args:
        settings: Remembered settings, with the options of this call in their place.
        input: A recording to play instead of the microphone, `-` for standard input.
        loop: Repeat the recording.
        start_s: Where in the recording to begin.
        raw: Coding, rate and channels of headerless samples on standard input.
        midi_out: MIDI port to send notes to.
        keep: Keep the session in the sessions folder.
        save: MIDI file to write at the end.
    """

    settings: Settings = field(default_factory=Settings)
    input: str | None = None
    loop: bool = False
    start_s: float = 0.0
    raw: tuple[str, int, int] = ("s16le", 48_000, 1)
    midi_out: str | None = None
    keep: bool = True
    save: Path | None = None


@dataclass(frozen=True)
class Stage:
    """An engine that has not been started, and what goes with it."""

    engine: Engine
    journal: Journal | None
    options: LiveOptions


def check_options(given: Mapping[str, object]) -> None:
    """Refuses options that would have no effect beside others.

    Args:
        given: Options of this call, as they are typed (`--midi-out`); None, False or 0 where one
            was not. What is remembered is no option.

    Raises:
        UsageError: One of them would be ignored.
    """
    if given.get("--replay") is not None:
        for name in (*_LISTENING, *_KEEPING):
            if given.get(name) not in (None, False):
                raise _exclusive("--replay", name)
    for name in ("--device", "--profile"):
        if given.get("--input") is not None and given.get(name) is not None:
            raise _exclusive("--input", name)
    for name in _RAW:
        if given.get("--input") != STDIN and given.get(name) is not None:
            raise UsageError(
                f"{name} tells of samples on standard input, where nothing is heard.",
                "Leave it out, or add --input -.",
            )
    if given.get("--no-keep") and given.get("--record-audio"):
        raise _exclusive("--no-keep", "--record-audio")


def set_stage(options: LiveOptions, *, listeners: Sequence[Listener] = ()) -> Stage:
    """Loads the model and builds the engine.

    Args:
        options: What is wanted.
        listeners: Told every event, besides the MIDI port.

    Raises:
        AmtError: The model, the recording, the MIDI port, the MIDI file or the sessions folder
            cannot be used. A missing microphone is no error here: the engine waits for it.
    """
    from transcriber.engine import Engine
    from transcriber.journal import Journal
    from transcriber.model import load_model

    from .allocation import spare_memory
    from .provenance import program_version

    spare_memory()
    settings = options.settings
    opener = source_opener(options)
    if options.save is not None:
        _check_savable(options.save, options.input)
    model = load_model(settings.model)
    told = list(listeners)
    if options.midi_out:
        from transcriber.midi_port import open_midi_port

        told.append(open_midi_port(options.midi_out))
    journal = None
    if options.keep:
        about = {
            "program": f"amt {program_version()}",
            "model": f"{model.info.name} {model.info.version}",
        }
        journal = Journal(settings.sessions_folder, about, audio=settings.record_audio)
    engine = Engine(
        model,
        opener,
        gate_db=settings.gate,
        sensitivity=settings.sensitivity,
        journal=journal,
        listeners=told,
    )
    return Stage(engine, journal, options)


def source_opener(options: LiveOptions) -> Callable[[], Source]:
    """What the engine calls for its source. A recording is looked at now, so that an error comes
    before the screen.

    Raises:
        InputError: The recording cannot be read.
        UsageError: Options contradict each other.
    """
    if options.input is None:
        if options.loop or options.start_s:
            raise UsageError(
                "A microphone can be neither wound nor repeated.",
                "Leave out --loop and --start, or name a recording with --input.",
            )
        wanted, block_ms = options.settings.device, options.settings.block_ms

        def open_microphone() -> Source:
            from transcriber.microphone import MicrophoneSource

            return MicrophoneSource(wanted, block_ms=block_ms)

        return open_microphone
    if options.input == STDIN:
        from transcriber.pipe import PipeSource, raw_format

        if options.loop or options.start_s:
            raise UsageError(
                "Standard input can be neither wound nor repeated.",
                "Leave out --loop and --start, or name a file.",
            )
        coding = raw_format(*options.raw)
        source = PipeSource(coding)
        return lambda: source
    from transcriber.playback import FileSource

    path = options.input
    first = FileSource(path)
    if not os.path.isfile(path):  # a pipe, such as <(…): what was read of it does not come again
        if options.loop or options.start_s:
            raise UsageError(f"{path} can be neither wound nor repeated.", "Name a file.")
        return lambda: first
    first.close()
    _check_start(options.start_s, first.info.duration_s)
    return lambda: FileSource(path, loop=options.loop, start_s=options.start_s)


def set_replay(
    wanted: str, settings: Settings, *, loop: bool = False, start_s: float = 0.0
) -> Replay:
    """A kept session, by name or path, ready to be played.

    Args:
        wanted: Its name, or a path.
        settings: Where sessions are kept.
        loop: Begin again at the end.
        start_s: Where in the session to begin.

    Raises:
        InputError: There is no such session.
        UsageError: It is over before `start_s`.
    """
    from transcriber.replay import Replay
    from transcriber.session import find_session

    feed = Replay(find_session(wanted, settings.sessions_folder), loop=loop)
    _check_start(start_s, feed.session.samples / SAMPLE_RATE)
    feed.seek(start_s)
    return feed


def _check_start(start_s: float, duration_s: float | None) -> None:
    """Refuses to begin where nothing is left to be heard."""
    if duration_s is not None and start_s and start_s >= duration_s:
        raise UsageError(
            f"--start {start_s:g} lies behind the end, at {duration_s:.1f} s.", "Begin earlier."
        )


def _exclusive(first: str, second: str) -> UsageError:
    return UsageError(f"{first} and {second} exclude each other.", "Leave out one of them.")


def _check_savable(path: Path, source: str | None) -> None:
    """Looks, before an hour is played, whether the MIDI file can be written after it.

    Raises:
        OutputError: Its folder cannot be made or written in, or something that amt did not write
            is there.
        UsageError: It is no name of a MIDI file, or that of what is played.
    """
    from transcriber.atomic import check_writable, make_folder

    from .provenance import check_replaceable

    make_folder(path.parent, "Name another file with --save.")
    check_writable(path)  # a folder is one whatever its name
    here = os.path.isfile(path)
    if here and source is not None and os.path.exists(source) and os.path.samefile(path, source):
        raise UsageError(f"--save {path} is what is played.", "Name another file with --save.")
    if path.suffix.lower() not in MIDI_SUFFIXES and (here or not os.path.exists(path)):
        raise UsageError(
            f"--save writes MIDI, and {path} is not called so.", "Name a file such as take.mid."
        )
    check_replaceable(path, remedy="Name another file with --save.")
