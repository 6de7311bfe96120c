"""Chooses the decoder's thresholds on recordings the network was not trained on.

Onset first, since the other thresholds only matter for notes that exist; then frame and offset for
the notes' ends, then the pedal. Each is the value with the highest score, averaged over recordings;
one set of values serves all music.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from corpus.recordings import Recording
from transcriber.decoder import DecoderSettings
from transcriber.scores import Score, Scores, score

from . import checkpoint
from .config import RunConfig
from .validation import activations, decode

ONSET_GRID = tuple(round(0.1 + 0.05 * i, 2) for i in range(17))
FRAME_GRID = (0.2, 0.3, 0.4, 0.5, 0.6)
OFFSET_GRID = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
PEDAL_GRID = (0.3, 0.4, 0.5, 0.6, 0.7)

BALANCE = 0.06
"""How far precision and recall may lie apart where a threshold allows it: near its top F1 is so
flat that a few thousandths would decide whether a model plays too few notes or too many.
"""


def calibrate(source: Path, recordings: list[Recording]) -> DecoderSettings:
    """Thresholds for the averaged weights of checkpoint `source`.

    Args:
        source: A checkpoint.
        recordings: Held-out recordings with their notes.

    Raises:
        ModelError: The checkpoint cannot be read.
    """
    stored = checkpoint.load(source)
    config = RunConfig.from_json(stored.meta["config"])
    state = stored.part("average")
    answers = [activations(state, config, r.audio) for r in recordings]

    def scores(settings: DecoderSettings) -> list[Scores]:
        return [
            score(r.transcript, decode(a, settings, config.clock, len(r.audio)))
            for a, r in zip(answers, recordings, strict=True)
        ]

    settings = DecoderSettings()
    settings = max(
        (replace(settings, onset_threshold=x) for x in ONSET_GRID),
        key=lambda s: _merit([one.onset for one in scores(s)]),
    )
    settings = max(
        (
            replace(settings, frame_threshold=x, offset_threshold=y)
            for x in FRAME_GRID
            for y in OFFSET_GRID
        ),
        key=lambda s: _mean([one.offset.f1 + one.frame.f1 for one in scores(s)]),
    )
    return max(
        (replace(settings, pedal_threshold=x) for x in PEDAL_GRID),
        key=lambda s: _mean([one.pedal.f1 for one in scores(s)]),
    )


def _merit(onsets: list[Score]) -> tuple[bool, float]:
    """Balanced thresholds before others, then by F1."""
    apart = _mean([one.precision for one in onsets]) - _mean([one.recall for one in onsets])
    return abs(apart) <= BALANCE, _mean([one.f1 for one in onsets])


def _mean(values: list[float]) -> float:
    return float(np.mean(values))
