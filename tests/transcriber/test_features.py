"""The front end: when a sound appears, how loud it reads, and that cutting changes nothing."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transcriber.features import FeatureConfig, LogMel, _windows

CONFIG = FeatureConfig()
LONG = FeatureConfig(long_window=8192)


def frames_of(samples: np.ndarray, config: FeatureConfig = CONFIG) -> np.ndarray:
    return LogMel(config).step(samples.astype(np.float32), None)[0]


@pytest.mark.parametrize("at", [0, 1, 319, 320, 321, 6399, 6400, 7777])
def test_a_click_appears_in_the_frame_the_clock_says(at: int) -> None:
    sound = np.zeros(9600)
    sound[at] = 1.0
    heard = np.flatnonzero(frames_of(sound).max(1) > 0.0)
    clock = CONFIG.clock(delay=0)
    first = next(k for k in range(60) if clock.available_at(k) > at)
    # Frame k covers the `window` samples before (k+1)H.
    last = (at + CONFIG.window) // CONFIG.hop - 1
    assert heard[0] == first
    assert heard[-1] == min(last, len(sound) // CONFIG.hop - 1)


@pytest.mark.parametrize("at", [6400, 6401, 6559, 6561, 6719])
def test_a_click_is_loudest_in_the_frame_that_speaks_about_it(at: int) -> None:
    """`instant` names the sample under the peak of the window, to half a sample."""
    sound = np.zeros(16_000)
    sound[at] = 0.01
    level = frames_of(sound).sum(1)
    clock = CONFIG.clock(delay=0)
    # The window rises slowly and falls fast: seen from its peak, weights differ to both sides.
    weight = {
        k: CONFIG.analysis_window[at - (clock.available_at(k) - CONFIG.window)]
        for k in range(len(level))
        if 0 <= at - (clock.available_at(k) - CONFIG.window) < CONFIG.window
    }
    assert np.argmax(level) == max(weight, key=lambda k: weight[k])
    exact = clock.instant(30)
    peak = np.argmax(CONFIG.analysis_window) + clock.available_at(30) - CONFIG.window
    assert abs(exact - peak) <= 1


def test_a_full_scale_sine_reads_one() -> None:
    hz = 1000.0  # in the middle of a Fourier bin
    sound = np.sin(2 * np.pi * hz * np.arange(16_000) / 16_000)
    spectrum = np.abs(np.fft.rfft(sound[4000:6048] * CONFIG.analysis_window))
    assert spectrum.max() == pytest.approx(1.0, abs=1e-3)
    frame = frames_of(sound)[-1]
    # Its mel bin collects the main lobe: more than the bin itself, less than three times it.
    assert np.log1p(CONFIG.gain) < frame.max() < np.log1p(3 * CONFIG.gain)


def test_a_sine_lights_the_filter_around_it() -> None:
    for hz in (55.0, 440.0, 3520.0):
        frame = frames_of(0.1 * np.sin(2 * np.pi * hz * np.arange(16_000) / 16_000))[-1]
        peak_hz = np.argmax(CONFIG.mel_filters[:, np.argmax(frame)]) * 16_000 / CONFIG.window
        assert abs(peak_hz - hz) <= max(16_000 / CONFIG.window, 0.02 * hz)


def test_every_filter_hears_something() -> None:
    assert (CONFIG.mel_filters.max(0) > 0.5).all()
    assert CONFIG.mel_filters.shape == (1025, 229)


@settings(max_examples=25)
@given(
    st.sampled_from([CONFIG, LONG]),
    st.lists(st.integers(0, 3000), max_size=12),
    st.integers(0, 2**32 - 1),
)
def test_cutting_changes_no_bit(config: FeatureConfig, cuts: list[int], seed: int) -> None:
    sound = np.random.default_rng(seed).standard_normal(8000).astype(np.float32)
    frontend, state, pieces, at = LogMel(config), None, [], 0
    for size in [*cuts, len(sound)]:
        frames, state = frontend.step(sound[at : at + size], state)
        pieces.append(frames)
        at += size
    assert np.array_equal(np.concatenate(pieces), frames_of(sound, config))


def test_the_long_window_changes_nothing_about_the_short_one(demo_sound: np.ndarray) -> None:
    both = frames_of(demo_sound[:32_000], LONG)
    assert both.shape == (100, 229 + 128)
    assert np.array_equal(both[:, :229], frames_of(demo_sound[:32_000]))


def test_the_long_window_tells_neighbouring_keys_apart_where_the_short_one_cannot() -> None:
    """C3 and C sharp 3 together, in steady state: two peaks with a valley between them."""
    seconds = np.arange(16_000) / 16_000
    low_hz, high_hz = (440.0 * 2.0 ** ((key - 69) / 12) for key in (48, 49))
    chord = 0.1 * np.sin(2 * np.pi * low_hz * seconds) + 0.1 * np.sin(2 * np.pi * high_hz * seconds)
    frame = frames_of(chord, LONG)[-1]
    assert LONG.long is not None

    def peaks(part: np.ndarray) -> int:
        inner = part[1:-1]
        return int(np.sum((inner > part[:-2]) & (inner > part[2:]) & (inner > part.max() - 1.0)))

    assert peaks(frame[229:]) == 2
    assert peaks(frame[:229]) == 1


def test_the_long_window_hears_nothing_that_folds_down() -> None:
    """What lies above half of its sample rate is 60 dB down before every eighth sample is taken."""
    sines = np.sin(2 * np.pi * np.outer([1250.0, 1999.0, 3950.0], np.arange(16_000)) / 16_000)
    for sine in sines:
        assert frames_of(sine, LONG)[-1, 229:].max() < np.log1p(LONG.gain * 1.5e-3)
    assert frames_of(np.sin(np.pi / 16 * np.arange(16_000)), LONG)[-1, 229:].max() > 9.0


@pytest.mark.parametrize("at", [0, 319, 320, 7777])
def test_both_windows_end_at_the_same_sample(at: int) -> None:
    sound = np.zeros(16_000)
    sound[at] = 1.0
    frames = frames_of(sound, LONG)
    first = np.flatnonzero(frames[:, :229].max(1) > 0.0)[0]
    # The window falls to nothing and the filter rises from it: a frame later it is heard well.
    assert not frames[:first, 229:].any()
    assert frames[first + 1, 229:].max() > 1.0


def test_loudness_of_the_rest_of_the_file_does_not_matter() -> None:
    """Nothing is normalised per file: a stream could not know it."""
    rng = np.random.default_rng(1)
    quiet, loud = 0.01 * rng.standard_normal(8000), rng.standard_normal(8000)
    assert np.array_equal(frames_of(np.concatenate([quiet, loud]))[:25], frames_of(quiet))


def test_silence_reads_zero() -> None:
    assert not frames_of(np.zeros(3200)).any()


@pytest.mark.parametrize("field", [f.name for f in dataclasses.fields(FeatureConfig)])
def test_fingerprint_sees_every_field(field: str) -> None:
    value = getattr(LONG, field)
    other = {"sample_rate": 16_320, "high_hz": 7999.0, "low_hz": 31.0}.get(field, value - 8)
    assert dataclasses.replace(LONG, **{field: other}).fingerprint() != LONG.fingerprint()


def test_fingerprint_is_kept() -> None:
    """Checkpoints in the world carry it; a new definition needs new weights."""
    assert CONFIG.fingerprint() == "0da94c461222"  # of `live` 1.0.0, which knew no long window
    assert CONFIG.fingerprint() == FeatureConfig.from_dict(dataclasses.asdict(CONFIG)).fingerprint()


@pytest.mark.parametrize(
    "values",
    [
        {"right": 0},
        {"right": 2048},
        {"hop": 4096},
        {"high_hz": 9000},
        {"low_hz": -1},
        {"long_window": 1024},
        {"long_window": 8190},
        {"long_window": 8192, "right": 300},
        {"long_window": 8192, "long_high_hz": 1100},
    ],
)
def test_impossible_features_are_refused(values: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=r"right|hop|mel range|long_window"):
        FeatureConfig(**values)


@pytest.mark.parametrize(("size", "hop"), [(128, 8), (2048, 320), (5, 7)])
def test_windows_are_those_of_numpy(size: int, hop: int) -> None:
    signal = np.arange(5003, dtype=np.float32)[37:]
    usual = np.lib.stride_tricks.sliding_window_view(signal, size)[::hop]
    assert np.array_equal(_windows(signal, size, hop), usual)
