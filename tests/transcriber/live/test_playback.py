from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from transcriber.errors import InputError
from transcriber.journal import Journal
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


@pytest.fixture
def slow(ramp: Path, clock) -> Iterator[FileSource]:
    """Open the ramp where a look at the clock takes 0.1 s, so that half a second of it does too."""

    def tick() -> float:
        clock.now += 0.1
        return clock.now

    with closing(FileSource(ramp, paced=False, clock=tick, sleep=clock.sleep)) as source:
        yield source


def first_block(source: FileSource) -> np.ndarray:
    while (block := source.read(0.05)) is None:
        assert not source.ended
    return block.samples


def test_long_wind_keeps_nobody_waiting_and_tells_its_aim(slow: FileSource) -> None:
    slow.seek(1.9)

    assert slow.read(0.05) is None
    assert slow.position_s == 1.9
    assert first_block(slow)[0] == pytest.approx(0.19, abs=1e-6)
    assert slow.position_s == pytest.approx(1.91)


def test_wind_gives_way_to_another(slow: FileSource) -> None:
    slow.seek(1.9)
    assert slow.read(0.05) is None

    slow.seek(0.2)

    assert first_block(slow)[0] == pytest.approx(0.02, abs=1e-6)


def test_seek_is_clipped_to_the_file(play: Callable[..., FileSource]) -> None:
    source = play()
    source.seek(99.0)

    assert source.read(1.0) is None
    assert source.ended
    assert source.position_s == 2.0


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


def test_name_that_is_no_text_can_be_written_down(ramp: Path, tmp_path: Path) -> None:
    path = os.path.join(tmp_path, os.fsdecode(b"caf\xe9.wav"))
    try:
        ramp.rename(path)
    except OSError:
        pytest.skip("this file system takes no such name")
    journal = Journal(tmp_path)
    with closing(FileSource(path)) as source:
        journal.source(0, source.info)
    journal.close(1)

    assert source.info.name == "caf\N{REPLACEMENT CHARACTER}.wav"
    assert source.info.name in journal.path.read_text("utf-8")
