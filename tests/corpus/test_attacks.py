"""Where a recorded note begins, whatever comes before it."""

import numpy as np
import pytest

from corpus.attacks import find_attack

RATE = 16_000


def note(rise_ms: float, at: int = 4000) -> np.ndarray:
    """A tone of 200 Hz whose level rises linearly from 0."""
    t = np.arange(RATE) / RATE
    rise = np.clip(t / (rise_ms / 1000.0), 0.0, 1.0) if rise_ms else 1.0
    return np.concatenate([np.zeros(at), rise * np.exp(-2 * t) * np.cos(2 * np.pi * 200 * t)])


def test_a_hard_attack_is_found_to_the_sample() -> None:
    assert find_attack(note(0.0)) == 4000


@pytest.mark.parametrize("level", [1.0, 1e-4])
def test_a_soft_attack_begins_where_it_comes_within_17_db(level: float) -> None:
    at = find_attack(level * note(40.0)) - 4000
    assert RATE * 0.004 <= at <= RATE * 0.008  # a seventh of the way up


def test_key_noise_before_it_does_not_count(rng: np.random.Generator) -> None:
    sound = note(2.0)
    sound[3000:3400] += 0.03 * rng.standard_normal(400)
    assert abs(find_attack(sound) - 4000) <= 24


def test_a_hum_under_it_does_not_count() -> None:
    sound = note(2.0)
    sound += 1e-3 * np.sin(2 * np.pi * 50 * np.arange(len(sound)) / RATE)
    assert abs(find_attack(sound) - 4000) <= 24


def test_silence_has_none() -> None:
    assert find_attack(np.zeros(RATE)) == 0
    assert find_attack(np.zeros(0)) == 0
