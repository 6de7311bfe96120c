"""Thresholds chosen on answers made so that one value of each is right."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from corpus.recordings import Recording
from trainer.calibration import (
    FRAME_GRID,
    OFFSET_GRID,
    ONSET_GRID,
    PEDAL_GRID,
    calibrate,
    choose,
)
from transcriber.decoder import DecoderSettings
from transcriber.errors import InputError
from transcriber.notes import Note, Pedal, Transcript
from transcriber.outputs import WIDTH, Activations
from transcriber.timing import FrameClock

CLOCK = FrameClock(delay=0)
SECONDS = 8
NOTES = [Note(0.5 + i, 1.1 + i, 40 + i, 64) for i in range(7)]
PEDALS = [Pedal(1.0, 2.0), Pedal(4.0, 6.0)]


def recording(notes: list[Note], pedals: list[Pedal]) -> Recording:
    audio = np.zeros(SECONDS * CLOCK.sample_rate, np.int16)
    return Recording("made", "none", audio, Transcript.of(notes, pedals, float(SECONDS)))


def frame(seconds: float) -> int:
    return CLOCK.frame_of(CLOCK.samples(seconds))


@pytest.fixture
def answers() -> Activations:
    """True strikes at 0.43, false ones at 0.38; keys sound at 0.28 and ring on, wrongly, at 0.23;
    dampers fall at 0.97 in the middle of notes; the pedal is down at 0.74 and seems so at 0.57.
    """
    found = Activations(np.zeros((SECONDS * CLOCK.frame_rate, WIDTH), np.float32))
    found.velocity[:] = 0.5
    found.pedal[:] = 0.57
    for pedal in PEDALS:
        found.pedal[frame(pedal.onset_s) : frame(pedal.offset_s)] = 0.74
    for note in NOTES:
        key, start, end = note.pitch - 21, frame(note.onset_s), frame(note.offset_s)
        found.onset[start, key] = 0.43
        found.onset[start, key + 30] = 0.38
        found.frame[start:end, key] = 0.28
        found.frame[end : end + 100, key] = 0.23
        found.offset[(start + end) // 2, key] = 0.97
    return found


def test_every_threshold_is_the_one_that_is_right(answers: Activations) -> None:
    settings = choose([answers], [recording(NOTES, PEDALS)], CLOCK)
    assert settings.onset_threshold == 0.4
    assert settings.frame_threshold == 0.25
    assert settings.offset_threshold == 0.99
    assert settings.pedal_threshold == 0.7


def test_balance_comes_before_the_last_hundredths() -> None:
    """Of 20 notes 16 are sure and 4 doubtful, of 6 others 3 are sure: taking all is unbalanced."""
    answers = Activations(np.zeros((SECONDS * CLOCK.frame_rate, WIDTH), np.float32))
    notes = [Note(0.3 * i, 0.3 * i + 0.2, 30 + i, 64) for i in range(20)]
    strikes = [(note, 0.68 if i < 16 else 0.43) for i, note in enumerate(notes)]
    strikes += [(Note(i, i + 0.2, 90 + i, 64), 0.68 if i < 3 else 0.43) for i in range(6)]
    for note, sureness in strikes:
        answers.onset[frame(note.onset_s), note.pitch - 21] = sureness
    assert choose([answers], [recording(notes, [])], CLOCK).onset_threshold == 0.5


def test_recordings_without_notes_or_pedal_decide_nothing(answers: Activations) -> None:
    nothing = Activations(np.zeros_like(answers.rows))
    nothing.pedal[:] = 0.99
    nothing.onset[:, :3] = nothing.frame[:, :3] = 0.99  # three keys, for the sake of time
    both = [recording(NOTES, PEDALS), recording([], [])]
    alone = choose([answers], both[:1], CLOCK)
    assert choose([answers, nothing], both, CLOCK) == alone
    assert choose([nothing], both[1:], CLOCK) == DecoderSettings()


def test_of_thresholds_that_are_as_good_the_usual_one_is_taken(answers: Activations) -> None:
    answers.onset[answers.onset > 0.4] = 0.99
    answers.onset[answers.onset < 0.4] = 0.0
    settings = choose([answers], [recording(NOTES, PEDALS)], CLOCK)
    assert settings.onset_threshold == DecoderSettings().onset_threshold


def test_nothing_to_calibrate_on(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no recordings with their notes and pedal"):
        calibrate(tmp_path / "any.safetensors", [])


@pytest.mark.parametrize("grid", [ONSET_GRID, FRAME_GRID, OFFSET_GRID, PEDAL_GRID])
def test_grids_rise_within_what_a_decoder_takes(grid: tuple[float, ...]) -> None:
    assert list(grid) == sorted(set(grid))
    assert 0.0 < grid[0] < 0.5 < grid[-1] < 1.0
