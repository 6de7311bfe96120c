"""The whole examination of a model (`trainer.examination`), one trial after the other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from transcriber.errors import AmtError

from .batch import INTERRUPTED, SOME_FAILED
from .judging import Judge
from .verdict import Verdict

if TYPE_CHECKING:
    from trainer.degradation import Degradation, FloatArray
    from trainer.evaluation import Summary
    from trainer.examination import Examination

RECORDINGS, NOISE, ROOM, EXCERPTS, SILENCE = "recordings", "noise", "room", "excerpts", "silence"
"""Names of trials; those at other levels and pitches are made by `level_name` and `pitch_trial`."""


@dataclass(frozen=True, slots=True)
class Syllabus:
    """What is examined, and with what.

    Args:
        acoustics: Folder of the noises.
        split: Only recordings of this split.
        excerpts: List of excerpts and peers; None leaves that trial out.
        silence_minutes: Length of the noise without a piano.
        seed: Of the rooms and noises drawn.
    """

    acoustics: Path
    split: str | None
    excerpts: Path | None
    silence_minutes: float
    seed: int


@dataclass(slots=True)
class Finding:
    """What an examination found so far: a verdict for each trial, by its name."""

    trials: dict[str, Verdict] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """The model and its threshold."""
        return self.trials[RECORDINGS].title

    @property
    def interrupted(self) -> bool:
        """Whether Ctrl-C ended it."""
        return any(verdict.interrupted for verdict in self.trials.values())

    @property
    def failed(self) -> list[tuple[str, AmtError]]:
        """Pieces that could not be scored in some trial, and why."""
        return [failure for verdict in self.trials.values() for failure in verdict.failed]

    @property
    def exit_code(self) -> int:
        """0 when all went well, 4 when a piece could not be scored, 130 after Ctrl-C."""
        if self.interrupted:
            return INTERRUPTED
        return SOME_FAILED if self.failed else 0

    def examination(self) -> Examination | None:
        """The figures; None where no recording could be scored as it is."""
        from trainer.examination import LEVELS_DB, Examination

        clean, model = self.summary(RECORDINGS), self.trials[RECORDINGS].model
        if clean is None or model is None:
            return None
        excerpts, silence = self.trials.get(EXCERPTS), self.trials.get(SILENCE)
        levels = {db: self.summary(level_name(db)) for db in LEVELS_DB}
        return Examination(
            clean,
            self.summary(NOISE),
            self.summary(ROOM),
            {db: summary for db, summary in levels.items() if summary is not None},
            silence.silence.notes_per_minute if silence and silence.silence else None,
            self.summary(EXCERPTS),
            excerpts.excerpts if excerpts else None,
            model.info.lookahead_ms,
            model.path.stat().st_size / 1e6,
        )

    def summary(self, name: str = RECORDINGS) -> Summary | None:
        """All pieces of a trial together; None where there was no such trial, or no piece."""
        return self.trials[name].summary() if name in self.trials else None

    def document(self) -> dict[str, Any]:
        """Everything, as JSON can hold it: each trial as if evaluated alone, and the bars."""
        from trainer.bars import marks
        from trainer.report import FORMAT, VERSION, mark_document

        examination = self.examination()
        return {
            "format": FORMAT,
            "version": VERSION,
            "bars": [mark_document(mark) for mark in marks(examination)] if examination else [],
            "trials": {name: verdict.document() for name, verdict in self.trials.items()},
        }


def examine(judge: Judge, verdict: Verdict, syllabus: Syllabus) -> Finding:
    """Examines the model of a verdict on its recordings.

    Raises:
        InputError: A folder or list cannot be used.
        UsageError: The split is not known, or scipy is not installed.
    """
    from trainer.degradation import load_noises

    strains: list[tuple[str, Degradation | None]] = [
        (RECORDINGS, None),
        *_strains(load_noises(syllabus.acoustics), syllabus.seed),
    ]
    finding = Finding()

    def next_trial(name: str, degradation: Degradation | None = None) -> Verdict:
        trial = Verdict(verdict.data, verdict.model, verdict.settings, degradation=degradation)
        finding.trials[name] = trial
        return trial

    for name, degradation in strains:
        judge.score_model(next_trial(name, degradation), syllabus.split, None)
        if finding.interrupted:
            return finding
    if syllabus.excerpts is not None:
        judge.score_model(next_trial(EXCERPTS), syllabus.split, syllabus.excerpts)
    if not finding.interrupted:
        trial = next_trial(SILENCE)
        trial.data = None
        judge.hear_silence(trial, syllabus.acoustics, syllabus.silence_minutes, syllabus.seed)
    return finding


def level_name(gain_db: float) -> str:
    """Name of the trial at another input level."""
    return f"level {gain_db:+g} dB"


def pitch_trial(cents: float) -> str:
    """Name of the trial in which the piano is out of tune as a whole."""
    return f"pitch {cents:+g} cents"


def _strains(noises: tuple[FloatArray, ...], seed: int) -> Iterator[tuple[str, Degradation]]:
    from trainer.degradation import Degradation
    from trainer.examination import LEVELS_DB, NOISE_SNR_DB, PITCH_CENTS, RT60_S

    yield NOISE, Degradation(noise_snr_db=NOISE_SNR_DB, noises=noises, seed=seed)
    yield ROOM, Degradation(rt60_s=RT60_S, seed=seed)
    for gain_db in LEVELS_DB:
        yield level_name(gain_db), Degradation(gain_db=gain_db, seed=seed)
    for cents in PITCH_CENTS:
        yield pitch_trial(cents), Degradation(cents=cents, seed=seed)
