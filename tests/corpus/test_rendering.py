"""Rendered notes: where they start, how loud they are, when they are damped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from corpus.banks import Bank, load_bank
from corpus.instruments import Instrument, Layer
from corpus.modelled import LAYERS
from corpus.pianos import make_bank
from corpus.rendering import FIRST_UNDAMPED, render
from corpus.soundboard import NEUTRAL
from corpus.strings import ring
from transcriber.notes import Note, Pedal, Transcript

PIANOS = Path(__file__).resolve().parents[3] / "shared" / "data" / "pianos"
ONSET_S = 0.005


@pytest.fixture(scope="module")
def bank(toy_data: Path) -> Bank:
    return load_bank(toy_data / "pianos" / "toy.json")


def one(instrument: Instrument, note: Note, seconds: float = 2.0, **options: float) -> np.ndarray:
    return render(Transcript.of([note]), instrument, round(16_000 * seconds), **options)


def onset_s(sound: np.ndarray, near: float) -> float:
    """Where the level, in windows of 1 ms, first reaches a tenth of its highest near the strike."""
    level = np.convolve(np.abs(sound), np.ones(16) / 16)[: round(16_000 * (near + 0.1))]
    return float(np.argmax(level > 0.1 * level.max())) / 16_000


def level_db(sound: np.ndarray, start_s: float, end_s: float) -> float:
    part = sound[round(16_000 * start_s) : round(16_000 * end_s)].astype(float)
    return float(10 * np.log10(np.mean(part**2) + 1e-20))


@pytest.mark.parametrize("at", [0.1, 0.10003, 0.2517])
@pytest.mark.parametrize("pitch", [21, 45, 60, 66, 89, 108])
def test_strikes_start_where_their_labels_say(bank: Bank, pitch: int, at: float) -> None:
    sound = one(Instrument.plain(bank), Note(at, at + 0.5, pitch, 90))
    # The toy piano speaks at once, so its strikes are held to more than `ONSET_S`.
    assert -0.0005 <= onset_s(sound, at) - at <= 0.002
    assert not sound[: round(16_000 * (at - 0.004))].any()


@pytest.mark.parametrize("seed", range(4))
def test_drawn_pianos_start_there_too(bank: Bank, seed: int) -> None:
    instrument = Instrument.draw(bank, np.random.default_rng(seed))
    for pitch in (30, 60, 85):
        assert abs(onset_s(one(instrument, Note(0.3, 1, pitch, 90)), 0.3) - 0.3) <= ONSET_S


def test_a_recorded_sample_sounds_at_the_sample_its_label_says(bank: Bank) -> None:
    """A click in the zone, 10 samples behind its attack, at the zone's own pitch."""
    zone = bank.strikes[39][0]
    clicks = np.zeros_like(bank.samples)
    clicks[:, zone.start + zone.onset + 10] = 16_000
    instrument = Instrument.plain(replace(bank, samples=clicks, tuning_cents=np.zeros(88)))
    sound = one(replace(instrument, release_db=-200.0), Note(0.5, 1.0, zone.root, 30))
    assert np.argmax(np.abs(sound)) == 8010


def test_level_rises_with_velocity_through_all_layers(bank: Bank) -> None:
    drawn = Instrument.draw(bank, np.random.default_rng(1))
    # A body lifts one partial of a loud strike and another of a soft one, as bodies do.
    for instrument in (Instrument.plain(bank), replace(drawn, soundboard=NEUTRAL)):
        for pitch in (30, 60, 90):
            levels = [
                level_db(one(instrument, Note(0.1, 1, pitch, v), 1.0), 0.1, 0.6)
                for v in range(1, 128, 6)
            ]
            assert (np.diff(levels) > 0.2).all()


def test_pitch_between_recorded_keys(bank: Bank) -> None:
    for pitch in (58, 60, 66):
        sound = one(Instrument.plain(bank), Note(0.0, 1.9, pitch, 40))
        spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound))))
        hz = np.argmax(spectrum) * 16_000 / len(sound)
        assert hz == pytest.approx(440.0 * 2.0 ** ((pitch - 69) / 12), abs=1.0)


