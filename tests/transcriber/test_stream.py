"""The test of the house: cutting changes nothing, and the future never changes the past."""

from __future__ import annotations

import gc
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import psutil
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from transcriber.decoder import DecoderSettings
from transcriber.events import Event, NoteOff, NoteOn, PedalOff, PedalOn
from transcriber.model import Model
from transcriber.outputs import Activations
from transcriber.stream import Transcriber

TOLERANCE = 1e-5
"""Largest difference of activations between two ways of cutting, in probability."""

Heard = tuple[list[Event], np.ndarray]


def hear(model: Model, sound: np.ndarray, sizes: list[int], finish: bool = True) -> Heard:
    """Push `sizes` samples at a time, then the rest, and return events and activations."""
    rows: list[np.ndarray] = []
    transcriber = Transcriber(model, on_activations=lambda answers: rows.append(answers.rows))
    events, at = [], 0
    for size in [*sizes, len(sound)]:
        events += transcriber.push(sound[at : at + size])
        at += size
    if finish:
        events += transcriber.finish()
    return events, np.concatenate(rows)


@pytest.fixture(scope="module")
def sound(strike_sound: Callable[..., np.ndarray]) -> np.ndarray:
    return strike_sound(4.0, seed=2)


@pytest.fixture(scope="module")
def whole(lively_model: Model, sound: np.ndarray) -> Heard:
    return hear(lively_model, sound, [])


def test_the_lively_model_decides_events_of_every_kind(whole: Heard) -> None:
    """Or the tests below would compare nothing with nothing."""
    kinds = [type(event) for event in whole[0]]
    assert kinds.count(NoteOn) == kinds.count(NoteOff) > 100
    assert kinds.count(PedalOn) == kinds.count(PedalOff) > 3


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.one_of(st.integers(0, 1), st.integers(0, 700), st.integers(0, 30_000)), max_size=60)
)
def test_any_way_of_cutting_gives_identical_events(
    lively_model: Model, sound: np.ndarray, whole: Heard, sizes: list[int]
) -> None:
    events, rows = hear(lively_model, sound, sizes)
    assert np.abs(rows - whole[1]).max() <= TOLERANCE
    assert events == whole[0]


@pytest.mark.parametrize("size", [1, 319, 320, 321, 20_480])
def test_even_pushes(lively_model: Model, sound: np.ndarray, size: int) -> None:
    short = sound[:8000]
    events, rows = hear(lively_model, short, [size] * (8000 // size))
    expected, expected_rows = hear(lively_model, short, [])
    assert len(expected) > 20
    assert np.abs(rows - expected_rows).max() <= TOLERANCE
    assert events == expected


def test_the_demo_in_blocks_of_a_microphone(
    bundled_model: Model, demo_sound: np.ndarray, rng: np.random.Generator
) -> None:
    expected, expected_rows = hear(bundled_model, demo_sound, [])
    sizes = rng.choice([0, 1, 160, 320, 441, 1024], 2000).tolist()
    events, rows = hear(bundled_model, demo_sound, sizes)
    assert len(expected) > 50
    assert np.abs(rows - expected_rows).max() <= TOLERANCE
    assert events == expected


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 64_000), st.integers(0, 2**32 - 1))
def test_the_future_never_changes_the_past(
    lively_model: Model, sound: np.ndarray, whole: Heard, at: int, seed: int
) -> None:
    other = sound.copy()
    other[at:] = np.random.default_rng(seed).uniform(-1, 1, len(sound) - at)
    events, rows = hear(lively_model, other, [])
    frames = lively_model.info.clock.frames_in(at)
    assert np.array_equal(rows[:frames], whole[1][:frames])
    assert [e for e in events if e.decided <= at] == [e for e in whole[0] if e.decided <= at]


def test_another_future_is_heard(lively_model: Model, sound: np.ndarray, whole: Heard) -> None:
    """The test above can fail: what comes after does change."""
    other = np.concatenate([sound[:32_000], sound[:32_000]])
    events, rows = hear(lively_model, other, [])
    assert not np.array_equal(rows[101:], whole[1][101:])
    assert events != whole[0]


