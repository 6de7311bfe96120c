from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from transcriber.errors import InputError
from transcriber.playback import FileSource
from transcriber.timing import SAMPLE_RATE


@pytest.fixture
def ramp(tmp_path: Path) -> Path:
    """Write two seconds whose value tells the time: 0.1 per second."""
    path = tmp_path / "ramp.wav"
    sf.write(path, 0.1 * np.arange(2 * SAMPLE_RATE) / SAMPLE_RATE, SAMPLE_RATE, subtype="FLOAT")
    return path


@pytest.fixture
def play(ramp: Path, clock) -> Iterator[Callable[..., FileSource]]:
    """Open the ramp on the fake clock, and close it after the test."""
    with ExitStack() as opened:

        def begin(**options: object) -> FileSource:
            source = FileSource(ramp, clock=clock, sleep=clock.sleep, **options)  # type: ignore[arg-type]
            opened.callback(source.close)
            return source

        yield begin


def heard(source: FileSource, seconds: float) -> np.ndarray:
    pieces: list[np.ndarray] = []
    while sum(map(len, pieces)) < seconds * SAMPLE_RATE and not source.ended:
        block = source.read(1.0)
        if block is not None:
            pieces.append(block.samples)
    return np.concatenate(pieces)


def test_file_plays_in_real_time(play: Callable[..., FileSource], clock) -> None:
    began = clock.now
    source = play()

    sound = heard(source, 9.0)

    assert len(sound) == 2 * SAMPLE_RATE
    assert clock.now - began == pytest.approx(2.0)
    assert source.ended


def test_engine_that_was_late_finds_every_block(play: Callable[..., FileSource], clock) -> None:
    source = play()
    source.read(1.0)
    clock.now += 0.5

    late = source.read(1.0)

    assert late is not None
    assert clock.now - late.arrived_s == pytest.approx(0.49)
    assert late.samples[0] == pytest.approx(0.1 * 0.01, abs=1e-6)


def test_seek_jumps_and_says_so(play: Callable[..., FileSource], clock) -> None:
    source = play()
    source.read(1.0)

    source.seek(1.5)
    block = source.read(1.0)

    assert block is not None
    assert block.jumped
    assert block.samples[0] == pytest.approx(0.15, abs=1e-6)
    assert source.position_s == pytest.approx(1.51)
    assert block.arrived_s == pytest.approx(clock.now)


def test_seek_past_the_end_ends(play: Callable[..., FileSource], clock) -> None:
    source = play(start_s=99.0)

    assert source.read(1.0) is None
    assert source.ended


def test_loop_begins_again(play: Callable[..., FileSource], clock) -> None:
    source = play(loop=True)

    sound = heard(source, 3.0)

    assert not source.ended
    assert sound[2 * SAMPLE_RATE] == 0.0
    assert clock.now - 100.0 == pytest.approx(3.0)


def test_unpaced_file_takes_no_time(play: Callable[..., FileSource], clock) -> None:
    assert len(heard(play(paced=False), 9.0)) == 2 * SAMPLE_RATE
    assert clock.now == 100.0


def test_no_file_is_an_error_at_once(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        FileSource(tmp_path / "none.wav")
