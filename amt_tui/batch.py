"""Transcribes a list of recordings, one after the other, and keeps account of each.

One broken recording does not stop the others. Nothing here prints: a `Display` is told what
happens, so that bars, plain lines and tests are three listeners of the same work.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from transcriber.atomic import check_writable, make_folder
from transcriber.audio import AudioReader
from transcriber.decoder import DecoderSettings
from transcriber.errors import AmtError, OutputError
from transcriber.midi import write_midi
from transcriber.model import Model
from transcriber.notes import Transcript, TranscriptBuilder
from transcriber.stream import Transcriber
from transcriber.tables import write_csv, write_json

from .destinations import Job
from .provenance import check_replaceable, signature
from .spectrogram import Spectrogram

Lengths = Literal["sounding", "keys"]

INTERRUPTED = 130
"""Exit code after Ctrl-C: 128 + SIGINT, as shells have it."""

SOME_FAILED = 4
"""Exit code of a batch in which at least one recording failed."""

_log = logging.getLogger("amt")


@dataclass(frozen=True, slots=True)
class Style:
    """What to do with each recording.

    Args:
        settings: Thresholds of the decoder; None takes the model's own.
        lengths: Note lengths in MIDI files.
        skip_existing: Leave recordings alone whose outputs all exist.
        overwrite: Replace files that amt did not write, too.
    """

    settings: DecoderSettings | None = None
    lengths: Lengths = "keys"
    skip_existing: bool = False
    overwrite: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one recording.

    Args:
        job: The recording and its outputs.
        status: `done`, `skipped` (outputs were there) or `failed`.
        notes: Number of notes.
        span: Lowest and highest MIDI pitch, None without notes.
        pedal_presses: Number of presses of the sustain pedal.
        duration_s: Length of the recording.
        compute_s: Wall time from opening the recording to the last file written.
        warnings: Sentences about flaws that did not stop the work.
        error: Why it failed.
    """

    job: Job
    status: Literal["done", "skipped", "failed"]
    notes: int = 0
    span: tuple[int, int] | None = None
    pedal_presses: int = 0
    duration_s: float = 0.0
    compute_s: float = 0.0
    warnings: tuple[str, ...] = ()
    error: AmtError | None = None

    @property
    def speed(self) -> float:
        """Seconds of audio per second of work."""
        return self.duration_s / self.compute_s if self.compute_s else 0.0


class Display(Protocol):
    """Listens to a batch at work."""

    def started(self, job: Job, duration_s: float | None) -> None:
        """A recording was opened; its length is None where only reading tells."""

    def heard(self, position_s: float) -> None:
        """So many seconds of the open recording have been transcribed."""

    def ended(self, outcome: Outcome, transcript: Transcript | None) -> None:
        """A recording is done, skipped or failed; the transcript is there when done."""


@dataclass(slots=True)
class BatchResult:
    """Outcomes in the order of the work; fewer than `total` after Ctrl-C."""

    total: int
    outcomes: list[Outcome] = field(default_factory=list)
    interrupted: bool = False

    @property
    def exit_code(self) -> int:
        """0 when all is well; 130 after Ctrl-C; 5 when writing alone was the trouble; else 4."""
        if self.interrupted:
            return INTERRUPTED
        codes = {o.error.exit_code for o in self.outcomes if o.error is not None}
        if not codes:
            return 0
        return OutputError.exit_code if codes == {OutputError.exit_code} else SOME_FAILED


def run_batch(jobs: Sequence[Job], model: Model, style: Style, display: Display) -> BatchResult:
    """Works through the jobs; Ctrl-C ends it early and in good order.

    Returns:
        The outcome of every job that was finished, skipped or failed.
    """
    result = BatchResult(len(jobs))
    try:
        for job in jobs:
            if style.skip_existing and job.is_done:
                outcome, transcript = Outcome(job, "skipped"), None
            else:
                outcome, transcript = _attempt(job, model, style, display)
            result.outcomes.append(outcome)
            display.ended(outcome, transcript)
    except KeyboardInterrupt:
        result.interrupted = True
    return result


def _attempt(
    job: Job, model: Model, style: Style, display: Display
) -> tuple[Outcome, Transcript | None]:
    try:
        return _transcribe(job, model, style, display)
    except AmtError as error:
        _log.debug("%s failed", job.recording.path, exc_info=True)
        return Outcome(job, "failed", error=error), None


def _transcribe(
    job: Job, model: Model, style: Style, display: Display
) -> tuple[Outcome, Transcript]:
    began = time.perf_counter()
    transcriber = Transcriber(model, style.settings)
    builder = TranscriptBuilder()
    spectrogram = Spectrogram(model.info.features) if job.picture else None
    with AudioReader(job.recording.path) as reader:
        display.started(job, reader.info.duration_s)
        # Before the long work and not after it; and only once the input is known to be good, so
        # that a broken one leaves no empty folder behind.
        _prepare(job, style)
        for block in reader:
            builder.add(transcriber.push(block))
            if spectrogram is not None:
                spectrogram.push(block)
            display.heard(reader.position_s)
        builder.add(transcriber.finish())
        warnings, silent = list(reader.warnings), reader.peak == 0.0
    transcript = builder.finish(transcriber.samples)
    if not transcript.notes:
        name = job.recording.path
        heard = "is silent from start to end" if silent else "has no piano notes in it that I hear"
        warnings.append(f"{name} {heard}: the transcript is empty.")
    _write(job, transcript, model, style.lengths, spectrogram)
    pitches = [note.pitch for note in transcript.notes]
    outcome = Outcome(
        job,
        "done",
        len(pitches),
        (min(pitches), max(pitches)) if pitches else None,
        len(transcript.pedals),
        transcriber.samples / model.info.features.sample_rate,
        time.perf_counter() - began,
        tuple(warnings),
    )
    return outcome, transcript


def _prepare(job: Job, style: Style) -> None:
    for path in job.paths:
        make_folder(path.parent)
        if not style.overwrite:
            check_replaceable(path)
        check_writable(path)


def _write(
    job: Job,
    transcript: Transcript,
    model: Model,
    lengths: Lengths,
    spectrogram: Spectrogram | None,
) -> None:
    for name, path in job.files.items():
        match name:
            case "mid":
                write_midi(transcript, path, lengths=lengths, text=signature(model.info))
            case "json":
                info = model.info
                described = {"name": info.name, "version": info.version, "licence": info.licence}
                write_json(transcript, path, model=described)
            case "csv":
                write_csv(transcript, path)
    if job.picture is not None and spectrogram is not None:
        from .plot import draw  # Pillow is slow to load and seldom wanted

        title = Path(job.recording.path).name
        draw(transcript, spectrogram, job.picture, title, signature(model.info))
