"""Random bodies: where their response lies, and that attacks stay where they are."""

import numpy as np
import pytest

from corpus.soundboard import LENGTH, NEUTRAL, draw_soundboard, resound


@pytest.mark.parametrize("seed", range(8))
def test_attack_stays_within_a_millisecond(seed: int) -> None:
    click = np.zeros(4000, np.float32)
    click[1000] = 1.0
    heard = np.abs(resound(click, draw_soundboard(np.random.default_rng(seed))))
    assert not heard[:999].max() > 1e-4 * heard.max()
    assert 1000 <= int(np.argmax(heard)) <= 1016


def test_mean_gain_is_kept_and_no_two_are_alike() -> None:
    responses = [draw_soundboard(np.random.default_rng(seed)) for seed in range(20)]
    gains = 20 * np.log10(np.abs(np.fft.rfft(responses, 2 * LENGTH)) + 1e-6)
    middle = gains[:, 14:512]
    np.testing.assert_allclose(middle.mean(1), 0.0, atol=1.0)
    assert middle.std(0).mean() > 2.0


def test_same_seed_same_body() -> None:
    a, b = (draw_soundboard(np.random.default_rng(5)) for _ in range(2))
    assert np.array_equal(a, b)


def test_neutral_body_changes_nothing() -> None:
    audio = np.random.default_rng(1).standard_normal(500).astype(np.float32)
    assert resound(audio, NEUTRAL) is audio
