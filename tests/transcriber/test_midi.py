"""MIDI in and out: what a file means for one piano, and that nothing is lost on the way."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import mido
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transcriber.errors import InputError, OutputError
from transcriber.midi import read_midi, write_midi
from transcriber.midi_writer import TICKS_PER_SECOND
from transcriber.notes import Note, Pedal, Transcript, sounding

TICK_S = 1.0 / TICKS_PER_SECOND
ONSET_ROUNDING_S = 0.501 * TICK_S
END_ROUNDING_S = 1.501 * TICK_S  # may also step clear of a pedal press, or up to the shortest note

Event = tuple[int, str, int, int]  # absolute tick, kind, and its two values


def track(events: Sequence[Event], *, channel: int = 0, end: int | None = None) -> mido.MidiTrack:
    """A track of `(tick, "on" | "off" | "cc" | "tempo", a, b)` in the order given."""
    messages, now = mido.MidiTrack(), 0
    for tick, kind, a, b in events:
        delta, now = tick - now, tick
        match kind:
            case "on":
                message = mido.Message("note_on", channel=channel, note=a, velocity=b, time=delta)
            case "off":
                message = mido.Message("note_off", channel=channel, note=a, time=delta)
            case "cc":
                message = mido.Message(
                    "control_change", channel=channel, control=a, value=b, time=delta
                )
            case _:
                message = mido.MetaMessage("set_tempo", tempo=a, time=delta)
        messages.append(message)
    if end is not None:
        messages.append(mido.MetaMessage("end_of_track", time=end - now))
    return messages


def read(folder: Path, *tracks: mido.MidiTrack, division: int = 500, kind: int = 1) -> Transcript:
    """Through a file; with a division of 500 at 120 BPM one tick is one millisecond."""
    path = folder / "test.mid"
    mido.MidiFile(type=kind, ticks_per_beat=division, tracks=list(tracks)).save(path)
    return read_midi(path)


def spans(transcript: Transcript) -> list[tuple[float, float, int, int]]:
    return [
        (round(n.onset_s, 6), round(n.offset_s, 6), n.pitch, n.velocity) for n in transcript.notes
    ]


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        pytest.param(
            [(100, "on", 60, 64), (300, "off", 60, 0)], [(0.1, 0.3, 60, 64)], id="one note"
        ),
        pytest.param(
            [(100, "on", 60, 64), (300, "on", 60, 0)], [(0.1, 0.3, 60, 64)], id="velocity 0 is off"
        ),
        pytest.param(
            [(0, "on", 60, 64), (100, "on", 60, 70), (200, "off", 60, 0), (300, "off", 60, 0)],
            [(0.0, 0.1, 60, 64), (0.1, 0.3, 60, 70)],
            id="overlapping repeat: struck again, each keeps its own release",
        ),
        pytest.param(
            [
                (0, "on", 60, 64),
                (100, "on", 60, 70),
                (200, "off", 60, 0),
                (500, "on", 60, 80),
                (600, "off", 60, 0),
            ],
            [(0.0, 0.1, 60, 64), (0.1, 0.2, 60, 70), (0.5, 0.6, 60, 80)],
            id="a lost release does not shift those after it",
        ),
        pytest.param(
            [(0, "on", 60, 64), (100, "on", 60, 70), (100, "off", 60, 0), (300, "off", 60, 0)],
            [(0.0, 0.1, 60, 64), (0.1, 0.3, 60, 70)],
            id="repeat written on before off at one tick",
        ),
        pytest.param(
            [(100, "on", 60, 64), (100, "off", 60, 0), (300, "on", 62, 1), (400, "off", 62, 0)],
            [(0.1, 0.11, 60, 64), (0.3, 0.4, 62, 1)],
            id="a note of no length gets the shortest",
        ),
        pytest.param(
            [(0, "off", 60, 0), (100, "on", 60, 64), (200, "off", 60, 0)],
            [(0.1, 0.2, 60, 64)],
            id="a release of nothing",
        ),
        pytest.param(
            [(100, "on", 60, 64), (400, "cc", 7, 100)], [(0.1, 0.4, 60, 64)], id="unclosed"
        ),
        pytest.param(
            [(100, "on", 60, 64), (200, "cc", 123, 0), (400, "off", 60, 0)],
            [(0.1, 0.2, 60, 64)],
            id="all notes off",
        ),
        pytest.param(
            [(0, "on", 20, 64), (0, "on", 109, 64), (100, "off", 20, 0), (100, "off", 109, 0)],
            [],
            id="off the keyboard",
        ),
    ],
)
def test_key_events(
    tmp_path: Path, events: list[Event], expected: list[tuple[object, ...]]
) -> None:
    assert spans(read(tmp_path, track(events))) == expected


@pytest.mark.parametrize(
    ("events", "note_end", "presses"),
    [
        ([(50, "cc", 64, 127), (300, "cc", 64, 0)], 0.3, [(0.05, 0.3)]),
        ([(50, "cc", 64, 64), (300, "cc", 64, 63)], 0.3, [(0.05, 0.3)]),
        ([(50, "cc", 64, 63), (300, "cc", 64, 0)], 0.2, []),
        ([(250, "cc", 64, 127), (300, "cc", 64, 0)], 0.2, [(0.25, 0.3)]),
        ([(50, "cc", 64, 127), (90, "cc", 64, 90), (300, "cc", 64, 0)], 0.3, [(0.05, 0.3)]),
        ([(50, "cc", 64, 127), (300, "cc", 121, 0)], 0.3, [(0.05, 0.3)]),
        ([(50, "cc", 64, 127)], 1.0, [(0.05, 1.0)]),
        (
            [(50, "cc", 64, 127), (150, "cc", 64, 0), (150, "cc", 64, 127)],
            1.0,
            [(0.05, 0.15), (0.15, 1.0)],
        ),
    ],
)
def test_pedal(
    tmp_path: Path, events: list[Event], note_end: float, presses: list[tuple[float, float]]
) -> None:
    notes = track([(100, "on", 60, 64), (200, "off", 60, 0)], end=1000)
    transcript = read(tmp_path, notes, track(events, channel=3))
    assert [(n.onset_s, n.offset_s, n.key_offset_s) for n in transcript.notes] == [
        (0.1, pytest.approx(note_end), pytest.approx(0.2))
    ]
    assert [(round(p.onset_s, 6), round(p.offset_s, 6)) for p in transcript.pedals] == presses
    assert transcript.duration_s == pytest.approx(1.0)


def test_tracks_and_channels_are_one_piano_without_drums(tmp_path: Path) -> None:
    right = track([(0, "on", 60, 50), (400, "off", 60, 0)], channel=0)
    left = track([(5, "on", 60, 90), (100, "off", 60, 0), (200, "on", 60, 30), (300, "off", 60, 0)])
    drums = track([(0, "on", 36, 99), (100, "off", 36, 0), (0 + 100, "cc", 64, 127)], channel=9)
    transcript = read(tmp_path, right, left, drums)
    # The doubling at 0 and 5 ms is one note, the louder one, ended by the strike at 200 ms.
    assert spans(transcript) == [(0.0, 0.2, 60, 90), (0.2, 0.3, 60, 30)]
    assert transcript.pedals == ()


def test_tempo_changes_of_any_track(tmp_path: Path) -> None:
    tempo = track([(500, "tempo", 1_000_000, 0), (1000, "tempo", 250_000, 0)])
    notes = track([(250, "on", 60, 64), (750, "off", 60, 0), (1500, "on", 62, 64)], end=2000)
    assert spans(read(tmp_path, notes, tempo)) == [(0.25, 1.0, 60, 64), (1.75, 2.0, 62, 64)]


def test_smpte_time_ignores_the_tempo(tmp_path: Path) -> None:
    notes = track([(0, "tempo", 1_000_000, 0), (100, "on", 60, 64), (500, "off", 60, 0)])
    path = tmp_path / "smpte.mid"
    mido.MidiFile(tracks=[notes]).save(path)
    data = bytearray(path.read_bytes())
    data[12:14] = bytes([256 - 25, 40])  # 25 frames per second of 40 ticks: a millisecond a tick
    path.write_bytes(data)
    assert spans(read_midi(path)) == [(0.1, 0.5, 60, 64)]


def test_format_0_with_running_status_by_hand(tmp_path: Path) -> None:
    body = bytes.fromhex("00 90 3c 40  64 40 50  64 3c 00  00 40 00  00 ff 2f 00")
    path = tmp_path / "hand.mid"
    header = b"MThd" + bytes.fromhex("00000006 0000 0001 01f4")
    path.write_bytes(header + b"MTrk" + len(body).to_bytes(4, "big") + body)
    assert spans(read_midi(path)) == [(0.0, 0.2, 60, 64), (0.1, 0.2, 64, 80)]


def test_midi_in_a_riff_envelope(tmp_path: Path) -> None:
    plain = tmp_path / "plain.mid"
    write_midi(Transcript.of([Note(0.5, 1.0, 60, 64)]), plain)
    data = plain.read_bytes()
    path = tmp_path / "song.rmi"
    inner = b"RMIDdata" + len(data).to_bytes(4, "little") + data
    path.write_bytes(b"RIFF" + len(inner).to_bytes(4, "little") + inner)
    assert read_midi(path) == read_midi(plain)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "zero bytes"),
        (b"%PDF-1.7 ...", "a PDF document, not a MIDI file"),
        (b"\x00\x01\x02\x03" * 9, "is not a MIDI file"),
        (b"MThd\0\0\0\6\0\1", "damaged MIDI file: it ends in the middle"),
        (b"MThd\0\0\0\6\0\2\0\1\1\xe0MTrk\0\0\0\4\0\xff\x2f\0", "format 2"),
        (b"MThd\0\0\0\6\0\0\0\1\0\0MTrk\0\0\0\4\0\xff\x2f\0", "division is zero"),
        (b"MThd\0\0\0\6\0\0\0\1\1\xe0MTrk\0\0\0\4\0\xf4\0\0", "damaged MIDI file"),
    ],
)
def test_what_is_no_midi_gets_a_sentence(tmp_path: Path, data: bytes, sentence: str) -> None:
    path = tmp_path / "bad.mid"
    path.write_bytes(data)
    with pytest.raises(InputError, match=sentence):
        read_midi(path)


def test_missing_file_and_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        read_midi(tmp_path / "none.mid")
    with pytest.raises(InputError, match="is a folder"):
        read_midi(tmp_path)


@given(st.data())
def test_damaged_bytes_never_escape_as_another_error(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    events = [(0, "cc", 64, 127), (10, "on", 60, 64), (20, "off", 60, 0), (30, "tempo", 9999, 0)]
    buffer = io.BytesIO()
    mido.MidiFile(tracks=[track(events), track(events, channel=2)]).save(file=buffer)
    content = bytearray(buffer.getvalue())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(4, len(content) - 1))] = data.draw(st.integers(0, 255))
    del content[data.draw(st.integers(5, len(content))) :]
    path = tmp_path_factory.getbasetemp() / "fuzzed.mid"
    path.write_bytes(content)
    try:
        transcript = read_midi(path)
    except InputError:
        return
    assert all(note.offset_s <= transcript.duration_s for note in transcript.notes)


@st.composite
def performances(draw: st.DrawFn) -> Transcript:
    """Piano playing: repeats that overlap, presses that touch, releases close to the pedal."""
    grid_s = draw(st.sampled_from([0.0005, 0.00013, 0.01]))  # coarse: many exact coincidences
    notes = []
    for pitch in draw(st.lists(st.integers(21, 108), min_size=1, max_size=3, unique=True)):
        onset_s = 0.0
        for gap, length in draw(
            st.lists(st.tuples(st.integers(0, 300), st.integers(1, 400)), max_size=6)
        ):
            onset_s += 0.0121 + gap * grid_s
            velocity = draw(st.integers(1, 127))
            # Under a millisecond no tick may be left between the strike and a pedal press after it.
            length_s = max(length * grid_s, 0.001)
            notes.append(Note(onset_s, onset_s + length_s, pitch, velocity))
    pedals, at_s = [], 0.0
    for gap, length in draw(
        st.lists(st.tuples(st.integers(0, 200), st.integers(1, 300)), max_size=5)
    ):
        start_s = at_s + gap * grid_s
        at_s = start_s + length * grid_s
        pedals.append(Pedal(start_s, at_s))
    return Transcript.of(sounding(notes, pedals), pedals, draw(st.floats(0.0, 9.0)))


def assert_same_notes(expected: Transcript, actual: Transcript) -> None:
    def order(transcript: Transcript) -> list[Note]:
        return sorted(transcript.notes, key=lambda n: (n.pitch, n.onset_s))

    assert len(expected.notes) == len(actual.notes)
    for a, b in zip(order(expected), order(actual), strict=True):
        assert (a.pitch, a.velocity) == (b.pitch, b.velocity)
        assert b.onset_s == pytest.approx(a.onset_s, abs=ONSET_ROUNDING_S)
        assert b.offset_s == pytest.approx(a.offset_s, abs=END_ROUNDING_S)
    assert actual.duration_s == pytest.approx(expected.duration_s, abs=END_ROUNDING_S)


@given(performances())
def test_keys_round_trip(tmp_path_factory: pytest.TempPathFactory, performance: Transcript) -> None:
    path = tmp_path_factory.getbasetemp() / "keys.mid"
    write_midi(performance, path, lengths="keys")
    actual = read_midi(path)
    assert_same_notes(performance, actual)
    kept = [p for p in performance.pedals if p.offset_s - p.onset_s > TICK_S]
    assert len(kept) <= len(actual.pedals) <= len(performance.pedals)


@given(performances())
def test_sounding_round_trip(
    tmp_path_factory: pytest.TempPathFactory, performance: Transcript
) -> None:
    path = tmp_path_factory.getbasetemp() / "sounding.mid"
    write_midi(performance, path, lengths="sounding")
    actual = read_midi(path)
    assert_same_notes(performance, actual)
    assert actual.pedals == ()
    assert all(n.key_offset_s == n.offset_s for n in actual.notes)


@given(performances(), st.sampled_from(["keys", "sounding"]))
def test_any_player_can_follow_the_file(
    tmp_path_factory: pytest.TempPathFactory, performance: Transcript, lengths: str
) -> None:
    """Strikes and releases of a key alternate strictly, and every note has a length."""
    path = tmp_path_factory.getbasetemp() / "strict.mid"
    write_midi(performance, path, lengths=lengths)  # type: ignore[arg-type]
    down: dict[int, int] = {}
    tick = 0
    for message in mido.MidiFile(path).tracks[1]:
        tick += message.time
        if message.type == "note_on":
            assert message.note not in down
            down[message.note] = tick
        elif message.type == "note_off":
            assert tick > down.pop(message.note)
    assert not down


def test_unknown_key_release_is_held_to_the_sounding_end(tmp_path: Path) -> None:
    path = tmp_path / "held.mid"
    pedal = Pedal(0.5, 2.0)
    write_midi(Transcript.of([Note(1.0, 2.0, 60, 64), Note(1.0, 2.0, 64, 64, 1.25)], [pedal]), path)
    keys = {note.pitch: note.key_offset_s for note in read_midi(path).notes}
    assert keys == {60: pytest.approx(2.0), 64: pytest.approx(1.25)}


def test_release_just_before_the_pedal_is_not_caught_by_rounding(tmp_path: Path) -> None:
    press_s = 480 * TICK_S
    released_s = press_s - 0.1 * TICK_S
    path = tmp_path / "near.mid"
    note = Note(0.1, released_s, 60, 64, released_s)
    write_midi(Transcript.of([note], [Pedal(press_s, 3.0)]), path)
    assert read_midi(path).notes[0].offset_s == pytest.approx(released_s, abs=END_ROUNDING_S)


def test_file_is_plain_for_other_programs(tmp_path: Path) -> None:
    path = tmp_path / "plain.mid"
    write_midi(Transcript.of([Note(0.5, 1.0, 60, 64)], duration_s=3.0), path, text="amt 0.1 · live")
    midi = mido.MidiFile(path, charset="utf-8")
    assert (midi.type, midi.ticks_per_beat, len(midi.tracks)) == (1, 1920, 2)
    assert [m.type for m in midi.tracks[0]] == ["text", "set_tempo", "end_of_track"]
    assert midi.tracks[0][0].text == "amt 0.1 · live"
    assert midi.tracks[1][1].program == 0
    assert midi.length == pytest.approx(3.0)


def test_empty_transcript(tmp_path: Path) -> None:
    path = tmp_path / "silence.mid"
    write_midi(Transcript(duration_s=2.5), path)
    assert read_midi(path) == Transcript(duration_s=2.5)


def test_unwritable_target_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="is not a folder"):
        write_midi(Transcript(), tmp_path / "none" / "a.mid")
    with pytest.raises(OutputError, match="is a folder"):
        write_midi(Transcript(), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_pauses_longer_than_the_format_can_say_are_divided(tmp_path: Path) -> None:
    """The format ends at 2**28 - 1 ticks, 19.4 hours; mido writes and reads five bytes as well."""
    day_s = 24 * 3600.0
    path = tmp_path / "day.mid"
    played = Transcript((Note(1.0, 2.0, 60, 64), Note(day_s, day_s + 1.0, 62, 64)), (), 3 * day_s)
    write_midi(played, path, markers=[(2 * day_s, "late")])
    assert max(m.time for track in mido.MidiFile(path).tracks for m in track) < 2**28
    assert read_midi(path).duration_s == pytest.approx(3 * day_s)
    assert [note.onset_s for note in read_midi(path).notes] == pytest.approx([1.0, day_s])
