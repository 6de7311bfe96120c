"""Standard MIDI Files in: what a piano would have sounded.

The bytes are parsed by mido; what they mean for one piano is decided here:

- Every track and channel plays the same piano. Channel 10 (drums) and pitches off the keyboard are
  left out.
- One key has one string: a strike ends the note before it. Note-offs belong to strikes in order
  (first struck, first released), so an overlapping repeat keeps its written length; where a file
  loses note-offs, each one ends the note sounding. pretty_midi instead ends all open notes of a
  pitch at the first note-off.
- Strikes of one pitch closer than 10 ms (doublings between tracks) are one note, the louder
  velocity counts.
- The sustain pedal is down while controller 64 is 64 or more on any channel. Half-pedalling is not
  modelled.
- Tempo changes of any track hold for all; SMPTE time ignores them. What is still open ends with the
  file.
"""

from __future__ import annotations

import io
import os
import struct
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import mido

from .doublings import merge_doublings
from .errors import InputError
from .inputs import read_input
from .notes import Note, Pedal, Transcript, sounding
from .signatures import SIGNATURE_BYTES, identify
from .strikes import Strike, pair_strikes
from .timing import LOWEST_PITCH, PITCHES

_DRUMS = 9
_SUSTAIN, _ALL_SOUND_OFF, _RESET, _ALL_NOTES_OFF = 64, 120, 121, 123
_PEDAL_DOWN = 64
_DEFAULT_TEMPO = 500_000  # microseconds per quarter note: 120 BPM
_LAST_TICK = 1 << 53  # far beyond any music; keeps damaged times within a float
_LONGEST_S = 7 * 24 * 3600.0
_AT_ONCE_S = 1e-4
_FAULTS = (
    OSError,
    EOFError,
    ValueError,
    TypeError,
    LookupError,
    struct.error,
    mido.KeySignatureError,
)


def read_midi(path: str | os.PathLike[str]) -> Transcript:
    """Reads notes and sustain pedal of a Standard MIDI File of format 0 or 1.

    Returns:
        Sounding notes (`offset_s` extended by the pedal, `key_offset_s` the note-off), pedal
        presses, and the length of the longest track.

    Raises:
        InputError: The file is missing, unreadable, no MIDI, damaged, or of format 2.
    """
    name = os.fspath(path)
    return parse_midi(name, _read_bytes(name))


def parse_midi(name: str, data: bytes) -> Transcript:
    """The same for a file already in memory; `name` is only used in messages."""
    midi = _parse(name, data)
    events = _Events()
    for number, track in enumerate(midi.tracks):
        events.take(number, track)
    clock = _Clock.of(midi.ticks_per_beat, events.tempi)
    end_s = clock.seconds(events.end)
    if end_s > _LONGEST_S:
        raise InputError(
            f"{name} is a damaged MIDI file: it claims to last {end_s / 3600:.0f} hours.",
            "Export or copy it again.",
        )
    pedals = _pedals(events.pedal, events.end, clock)
    notes = merge_doublings(
        # `sounding` makes the shortest note of a strike released at once. Not here: stretched
        # before the pedal is looked at, it might reach into a press that came later.
        Note(
            clock.seconds(start),
            max(clock.seconds(end), clock.seconds(start) + _AT_ONCE_S),
            pitch,
            velocity,
        )
        for (_, _, pitch), strikes in events.keys.items()
        for start, end, velocity in pair_strikes(strikes, events.end)
    )
    return Transcript.of(sounding(notes, pedals), pedals, end_s)


def _read_bytes(name: str) -> bytes:
    data = read_input(name, "a MIDI file")
    if data[:4] == b"RIFF" and data[8:12] == b"RMID":  # a MIDI file in a RIFF envelope
        data = data[max(data.find(b"MThd"), 0) :]
    if data[:4] != b"MThd":
        known = identify(data[:SIGNATURE_BYTES])
        kind = f"{known.kind}, not" if known else "not"
        raise InputError(f"{name} is {kind} a MIDI file.", "Pass a Standard MIDI File (.mid).")
    return data