def test_events_are_decided_when_their_samples_have_arrived(
    lively_model: Model, sound: np.ndarray
) -> None:
    transcriber = Transcriber(lively_model)
    for start in range(0, 48_000, 160):
        for event in transcriber.push(sound[start : start + 160]):
            assert start < event.decided <= start + 160


def test_streams_that_share_a_model_do_not_touch_each_other(
    lively_model: Model, strike_sound: Callable[..., np.ndarray], rng: np.random.Generator
) -> None:
    sounds = [strike_sound(3.0, seed=seed) for seed in (3, 4, 5)]
    alone = [hear(lively_model, sound, [])[0] for sound in sounds]
    assert alone[0] != alone[1] != alone[2]
    streams = [Transcriber(lively_model) for _ in sounds]
    together: list[list[Event]] = [[] for _ in sounds]
    at = [0] * len(sounds)
    while any(a < len(s) for a, s in zip(at, sounds, strict=True)):
        turn, size = int(rng.integers(len(sounds))), int(rng.integers(0, 3000))
        together[turn] += streams[turn].push(sounds[turn][at[turn] : at[turn] + size])
        at[turn] += size
    for events, stream in zip(together, streams, strict=True):
        events += stream.finish()
    assert together == alone


def test_finish_ends_everything_at_the_last_sample(lively_model: Model, sound: np.ndarray) -> None:
    for length in (0, 1, 500, 7777, 32_001):
        events, _ = hear(lively_model, sound[:length], [])
        kinds = [type(e) for e in events]
        assert kinds.count(NoteOn) == kinds.count(NoteOff)
        assert kinds.count(PedalOn) == kinds.count(PedalOff)
        assert all(e.sample < length for e in events if isinstance(e, NoteOn | PedalOn))
        assert all(e.sample <= length for e in events)


def test_finish_hears_what_the_lookahead_held_back(lively_model: Model, sound: np.ndarray) -> None:
    heard, rows = hear(lively_model, sound[:32_000], [], finish=False)
    finished, all_rows = hear(lively_model, sound[:32_000], [])
    clock = lively_model.info.clock
    assert finished[: len(heard)] == heard
    assert clock.instant(len(rows) - 1) < 32_000 <= clock.instant(len(all_rows) - 1)


def test_a_finished_stream_takes_no_more(lively_model: Model, sound: np.ndarray) -> None:
    transcriber = Transcriber(lively_model)
    transcriber.push(sound[:5000])
    transcriber.finish()
    assert transcriber.finish() == []
    with pytest.raises(ValueError, match="was finished"):
        transcriber.push(sound[:10])


def test_samples_must_be_a_line(lively_model: Model) -> None:
    with pytest.raises(ValueError, match="one-dimensional"):
        Transcriber(lively_model).push(np.zeros((2, 100), np.float32))


def test_three_hours_need_no_more_memory_than_ten_minutes(
    lively_model: Model, strike_sound: Callable[..., np.ndarray]
) -> None:
    """Every sample is heard: nothing is skipped where the minute repeats, the memory goes on.

    A shorter window than the model's own makes this quick; the network answers whatever it is fed.
    """
    features = replace(lively_model.info.features, window=512)
    model = replace(lively_model, info=replace(lively_model.info, features=features))
    minute = strike_sound(60.0, seed=9)
    process = psutil.Process()
    frames = 0

    def count(answers: Activations) -> None:
        nonlocal frames
        frames += len(answers.rows)

    transcriber = Transcriber(model, DecoderSettings(0.9999, 0.95), count)
    events = sum(len(transcriber.push(minute)) for _ in range(10))
    gc.collect()
    objects, bytes_ = len(gc.get_objects()), process.memory_info().rss
    events += sum(len(transcriber.push(minute)) for _ in range(170))
    gc.collect()
    assert transcriber.samples == 180 * 60 * 16_000
    assert frames == 180 * 60 * 50
    assert events > 180 * 100
    # One event kept in a hundred, or 16 bytes per frame, would be seen.
    assert len(gc.get_objects()) - objects < 180
    assert process.memory_info().rss - bytes_ < 8 * 2**20
