"""`amt live` without a screen: one line per note for people, or one JSON object per event.

JSON lines, in the order in which they come (`time` in seconds of the session, `decided` when enough
sound had come to know it); `start` comes once, when there is a source, so that a microphone which
is missing at first has its `status` before:

    {"event": "start", "model": "live 1.0", "source": "USB microphone", "lookahead_ms": 120.0}
    {"event": "note_on", "time": 1.204, "decided": 1.32, "pitch": 60, "name": "C4",
     "velocity": 72, "confidence": 0.93}
    {"event": "note_off", "time": 2.31, "decided": 2.44, "pitch": 60, "name": "C4"}
    {"event": "pedal_on", "time": 1.31, "decided": 1.42}      and pedal_off
    {"event": "status", "state": "retrying", "problem": "…", "remedy": "…"}
    {"event": "end", "duration": 62.1, "notes": 214, "latency_ms": {"p50": …, "p95": …, "p99": …},
     "lost_s": 0.0, "session": "…/2026-11-22T171031.amt.jsonl"}
"""

from __future__ import annotations

import errno
import json
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, TextIO

from transcriber.errors import OutputError
from transcriber.events import Event, NoteOff, NoteOn, PedalOn
from transcriber.pitches import pitch_name
from transcriber.snapshot import OVER
from transcriber.timing import SAMPLE_RATE

from .printing import give_up

if TYPE_CHECKING:
    from pathlib import Path

    from transcriber.feed import Feed
    from transcriber.replay import Replay
    from transcriber.snapshot import Snapshot

    from .live_setup import LiveOptions, Stage

POLL_S = 0.05
"""How often the engine is asked how it does; events do not wait for it."""


class Relay:
    """Hands events from the engine's thread to the one that prints."""

    def __init__(self) -> None:
        self.events: SimpleQueue[Sequence[Event]] = SimpleQueue()

    def heard(self, events: Sequence[Event]) -> None:
        """Takes events."""
        self.events.put(list(events))

    def close(self) -> None:
        """Nothing to close."""


class Printer:
    """Prints events on standard output; what is no event goes to standard error, or into JSON.

    Args:
        as_json: JSON lines instead of text.

    Raises:
        BrokenPipeError: The reader went away (`| head`), or the terminal was closed. Every method
            may raise this; what follows is printed to nobody.
        OutputError: The disk is full, or what else keeps a line from being printed; likewise.
    """

    def __init__(self, as_json: bool) -> None:
        self._json = as_json
        self._started = False
        self._said: tuple[str, str] | None = None
        self._noticed = ""

    def events(self, events: Sequence[Event]) -> None:
        """Prints events at once."""
        for event in events:
            if self._json:
                self._line(event_object(event))
            elif isinstance(event, NoteOn):
                at = _clock_time(event.sample / SAMPLE_RATE)
                name = pitch_name(event.pitch)
                _print(f"{at:>10}  {name:<4} velocity {event.velocity:>3}", sys.stdout)

    def status(self, shot: Snapshot) -> None:
        """Says how it stands, when that has changed."""
        if shot.notice != self._noticed:
            self._noticed = shot.notice
            self._tell({"event": "status", "state": shot.state, "notice": shot.notice}, shot.notice)
        now, source = (shot.state, shot.problem), shot.source
        first = source is not None and not self._started  # one that is over already, too
        if not first and (now == self._said or shot.state in ("starting", *OVER)):
            return
        self._said = now
        if source is not None and (first or shot.state == "listening"):
            self._started = True
            start = {
                "event": "start" if first else "status",
                "state": shot.state,
                "model": shot.model,
                "source": source.name,
                "lookahead_ms": shot.lookahead_ms,
            }
            self._tell(start, f"Listening to {source.name} ({source.sample_rate} Hz).")
        if shot.state not in ("starting", "listening", *OVER):
            text = f"{shot.problem} {shot.remedy}".strip() or "No sound comes."
            about = {"state": shot.state, "problem": shot.problem, "remedy": shot.remedy}
            self._tell({"event": "status", **about}, text)

    def end(self, shot: Snapshot, kept: Sequence[str], session: Path | None = None) -> None:
        """Says what came of it.

        Args:
            shot: How it stood at the end.
            kept: Files that are left.
            session: The one among them that is the session.
        """
        stats, duration_s = shot.stats, shot.samples / SAMPLE_RATE
        event = stats.event
        latency = {"p50": event.p50_ms, "p95": event.p95_ms, "p99": event.p99_ms}
        about = {
            "event": "end",
            "duration": round(duration_s, 3),
            "notes": stats.notes,
            "latency_ms": {name: round(value, 1) for name, value in latency.items()},
            "lost_s": round(stats.lost_s, 3),
            "session": None if session is None else str(session),
        }
        text = f"{stats.notes} notes in {_clock_time(duration_s)}."
        if event.count:
            text += (
                f" From sound to note: {event.p50_ms:.0f} ms (half of them), "
                f"{event.p95_ms:.0f} ms (95 of 100)."
            )
        if stats.overflows:
            text += f" Lost: {stats.lost_s:.2f} s of sound."
        self._tell(about, "\n".join([text, *(f"Kept: {path}" for path in kept)]))

    def _tell(self, about: dict[str, Any], text: str) -> None:
        if self._json:
            self._line(about)
        elif text:
            _print(text, sys.stderr)

    def _line(self, about: dict[str, Any]) -> None:
        _print(json.dumps(about, ensure_ascii=False), sys.stdout)