def test_tuning_moves_the_pitch(bank: Bank) -> None:
    sharp = replace(Instrument.plain(bank), tuning_cents=np.full(88, 100.0))
    assert np.allclose(
        one(sharp, Note(0.1, 1, 60, 40))[1600:1700] / 1.0,
        one(Instrument.plain(bank), Note(0.1, 1, 61, 40))[1600:1700],
        atol=2e-3,
    )


def test_a_damper_ends_a_note_and_the_treble_has_none(bank: Bank) -> None:
    plain = replace(Instrument.plain(bank), release_db=-120.0)
    short, held = (one(plain, Note(0.1, end, 60, 90)) for end in (0.3, 1.9))
    assert np.array_equal(short[:4700], held[:4700])
    assert level_db(short, 0.6, 0.8) < level_db(held, 0.6, 0.8) - 20
    treble = FIRST_UNDAMPED + 3
    short, held = (one(plain, Note(0.1, end, treble, 90)) for end in (0.3, 1.9))
    assert np.array_equal(short, held)


def test_the_key_coming_back_is_heard_where_recorded(bank: Bank) -> None:
    plain = Instrument.plain(bank)
    loud, mute = (one(replace(plain, release_db=db), Note(0.1, 0.5, 63, 90)) for db in (0, -200))
    first = np.flatnonzero(np.abs(loud - mute) > 1e-4)[0]
    assert first == pytest.approx(8000, abs=16)
    assert np.array_equal(
        *(one(replace(plain, release_db=db), Note(0.1, 0.5, 70, 90)) for db in (0, -200))
    )


def test_a_restrike_quenches_the_note_before_it(bank: Bank) -> None:
    plain = Instrument.plain(bank)
    first, second = Note(0.1, 1.0, 60, 127, 1.8), Note(1.0, 1.9, 60, 1)
    both = render(Transcript.of([first, second]), plain, 32_000)
    alone = one(plain, Note(0.1, 1.9, 60, 127))
    assert level_db(both, 1.3, 1.5) < level_db(alone, 1.3, 1.5) - 20


def resonant(bank: Bank) -> Instrument:
    strings = ring(np.zeros(88), np.random.default_rng(0))
    return replace(Instrument.plain(bank), resonance_db=-20.0, resonance=strings)


def test_the_pedal_lets_other_strings_sound(bank: Bank) -> None:
    instrument = resonant(bank)
    note = Note(0.5, 0.7, 60, 100)
    pedal = [Pedal(0.4, 1.8)]
    dry = render(Transcript.of([note]), instrument, 32_000)
    wet = render(Transcript.of([note], pedal), instrument, 32_000)
    assert np.array_equal(dry[: round(0.35 * 16_000)], wet[: round(0.35 * 16_000)])
    assert level_db(wet, 1.4, 1.7) > level_db(dry, 1.4, 1.7) + 3
    assert abs(onset_s(wet, 0.5) - 0.5) <= ONSET_S


def test_a_window_of_a_rendering_is_the_rendering_of_the_window(bank: Bank) -> None:
    notes = [Note(0.2 * i, 0.2 * i + 0.5, 50 + 3 * i, 80) for i in range(10)]
    transcript = Transcript.of(notes)
    instrument = Instrument.plain(bank)
    whole = render(transcript, instrument, 48_000)
    window = render(transcript, instrument, 16_000, start_s=1.0)
    assert np.abs(window - whole[16_000:32_000]).max() < 1e-4


def peak_db(sound: np.ndarray, hz: float) -> float:
    """Highest level within a quarter tone of a frequency."""
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound)))) / len(sound)
    found = np.fft.rfftfreq(len(sound), 1 / 16_000)
    near = spectrum[np.abs(np.log2(np.maximum(found, 1.0) / hz)) < 1 / 24]
    return float(20 * np.log10(near.max() + 1e-12))


def test_pedal_presses_that_lift_the_dampers_partly_let_notes_fade(bank: Bank) -> None:
    whole = Instrument.plain(bank)
    half = replace(whole, half_pedal=1.0, half_pedal_s=0.2)
    note = Note(0.2, 1.8, 60, 100, key_offset_s=0.4)
    full, partial = (
        render(Transcript.of([note], [Pedal(0.1, 1.8)]), i, 32_000) for i in (whole, half)
    )
    assert np.array_equal(full[:6000], partial[:6000])
    fall = level_db(full, 0.8, 0.9) - level_db(partial, 0.8, 0.9)
    assert fall == pytest.approx(0.45 / 0.2 * 8.686, abs=0.5)
    # What the finger holds is not damped, however deep the pedal is.
    held = replace(note, key_offset_s=None)
    assert np.array_equal(
        *(render(Transcript.of([held], [Pedal(0.1, 1.8)]), i, 32_000) for i in (whole, half))
    )


