"""Random bodies: where their response lies, and that attacks stay where they are."""

import numpy as np
import pytest

from corpus.soundboard import LENGTH, NEUTRAL, PLACES, draw_soundboard, place, resound


@pytest.mark.parametrize("seed", range(8))
def test_attack_stays_within_a_millisecond(seed: int) -> None:
    click = np.zeros((PLACES, 4000), np.float32)
    click[:, 1000] = 1.0
    heard = np.abs(resound(click, draw_soundboard(np.random.default_rng(seed), PLACES)))
    assert not heard[:999].max() > 1e-4 * heard.max()
    assert 1000 <= int(np.argmax(heard)) <= 1016


def test_mean_gain_is_kept_and_no_two_are_alike() -> None:
    responses = np.concatenate([draw_soundboard(np.random.default_rng(s), 2) for s in range(20)])
    gains = 20 * np.log10(np.abs(np.fft.rfft(responses, 2 * LENGTH)) + 1e-6)
    middle = gains[:, 14:512]
    np.testing.assert_allclose(middle.mean(1), 0.0, atol=1.0)
    assert middle.std(0).mean() > 2.0


def test_same_seed_same_body() -> None:
    a, b = (draw_soundboard(np.random.default_rng(5)) for _ in range(2))
    assert np.array_equal(a, b)


def test_neutral_body_changes_nothing() -> None:
    audio = np.random.default_rng(1).standard_normal((1, 500)).astype(np.float32)
    assert np.array_equal(resound(audio, NEUTRAL), audio[0])


def test_a_note_and_its_octaves_meet_the_board_at_different_places() -> None:
    for pitch in range(21, 97):
        assert place(pitch) != place(pitch + 12)
    for pitch in range(21, 85):
        assert place(pitch) != place(pitch + 24)


def test_places_of_one_body_differ_less_than_bodies() -> None:
    bodies = np.stack([draw_soundboard(np.random.default_rng(s), PLACES) for s in range(20)])
    gains = 20 * np.log10(np.abs(np.fft.rfft(bodies, 2 * LENGTH)) + 1e-6)[..., 14:512]
    within, between = gains.std(1).mean(), gains.std(0).mean()
    assert 1.0 < within < between


def test_each_place_is_heard_through_its_own_response() -> None:
    rng = np.random.default_rng(2)
    audio = rng.standard_normal((2, 300)).astype(np.float32)
    board = draw_soundboard(rng, 2)
    separate = sum(resound(audio[i : i + 1], board[i : i + 1]) for i in (0, 1))
    np.testing.assert_allclose(resound(audio, board), separate, atol=1e-5)
