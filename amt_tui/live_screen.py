"""`amt live` with a screen: builds the engine, runs the app on it, and keeps what was played."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from transcriber.devices import Device, own_stderr, title
from transcriber.errors import AmtError, UsageError

from .devices import devices_apart
from .live.app import LiveApp
from .live.desk import Desk
from .live.ending import Ending
from .live.picker import Choice, Offer
from .live.rollview import LAYOUTS, View
from .live_plain import end_session, save_notes
from .live_setup import LiveOptions, Stage, set_stage, source_opener
from .printing import give_up
from .settings import PROFILES, Settings, changed, load_settings, save_settings

if TYPE_CHECKING:
    from transcriber.journal import Journal
    from transcriber.replay import Replay


class Choices:
    """What can be changed while it runs, and what of it is remembered.

    Args:
        stage: The engine and what goes with it.
        list_devices: Finds the microphones there are, without disturbing the one in use.
    """

    def __init__(
        self, stage: Stage, list_devices: Callable[[], Sequence[Device]] = devices_apart
    ) -> None:
        self._stage = stage
        self._list_devices = list_devices
        self._options = stage.options
        self.remembered: dict[str, object] = {}

    def remember(self, name: str, value: object) -> None:
        """Keeps a setting until the end of the session, when all are written."""
        self.remembered[name] = value

    def for_microphone(self) -> dict[str, Choice]:
        """All choices; a recording leaves only the model."""
        choices = {"model": Choice("Model", self._models, self._use_model)}
        if self._options.input is None:
            choices["device"] = Choice("Microphone", self._devices, self._change("device"))
            choices["profile"] = Choice("Latency", self._profiles, self._change("profile"))
        return choices

    def _devices(self) -> Sequence[Offer]:
        source = self._stage.engine.snapshot().source
        current = source.name if source else ""
        devices = self._list_devices()
        return [
            Offer(
                name := title(device, devices),
                f"{device.host}, {device.rate / 1000:g} kHz"
                + (", the system's choice" if device.is_default else ""),
                name == current,
            )
            for device in devices
        ]

    def _profiles(self) -> Sequence[Offer]:
        current = self._options.settings.profile
        return [
            Offer(name, f"blocks of {block_ms:g} ms", name == current)
            for name, block_ms in PROFILES.items()
        ]

    def _models(self) -> Sequence[Offer]:
        from transcriber.model import bundled_models, read_info

        current = self._stage.engine.snapshot().model
        infos = [read_info(name) for name in bundled_models()]
        return [
            Offer(
                info.name,
                f"version {info.version}, looks {info.lookahead_ms:.0f} ms ahead",
                current == f"{info.name} {info.version}",
            )
            for info in infos
        ]

    def _use_model(self, name: str) -> None:
        from transcriber.model import load_model

        self._stage.engine.use_model(load_model(name))

    def _change(self, name: str) -> Callable[[str], None]:
        def take(value: str) -> None:
            settings = changed(self._options.settings, name, value)
            self._options = replace(self._options, settings=settings)
            self._stage.engine.listen_to(source_opener(self._options))

        return take


def run_screen(options: LiveOptions) -> None:
    """Runs until the user quits; the session is kept whatever ends it.

    Raises:
        AmtError: It cannot begin.
    """
    with keyboard(), own_stderr():
        stage = set_stage(options)
        choices = Choices(stage)
        settings = options.settings
        desk = Desk(
            save=Saving(stage),
            choices=choices.for_microphone(),
            remember=choices.remember,
            view=known_view(settings.view),
            palette=settings.palette,
        )
        app = LiveApp(stage.engine, desk)
        kept: list[str] = []
        try:
            show(app, lambda: keep(stage, choices.remembered, kept))
        finally:
            tell(kept)
    if app.return_code:
        raise SystemExit(app.return_code)


def replay_screen(feed: Replay, settings: Settings) -> None:
    """Shows a kept session again until the user quits."""
    remembered: dict[str, object] = {}
    desk = Desk(
        score=feed.session.events,
        remember=remembered.__setitem__,
        view=known_view(settings.view),
        palette=settings.palette,
    )
    app = LiveApp(feed, desk)

    def end() -> None:
        feed.stop()
        write_settings(remembered)

    with keyboard():
        show(app, end)
    if app.return_code:
        raise SystemExit(app.return_code)


def show(app: LiveApp, end: Callable[[], None]) -> None:
    """Starts the feed and shows it, until the user quits or a signal comes.

    Args:
        app: With its feed.
        end: Stops the feed and keeps what is to be kept; called once, in any thread.

    Raises:
        AmtError: As `end`.
    """
    ending = Ending(end, app.leave)
    with ending.by_signal():
        app.feed.start()
        try:
            app.run()
        finally:
            ending.reach()


def keep(stage: Stage, remembered: dict[str, object], kept: list[str]) -> None:
    """Stops the engine, and keeps files and settings even where it does not let go.

    Args:
        stage: What was played.
        remembered: Settings that were changed; the gate is added.
        kept: Takes the files that are left.

    Raises:
        AmtError: The engine hangs, or a file cannot be written.
    """
    try:
        end_session(stage, kept)
    finally:
        shot = stage.engine.snapshot()
        if "gate_db" in remembered or shot.gate_db != stage.options.settings.gate:
            remembered["gate_db"] = -96.0 if shot.gate_db is None else round(shot.gate_db, 1)
        write_settings(remembered)


def tell(kept: Sequence[str]) -> None:
    """Says what was kept; a terminal that was closed takes no words."""
    try:
        for path in kept:
            print(f"Kept: {path}")
        sys.stdout.flush()
    except OSError:
        give_up(sys.stdout)


class Saving:
    """Writes what was played so far, as often as it is asked to.

    Args:
        stage: What is played.
    """

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._sound: Path | None = None
        self._name = f"amt-{datetime.now():%Y-%m-%d-%H%M%S}"  # of a session that is not kept

    def __call__(self) -> str:
        """Writes next to where amt was started, sound too where it is kept; says what.

        Raises:
            AmtError: It cannot be written.
        """
        stage, journal = self._stage, self._stage.journal
        target = stage.options.save
        if target is None:
            # One file per session: saving again replaces what was saved before.
            name = self._name if journal is None else journal.path.name.split(".")[0]
            target = Path(f"{name}.mid")
        notes, written = save_notes(stage, target), [str(target)]
        if journal is not None and stage.options.settings.record_audio:
            written.append(str(self._save_sound(journal, target.parent)))
        return f"{notes} notes saved: {', '.join(written)}"

    def _save_sound(self, journal: Journal, folder: Path) -> Path:
        """Under the session's name, not the MIDI file's: that may be the name of a recording."""
        from transcriber.journal import audio_path
        from transcriber.session import export_audio, read_session

        from .provenance import signature

        kept = audio_path(journal.path)
        sound = folder / kept.name
        if kept.exists() and sound.exists() and sound.samefile(kept):
            return sound  # the engine is writing there
        # Saving again replaces what was saved before, and nothing else.
        sound = self._sound or free_path(sound)
        info = self._stage.engine.model.info
        export_audio(read_session(journal.path), sound, signature(info))
        self._sound = sound
        return sound


def free_path(path: Path) -> Path:
    """The path, or where something is already, the first of its numbered likes where nothing is."""
    free, number = path, 1
    while os.path.lexists(free):
        number += 1
        free = path.with_name(f"{path.stem}-{number}{path.suffix}")
    return free


def write_settings(remembered: dict[str, object]) -> None:
    """Adds what was changed on the screen to the settings; options of the command line stay out.

    A file that cannot be written is said and no more: the music is kept all the same.
    """
    if not remembered:
        return
    try:
        settings = load_settings()
        for name, value in list(remembered.items()):  # a key may be pressed meanwhile
            settings = changed(settings, name, value)
        save_settings(settings)
    except AmtError as error:
        print(f"The settings were not kept: {error.problem} {error.remedy}", file=sys.stderr)


def known_view(name: str) -> View:
    """The view of that name, the first where there is none."""
    return next((view for view in LAYOUTS if view == name), "scrolling")


@contextmanager
def keyboard() -> Iterator[None]:
    """Gives Textual the keyboard where standard input is something else: sound, or a list of files
    that a loop reads.

    Textual reads keys from descriptor 0. What is there moves to another one, which `sys.stdin` then
    stands for, and the terminal takes its place.

    Raises:
        UsageError: There is no terminal to read keys from.
    """
    if sys.stdin is None or sys.stdin.isatty():
        yield
        return
    try:
        terminal = os.open("/dev/tty", os.O_RDWR)
    except OSError as error:
        raise UsageError(
            "There is no keyboard to steer the screen with.", "Add --plain or --json."
        ) from error
    usual = sys.stdin
    pipe = os.dup(0)
    try:
        os.dup2(terminal, 0)
        sys.stdin = os.fdopen(pipe, closefd=False)
        yield
    finally:
        sys.stdin = usual
        os.dup2(pipe, 0)
        os.close(terminal)
        os.close(pipe)