@pytest.mark.parametrize("start_s", [0.0, 0.9])
def test_a_half_pressed_pedal_that_comes_up_lets_the_dampers_fall(
    bank: Bank, start_s: float
) -> None:
    half = replace(
        Instrument.plain(bank), half_pedal=1.0, half_pedal_s=1.2, release_db=-200.0, pedal_db=-200.0
    )
    note = Note(0.2, 0.8, 48, 100, key_offset_s=0.4)
    longer = replace(note, offset_s=1.9)
    short, held = (
        render(Transcript.of([n], [Pedal(0.1, n.offset_s)]), half, 24_000, start_s)
        for n in (note, longer)
    )
    up = round(16_000 * max(0.0, 0.8 - start_s))
    assert np.allclose(short[:up], held[:up])
    after = 1.2 - start_s
    assert level_db(short, after, after + 0.1) < level_db(held, after, after + 0.1) - 25


def test_some_presses_are_half_presses_and_the_same_ones_every_time(bank: Bank) -> None:
    instrument = replace(Instrument.plain(bank), half_pedal=0.4, half_pedal_s=0.1)
    faded = []
    for at in np.arange(0.2, 3.0, 0.07):
        note = Note(at, at + 0.6, 60, 100, key_offset_s=at + 0.1)
        sound = render(Transcript.of([note], [Pedal(at - 0.05, at + 0.6)]), instrument, 64_000)
        faded.append(level_db(sound, at + 0.5, at + 0.6) < level_db(sound, at, at + 0.1) - 25)
    assert 0.2 < np.mean(faded) < 0.6


def test_strings_an_octave_below_answer_and_strings_between_do_not(bank: Bank) -> None:
    """A note is taken away, and what other strings took up from it is left."""
    instrument = replace(resonant(bank), pedal_db=-200.0, release_db=-200.0)
    note = Note(0.2, 0.6, 72, 110)
    dry, wet = (
        render(Transcript.of([note], pedals), instrument, 32_000)
        for pedals in ((), (Pedal(0.1, 1.9),))
    )
    ringing = (wet - dry)[16_000:30_000]
    hz = 440.0 * 2.0 ** ((72 - 69) / 12)
    assert peak_db(ringing, hz) > peak_db(ringing, hz * 2 ** (1 / 3)) + 20


def test_the_pedal_knocks_when_it_comes_and_when_it_goes(bank: Bank) -> None:
    instrument = resonant(bank)
    loud, mute = (
        render(Transcript.of([], [Pedal(0.5, 1.2)]), replace(instrument, pedal_db=db), 32_000)
        for db in (-40.0, -200.0)
    )
    assert np.abs(loud[:7900]).max() < 1e-6
    for at in (0.5, 1.2):
        assert level_db(loud, at, at + 0.05) > level_db(mute, at, at + 0.05) + 30
    assert level_db(loud, 1.1, 1.19) > -120  # and the strings it shook


def test_brightness_moves_the_treble_and_leaves_the_fundamental(bank: Bank) -> None:
    plain = Instrument.plain(bank)
    hz = 440.0 * 2.0 ** ((72 - 69) / 12.0)
    dark, bright = (
        one(replace(plain, brightness=np.full(88, tilt)), Note(0.1, 1.9, 72, 120))
        for tilt in (-0.5, 0.5)
    )
    assert peak_db(dark, hz) == pytest.approx(peak_db(bright, hz), abs=0.2)
    assert peak_db(bright, 3 * hz) > peak_db(dark, 3 * hz) + 1.0
    # In the treble the fundamental is all there is, and its level belongs to the velocity.
    for tilt in (-0.5, 0.5):
        changed = one(replace(plain, brightness=np.full(88, tilt)), Note(0.1, 1.9, 99, 30))
        assert level_db(changed, 0.1, 0.6) == pytest.approx(
            level_db(one(plain, Note(0.1, 1.9, 99, 30)), 0.1, 0.6), abs=0.7
        )


