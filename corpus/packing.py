"""Labels as records: how notes and pedals lie in a shard.

Times are samples from the start of the item. A note may have been struck before it (negative
onset) and may end after it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from transcriber.notes import MIN_NOTE_S, Note, Pedal, Transcript
from transcriber.timing import SAMPLE_RATE

NOTE = np.dtype(
    [
        ("onset", "<i4"),
        ("offset", "<i4"),
        ("key_offset", "<i4"),
        ("pitch", "u1"),
        ("velocity", "u1"),
    ]
)
"""Strike, sounding end and key end in samples (the same where the key end is not known)."""

PEDAL = np.dtype([("onset", "<i4"), ("offset", "<i4")])
"""Press and release of the sustain pedal, in samples."""

_MIN_SAMPLES = round(MIN_NOTE_S * SAMPLE_RATE)


def pack_notes(notes: Iterable[Note], lead_s: float, samples: int) -> NDArray[np.void]:
    """Notes sounding in an item, as records.

    Args:
        notes: Times counted from `lead_s` before the item.
        lead_s: Seconds before the item.
        samples: Length of the item.
    """
    rows = []
    for note in notes:
        onset = round((note.onset_s - lead_s) * SAMPLE_RATE)
        offset = max(round((note.offset_s - lead_s) * SAMPLE_RATE), onset + _MIN_SAMPLES)
        key_s = note.offset_s if note.key_offset_s is None else note.key_offset_s
        key = min(max(round((key_s - lead_s) * SAMPLE_RATE), onset + _MIN_SAMPLES), offset)
        if onset < samples and offset > 0:
            rows.append((onset, offset, key, note.pitch, note.velocity))
    return np.array(sorted(rows), NOTE)


def pack_pedals(pedals: Iterable[Pedal], lead_s: float, samples: int) -> NDArray[np.void]:
    """Pedal presses that overlap an item, as records; arguments as `pack_notes`."""
    rows = []
    for pedal in pedals:
        onset = round((pedal.onset_s - lead_s) * SAMPLE_RATE)
        offset = max(round((pedal.offset_s - lead_s) * SAMPLE_RATE), onset + 1)
        if onset < samples and offset > 0:
            rows.append((onset, offset))
    return np.array(rows, PEDAL)


def unpack(
    notes: NDArray[np.void], pedals: NDArray[np.void], start: int, samples: int, lead: int
) -> Transcript:
    """The part of an item from `start` on as a transcript whose time 0 lies `lead` samples before.

    Notes struck earlier than that begin at time 0.
    """
    origin = start - lead
    near = notes[(notes["onset"] < start + samples + SAMPLE_RATE) & (notes["offset"] > origin)]
    heard = []
    for onset, offset, key, pitch, velocity in near.tolist():
        on = max(onset - origin, 0)
        off = max(offset - origin, on + _MIN_SAMPLES)
        released = min(max(key - origin, on + _MIN_SAMPLES), off)
        heard.append(
            Note(on / SAMPLE_RATE, off / SAMPLE_RATE, pitch, velocity, released / SAMPLE_RATE)
        )
    pressed = [
        Pedal(max(onset - origin, 0) / SAMPLE_RATE, (offset - origin) / SAMPLE_RATE)
        for onset, offset in pedals.tolist()
        if offset > origin and onset < start + samples
    ]
    return Transcript.of(heard, pressed, (lead + samples) / SAMPLE_RATE)


def item_hash(audio: NDArray[np.int16], notes: NDArray[np.void], pedals: NDArray[np.void]) -> str:
    """SHA-256 of an item's bytes."""
    digest = hashlib.sha256(np.ascontiguousarray(audio).data)
    digest.update(np.ascontiguousarray(notes).tobytes())
    digest.update(np.ascontiguousarray(pedals).tobytes())
    return digest.hexdigest()
