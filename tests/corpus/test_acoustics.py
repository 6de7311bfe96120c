"""Rooms and noises."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from corpus.acoustics import (
    align,
    babble,
    coloured_noise,
    load_acoustics,
    mains_hum,
    simulate_room,
)
from transcriber.errors import InputError


def test_loading_aligns_rooms_and_levels_noises(toy_data: Path) -> None:
    acoustics = load_acoustics(toy_data / "acoustics")
    assert len(acoustics.rooms) == 2
    assert [abs(room[0]) for room in acoustics.rooms] == [1.0, 1.0]
    assert [float(np.sqrt(np.mean(n**2))) for n in acoustics.noises] == pytest.approx([1.0, 1.0])


def test_noises_for_research_can_be_left_out(toy_data: Path) -> None:
    assert len(load_acoustics(toy_data / "acoustics", free_only=True).noises) == 1


def test_a_folder_without_manifest(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"rooms and noises in .* cannot be read"):
        load_acoustics(tmp_path)


def test_align_cuts_everything_before_the_direct_sound(rng: np.random.Generator) -> None:
    response = 0.05 * rng.standard_normal(4000)
    response[:1440] *= 0.01
    response[1440], response[2000] = -0.5, 0.9  # a reflection louder than the direct sound
    aligned = align(response.astype(np.float32))
    assert aligned[0] == 1.0
    assert aligned[560] == pytest.approx(-1.8)
    assert len(aligned) == 4000 - 1440


@pytest.mark.parametrize("rt60_s", [0.3, 0.8, 1.5])
def test_a_simulated_room_decays_in_its_time(rng: np.random.Generator, rt60_s: float) -> None:
    room = simulate_room(rng, rt60_s, direct_db=3.0).astype(float)
    assert room[0] == 1.0
    tail = room[1:]
    assert 10 * np.log10(1.0 / np.sum(tail**2)) == pytest.approx(3.0, abs=0.1)
    energy = np.cumsum(room[1200:][::-1] ** 2)[::-1]  # Schroeder's integral, past the reflections
    decay_db = 10 * np.log10(energy / energy[0])
    slope = np.polyfit(np.arange(len(decay_db))[decay_db > -25], decay_db[decay_db > -25], 1)[0]
    assert -60 / slope / 16_000 == pytest.approx(rt60_s, rel=0.2)


def test_noises_have_unit_level_and_their_colour(rng: np.random.Generator) -> None:
    for noise in (coloured_noise(rng, 32_000, 6.0), mains_hum(rng, 32_000), babble(rng, 32_000)):
        assert noise.dtype == np.float32
        assert np.sqrt(np.mean(noise.astype(float) ** 2)) == pytest.approx(1.0, abs=1e-3)
    power = np.abs(np.fft.rfft(coloured_noise(rng, 320_000, 3.01).astype(float))) ** 2
    hz = np.fft.rfftfreq(320_000, 1 / 16_000)
    octaves = [10 * np.log10(power[(hz > f) & (hz <= 2 * f)].mean()) for f in (250, 500, 1000)]
    assert np.diff(octaves) == pytest.approx([-3.01, -3.01], abs=0.3)
