"""Notes, pedal and transcripts: the one form in which music passes between the parts of this
project.

A note has two ends. Its *sounding* end (`offset_s`) is where the string is damped: the later of key
release and pedal release, or the next strike of the same key. Its *key* end (`key_offset_s`) is
where the finger leaves the key; from audio alone it is only known when no pedal hides it. Scores
use the sounding end; MIDI export offers both.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from .events import Event, NoteOff, NoteOn, PedalOff, PedalOn
from .timing import LOWEST_PITCH, PITCHES, SAMPLE_RATE

MIN_NOTE_S = 0.01
"""Shortest note written anywhere, in seconds: MIDI programs drop notes of no length."""


@dataclass(frozen=True, slots=True, order=True)
class Note:
    """One struck note.

    Args:
        onset_s: Strike, in seconds from the start, >= 0.
        offset_s: Sounding end in seconds, > onset_s.
        pitch: MIDI number, 21..108.
        velocity: 1..127.
        key_offset_s: Key release in seconds where known, onset_s < key_offset_s <= offset_s.

    Raises:
        ValueError: A value is outside its range.
    """

    onset_s: float
    offset_s: float
    pitch: int
    velocity: int
    key_offset_s: float | None = None

    def __post_init__(self) -> None:
        if not 0.0 <= self.onset_s < self.offset_s:
            raise ValueError(
                f"note times out of order: onset {self.onset_s}, offset {self.offset_s}"
            )
        if not LOWEST_PITCH <= self.pitch < LOWEST_PITCH + PITCHES:
            raise ValueError(f"pitch {self.pitch} is not on a piano (21..108)")
        if not 1 <= self.velocity <= 127:
            raise ValueError(f"velocity {self.velocity} is outside 1..127")


@dataclass(frozen=True, slots=True, order=True)
class Pedal:
    """One press of the sustain pedal, in seconds from the start; `offset_s` > `onset_s` >= 0."""

    onset_s: float
    offset_s: float

    def __post_init__(self) -> None:
        if not 0.0 <= self.onset_s < self.offset_s:
            raise ValueError(
                f"pedal times out of order: onset {self.onset_s}, offset {self.offset_s}"
            )


@dataclass(frozen=True, slots=True)
class Transcript:
    """Notes (sorted by onset, then pitch) and pedal presses (sorted, disjoint) of one recording.

    `duration_s` is the length of the recording, or of the music where there is no recording.
    """

    notes: tuple[Note, ...] = ()
    pedals: tuple[Pedal, ...] = ()
    duration_s: float = 0.0

    @classmethod
    def of(
        cls, notes: Iterable[Note], pedals: Iterable[Pedal] = (), duration_s: float = 0.0
    ) -> Transcript:
        """Sorts notes and pedals and stretches the duration to hold them."""
        notes_ = tuple(sorted(notes, key=lambda n: (n.onset_s, n.pitch)))
        pedals_ = tuple(sorted(pedals))
        ends = [n.offset_s for n in notes_] + [p.offset_s for p in pedals_]
        return cls(notes_, pedals_, max([duration_s, *ends]))

    def cut(self, start_s: float, end_s: float) -> Transcript:
        """The part between two instants, times counted from `start_s`.

        Notes are kept when struck inside; ends and pedal presses are clipped to the window.
        """
        notes = []
        for n in self.notes:
            if start_s <= n.onset_s < end_s:
                off = max(min(n.offset_s, end_s), n.onset_s + MIN_NOTE_S) - start_s
                key = None
                if n.key_offset_s is not None:
                    key = max(min(n.key_offset_s, end_s), n.onset_s + MIN_NOTE_S) - start_s
                notes.append(
                    replace(n, onset_s=n.onset_s - start_s, offset_s=off, key_offset_s=key)
                )
        pedals = [
            Pedal(max(p.onset_s, start_s) - start_s, min(p.offset_s, end_s) - start_s)
            for p in self.pedals
            if p.onset_s < end_s and p.offset_s > start_s
        ]
        return Transcript.of(notes, pedals, end_s - start_s)

    def faster(self, factor: float) -> Transcript:
        """The same played `factor` times as fast."""
        if factor == 1.0:
            return self

        def moved(note: Note) -> Note:
            key = note.key_offset_s
            return replace(
                note,
                onset_s=note.onset_s / factor,
                offset_s=note.offset_s / factor,
                key_offset_s=None if key is None else key / factor,
            )

        return Transcript(
            tuple(moved(note) for note in self.notes),
            tuple(Pedal(p.onset_s / factor, p.offset_s / factor) for p in self.pedals),
            self.duration_s / factor,
        )


def sounding(notes: Iterable[Note], pedals: Iterable[Pedal]) -> tuple[Note, ...]:
    """Extends each note by the sustain pedal, up to the next strike of the same key.

    The end of a note whose key is released while the pedal is down moves to the pedal's release.
    `offset_s` of the input is read as the key release and kept as `key_offset_s`. This is the
    convention of the field (Hawthorne et al. 2018, section 3).

    Returns:
        Notes sorted by onset, then pitch.
    """
    presses = sorted(pedals)
    starts = [p.onset_s for p in presses]
    by_pitch: dict[int, list[Note]] = {}
    for note in sorted(notes):
        by_pitch.setdefault(note.pitch, []).append(note)
    out = []
    for same in by_pitch.values():
        for i, note in enumerate(same):
            key = note.offset_s if note.key_offset_s is None else note.key_offset_s
            end = key
            at = bisect_right(starts, key) - 1
            if at >= 0 and key < presses[at].offset_s:
                end = presses[at].offset_s
            if i + 1 < len(same):
                following = same[i + 1].onset_s
                end = min(end, following)
                key = min(key, following)
            end = max(end, note.onset_s + MIN_NOTE_S)
            key = max(key, note.onset_s + MIN_NOTE_S)
            out.append(replace(note, offset_s=max(end, key), key_offset_s=key))
    return tuple(sorted(out, key=lambda n: (n.onset_s, n.pitch)))


@dataclass(slots=True)
class TranscriptBuilder:
    """Collects live events into a transcript. Open notes and an open pedal end at `finish`.

    A note ends at its release, but not after the next strike of its key: a strike that is decided
    after the release may lie before it, as strikes are placed more finely than ends.
    """

    sample_rate: int = SAMPLE_RATE
    _struck: dict[int, NoteOn] = field(default_factory=dict)
    _released: dict[int, int] = field(default_factory=dict)
    _pedal: PedalOn | None = None
    _notes: list[Note] = field(default_factory=list)
    _pedals: list[Pedal] = field(default_factory=list)

    def add(self, events: Iterable[Event]) -> None:
        """Takes events in the order in which they were decided."""
        for event in events:
            match event:
                case NoteOn():
                    released = self._released.get(event.pitch, event.sample)
                    self._close(event.pitch, min(released, event.sample))
                    self._struck[event.pitch] = event
                case NoteOff():
                    self._released.setdefault(event.pitch, event.sample)
                case PedalOn():
                    self._release(event.sample)
                    self._pedal = event
                case PedalOff():
                    self._release(event.sample)

    def finish(self, samples: int) -> Transcript:
        """The transcript of a stream of `samples` samples."""
        for pitch in list(self._struck):
            self._close(pitch, self._released.get(pitch, samples))
        self._release(samples)
        return Transcript.of(self._notes, self._pedals, samples / self.sample_rate)

    def _close(self, pitch: int, sample: int) -> None:
        self._released.pop(pitch, None)
        on = self._struck.pop(pitch, None)
        if on is not None:
            onset_s = max(0, on.sample) / self.sample_rate
            offset_s = max(sample / self.sample_rate, onset_s + MIN_NOTE_S)
            self._notes.append(Note(onset_s, offset_s, pitch, on.velocity))

    def _release(self, sample: int) -> None:
        if self._pedal is not None:
            onset_s = max(0, self._pedal.sample) / self.sample_rate
            offset_s = max(sample / self.sample_rate, onset_s + MIN_NOTE_S)
            self._pedals.append(Pedal(onset_s, offset_s))
            self._pedal = None
