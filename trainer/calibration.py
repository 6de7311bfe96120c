"""Chooses the decoder's thresholds on recordings the network was not trained on.

Onset first, since the other thresholds only matter for notes that exist; then frame and offset for
the notes' ends, then the pedal. Each is the value with the highest score, averaged over recordings
as in `evaluation`; among equals, and where no recording tells, the one nearest to the decoder's
own. One set of values serves all music.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import astuple, replace
from pathlib import Path

from corpus.recordings import Recording
from transcriber.decoder import DecoderSettings
from transcriber.errors import InputError
from transcriber.outputs import Activations
from transcriber.scores import Score, score
from transcriber.timing import FrameClock

from . import checkpoint
from .evaluation import means
from .validation import activations, decode, or_none_right

ONSET_GRID = tuple(round(0.1 + 0.05 * i, 2) for i in range(17))
FRAME_GRID = (0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6)
OFFSET_GRID = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)
PEDAL_GRID = tuple(round(0.1 + 0.1 * i, 2) for i in range(9))

BALANCE = 0.06
"""How far precision and recall may lie apart where a threshold allows it: near its top F1 is so
flat that a few thousandths would decide whether a model plays too few notes or too many.
"""


def calibrate(source: Path, recordings: Sequence[Recording]) -> DecoderSettings:
    """Thresholds for the averaged weights of checkpoint `source`.

    Args:
        source: A checkpoint.
        recordings: Held-out recordings with their notes.

    Raises:
        InputError: There are no recordings.
        ModelError: The checkpoint cannot be read.
    """
    if not recordings:
        raise InputError(
            "There are no recordings with their notes and pedal to calibrate on.",
            "Name a folder laid out as `real` in docs/training.md.",
        )
    stored = checkpoint.load(source)
    state = stored.part("average")
    answers = [activations(state, stored.config, r.audio) for r in recordings]
    return choose(answers, recordings, stored.config.clock)


def choose(
    answers: Sequence[Activations], recordings: Sequence[Recording], clock: FrameClock
) -> DecoderSettings:
    """Thresholds for what a network answered to each recording."""

    def scores(settings: DecoderSettings) -> dict[str, Score]:
        """Mean of each measure; what no recording tells of decides nothing."""
        pieces = [
            score(recording.transcript, decode(answer, settings, clock, len(recording.audio)))
            for answer, recording in zip(answers, recordings, strict=True)
        ]
        return {name: or_none_right(mean) for name, mean in means(pieces).items()}

    def ends(settings: DecoderSettings) -> float:
        found = scores(settings)
        return found["offset"].f1 + found["frame"].f1

    settings = DecoderSettings()
    settings = _best(
        (replace(settings, onset_threshold=x) for x in ONSET_GRID),
        lambda s: _merit(scores(s)["onset"]),
    )
    settings = _best(
        (
            replace(settings, frame_threshold=x, offset_threshold=y)
            for x in FRAME_GRID
            for y in OFFSET_GRID
        ),
        ends,
    )
    return _best(
        (replace(settings, pedal_threshold=x) for x in PEDAL_GRID),
        lambda s: scores(s)["pedal"].f1,
    )


def _best(
    candidates: Iterable[DecoderSettings], merit: Callable[[DecoderSettings], object]
) -> DecoderSettings:
    """The one of highest merit; of several, the one nearest to the decoder's own settings."""
    usual = astuple(DecoderSettings())

    def rank(settings: DecoderSettings) -> tuple[object, float]:
        away = sum(abs(a - b) for a, b in zip(astuple(settings), usual, strict=True))
        return merit(settings), -away

    return max(candidates, key=rank)


def _merit(onset: Score) -> tuple[bool, float]:
    """Balanced thresholds before others, then by F1."""
    return abs(onset.precision - onset.recall) <= BALANCE, onset.f1