def event_object(event: Event) -> dict[str, Any]:
    """An event as a JSON object; see the module's description."""
    times = {
        "time": round(event.sample / SAMPLE_RATE, 4),
        "decided": round(event.decided / SAMPLE_RATE, 4),
    }
    match event:
        case NoteOn():
            key = {"pitch": event.pitch, "name": pitch_name(event.pitch)}
            strike = {"velocity": event.velocity, "confidence": round(event.confidence, 3)}
            return {"event": "note_on", **times, **key, **strike}
        case NoteOff():
            key = {"pitch": event.pitch, "name": pitch_name(event.pitch)}
            return {"event": "note_off", **times, **key}
        case _:
            return {"event": "pedal_on" if isinstance(event, PedalOn) else "pedal_off", **times}


def run_plain(options: LiveOptions, *, as_json: bool) -> None:
    """Listens until the recording is over or somebody stops it, and keeps the session.

    Raises:
        AmtError: It cannot begin, the source can never be read or does not let go, or something
            cannot be printed or kept.
    """
    from transcriber.devices import own_stderr

    from .live_setup import set_stage

    relay, printer = Relay(), Printer(as_json)
    with own_stderr():
        stage = set_stage(options, listeners=[relay])
        engine = stage.engine
        try:
            with interruptible(), suppress(KeyboardInterrupt):
                engine.start()
                print_live(engine, printer, lambda: _next(relay))
        finally:
            # Whatever ended it, and before another line: its reader may have gone as well. Ctrl-C
            # is too late from here on: keeping the session takes no time worth interrupting.
            with answering(signal.SIG_IGN, "SIGINT", "SIGTERM", "SIGHUP"):
                kept: list[str] = []
                end_session(stage, kept)
            with answering(signal.SIG_IGN, "SIGINT"):
                with suppress(BrokenPipeError):
                    printer.events(_rest(relay))
                with suppress(BrokenPipeError):
                    session = None if stage.journal is None else stage.journal.path
                    printer.end(engine.snapshot(), kept, session)
    if engine.snapshot().state == "failed" and engine.error is not None:
        raise engine.error


def replay_plain(feed: Replay, *, as_json: bool) -> None:
    """Prints the events of a replay when they come, until it ends.

    Raises:
        OutputError: Something cannot be printed.
    """
    printer = Printer(as_json)
    shot = feed.snapshot()
    seen = shot.events if shot.samples else 0  # what lies before the instant it was wound to
    rounds = feed.rounds

    def following() -> Sequence[Event]:
        nonlocal seen, rounds
        time.sleep(POLL_S)
        feed.snapshot()  # it begins again when it is asked
        rest: Sequence[Event] = ()
        if feed.rounds != rounds:
            # The last events are stamped later than the session lasts, and never come in a loop.
            rest, seen, rounds = feed.session.events[seen:], 0, feed.rounds
        events = feed.events(seen)
        seen += len(events)
        return [*rest, *events]

    with interruptible(), suppress(KeyboardInterrupt):
        feed.start()
        print_live(feed, printer, following)
    feed.stop()


