"""Scores over many pieces, and faults counted by hand."""

from __future__ import annotations

import json

import numpy as np
import pytest

from trainer.evaluation import Latency, Timing, judge, mean, pool, summarise
from trainer.faults import find_faults, polyphony
from trainer.peers import FIGURES, own_figures
from trainer.report import summary_document
from transcriber.notes import Note, Pedal, Transcript
from transcriber.scores import Score


def struck(onset_s: float, pitch: int, velocity: int = 60, length_s: float = 0.5) -> Note:
    return Note(onset_s, onset_s + length_s, pitch, velocity)


PLAYED = Transcript.of(
    [struck(0.0, 48, 20), struck(1.0, 60, 50), struck(1.0, 64, 50), struck(2.0, 72, 100)],
    duration_s=30.0,
)


def test_a_perfect_transcript_has_no_faults() -> None:
    result = judge("piece", PLAYED, PLAYED)
    assert result.scores.velocity == Score(1.0, 1.0, 1.0)
    assert (result.faults.extras, result.faults.octave_errors) == (0, 0)
    assert sum(result.faults.register.missed.values()) == 0


@pytest.mark.parametrize(
    ("extra", "is_octave_error"),
    [
        (struck(1.0, 72), True),  # an octave above 60
        (struck(1.05, 84), True),  # two octaves, at the edge of the tolerance
        (struck(1.0, 36), True),  # two octaves below 60
        (struck(1.0, 40), True),  # two octaves below 64
        (struck(1.06, 72), False),  # too late
        (struck(1.0, 67), False),  # a fifth above 60
        (struck(1.0, 96), False),  # three octaves above 60
        (struck(2.2, 60), False),  # an octave below 72, but not at the same time
    ],
)
def test_octave_errors(extra: Note, is_octave_error: bool) -> None:
    faults = find_faults(PLAYED, Transcript.of([*PLAYED.notes, extra]))
    assert faults.extras == 1
    assert faults.octave_errors == is_octave_error


def test_a_played_octave_is_no_octave_error() -> None:
    octave = Transcript.of([struck(1.0, 60), struck(1.0, 72)], duration_s=10.0)
    assert find_faults(octave, octave).octave_errors == 0
    # Nor is a matched note one, though its octave was missed.
    assert find_faults(octave, Transcript.of([struck(1.0, 72)])).octave_errors == 0


def test_extras_are_counted_per_minute_of_recording() -> None:
    extras = [struck(at, 30) for at in (5.0, 6.0, 7.0)]
    faults = find_faults(PLAYED, Transcript.of([*PLAYED.notes, *extras]))
    assert faults.extras_per_minute == pytest.approx(6.0)


def test_a_second_estimate_of_one_note_is_an_extra() -> None:
    twice = Transcript.of([*PLAYED.notes, struck(1.03, 60)])
    assert find_faults(PLAYED, twice).extras == 1


def test_misses_by_register_velocity_and_polyphony() -> None:
    heard = Transcript.of([n for n in PLAYED.notes if n.pitch in (60, 72)])
    faults = find_faults(PLAYED, heard)
    assert faults.register.rows() == [("3", 1, 1), ("4", 1, 2), ("5", 0, 1)]
    assert faults.velocity.rows() == [("1-31", 1, 1), ("48-63", 1, 2), ("96-127", 0, 1)]
    assert faults.polyphony.rows() == [("1", 1, 2), ("2-3", 1, 2)]


@pytest.mark.parametrize(("pitch", "octave"), [(21, "0"), (23, "0"), (24, "1"), (108, "8")])
def test_octaves_are_those_of_pitch_names(pitch: int, octave: str) -> None:
    faults = find_faults(Transcript.of([struck(0.0, pitch)]), Transcript())
    assert faults.register.rows() == [(octave, 1, 1)]


def test_polyphony_counts_what_sounds_after_the_strike() -> None:
    notes = Transcript.of(
        [
            Note(0.0, 5.0, 40, 60),  # alone
            Note(1.0, 2.0, 50, 60),  # with 40, and 55 just after
            Note(1.02, 2.0, 55, 60),
            Note(2.0, 3.0, 60, 60),  # 50 and 55 end as it is struck
            Note(2.1, 3.0, 62, 60),
        ]
    ).notes
    assert polyphony(notes) == [1, 3, 3, 2, 3]


