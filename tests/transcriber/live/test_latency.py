from __future__ import annotations

import numpy as np
import pytest

from transcriber.events import NoteOn
from transcriber.hearing import Timeline
from transcriber.latency import LatencyMeter, LatencyParts, LoadMeter
from transcriber.levels import FLOOR_DB, LevelMeter
from transcriber.sources import Block

SILENCE = np.zeros(160, np.float32)


def test_parts_add_up_to_the_time_from_strike_to_event() -> None:
    # Struck at sample 16,000, known at 17,600, in a block that ended at 17,650 and held back 5 ms.
    captured_s = 50.0
    block = Block(SILENCE, captured_s, arrived_s=50.013, device_s=0.008)
    timeline = Timeline(17_650, block, taken_s=50.02, answered_s=50.022, emitted_s=50.0225)
    strike = NoteOn(16_000, 17_600, 60, 80, 0.9)

    parts = timeline.parts(strike)

    struck_s = captured_s - (17_650 - 16_000) / 16_000
    assert parts.total_ms == pytest.approx(1000 * (50.0225 - struck_s))
    assert parts.lookahead_ms == pytest.approx(100.0)
    assert parts.block_ms == pytest.approx(5.0 + 50 / 16)
    assert parts.device_ms == pytest.approx(8.0)
    assert parts.queue_ms == pytest.approx(7.0)
    assert parts.compute_ms == pytest.approx(2.0)
    assert parts.decode_ms == pytest.approx(0.5)


def test_percentiles_are_of_the_last_minute() -> None:
    meter = LatencyMeter()
    meter.add(0.0, 9000.0)
    for value in range(101):
        meter.add(30.0, float(value), LatencyParts(compute_ms=float(value)))

    percentiles = meter.percentiles(61.0)

    assert (percentiles.p50_ms, percentiles.p95_ms, percentiles.p99_ms) == (50.0, 95.0, 99.0)
    assert percentiles.count == 101
    assert meter.mean_parts(61.0).compute_ms == 50.0
    assert meter.percentiles(200.0).count == 0


def test_load_is_work_per_sound() -> None:
    meter = LoadMeter()
    meter.add(1.0, 5.0, 0.02)
    for step in range(10):
        meter.add(10.0 + step / 10, 0.001, 0.01)

    load = meter.load()

    assert load.per_20_ms == pytest.approx(2.0)
    assert load.realtime_factor == pytest.approx(0.1)
    assert load.worst_ms == pytest.approx(1.0)


def test_peak_falls_slowly_and_clipping_stays_a_while() -> None:
    meter = LevelMeter()
    meter.push(np.array([0.5], np.float32), 0, 0.0)
    meter.push(SILENCE, 3, 0.5)

    level = meter.level(0.5)

    assert level.peak_db == pytest.approx(-6.02 - 10.0, abs=0.01)
    assert level.rms_db == FLOOR_DB
    assert level.clipping
    assert not meter.level(3.0).clipping
    assert meter.level(3.0).clipped == 3


def test_peak_falls_while_no_block_comes() -> None:
    meter = LevelMeter()
    meter.push(np.array([0.5], np.float32), 0, 0.0)

    assert meter.level(1.5).peak_db == pytest.approx(-6.02 - 30.0, abs=0.01)
    assert meter.level(100.0).peak_db == FLOOR_DB