def print_live(feed: Feed, printer: Printer, following: Callable[[], Sequence[Event]]) -> None:
    """Prints until the feed is over or nobody reads any more.

    Raises:
        OutputError: Something cannot be printed.
    """
    with suppress(BrokenPipeError):
        while True:
            events = following()
            shot = feed.snapshot()
            printer.status(shot)  # first: the source is named before its notes
            printer.events(events)
            if shot.state in OVER:
                printer.events(following())
                return


def end_session(stage: Stage, kept: list[str]) -> None:
    """Stops the engine, and writes what is to be left of the session even if it hangs.

    Args:
        stage: What was played.
        kept: Takes the files that are left.

    Raises:
        SourceError: The sound device does not let go.
        OutputError: The MIDI file cannot be written.
    """
    from .live_setup import PATIENCE_S

    try:
        stage.engine.stop(PATIENCE_S)
    finally:
        kept += kept_files(stage)


def kept_files(stage: Stage) -> list[str]:
    """Files that are left of a session, after writing the MIDI file that was asked for."""
    kept = []
    if stage.journal is not None:
        from transcriber.journal import audio_path

        paths = (stage.journal.path, audio_path(stage.journal.path))
        kept += [str(path) for path in paths if path.is_file()]
    if stage.options.save is not None:
        save_notes(stage, stage.options.save)
        kept.append(str(stage.options.save))
    return kept


def save_notes(stage: Stage, target: Path) -> int:
    """Writes what was played so far as MIDI, markers included; how many notes that is.

    Raises:
        OutputError: It cannot be written.
    """
    from transcriber.midi import write_midi

    from .provenance import signature

    markers = [(m.sample / SAMPLE_RATE, m.text) for m in stage.engine.snapshot().markers]
    transcript = stage.engine.transcript()
    write_midi(transcript, target, text=signature(stage.engine.model.info), markers=markers)
    return len(transcript.notes)


def interruptible() -> AbstractContextManager[None]:
    """Ends in good order when the terminal closes or the system asks, as with Ctrl-C; a signal that
    is ignored, as under nohup, stays so.
    """
    heard = [
        name
        for name in ("SIGTERM", "SIGHUP")
        if signal.getsignal(getattr(signal, name, signal.SIGINT)) is not signal.SIG_IGN
    ]
    return answering(signal.default_int_handler, *heard)


@contextmanager
def answering(handler: Any, *names: str) -> Iterator[None]:
    """Answers signals, those that the system has, with `handler` instead of as before."""
    wanted = [getattr(signal, name) for name in names if hasattr(signal, name)]
    before = {one: signal.signal(one, handler) for one in wanted}
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


def _print(text: str, stream: TextIO) -> None:
    """Prints a line at once; raises what `Printer` raises."""
    try:
        print(text, file=stream, flush=True)
    except OSError as error:
        give_up(stream)
        if error.errno in (errno.EPIPE, errno.EIO):  # EIO: a terminal that was closed
            raise BrokenPipeError(*error.args) from error
        raise OutputError(
            f"The notes can no longer be printed: {error.strerror or error}.",
            "Send them elsewhere; a full disk needs room.",
        ) from error


def _next(relay: Relay) -> Sequence[Event]:
    try:
        return relay.events.get(timeout=POLL_S)
    except Empty:
        return ()


def _rest(relay: Relay) -> list[Event]:
    rest: list[Event] = []
    while not relay.events.empty():
        rest += relay.events.get()
    return rest


def _clock_time(seconds: float) -> str:
    minutes, ms = divmod(round(1000.0 * seconds), 60_000)
    return f"{minutes}:{ms / 1000.0:06.3f}"