def test_two_banks_sound_as_one_piano(bank: Bank) -> None:
    both = replace(Instrument.plain(bank), layers=(Layer(bank), Layer(bank, cents=6.0)))
    note = Note(0.2, 1.9, 69, 40)
    sound = one(both, note)
    assert abs(onset_s(sound, 0.2) - 0.2) <= ONSET_S
    # 6 cents at 440 Hz: they beat 1.5 times a second, and are silent after a third of one.
    beating = [level_db(sound, at, at + 0.02) for at in np.arange(0.21, 1.2, 0.02)]
    alone = one(Instrument.plain(bank), note)
    steady = [level_db(alone, at, at + 0.02) for at in np.arange(0.21, 1.2, 0.02)]
    against = np.array(beating) - np.array(steady)
    assert against[0] == pytest.approx(6.0, abs=0.3)
    assert against.min() < -6
    assert np.argmin(against[:30]) * 0.02 == pytest.approx(
        1 / (2 * 440 * (2 ** (6 / 1200) - 1)), abs=0.1
    )


def test_a_microphone_is_a_channel_or_all_of_them(bank: Bank) -> None:
    left, right = bank.samples[0], np.zeros_like(bank.samples[0])
    quiet = tuple(
        tuple(replace(z, levels_db=(z.levels_db[0], -120.0, z.levels_db[0] - 6.02)) for z in zones)
        for zones in bank.strikes
    )
    stereo = replace(bank, samples=np.stack([left, right]), strikes=quiet)
    note = Note(0.1, 1.0, 60, 90)
    heard = [
        one(replace(Instrument.plain(stereo), layers=(Layer(stereo, c),)), note) for c in (0, -1)
    ]
    # Either way the note has the level that its velocity asks for.
    assert np.allclose(heard[0], one(Instrument.plain(bank), note))
    assert np.allclose(heard[0], heard[1], atol=1e-4)


def test_a_bank_may_have_mono_and_stereo_zones(bank: Bank) -> None:
    """A mono zone stands in every channel."""
    left = bank.samples[0]
    both = replace(bank, samples=np.stack([left, left]))
    note = Note(0.1, 0.5, 63, 90)  # its key coming back is heard, too
    expected = one(Instrument.plain(bank), note)
    for channel in (-1, 0, 1):
        heard = one(replace(Instrument.plain(both), layers=(Layer(both, channel),)), note)
        assert np.allclose(heard, expected, atol=1e-5)


def check_single_notes(instrument: Instrument, pitches: Sequence[int], least_db: float) -> None:
    """Each onset lies within 5 ms of its label, and each level above that of a softer strike."""
    for pitch in pitches:
        levels = []
        for velocity in range(5, 128, 13):
            sound = one(instrument, Note(0.2, 0.9, pitch, velocity), 1.0)
            off_s = onset_s(sound, 0.2) - 0.2
            assert abs(off_s) <= ONSET_S, (pitch, velocity, off_s)
            levels.append(level_db(sound, 0.2, 0.7))
        assert (np.diff(levels) > least_db).all(), (pitch, levels)


@pytest.mark.parametrize(
    "name",
    [
        "upright_kawai_kw",
        pytest.param("headroom_decca", marks=pytest.mark.slow),
        pytest.param("headroom_close", marks=pytest.mark.slow),
        pytest.param("salamander_yamaha_c5", marks=pytest.mark.slow),
        pytest.param("splendid_akai_steinway", marks=pytest.mark.slow),
    ],
)
def test_single_notes_of_real_pianos(name: str) -> None:
    """Over keyboard and velocity, on the piano as recorded and on one like it."""
    if not (PIANOS / f"{name}.json").exists():
        pytest.skip("the sample banks are not on this machine")
    bank = load_bank(PIANOS / f"{name}.json")
    check_single_notes(Instrument.plain(bank), range(21, 109, 3), 0.5)
    drawn = Instrument.draw(bank, np.random.default_rng(3))
    check_single_notes(replace(drawn, soundboard=NEUTRAL), range(22, 109, 7), 0.2)


@pytest.mark.slow
def test_single_notes_of_a_modelled_piano(tmp_path: Path) -> None:
    bank = load_bank(make_bank(Path("modelled:3"), tmp_path))
    assert bank.licence == "CC0"
    assert {len(zones) for zones in bank.strikes} == {len(LAYERS)}
    check_single_notes(Instrument.plain(bank), range(21, 109, 3), 0.5)
