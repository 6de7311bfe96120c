from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from transcriber.errors import InputError
from transcriber.events import Event, NoteOn
from transcriber.hearing import MOST_AT_ONCE, Ear
from transcriber.model import Model
from transcriber.playback import FileSource
from transcriber.sources import ArraySource, Block, SourceError
from transcriber.stream import Transcriber
from transcriber.timing import SAMPLE_RATE

SECOND = SAMPLE_RATE


@pytest.fixture
def music(strike_sound: Callable[..., np.ndarray]) -> np.ndarray:
    return strike_sound(4.0, seed=5)


def transcribed(model: Model, sound: np.ndarray) -> list[Event]:
    transcriber = Transcriber(model)
    return transcriber.push(sound) + transcriber.finish()


@pytest.mark.parametrize("block", [160, 333, 4096])
def test_live_events_are_those_of_the_file(
    engine_on: Callable, drive: Callable, paced: Callable, lively_model: Model, music, block: int
) -> None:
    engine = engine_on(paced(music, block=block))

    drive(engine)

    assert len(engine.events()) > 20
    assert _rounded(engine.events()) == _rounded(transcribed(lively_model, music))
    assert engine.snapshot().samples == len(music)


def test_events_are_handed_out_once(
    engine_on: Callable, drive: Callable, paced: Callable, music
) -> None:
    engine = engine_on(paced(music))
    seen: list[Event] = []
    while engine.snapshot().state != "ended":
        engine.step()
        seen += engine.events(len(seen))
        assert len(seen) == engine.snapshot().events

    assert seen == engine.events()


