from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from transcriber.gate import (
    HOLD_S,
    MARGIN_DB,
    CalibrationError,
    GateState,
    NoiseGate,
    RoomCalibration,
)
from transcriber.journal import Journal, audio_path
from transcriber.levels import FLOOR_DB, decibels
from transcriber.timing import SAMPLE_RATE

HOLD = round(HOLD_S * SAMPLE_RATE)


def test_gate_opens_at_the_very_sample_and_holds() -> None:
    sound = np.full(3 * HOLD, 0.001, np.float32)
    sound[100] = 0.5

    out, state = NoiseGate(-40.0).step(sound, None)

    assert not out[:100].any()
    np.testing.assert_array_equal(out[100 : 100 + HOLD], sound[100 : 100 + HOLD])
    assert not out[100 + HOLD :].any()
    assert not state.is_open


def test_cutting_the_stream_changes_nothing(rng: np.random.Generator) -> None:
    sound = (rng.standard_normal(4 * HOLD) * 0.003).astype(np.float32)
    gate = NoiseGate(decibels(0.011))
    whole, _ = gate.step(sound, None)

    state: GateState | None = None
    pieces = []
    cuts = np.sort(rng.integers(0, len(sound), 40))
    for piece in np.split(sound, cuts):
        out, state = gate.step(piece, state)
        pieces.append(out)

    np.testing.assert_array_equal(np.concatenate(pieces), whole)
    assert whole.any()
    assert not whole.all()


def test_no_threshold_lets_everything_pass() -> None:
    sound = np.full(100, 1e-6, np.float32)

    out, state = NoiseGate(None).step(sound, None)

    assert out is sound
    assert state.is_open


def test_calibration_stays_above_the_room(rng: np.random.Generator) -> None:
    room = (rng.standard_normal(3 * SAMPLE_RATE) * 0.002).astype(np.float32)
    calibration = RoomCalibration()
    for piece in np.split(room, 30):
        assert not calibration.done
        calibration.push(piece)

    assert calibration.done
    expected = decibels(float(np.abs(room).max())) + MARGIN_DB
    assert calibration.threshold_db() == pytest.approx(expected)


def test_calibration_refuses_a_room_in_which_somebody_plays(rng: np.random.Generator) -> None:
    room = (rng.standard_normal(3 * SAMPLE_RATE) * 0.0005).astype(np.float32)
    room[SAMPLE_RATE : SAMPLE_RATE + 2000] += 0.2
    calibration = RoomCalibration()
    calibration.push(room)

    with pytest.raises(CalibrationError, match="not quiet"):
        calibration.threshold_db()


def test_calibration_refuses_a_loud_room(rng: np.random.Generator) -> None:
    calibration = RoomCalibration()
    calibration.push((rng.standard_normal(3 * SAMPLE_RATE) * 0.1).astype(np.float32))

    with pytest.raises(CalibrationError, match="too loud"):
        calibration.threshold_db()


def test_muted_microphone_calibrates() -> None:
    calibration = RoomCalibration(1.0)
    calibration.push(np.zeros(SAMPLE_RATE, np.float32))

    assert calibration.threshold_db() == -90.0


def test_nan_spoils_neither_gate_nor_meter_nor_journal(
    engine_on: Callable, drive: Callable, paced: Callable, tmp_path: Path, rng: np.random.Generator
) -> None:
    room = (0.001 * rng.standard_normal(4 * SAMPLE_RATE)).astype(np.float32)
    room[:SAMPLE_RATE] = np.nan
    journal = Journal(tmp_path, audio=True)
    engine = engine_on(paced(room), journal=journal)
    engine.calibrate()

    drive(engine, 90)
    level = engine.snapshot().stats.level
    drive(engine)
    engine.stop()

    assert (level.peak_db, level.rms_db) == (FLOOR_DB, FLOOR_DB)
    assert engine.snapshot().gate_db == pytest.approx(-42.0, abs=3.0)
    kept = sf.read(audio_path(journal.path))[0]
    np.testing.assert_allclose(kept, np.nan_to_num(room), atol=1e-4)
