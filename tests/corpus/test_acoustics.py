"""Recorded rooms and noises."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from corpus.acoustics import align, load_acoustics
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


def test_align_cuts_the_noise_behind_the_room(rng: np.random.Generator) -> None:
    decay = 10.0 ** (-3.0 * np.arange(32_000) / 8_000)  # 60 dB in half a second
    response = rng.standard_normal(32_000) * np.maximum(decay, 1e-5)
    response[0] = 5.0
    assert 6_000 < len(align(response.astype(np.float32))) < 9_000