@pytest.mark.parametrize("lost", [400, 3 * SECOND // 2])
def test_lost_sound_moves_the_clock_and_never_the_notes(
    engine_on: Callable, drive: Callable, paced: Callable, lively_model: Model, music, lost: int
) -> None:
    block = 320
    at = 2 * SECOND // block
    engine = engine_on(paced(music, block=block, lost={at: lost}))

    drive(engine)

    stats = engine.snapshot().stats
    assert engine.snapshot().samples == len(music)
    assert stats.lost_s == pytest.approx(lost / SAMPLE_RATE)
    assert stats.overflows == 1
    before = [e for e in transcribed(lively_model, music) if e.decided <= at * block]
    assert _rounded(engine.events())[: len(before)] == _rounded(before)
    # What follows a long loss is heard by a fresh stream, that much later.
    if lost > SECOND:
        rest = transcribed(lively_model, music[at * block + lost :])
        shift = at * block + lost
        expected = [(type(e), e.sample + shift, e.decided + shift) for e in rest]
        heard = [(type(e), e.sample, e.decided) for e in engine.events()]
        assert heard[-len(expected) :] == expected


def test_source_that_dies_is_tried_again_and_time_goes_on(
    engine_on: Callable, drive: Callable, paced: Callable, clock, music
) -> None:
    first = paced(music, dies_at=200)
    engine = engine_on(first, SourceError("Busy.", "Wait."), paced(music))
    drive(engine, 201)

    shot = engine.snapshot()
    assert shot.state == "retrying"
    assert shot.problem == "The array source has died."
    assert shot.sounding == ()
    clock.now += 1.0
    drive(engine, 1)
    assert engine.snapshot().problem == "Busy."
    clock.now += 4.0
    # The clock shows the time it will have when sound comes again.
    marker = engine.mark()
    assert marker.sample == engine.snapshot().now == pytest.approx((2 + 5) * SECOND, abs=2)
    drive(engine)

    shot = engine.snapshot()
    assert shot.state == "ended"
    assert shot.problem == ""
    # Two seconds of sound, five without any, and the four of the second source.
    assert shot.samples == pytest.approx((2 + 5 + 4) * SECOND, abs=2)


def test_source_that_can_never_be_read_is_not_tried_again(engine_on: Callable) -> None:
    engine = engine_on(InputError("It is no recording.", "Choose another."))
    engine.step()

    assert engine.snapshot().state == "failed"
    assert engine.error is not None


def test_stalled_source_is_shown_and_forgiven(
    engine_on: Callable, drive: Callable, paced: Callable, music
) -> None:
    engine = engine_on(paced(music, stalls={50: 5.0}))
    drive(engine, 50 + 40)
    assert engine.snapshot().state == "stalled"

    drive(engine)

    assert engine.snapshot().state == "ended"
    assert engine.snapshot().samples == len(music)


def test_late_is_not_stalled(engine_on: Callable, clock, paced: Callable, music) -> None:
    engine = engine_on(paced(music))
    engine.step()
    clock.now += 10.0
    engine.step()  # takes a block that came ten seconds ago
    assert engine.snapshot().state == "listening"


def test_winding_a_file_ends_what_sounds_and_moves_no_clock(
    engine_on: Callable, drive: Callable, clock, music, tmp_path: Path
) -> None:
    soundfile.write(tmp_path / "music.wav", music, SAMPLE_RATE, subtype="FLOAT")
    engine = engine_on(FileSource(tmp_path / "music.wav", clock=clock, sleep=clock.sleep))
    while not engine.snapshot().sounding:
        engine.step()
    heard = engine.snapshot().samples
    engine.seek(len(music) / SAMPLE_RATE - 0.5)
    engine.step()
    shot = engine.snapshot()
    assert not shot.sounding
    assert shot.position_s == pytest.approx(len(music) / SAMPLE_RATE - 0.49)
    assert shot.samples == heard + SAMPLE_RATE // 100

    drive(engine)

    assert engine.snapshot().samples == heard + SAMPLE_RATE // 2
    engine.stop()


def test_flood_is_heard_whole(engine_on: Callable, drive: Callable, clock, music) -> None:
    flood = ArraySource(music, block=len(music), clock=clock, sleep=clock.sleep)
    engine = engine_on(flood)

    drive(engine)

    assert engine.snapshot().samples == len(music)
    assert engine.snapshot().stats.notes > 5


def test_long_stretches_reach_the_network_in_pieces(lively_model: Model, music) -> None:
    at_once: list[int] = []

    class Network:
        def step(self, frames: np.ndarray, state: object) -> object:
            at_once.append(len(frames))
            return lively_model.network.step(frames, state)

    ear = Ear(replace(lively_model, network=Network()))
    heard = ear.hear(Block(music, 0.0, 0.0)).events + ear.skip()

    assert sum(at_once) >= len(music) // 320
    assert max(at_once) <= MOST_AT_ONCE // 320 + 1
    assert _rounded(heard) == _rounded(transcribed(lively_model, music))


def test_falling_behind_is_said_in_a_word(
    engine_on: Callable, clock, paced: Callable, music
) -> None:
    source = paced(music)
    engine = engine_on(source)
    engine.step()
    assert engine.snapshot().stats.health == "good"
    read = source.read

    def late(timeout_s: float) -> object:
        block = read(timeout_s)
        clock.now += 0.5
        return block

    source.read = late
    engine.step()
    clock.now += 0.5

    assert engine.snapshot().stats.health == "behind"


def test_nan_does_not_deafen_it(
    engine_on: Callable, drive: Callable, paced: Callable, music
) -> None:
    broken = music.copy()
    broken[SECOND] = np.nan
    engine = engine_on(paced(broken))

    drive(engine)

    late = [e for e in engine.events() if isinstance(e, NoteOn) and e.sample > 2 * SECOND]
    assert late


def test_latency_is_measured_against_the_sound(
    engine_on: Callable, drive: Callable, paced: Callable, lively_model: Model, music
) -> None:
    engine = engine_on(paced(music, block=160))

    drive(engine)

    stats = engine.snapshot().stats
    # The last strikes are decided by the end of the recording, not by its sound.
    measured = [e for e in transcribed(lively_model, music) if e.decided <= len(music)]
    assert stats.event.count == sum(isinstance(event, NoteOn) for event in measured)
    # With a clock that stands still while it computes, only look-ahead and block remain.
    assert stats.parts.compute_ms == stats.parts.queue_ms == stats.parts.device_ms == 0.0
    assert stats.event.p99_ms <= lively_model.info.lookahead_ms + 40.0
    assert stats.parts.lookahead_ms + stats.parts.block_ms == pytest.approx(stats.parts.total_ms)


def test_drawing_closes_the_measurement(
    engine_on: Callable, drive: Callable, paced: Callable, clock, music
) -> None:
    engine = engine_on(paced(music))
    while not any(isinstance(event, NoteOn) for event in engine.events()):
        engine.step()
    clock.now += 0.02
    engine.drawn(engine.snapshot().events)
    clock.now += 0.3

    stats = engine.snapshot().stats
    assert stats.parts.draw_ms == pytest.approx(20.0)
    assert stats.screen.p50_ms == pytest.approx(stats.event.p50_ms + 20.0)


def test_sensitivity_hears_more_or_less(engine_on: Callable, drive: Callable, clock, music) -> None:
    counts = []
    for steps in (-8, 0, 8):
        engine = engine_on(ArraySource(music, clock=clock), sensitivity=steps)
        drive(engine)
        counts.append(engine.snapshot().stats.notes)

    assert counts[0] < counts[1] < counts[2]


def test_gate_turns_the_room_into_silence(
    engine_on: Callable, drive: Callable, clock, lively_model: Model, music
) -> None:
    engine = engine_on(ArraySource(music, clock=clock), gate_db=-3.0)

    drive(engine)

    assert _rounded(engine.events()) == _rounded(transcribed(lively_model, 0 * music))
    assert not engine.snapshot().gate_open


def test_calibration_sets_the_gate(
    engine_on: Callable, drive: Callable, paced: Callable, rng: np.random.Generator
) -> None:
    room = (0.001 * rng.standard_normal(4 * SECOND)).astype(np.float32)
    engine = engine_on(paced(room))
    engine.calibrate()
    drive(engine, 100)
    assert engine.snapshot().calibration == pytest.approx(1 / 3, abs=0.01)

    drive(engine)

    shot = engine.snapshot()
    assert shot.calibration is None
    assert shot.gate_db == pytest.approx(-42.0, abs=3.0)
    assert "gate is set" in shot.notice


def test_a_gate_that_is_set_meanwhile_stays(
    engine_on: Callable, drive: Callable, paced: Callable, rng: np.random.Generator
) -> None:
    room = (0.001 * rng.standard_normal(4 * SECOND)).astype(np.float32)
    engine = engine_on(paced(room))
    engine.calibrate()
    drive(engine, 50)
    engine.set_gate(None)
    drive(engine)
    assert engine.snapshot().gate_db is None


def test_another_microphone_is_not_calibrated_with_the_first(
    engine_on: Callable, drive: Callable, paced: Callable, music
) -> None:
    engine = engine_on(paced(music), paced(music))
    engine.calibrate()
    drive(engine, 50)
    engine.listen_to(lambda: paced(music))
    drive(engine, 1)
    assert engine.snapshot().calibration is None


def test_changing_the_model_ends_notes_and_goes_on(
    engine_on: Callable, drive: Callable, paced: Callable, lively_model: Model, music
) -> None:
    engine = engine_on(paced(music))
    drive(engine, 200)
    engine.use_model(lively_model)
    engine.step()

    drive(engine)

    assert engine.snapshot().samples == len(music)
    assert engine.events()[-1].sample <= len(music)


def _rounded(events: Sequence[Event]) -> list:
    """Events as rows; the log keeps confidences in single precision."""
    rows = []
    for event in events:
        row = [type(event).__name__, event.sample, event.decided, getattr(event, "pitch", None)]
        if isinstance(event, NoteOn):
            row += [event.velocity, np.float32(event.confidence)]
        rows.append(tuple(row))
    return rows
