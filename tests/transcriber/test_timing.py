"""Samples, frames and seconds: one arithmetic, in integers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transcriber.timing import FrameClock

clocks = st.builds(
    FrameClock,
    sample_rate=st.just(16_000),
    hop=st.sampled_from([160, 250, 320, 512 // 2 - 6, 800]),
    right=st.integers(0, 2000),
    delay=st.integers(0, 10),
)


def test_the_drawing_in_the_module() -> None:
    clock = FrameClock(hop=320, right=320, delay=4)
    assert clock.frame_rate == 50
    assert clock.available_at(0) == 320
    # With R = H frame k speaks about (k - D) H.
    assert [clock.instant(k) for k in (0, 4, 5)] == [-1280, 0, 320]
    assert clock.lookahead == 320 + 4 * 320 + 320
    assert clock.lookahead_ms == 120.0


@given(clocks, st.integers(0, 10**9))
def test_every_frame_is_the_nearest_to_its_own_instant(clock: FrameClock, frame: int) -> None:
    assert clock.frame_of(clock.instant(frame)) == frame


@given(clocks, st.integers(0, 10**9))
def test_frame_of_is_nearest_and_ties_go_later(clock: FrameClock, sample: int) -> None:
    distance = sample - clock.instant(clock.frame_of(sample))
    assert -clock.hop / 2 <= distance < clock.hop / 2


@given(clocks, st.integers(0, 10**9))
def test_no_sample_waits_longer_than_the_lookahead(clock: FrameClock, sample: int) -> None:
    """The frame whose instant is the first at or after a sample can be computed in time."""
    frame = -((clock.instant(0) - sample) // clock.hop)
    assert clock.instant(frame) >= sample > clock.instant(frame - 1)
    assert clock.available_at(frame) - sample < clock.lookahead


@given(clocks, st.integers(0, 10**6))
def test_frames_in_agrees_with_available_at(clock: FrameClock, samples: int) -> None:
    count = clock.frames_in(samples)
    assert count == 0 or clock.available_at(count - 1) <= samples
    assert clock.available_at(count) > samples


@given(st.integers(0, 10**10))
def test_seconds_and_back(sample: int) -> None:
    clock = FrameClock()
    assert clock.samples(clock.seconds(sample)) == sample


@pytest.mark.parametrize("values", [{"hop": 300}, {"hop": 0}, {"right": -1}, {"delay": -1}])
def test_impossible_clocks_are_refused(values: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=r"hop|negative"):
        FrameClock(**values)