def _parse(name: str, data: bytes) -> mido.MidiFile:
    try:
        midi = mido.MidiFile(file=io.BytesIO(data), clip=True)
    except _FAULTS as error:
        reason = str(error) or "it ends in the middle"
        raise InputError(
            f"{name} is a damaged MIDI file: {reason}.", "Export or copy it again."
        ) from error
    if midi.type == 2:
        raise InputError(
            f"{name} is a MIDI file of format 2 (independent patterns).",
            "Export it as format 0 or 1.",
        )
    if midi.ticks_per_beat == 0:
        raise InputError(
            f"{name} is a damaged MIDI file: its division is zero.", "Export it again."
        )
    return midi


@dataclass(slots=True)
class _Events:
    """What a file says about the piano, by tick; keys are told apart by track and channel."""

    keys: dict[tuple[int, int, int], list[Strike]] = field(default_factory=dict)
    pedal: list[tuple[int, int, bool]] = field(default_factory=list)  # tick, channel, down
    tempi: list[tuple[int, int]] = field(
        default_factory=list
    )  # tick, microseconds per quarter note
    end: int = 0

    def take(self, number: int, track: Iterable[Any]) -> None:
        """Adds the messages of one track."""
        tick = 0
        held: Counter[tuple[int, int, int]] = Counter()
        for message in track:
            tick = min(tick + message.time, _LAST_TICK)
            kind = message.type
            if kind == "set_tempo" and message.tempo > 0:
                self.tempi.append((tick, message.tempo))
            elif kind in ("note_on", "note_off"):
                if message.channel == _DRUMS or not 0 <= message.note - LOWEST_PITCH < PITCHES:
                    continue
                velocity = message.velocity if kind == "note_on" else 0
                key = (number, message.channel, message.note)
                self.keys.setdefault(key, []).append(Strike(tick, velocity))
                held[key] = held[key] + 1 if velocity else max(held[key] - 1, 0)
            elif kind == "control_change" and message.channel != _DRUMS:
                if message.control == _SUSTAIN:
                    self.pedal.append((tick, message.channel, message.value >= _PEDAL_DOWN))
                elif message.control == _RESET:
                    self.pedal.append((tick, message.channel, False))
                elif message.control in (_ALL_SOUND_OFF, _ALL_NOTES_OFF):
                    for key, count in held.items():
                        if key[1] == message.channel:
                            self.keys[key].extend(Strike(tick, 0) for _ in range(count))
                            held[key] = 0
        self.end = max(self.end, tick)


def _pedals(changes: list[tuple[int, int, bool]], end: int, clock: _Clock) -> list[Pedal]:
    """Presses of the one pedal that all channels share."""
    pedals: list[Pedal] = []
    down: set[int] = set()
    since = 0

    def release(tick: int) -> None:
        start_s, end_s = clock.seconds(since), clock.seconds(tick)
        if start_s < end_s:
            pedals.append(Pedal(start_s, end_s))

    for tick, channel, pressed in sorted(changes, key=lambda change: change[0]):
        was = bool(down)
        (down.add if pressed else down.discard)(channel)
        if not was and down:
            since = tick
        elif was and not down:
            release(tick)
    if down:
        release(end)
    return pedals


@dataclass(frozen=True, slots=True)
class _Clock:
    """Ticks to seconds: from `ticks[i]` on, `seconds_at[i]` plus `per_tick[i]` for every tick."""

    ticks: list[int]
    seconds_at: list[float]
    per_tick: list[float]

    @classmethod
    def of(cls, division: int, tempi: list[tuple[int, int]]) -> _Clock:
        """From the header's division: ticks per quarter note, or SMPTE frames if negative."""
        if division < 0:
            frames, ticks = -(division >> 8), division & 0xFF
            rate = (
                30_000 / 1_001 if frames == 29 else float(frames)
            )  # 29 stands for NTSC's drop frames
            return cls([0], [0.0], [1.0 / (rate * max(ticks, 1))])
        clock = cls([0], [0.0], [_DEFAULT_TEMPO / 1e6 / division])
        for tick, tempo in sorted(tempi, key=lambda change: change[0]):
            clock.seconds_at.append(clock.seconds(tick))
            clock.ticks.append(tick)
            clock.per_tick.append(tempo / 1e6 / division)
        return clock

    def seconds(self, tick: int) -> float:
        """Seconds from the start of the file to `tick` >= 0."""
        at = bisect_right(self.ticks, tick) - 1
        return self.seconds_at[at] + (tick - self.ticks[at]) * self.per_tick[at]
