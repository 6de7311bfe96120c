"""What a screen is shown: one frozen value, taken from the engine whenever the screen likes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from .footprint import Footprint
from .latency import LatencyParts, Load, Percentiles
from .levels import Level
from .sources import SourceInfo

State = Literal["starting", "listening", "stalled", "retrying", "ended", "failed", "stopped"]
"""
starting    the source is being opened
listening   sound comes
stalled     the source is open, but nothing has come for a second
retrying    the source is not there; it is tried again every second
ended       the recording is over
failed      the source can never be opened
stopped     `stop` was called
"""

OVER: tuple[State, ...] = ("ended", "failed", "stopped")
"""States in which nothing more will come, unless a file is wound or another source chosen."""

Health = Literal["good", "busy", "behind"]
"""
good     all well
busy     computing takes more than 60 % of real time
behind   sound waits longer than 200 ms for the engine, or was lost in the last 5 seconds
"""


@dataclass(frozen=True, slots=True)
class Stats:
    """Figures, defined in `latency`, `levels` and `footprint`.

    Args:
        event: Capture-to-event latency.
        screen: Capture-to-screen latency; zeros where nothing draws.
        parts: Mean parts of both.
        load: Time spent on sound.
        level: Of the input, before the gate.
        lost_s: Seconds of sound lost since the start.
        overflows: How often sound was lost.
        health: In one word.
        notes: Strikes since the start.
        notes_per_minute: Strikes in the last minute.
        polyphony: Notes sounding now.
        footprint: Memory and processor time of the process.
    """

    event: Percentiles = field(default_factory=Percentiles)
    screen: Percentiles = field(default_factory=Percentiles)
    parts: LatencyParts = field(default_factory=LatencyParts)
    load: Load = field(default_factory=Load)
    level: Level = field(default_factory=Level)
    lost_s: float = 0.0
    overflows: int = 0
    health: Health = "good"
    notes: int = 0
    notes_per_minute: int = 0
    polyphony: int = 0
    footprint: Footprint = field(default_factory=Footprint)


@dataclass(frozen=True, slots=True)
class SoundingNote:
    """A note that sounds now: its pitch, the sample it was struck at, its velocity."""

    pitch: int
    sample: int
    velocity: int


@dataclass(frozen=True, slots=True)
class Marker:
    """A place the player marked, and what it is called."""

    sample: int
    text: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The engine at one instant.

    Args:
        state: See `State`.
        problem: What is wrong, one sentence; empty when nothing is.
        remedy: What to do about it.
        notice: The last thing worth a line that is no problem: a calibration, a lost MIDI port.
        source: What is listened to; None until it is open.
        samples: Samples of the session's clock that have been heard.
        now: Sample of the session's clock that is sound in the room at this instant: `samples` plus
            what is on its way. A screen that scrolls by it moves evenly.
        events: Number of events so far: the end of `events(since)`.
        sounding: Notes sounding now, by pitch.
        pedal: The sustain pedal is down.
        markers: All so far.
        position_s: Where a file plays, None for other sources.
        model: Name and version of the model.
        lookahead_ms: Its algorithmic look-ahead.
        sensitivity: Steps from the calibrated threshold, `-LIMIT`..`LIMIT`; more hears more.
        gate_db: Threshold of the noise gate, None when it is off.
        gate_open: Sound passes the gate now.
        calibration: Share of a running room calibration, None when none runs.
        stats: Figures, a quarter of a second old at most.
    """

    state: State
    problem: str = ""
    remedy: str = ""
    notice: str = ""
    source: SourceInfo | None = None
    samples: int = 0
    now: int = 0
    events: int = 0
    sounding: tuple[SoundingNote, ...] = ()
    pedal: bool = False
    markers: tuple[Marker, ...] = ()
    position_s: float | None = None
    model: str = ""
    lookahead_ms: float = 0.0
    sensitivity: int = 0
    gate_db: float | None = None
    gate_open: bool = True
    calibration: float | None = None
    stats: Stats = field(default_factory=Stats)
