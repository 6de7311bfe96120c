"""A kept session, played again on the same screen: events appear when they did."""

from __future__ import annotations

import time
from bisect import bisect_right

from .eventlog import EventLog
from .events import Event, NoteOff, NoteOn, PedalOff, PedalOn
from .session import Session
from .snapshot import Marker, Snapshot, SoundingNote, State, Stats
from .sources import Clock, SourceInfo
from .timing import SAMPLE_RATE


class Replay:
    """A session as a `feed.Feed`. Events come when they had been decided.

    Args:
        session: What to play.
        speed: 2.0 plays twice as fast.
        loop: Begin again at the end.
        clock: Tells the time.

    Attributes:
        rounds: How often it has begun again.
    """

    def __init__(
        self,
        session: Session,
        *,
        speed: float = 1.0,
        loop: bool = False,
        clock: Clock = time.monotonic,
    ) -> None:
        if speed <= 0.0:
            raise ValueError(f"speed must be positive, not {speed}")
        self.session, self._speed, self._loop, self._clock = session, speed, loop, clock
        self._log = EventLog()
        self._log.append(session.events)
        self._decided = [event.decided for event in session.events]
        self.rounds = 0
        self._began_s: float | None = None
        self._from = 0  # sample at which it began, or was wound to
        self._stopped = False
        self._notes: dict[int, SoundingNote] = {}
        self._pedal = False
        self._strikes = self._followed = 0
        duration_s = session.samples / SAMPLE_RATE
        self._info = SourceInfo(f"session {session.name}", duration_s=duration_s)

    def start(self) -> None:
        """Begins to play."""
        self._began_s = self._clock()

    def stop(self, timeout_s: float = 1.0) -> None:
        """Stops; there is no thread to wait for."""
        self._stopped = True

    def seek(self, seconds: float) -> None:
        """Winds to an instant, clipped to the session."""
        self._from = min(max(round(seconds * SAMPLE_RATE), 0), self.session.samples)
        if self._began_s is not None:
            self._began_s = self._clock()

    def snapshot(self) -> Snapshot:
        """How it stands at this instant."""
        at = self._at()
        count = self._come(at)
        state: State = "ended" if at >= self.session.samples else "listening"
        self._follow(count)
        stats = Stats(notes=self._strikes, polyphony=len(self._notes))
        model = self.session.about.get("model", "")
        return Snapshot(
            "stopped" if self._stopped else state,
            source=self._info,
            samples=at,
            now=at,
            events=count,
            sounding=tuple(sorted(self._notes.values(), key=lambda note: note.pitch)),
            pedal=self._pedal,
            markers=self._markers(at),
            position_s=at / SAMPLE_RATE,
            model=model if isinstance(model, str) else "",
            stats=stats,
        )

    def events(self, since: int = 0) -> list[Event]:
        """Events from number `since` on that have come so far."""
        return self._log.read(since, self._come(self._at()))

    def drawn(self, until: int) -> None:
        """Latency is not measured: the sound was captured long ago."""

    def _at(self) -> int:
        """Sample of the session that is played now."""
        if self._began_s is None:
            return self._from
        played = round((self._clock() - self._began_s) * self._speed * SAMPLE_RATE)
        at = self._from + played
        if at >= self.session.samples and self._loop and self.session.samples:
            self._from, self._began_s = 0, self._clock()
            self.rounds += 1
            return 0
        return min(at, self.session.samples)

    def _come(self, at: int) -> int:
        """Number of events that have come by sample `at`.

        At the end all have: what the end of the sound decided is stamped as if silence had
        followed, which is later than the session lasts.
        """
        over = at >= self.session.samples
        return len(self._decided) if over else bisect_right(self._decided, at)

    def _markers(self, at: int) -> tuple[Marker, ...]:
        return tuple(marker for marker in self.session.markers if marker.sample <= at)

    def _follow(self, count: int) -> None:
        """Brings what sounds to the state after the first `count` events."""
        if count < self._followed:  # wound back
            self._notes, self._pedal, self._strikes, self._followed = {}, False, 0, 0
        for event in self._log.read(self._followed, count):
            match event:
                case NoteOn():
                    self._notes[event.pitch] = SoundingNote(
                        event.pitch, event.sample, event.velocity
                    )
                    self._strikes += 1
                case NoteOff():
                    self._notes.pop(event.pitch, None)
                case PedalOn() | PedalOff():
                    self._pedal = isinstance(event, PedalOn)
        self._followed = count
