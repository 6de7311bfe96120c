from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from transcriber.sources import ArraySource, SourceError, clipped

RAMP = np.arange(1600, dtype=np.float32) / 1600.0


def blocks_of(source: ArraySource) -> list:
    blocks = []
    while not source.ended:
        block = source.read(1.0)
        if block is not None:
            blocks.append(block)
    return blocks


def test_array_comes_whole_and_in_order() -> None:
    blocks = blocks_of(ArraySource(RAMP, block=700))

    assert [len(block.samples) for block in blocks] == [700, 700, 200]
    np.testing.assert_array_equal(np.concatenate([b.samples for b in blocks]), RAMP)


def test_paced_block_arrives_when_its_last_sample_was_played(paced: Callable, clock) -> None:
    began = clock.now

    blocks = blocks_of(paced(RAMP, block=800))

    assert [block.arrived_s - began for block in blocks] == pytest.approx([0.05, 0.1])
    assert clock.now - began == pytest.approx(0.1)


def test_read_gives_up_after_its_timeout(paced: Callable, clock) -> None:
    began = clock.now

    assert paced(RAMP, block=1600).read(0.02) is None
    assert clock.now - began == pytest.approx(0.02)


def test_lost_samples_are_missing_and_counted() -> None:
    blocks = blocks_of(ArraySource(RAMP, block=400, lost={1: 100}))

    assert [block.lost for block in blocks] == [0, 100, 0, 0]
    assert blocks[1].samples[0] == RAMP[500]
    assert sum(len(b.samples) + b.lost for b in blocks) == len(RAMP)


def test_stall_delays_what_follows(paced: Callable, clock) -> None:
    began = clock.now

    blocks = blocks_of(paced(RAMP, block=800, stalls={1: 3.0}))

    assert blocks[1].arrived_s - began == pytest.approx(3.1)


def test_it_dies_where_it_was_told_to() -> None:
    source = ArraySource(RAMP, block=400, dies_at=1)
    source.read(1.0)

    with pytest.raises(SourceError):
        source.read(1.0)


def test_clipping_is_counted_in_every_channel() -> None:
    assert clipped(np.array([[0.5, 1.0], [-1.0, 0.99], [1.2, -0.9991]], np.float32)) == 4
