"""The live engine: a thread that listens to a source, and a value that says how it is doing.

    engine = Engine(load_model("live"), lambda: MicrophoneSource("USB"))
    engine.start()
    seen = 0
    while playing:
        shot = engine.snapshot()                # frozen; ask as often as you draw
        for event in engine.events(seen):       # every event is delivered once, in order
            draw(event)
        seen += len(events)
        engine.drawn(seen)                      # closes the capture-to-screen measurement
    engine.stop()                               # joins the thread, ends the notes, closes all

For whoever draws:
    - `snapshot()`, `events()`, `drawn()`, `mark()` and the requests below may be called from any
      thread, cost microseconds and never wait for the network or the device.
    - Requests (`listen_to`, `use_model`, `set_sensitivity`, `set_gate`, `calibrate`, `seek`) return
      at once and take effect before the next block; the snapshot shows when they have.
    - An event's `sample` is on the session's clock, `sample / SAMPLE_RATE` seconds from its start;
      `Snapshot.now` is the present on that clock. Events come in the order of decision, so a
      `NoteOn` may speak of an earlier sample than the one before it.
    - `open_source` is called in the engine's thread. Where it raises `SourceError`, or the source
      does later, the engine stays alive, says so in the snapshot, and tries again every second.
      Time goes on meanwhile.
    - `Replay` in `replay` has the same reading side, so one screen shows both (`feed.Feed`).
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from queue import SimpleQueue
from threading import Event as Flag
from threading import Lock, Thread, current_thread

import numpy as np

from .errors import AmtError
from .eventlog import EventLog
from .events import Event
from .feed import Listener
from .gate import RoomCalibration
from .hearing import Ear, Timeline
from .journal import Journal
from .model import Model
from .notes import Transcript
from .outlets import Outlets
from .readings import Readings
from .snapshot import OVER, Marker, Snapshot, State
from .sources import Block, Clock, Source, SourceError, SourceInfo, gap_between
from .timing import SAMPLE_RATE

RETRY_S = 1.0
"""Between two attempts to open a source."""

STALL_S = 1.0
"""Without sound for so long, a source counts as stalled."""

ROUND_S = 0.05
"""Longest wait for sound in one round: how soon requests and `stop` are obeyed."""

_log = logging.getLogger("amt")


class Engine:
    """Listens until told to stop.

    Args:
        model: A loaded model.
        open_source: Opens what to listen to; called again after it went away.
        gate_db: Threshold of the noise gate in dB under full scale, None for none.
        sensitivity: Steps from the calibrated threshold; see `hearing`.
        journal: Where the session is kept; closed by `stop`.
        listeners: Told every event; closed by `stop`.
        clock: Tells the time, the same as the sources'.
    """

    def __init__(
        self,
        model: Model,
        open_source: Callable[[], Source],
        *,
        gate_db: float | None = None,
        sensitivity: int = 0,
        journal: Journal | None = None,
        listeners: Sequence[Listener] = (),
        clock: Clock = time.monotonic,
    ) -> None:
        self._open_source, self._clock = open_source, clock
        self._ear = Ear(model, gate_db, sensitivity, clock)
        self._outlets = Outlets(journal, listeners)
        self._events = EventLog()
        self._readings = Readings(clock)
        self._requests: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._lock = Lock()
        self._stopping = Flag()
        self._thread: Thread | None = None
        self._source: Source | None = None
        self._info: SourceInfo | None = None
        self._state: State = "starting"
        self._error: AmtError | None = None
        self._markers: list[Marker] = []
        self._calibration: RoomCalibration | None = None
        self._retry_at = clock()
        self._taken_s = 0.0  # when sound came last, or the source was opened
        self._last: Block | None = None
        self._left: list[Source] = []  # sources to be closed outside the lock: drivers are slow
        self._finished = False
        self._resumed = False  # the next block is the first of its source

    # -- for any thread ------------------------------------------------------------------------

    def start(self) -> None:
        """Starts the thread."""
        self._thread = Thread(target=self._run, name="amt-engine", daemon=True)
        self._thread.start()

    def stop(self, timeout_s: float = 1.0) -> None:
        """Ends the notes that sound, closes source, journal and listeners, and joins the thread.

        Raises:
            SourceError: The thread hangs, which only a device driver can bring about.
        """
        self._stopping.set()
        if self._thread is None:
            self._finish()
        elif self._thread is not current_thread():
            self._thread.join(timeout_s)
            if self._thread.is_alive():
                raise SourceError(
                    "The sound device does not let go.",
                    "What was played is kept all the same. Unplug the device, then start again.",
                )

    def snapshot(self) -> Snapshot:
        """How it stands."""
        now_s = self._clock()
        with self._lock:
            ear, last, calibration = self._ear, self._last, self._calibration
            state = self._state
            if state == "listening" and now_s - self._taken_s > STALL_S:
                state = "stalled"
            ahead_s = 0.0
            if last is not None and state in ("listening", "starting", "retrying"):
                ahead_s = max(now_s - last.captured_s, 0.0)
            if state == "listening":  # while there is a source, the clock counts its sound
                ahead_s = min(ahead_s, STALL_S)
            error = self._error
            return Snapshot(
                state,
                error.problem if error else "",
                error.remedy if error else "",
                self._outlets.notice,
                self._info,
                ear.samples,
                ear.samples + round(ahead_s * SAMPLE_RATE),
                len(self._events),
                self._readings.sounding,
                self._readings.pedal,
                tuple(self._markers),
                getattr(self._source, "position_s", None),
                f"{ear.model.info.name} {ear.model.info.version}",
                ear.model.info.lookahead_ms,
                ear.sensitivity,
                ear.gate.threshold_db,
                ear.gate_open,
                calibration.progress if calibration else None,
                self._readings.stats(now_s, fresh=state in OVER),
            )

    @property
    def error(self) -> AmtError | None:
        """Why it waits or has failed; None while all is well."""
        return self._error

    @property
    def model(self) -> Model:
        """The model that listens."""
        return self._ear.model

    def events(self, since: int = 0) -> list[Event]:
        """Events from number `since` on."""
        return self._events.read(since)

    def transcript(self) -> Transcript:
        """All notes so far; those that sound end now."""
        return self._events.transcript(self._ear.samples)

    def drawn(self, until: int) -> None:
        """Tells that events before number `until` stand on the screen."""
        with self._lock:
            self._readings.drawn(until, self._clock())

    def mark(self, text: str = "") -> Marker:
        """Marks the present; the text defaults to the marker's number."""
        now = self.snapshot().now
        with self._lock:
            marker = Marker(now, text or str(len(self._markers) + 1))
            self._markers.append(marker)
        self._requests.put(lambda: self._outlets.write(lambda journal: journal.mark(marker)))
        return marker

    def listen_to(self, open_source: Callable[[], Source]) -> None:
        """Leaves the present source for another."""

        def change() -> None:
            self._open_source = open_source
            self._leave(None)
            self._retry_at = self._clock()

        self._requests.put(change)

    def use_model(self, model: Model) -> None:
        """Goes on with another model."""

        def change() -> None:
            self._emit(self._ear.change_model(model), None)
            self._outlets.write(lambda journal: journal.model(self._ear.samples, model.info))

        self._requests.put(change)

    def set_sensitivity(self, steps: int) -> None:
        """Steps from the calibrated threshold, clipped to what there is."""

        def change() -> None:
            self._ear.sensitivity = steps

        self._requests.put(change)

    def set_gate(self, threshold_db: float | None) -> None:
        """Threshold of the noise gate in dB under full scale, None to switch it off."""

        def change() -> None:
            self._calibration = None  # what it would find is not what was asked for last
            self._ear.gate.threshold_db = threshold_db

        self._requests.put(change)

    def calibrate(self) -> None:
        """Listens to the room for three seconds and sets the gate, or says why not."""

        def begin() -> None:
            self._calibration = RoomCalibration()
            self._outlets.notice = "Listening to the room: do not play."

        self._requests.put(begin)

    def seek(self, seconds: float) -> None:
        """Winds a file; other sources take no notice."""

        def wind() -> None:
            source = self._source
            if source is not None and hasattr(source, "seek"):
                source.seek(seconds)
                source.ended = False
                self._state = "listening"

        self._requests.put(wind)

    # -- in the engine's thread ----------------------------------------------------------------

    def step(self, timeout_s: float = ROUND_S) -> None:
        """One round: requests, then at most one block; tests drive it without a thread."""
        self._obey()
        if self._state in OVER:
            self._stopping.wait(timeout_s)
            return
        try:
            if self._source is None and not self._open(timeout_s):
                return
            assert self._source is not None
            block = self._source.read(timeout_s)
        except AmtError as error:
            with self._lock:
                self._leave(error)
            return
        if block is not None:
            self._take(block)
        if self._source.ended:
            with self._lock:
                self._emit(self._ear.skip(), None)
                self._state = "ended"
                self._outlets.write(lambda journal: journal.tick(self._ear.samples, force=True))

    def _obey(self) -> None:
        """Grants what was asked for since the last round."""
        while not self._requests.empty():
            with self._lock:
                self._requests.get()()
        while self._left:
            self._left.pop().close()

    def _run(self) -> None:
        try:
            while not self._stopping.is_set():
                self.step()
        except Exception as error:
            self._fail(error)
        finally:
            self._finish()

    def _fail(self, error: Exception) -> None:
        """Takes note of a bug. The screen lives on and shows it; the notes so far are kept."""
        _log.exception("the engine stopped")
        self._state = "failed"
        self._error = AmtError(f"The engine stopped: {error!r}.", "Please report this.")
        self._error.__cause__ = error

    def _open(self, timeout_s: float) -> bool:
        """Opens the source if it is time to; whether it is open."""
        wait_s = self._retry_at - self._clock()
        if wait_s > 0.0:
            self._stopping.wait(min(wait_s, timeout_s))
            return False
        source = self._open_source()
        with self._lock:
            self._source, self._info = source, source.info
            self._state, self._error = "listening", None
            self._taken_s = self._clock()
            self._resumed = True
            self._outlets.write(lambda journal: journal.source(self._ear.samples, source.info))
        return True

    def _leave(self, error: AmtError | None) -> None:
        """Lets go of the source; a `SourceError` is waited out."""
        self._calibration = None  # another microphone hears another room
        self._emit(self._ear.skip(), None)
        if self._source is not None:
            self._left.append(self._source)
            self._source = None
        self._error = error
        self._state = "starting" if error is None else "failed"
        if isinstance(error, SourceError):
            self._state = "retrying"
            self._retry_at = self._clock() + RETRY_S

    def _take(self, block: Block) -> None:
        taken_s = self._clock()
        # One NaN would stay in the network's memory for good, and a meter cannot show it.
        sound = np.nan_to_num(block.samples, nan=0.0, posinf=1.0, neginf=-1.0)
        block, before = replace(block, samples=sound), self._last
        gap = gap_between(before, block) if self._resumed and before is not None else 0
        heard = self._ear.hear(replace(block, lost=block.lost + gap))
        timeline = Timeline(self._ear.samples, block, taken_s, heard.answered_s, self._clock())
        with self._lock:
            self._resumed = False
            assert self._source is not None
            self._last, self._info = block, self._source.info
            self._taken_s = taken_s
            self._emit(heard.events, timeline)
            self._readings.took(block, taken_s, self._clock())
            end = self._ear.samples
            self._outlets.write(
                lambda journal: journal.sound(block.samples, end - len(block.samples))
            )
            self._outlets.write(lambda journal: journal.tick(end))
            self._listen_to_room(block)

    def _emit(self, events: list[Event], timeline: Timeline | None) -> None:
        """Hands events to everybody; measures them where their timeline is known."""
        if not events:
            return
        self._outlets.events(events)
        emitted_s, first = self._clock(), len(self._events)
        self._events.append(events)
        if timeline is not None:
            timeline = replace(timeline, emitted_s=emitted_s)
        self._readings.emitted(events, first, timeline)

    def _listen_to_room(self, block: Block) -> None:
        calibration = self._calibration
        if calibration is not None:
            calibration.push(block.samples)
        if calibration is None or not calibration.done:
            return
        self._calibration = None
        threshold_db, self._outlets.notice = calibration.verdict()
        if threshold_db is not None:
            self._ear.gate.threshold_db = threshold_db

    def _finish(self) -> None:
        if self._finished:
            return
        self._finished = True
        try:
            self._obey()
            with self._lock:
                self._emit(self._ear.skip(), None)
        except Exception as error:  # files and MIDI notes are ended all the same
            self._fail(error)
        with self._lock:
            self._outlets.close(self._ear.samples)
            if self._state != "failed":
                self._state = "stopped"
        # Last, and without the lock: a driver that hangs here holds up neither files nor screen.
        if self._source is not None:
            self._source.close()
