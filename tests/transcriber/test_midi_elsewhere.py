"""MIDI files between `transcriber.midi` and pretty_midi, which has a reader of its own mind.

Both use mido for bytes; tempo, note ends and controllers each works out by itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pretty_midi
import pytest

from transcriber.midi import read_midi, write_midi
from transcriber.midi_writer import TICKS_PER_SECOND
from transcriber.notes import Note, Pedal, Transcript, sounding

TICK_S = 1.0 / TICKS_PER_SECOND


def playing(rng: np.random.Generator) -> tuple[list[Note], list[Pedal]]:
    """Keys played over a minute, key by key, none struck again before its release; and a pedal."""
    notes = []
    for pitch in range(21, 109, 3):
        at = float(rng.uniform(0.0, 2.0))
        while at < 60.0:
            held = float(rng.uniform(0.05, 3.0))
            notes.append(Note(at, at + held, pitch, int(rng.integers(1, 128))))
            at += held + float(rng.uniform(0.05, 4.0))
    changes = np.sort(rng.uniform(0.0, 60.0, 40)).reshape(-1, 2).tolist()
    return notes, [Pedal(*change) for change in changes]


def key_by_key(notes: Iterable[Note]) -> list[Note]:
    return sorted(notes, key=lambda note: (note.pitch, note.onset_s))


def theirs_and_ours(piano: pretty_midi.Instrument, keys: list[Note]) -> tuple[np.ndarray, ...]:
    """Pitch, onset, end and velocity of each note of both."""
    return (
        np.array(sorted((n.pitch, n.start, n.end, n.velocity) for n in piano.notes)),
        np.array([(n.pitch, n.onset_s, n.offset_s, n.velocity) for n in keys]),
    )


def test_what_we_write_reads_the_same_there(tmp_path: Path, rng: np.random.Generator) -> None:
    keys, pedals = playing(rng)
    path = tmp_path / "ours.mid"
    write_midi(Transcript.of(sounding(keys, pedals), pedals), path)
    theirs = pretty_midi.PrettyMIDI(str(path))
    (piano,) = theirs.instruments
    assert (piano.program, piano.is_drum) == (0, False)
    found, expected = theirs_and_ours(piano, keys)
    assert found == pytest.approx(expected, abs=1.501 * TICK_S)
    assert {change.number for change in piano.control_changes} == {64}
    moves = [(change.time, change.value >= 64) for change in piano.control_changes]
    assert [is_down for _, is_down in moves] == [True, False] * len(pedals)
    times = [at for pedal in pedals for at in (pedal.onset_s, pedal.offset_s)]
    assert [at for at, _ in moves] == pytest.approx(times, abs=1.501 * TICK_S)


def test_sounding_lengths_read_the_same_there(tmp_path: Path, rng: np.random.Generator) -> None:
    keys, _ = playing(rng)
    path = tmp_path / "ours.mid"
    write_midi(Transcript.of(keys, []), path, lengths="sounding")
    (piano,) = pretty_midi.PrettyMIDI(str(path)).instruments
    found, expected = theirs_and_ours(piano, keys)
    assert found == pytest.approx(expected, abs=1.501 * TICK_S)
    assert piano.control_changes == []


@pytest.mark.parametrize(("resolution", "tempo"), [(220, 120.0), (480, 87.3), (96, 203.0)])
def test_what_they_write_reads_the_same_here(
    tmp_path: Path, rng: np.random.Generator, resolution: int, tempo: float
) -> None:
    keys, pedals = playing(rng)
    theirs = pretty_midi.PrettyMIDI(resolution=resolution, initial_tempo=tempo)
    piano = pretty_midi.Instrument(program=0)
    piano.notes = [pretty_midi.Note(n.velocity, n.pitch, n.onset_s, n.offset_s) for n in keys]
    for pedal in pedals:
        for value, at in ((127, pedal.onset_s), (0, pedal.offset_s)):
            piano.control_changes.append(pretty_midi.ControlChange(64, value, at))
    theirs.instruments.append(piano)
    path = tmp_path / "theirs.mid"
    theirs.write(str(path))
    ours = read_midi(path)
    tick_s = 60.0 / tempo / resolution
    found, expected = key_by_key(ours.notes), key_by_key(sounding(keys, pedals))
    assert [(n.pitch, n.velocity) for n in found] == [(n.pitch, n.velocity) for n in expected]
    for end in ("onset_s", "offset_s"):
        times = [getattr(n, end) for n in expected]
        assert [getattr(n, end) for n in found] == pytest.approx(times, abs=2.0 * tick_s)
    heard, pressed = (np.array([(p.onset_s, p.offset_s) for p in x]) for x in (ours.pedals, pedals))
    assert heard == pytest.approx(pressed, abs=2.0 * tick_s)