def test_mean_weighs_pieces_and_pooled_weighs_notes() -> None:
    long = Transcript.of([struck(float(at), 60) for at in range(8)], duration_s=10.0)
    short = Transcript.of([struck(0.0, 60), struck(1.0, 60)], duration_s=10.0)
    summary = summarise(
        [judge("long", long, long), judge("short", short, Transcript.of(short.notes[:1]))]
    )
    average = summary.mean["onset"]
    assert average is not None
    assert (average.precision, average.recall) == (1.0, 0.75)
    assert average.f1 == pytest.approx((1.0 + 2 / 3) / 2)
    assert summary.pooled["onset"] == Score(1.0, 0.9, pytest.approx(18 / 19))


def test_mean_pedal_leaves_out_pieces_without_pedal() -> None:
    with_pedal = Transcript.of(PLAYED.notes, [Pedal(0.0, 1.0)], 30.0)
    half = Transcript.of(PLAYED.notes, [Pedal(0.0, 0.5)], 30.0)
    summary = summarise([judge("a", with_pedal, half), judge("b", PLAYED, PLAYED)])
    pedal = summary.mean["pedal"]
    assert pedal is not None
    assert (pedal.precision, pedal.recall) == (1.0, 0.5)
    assert summarise([judge("b", PLAYED, PLAYED)]).mean["pedal"] is None
    # Pooled, a press that was not played counts.
    assert summarise([judge("b", PLAYED, half)]).pooled["pedal"].precision == 0.0


def test_pooling_one_score_changes_nothing() -> None:
    heard = Transcript.of([*PLAYED.notes[:3], struck(9.0, 30)])
    one = judge("piece", PLAYED, heard).scores
    for name in ("onset", "offset", "velocity", "frame"):
        assert pool([getattr(one, name)]) == getattr(one, name)
    assert mean([]) is None


def test_timing_tells_size_and_direction() -> None:
    timing = Timing.of(np.array([0.01, -0.02, 0.03]))
    assert timing is not None
    assert timing.median_ms == pytest.approx(20.0)
    assert timing.bias_ms == pytest.approx(10.0)
    assert Timing.of(np.zeros(0)) is None


def test_latency_is_unknown_for_transcripts_made_elsewhere() -> None:
    assert summarise([judge("piece", PLAYED, PLAYED)]).latency is None
    known = summarise([judge("piece", PLAYED, PLAYED, np.array([80.0, 100.0, 120.0]))])
    assert known.latency is not None
    assert known.latency.p50_ms == 100.0
    assert Latency.of(np.full(3, 7.0)) == Latency(7.0, 7.0, 7.0)


def test_nothing_cannot_be_summarised() -> None:
    with pytest.raises(ValueError, match="nothing"):
        summarise([])


def test_document_says_what_the_summary_says() -> None:
    heard = Transcript.of([*PLAYED.notes[:2], struck(1.0, 84)])
    summary = summarise([judge("piece", PLAYED, heard, np.array([90.0, 90.0, 90.0]))])
    document = json.loads(json.dumps(summary_document(summary)))
    assert document["mean"]["onset"] == {"precision": 0.6667, "recall": 0.5, "f1": 0.5714}
    assert document["mean"]["pedal"] is None
    assert document["octave_errors"] == document["extras"] == 1
    assert document["bands"]["register"]["4"] == {
        "played": 2,
        "missed": 1,
        "extra": 0,
        "f1": 0.6667,
    }
    assert document["decision_ms"]["p99"] == 90.0
    assert document["pieces"][0]["name"] == "piece"
    assert document["pieces"][0]["scores"]["onset"] == document["mean"]["onset"]


def test_own_figures_carry_the_keys_of_peers() -> None:
    figures = own_figures(summarise([judge("piece", PLAYED, Transcript.of(PLAYED.notes[:2]))]))
    assert list(figures) == list(FIGURES)
    assert figures["onset_recall"] == 0.5
