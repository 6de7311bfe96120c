"""Rendered notes: where they start, how loud they are, when they are damped."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from corpus.banks import Bank, load_bank
from corpus.rendering import FIRST_UNDAMPED, Instrument, render
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


def test_level_rises_with_velocity_through_all_layers(bank: Bank) -> None:
    for instrument in (Instrument.plain(bank), Instrument.draw(bank, np.random.default_rng(1))):
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


def test_the_pedal_lets_other_strings_sound(bank: Bank) -> None:
    instrument = replace(Instrument.draw(bank, np.random.default_rng(0)), resonance_db=-20.0)
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


@pytest.mark.parametrize(
    "name",
    [
        "upright_kawai_kw",
        "headroom_decca",
        pytest.param("headroom_close", marks=pytest.mark.slow),
        pytest.param("salamander_yamaha_c5", marks=pytest.mark.slow),
        pytest.param("splendid_akai_steinway", marks=pytest.mark.slow),
    ],
)
def test_real_pianos(name: str) -> None:
    """Bass strings take up to 20 ms to speak; half of all strikes speak within 5 ms."""
    if not (PIANOS / f"{name}.json").exists():
        pytest.skip("the sample banks are not on this machine")
    instrument = Instrument.plain(load_bank(PIANOS / f"{name}.json"))
    late = []
    for pitch in range(24, 109, 6):
        loud = [one(instrument, Note(0.2, 0.9, pitch, v), 1.0) for v in range(20, 128, 15)]
        late += [onset_s(sound, 0.2) - 0.2 for sound in loud]
        assert (np.diff([level_db(sound, 0.2, 0.7) for sound in loud]) > 0).all()
    assert min(late) >= -ONSET_S
    assert np.median(late) <= ONSET_S
    assert max(late) <= 0.030
