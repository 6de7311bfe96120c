"""Standard MIDI Files out.

Format 1, 1920 ticks per quarter note at a fixed 120 BPM: one tick is 0.26 ms. The tempo is only the
ruler; the timing is the player's, and no metre or bar line is guessed.

With `lengths="keys"` the pedal is written as controller 64 and notes end where the finger leaves
the key. Where a note's key release is not known (`key_offset_s` is None: the pedal hides it from
the microphone), the key is held to the sounding end. Any release between pedal press and release
would sound alike; this one also stays right when the pedal track is deleted. Where notes end inside
a pedal press with no known reason, the pedal is lifted for them (`lifts`); a single one that ends
little before the press lasts, like on a piano, until the pedal comes up.

With `lengths="sounding"` there is no controller 64, and notes last as long as they sound.
"""

from __future__ import annotations

import io
import math
import os
from bisect import bisect_left
from collections.abc import Sequence
from itertools import zip_longest
from typing import Literal

import mido

from .atomic import atomic_write
from .doublings import merge_doublings
from .lifts import lifted
from .notes import MIN_NOTE_S, Note, Pedal, Transcript

TICKS_PER_QUARTER = 1920
"""Resolution of the files written."""

TICKS_PER_SECOND = 2 * TICKS_PER_QUARTER
"""At the fixed tempo of 120 BPM."""

_TEMPO = 500_000  # microseconds per quarter note
_SUSTAIN = 64
_LONGEST_PAUSE = (1 << 28) - 1  # ticks, 19.4 hours: four bytes of seven bits
_SHORTEST = math.ceil(MIN_NOTE_S * TICKS_PER_SECOND)  # 39 ticks, 10.2 ms

# What happens first at one tick. Pedal before keys: a key released as the pedal goes down is still
# caught. Releases before strikes: a repeat must not be ended by the note before it.
_PEDAL_UP, _PEDAL_DOWN, _KEY_UP, _KEY_DOWN = range(4)


def write_midi(
    transcript: Transcript,
    path: str | os.PathLike[str],
    *,
    lengths: Literal["sounding", "keys"] = "keys",
    text: str = "",
    markers: Sequence[tuple[float, str]] = (),
) -> None:
    """Writes a transcript as a Standard MIDI File, whole or not at all.

    `read_midi` gives the same notes back, onsets within 0.13 ms and sounding ends within 0.4 ms, if
    ends inside a pedal press are consistent with it, as those of `notes.sounding` are. Strikes of
    one pitch within 11 ms become one note.

    Args:
        transcript: Notes and pedal.
        path: Target; an existing file is replaced.
        lengths: See the module's description.
        text: Goes into a text event, for example the name and version of the model.
        markers: Instants in seconds and their names, written as MIDI markers.

    Raises:
        OutputError: `path` cannot be written.
    """
    ruler = mido.MidiTrack()
    if text:
        ruler.append(mido.MetaMessage("text", text=text))
    ruler.append(mido.MetaMessage("set_tempo", tempo=_TEMPO))
    now = 0
    for at_s, name in sorted(markers):
        tick = max(_tick(at_s), now)
        ruler.append(mido.MetaMessage("marker", text=name, time=tick - now))
        now = tick
    piano = mido.MidiTrack()
    piano.append(mido.MetaMessage("track_name", name="Piano"))
    piano.append(mido.Message("program_change", program=0))
    now = 0
    for tick, kind, pitch, velocity in _events(transcript, with_pedal=lengths == "keys"):
        piano.append(_message(kind, pitch, velocity, tick - now))
        now = tick
    rest = max(_tick(transcript.duration_s) - now, 0)
    piano.append(mido.MetaMessage("end_of_track", time=rest))
    file = mido.MidiFile(
        type=1,
        ticks_per_beat=TICKS_PER_QUARTER,
        charset="utf-8",
        tracks=[_with_short_pauses(ruler), _with_short_pauses(piano)],
    )
    buffer = io.BytesIO()
    file.save(file=buffer)
    atomic_write(path, buffer.getvalue())


def _with_short_pauses(track: mido.MidiTrack) -> mido.MidiTrack:
    """Divides pauses that are longer than the format can say, with texts that say nothing."""
    divided = mido.MidiTrack()
    for message in track:
        while message.time > _LONGEST_PAUSE:
            divided.append(mido.MetaMessage("text", time=_LONGEST_PAUSE))
            message.time -= _LONGEST_PAUSE
        divided.append(message)
    return divided


def _events(transcript: Transcript, *, with_pedal: bool) -> list[tuple[int, int, int, int]]:
    """(tick, kind, pitch, velocity) in the order of playing."""
    # A tick and a half more than the shortest note leaves room for it after rounding.
    notes = merge_doublings(transcript.notes, within_s=(_SHORTEST + 1.5) / TICKS_PER_SECOND)
    presses = _pedal_ticks(lifted(notes, transcript.pedals)) if with_pedal else []
    events = []
    for down, up in presses:
        events += [(down, _PEDAL_DOWN, 0, 0), (up, _PEDAL_UP, 0, 0)]
    for start, end, note in _note_ticks(notes, [down for down, _ in presses], with_pedal):
        events += [(start, _KEY_DOWN, note.pitch, note.velocity), (end, _KEY_UP, note.pitch, 0)]
    return sorted(events)


def _pedal_ticks(pedals: tuple[Pedal, ...]) -> list[tuple[int, int]]:
    """Presses in ticks; one that rounding leaves without length is dropped."""
    ticks = [(_tick(pedal.onset_s), _tick(pedal.offset_s)) for pedal in pedals]
    return [(down, up) for down, up in ticks if down < up]


def _note_ticks(notes: list[Note], downs: list[int], keys: bool) -> list[tuple[int, int, Note]]:
    """(start, end, note) with no two notes of a pitch overlapping."""
    placed = []
    for note, following in zip_longest(notes, notes[1:]):
        start = _tick(note.onset_s)
        key_s = note.key_offset_s if keys else None
        released = max(_tick(note.offset_s if key_s is None else key_s), start + _SHORTEST)
        if following is not None and following.pitch == note.pitch:
            released = min(released, _tick(following.onset_s))
        end = _clear_of_pedal(start, released, _tick(note.offset_s), downs)
        placed.append((start, end, note))
    return placed


def _clear_of_pedal(start: int, released: int, sounds_until: int, downs: list[int]) -> int:
    """The tick of a note-off that no pedal press catches which did not catch the note itself.

    A key released just before the pedal goes down is damped. Rounding, or stretching to the
    shortest note, may put its release onto the press, where it would sound for as long as the pedal
    is down.
    """
    if sounds_until > released:
        return released
    earliest = start + 1 if released - start <= _SHORTEST else released
    at = bisect_left(downs, earliest)
    if at < len(downs) and downs[at] <= released:
        return max(downs[at] - 1, start + 1)
    return released


def _message(kind: int, pitch: int, velocity: int, delta: int) -> mido.Message:
    if kind == _KEY_UP:
        return mido.Message("note_off", note=pitch, velocity=0, time=delta)
    if kind == _KEY_DOWN:
        return mido.Message("note_on", note=pitch, velocity=velocity, time=delta)
    value = 127 if kind == _PEDAL_DOWN else 0
    return mido.Message("control_change", control=_SUSTAIN, value=value, time=delta)


def _tick(seconds: float) -> int:
    return round(seconds * TICKS_PER_SECOND)
