"""Figures beside their bars, with results made by hand."""

from __future__ import annotations

import pytest

from trainer.bars import Mark, marks
from trainer.evaluation import Summary, judge, summarise
from trainer.examination import Examination
from trainer.peers import FIGURES, Peers
from transcriber.notes import Note, Transcript


def heard(right: int, late_s: float = 0.0, extras: int = 0) -> Summary:
    """Ten notes were played, of which the first `right` were found."""
    notes = [Note(float(i), i + 0.5, 60, 40 + i) for i in range(10)]
    found = [Note(n.onset_s + late_s, n.offset_s, n.pitch, n.velocity) for n in notes[:right]]
    found += [Note(i + 0.5, i + 0.7, 90, 64) for i in range(extras)]
    played = Transcript.of(notes, duration_s=60.0)
    return summarise([judge("piece", played, Transcript.of(found))])


def by_title(examination: Examination) -> dict[str, Mark]:
    return {mark.title: mark for mark in marks(examination)}


def test_what_is_not_examined_has_no_mark() -> None:
    titles = list(by_title(Examination(heard(10))))
    assert "Onset F1" in titles
    assert not [title for title in titles if "lost" in title or "noise" in title]


def test_a_perfect_model_meets_every_bar() -> None:
    peers = Peers("made up", {"piece": 0.0}, 1.0, {"Another": dict.fromkeys(FIGURES, 0.5)})
    best = heard(10)
    examination = Examination(
        best, best, best, {-10.0: best, -30.0: best}, 0.0, best, peers, 100.0, 9.0
    )
    assert all(mark.met for mark in marks(examination))
    assert len(marks(examination)) == 14


def test_scores_and_balance() -> None:
    found = by_title(Examination(heard(6)))  # precision 1, recall 0.6
    assert not found["Onset F1"].met
    assert found["Onset F1"].margin == pytest.approx(0.75 - 0.88)
    assert found["Precision and recall apart"].value == pytest.approx(0.4)
    assert not found["Precision and recall apart"].met
    assert found["Onset F1, goal"].is_goal


def test_timing() -> None:
    late = by_title(Examination(heard(10, late_s=0.02)))["Onset error, median"]
    assert late.value == pytest.approx(20.0)
    assert late.margin == pytest.approx(-8.0)


def test_losses_are_against_the_recordings_as_they_are() -> None:
    clean, worse, worst = heard(10), heard(9), heard(5)
    found = by_title(Examination(clean, worse, worst, {-10.0: clean, -20.0: worst, -30.0: worse}))
    assert found["Onset F1 lost to noise, 15 dB SNR"].value == pytest.approx(1 - 18 / 19)
    assert found["Onset F1 lost to noise, 15 dB SNR"].met
    assert not found["Onset F1 lost to a room, RT60 0.6 s"].met
    # The worst of all levels counts, not the quietest.
    assert found["Onset F1 lost to level, -30 to 0 dB"].value == pytest.approx(1 - 2 / 3)


def test_a_bar_exactly_reached_is_met() -> None:
    assert Mark("x", 0.88, 0.88).met
    assert Mark("x", 1.0, 1.0, at_least=False).met
    assert not Mark("x", 1.01, 1.0, at_least=False).met


def test_silence() -> None:
    found = by_title(Examination(heard(10), silence_per_minute=10.2))
    mark = found["Notes in noise without a piano"]
    assert (mark.met, mark.unit) == (False, "per minute")
    assert mark.margin == pytest.approx(-9.2)
