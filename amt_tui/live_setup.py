"""From the options of `amt live` to a running engine: the same for the screen and without one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from transcriber.errors import UsageError

from .settings import Settings

if TYPE_CHECKING:
    from transcriber.engine import Engine
    from transcriber.feed import Listener
    from transcriber.journal import Journal
    from transcriber.model import Model
    from transcriber.replay import Replay
    from transcriber.sources import Source

STDIN = "-"

PATIENCE_S = 5.0
"""For the engine to end: far more than it takes, unless a driver hangs or the machine is busy."""


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
    model: Model
    journal: Journal | None
    options: LiveOptions


def set_stage(options: LiveOptions, *, listeners: Sequence[Listener] = ()) -> Stage:
    """Loads the model and builds the engine.

    Args:
        options: What is wanted.
        listeners: Told every event, besides the MIDI port.

    Raises:
        AmtError: The model, the recording, the MIDI port or the sessions folder cannot be used. A
            missing microphone is no error here: the engine waits for it.
    """
    from transcriber.engine import Engine
    from transcriber.journal import Journal
    from transcriber.model import load_model

    from .allocation import spare_memory
    from .provenance import check_replaceable, program_version

    spare_memory()
    settings = options.settings
    if options.save is not None:
        check_replaceable(options.save)
    opener = source_opener(options)
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
    return Stage(engine, model, journal, options)


def source_opener(options: LiveOptions) -> Callable[[], Source]:
    """What the engine calls for its source. A recording is looked at now, so that an error comes
    before the screen.

    Raises:
        InputError: The recording cannot be read.
        UsageError: Options contradict each other.
    """
    if options.input is None:
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
    FileSource(path).close()
    return lambda: FileSource(path, loop=options.loop, start_s=options.start_s)


def set_replay(wanted: str, settings: Settings, *, loop: bool = False) -> Replay:
    """A kept session, by name or path, ready to be played.

    Raises:
        InputError: There is no such session.
    """
    from transcriber.replay import Replay
    from transcriber.session import find_session

    return Replay(find_session(wanted, settings.sessions_folder), loop=loop)
