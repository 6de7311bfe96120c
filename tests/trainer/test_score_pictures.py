"""Pictures of an evaluation: what is in them, and that they are written."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from trainer.evaluation import Summary, judge, summarise
from trainer.score_pictures import (
    draw_pictures,
    draw_roll,
    draw_scores,
    draw_timing,
    excerpt_f1,
    typical,
)
from transcriber.errors import OutputError
from transcriber.notes import Note, Transcript


def summary(latency: bool = True) -> Summary:
    """One piece of which all was found, and one of which a quarter was missed and a tenth added."""
    played = Transcript.of([Note(i * 0.5, i * 0.5 + 0.4, 60, 64) for i in range(40)], (), 20.0)
    found = [*played.notes[:30], *(Note(i + 0.25, i + 0.4, 84, 30) for i in range(4))]
    decided = np.full(34, 100.0) if latency else None
    return summarise(
        [
            judge("all", played, played, np.full(40, 90.0) if latency else None),
            judge("folder/some", played, Transcript.of(found), decided),
        ]
    )


def test_three_pictures_are_written(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "pictures"
    paths = draw_pictures(summary(), folder, "svg", "a model")
    assert [path.name for path in paths] == ["scores.svg", "timing.svg", "roll.svg"]
    assert all(path.read_bytes().startswith(b"<?xml") for path in paths)


def test_bars_are_the_scores_of_bands_with_enough_notes() -> None:
    octave = draw_scores(summary(), "a model").axes[0]
    # 80 notes of octave 4 were played and 70 found; the four extras of octave 6 have no band.
    assert [patch.get_height() for patch in octave.patches] == pytest.approx(
        [1.0, 70 / 80, 140 / 150]
    )
    assert [label.get_text() for label in octave.get_xticklabels()] == ["4\n80"]


def test_timing_counts_every_matched_note() -> None:
    onset, decision = draw_timing(summary(), "a model").axes
    assert sum(patch.get_height() for patch in onset.patches) == 70
    assert sum(patch.get_height() for patch in decision.patches) == 74
    assert len(draw_timing(summary(latency=False), "MIDI").axes) == 1


def test_the_roll_shows_found_missed_and_invented_notes() -> None:
    worse = summary().results[1]
    legend = draw_roll(worse).axes[0].get_legend()
    assert legend is not None
    # The middle 15 s, from 2.5 s on: 25 of the 30 notes found, 5 of 10 missed, 1 of 4 extras.
    shown = [text.get_text() for text in legend.get_texts()]
    assert shown == ["found: 25", "missed: 5", "not played: 1"]


def test_the_typical_piece_is_the_one_whose_excerpt_is_nearest_to_the_mean() -> None:
    found, some = summary().results
    assert excerpt_f1(found) == 1.0
    assert excerpt_f1(some) == pytest.approx(2 * 25 / (26 + 30))
    assert typical(summarise([found, found, found, some])).name == "all"
    assert typical(summarise([found, some, some, some])).name == "folder/some"


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be made"):
        draw_pictures(summary(), tmp_path / "file", "png", "a model")
