"""What an evaluation was asked and what it found, for tables and as one JSON document."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from transcriber.errors import AmtError

from .batch import INTERRUPTED, SOME_FAILED
from .provenance import program_version

if TYPE_CHECKING:
    from trainer.degradation import Degradation
    from trainer.evaluation import Result, Summary
    from trainer.peers import Peers
    from transcriber.decoder import DecoderSettings
    from transcriber.model import Model


@dataclass(frozen=True, slots=True)
class Silence:
    """Notes heard where there was no piano."""

    minutes: float
    notes: int

    @property
    def notes_per_minute(self) -> float:
        """How often something was taken for a note."""
        return self.notes / self.minutes


@dataclass(slots=True)
class Verdict:
    """What an evaluation was asked, and what it found so far.

    Args:
        data: Folder of the recordings.
        model: The model that was run, None for transcripts.
        settings: Decoder settings it was run with.
        transcripts: Folder of transcripts that were scored instead.
        degradation: What was done to the recordings.
        excerpts: What was cut from them, and the peers.
        results: One per piece that could be scored.
        failed: Pieces that could not, and why.
        passed_over: Recordings without known notes.
        silence: Notes heard without a piano.
        interrupted: Whether Ctrl-C ended it.
    """

    data: Path | None
    model: Model | None = None
    settings: DecoderSettings | None = None
    transcripts: Path | None = None
    degradation: Degradation | None = None
    excerpts: Peers | None = None
    results: list[Result] = field(default_factory=list)
    failed: list[tuple[str, AmtError]] = field(default_factory=list)
    passed_over: tuple[Path, ...] = ()
    silence: Silence | None = None
    interrupted: bool = False

    @property
    def title(self) -> str:
        """What was evaluated: a model and its threshold, or a folder of MIDI files."""
        if self.model is None or self.settings is None:
            return f"MIDI files in {self.transcripts}"
        info = self.model.info
        return f"amt {info.name} {info.version}, threshold {self.settings.onset_threshold:g}"

    @property
    def exit_code(self) -> int:
        """0 when all went well, 4 when a piece could not be scored, 130 after Ctrl-C."""
        if self.interrupted:
            return INTERRUPTED
        return SOME_FAILED if self.failed else 0

    def summary(self) -> Summary | None:
        """All pieces together; None where none was scored."""
        from trainer.evaluation import summarise

        return summarise(self.results) if self.results else None

    def document(self) -> dict[str, Any]:
        """Everything, as JSON can hold it."""
        from trainer.peers import own_figures
        from trainer.report import FORMAT, VERSION, summary_document

        document: dict[str, Any] = {"format": FORMAT, "version": VERSION, "amt": program_version()}
        if self.model is not None:
            info = self.model.info
            document["model"] = {
                "name": info.name,
                "version": info.version,
                "licence": info.licence,
                "lookahead_ms": info.lookahead_ms,
            }
        if self.settings is not None:
            document["onset_threshold"] = self.settings.onset_threshold
        if self.data is not None:
            document["data"] = str(self.data)
        if self.transcripts is not None:
            document["transcripts"] = str(self.transcripts)
        if self.degradation is not None:
            document["degradation"] = self.degradation.to_dict()
        summary = self.summary()
        if summary is not None:
            document |= summary_document(summary)
        if summary is not None and self.excerpts is not None:
            ours = {name: round(value, 4) for name, value in own_figures(summary).items()}
            document["excerpts"] = {
                "what": self.excerpts.what,
                "seconds": self.excerpts.length_s,
                "start_s": self.excerpts.starts_s,
                "ours": ours,
                "peers": self.excerpts.programs,
            }
        if self.silence is not None:
            document["silence"] = {
                "minutes": self.silence.minutes,
                "notes": self.silence.notes,
                "notes_per_minute": round(self.silence.notes_per_minute, 3),
            }
        document["failed"] = [
            {"name": name, "problem": error.problem, "remedy": error.remedy}
            for name, error in self.failed
        ]
        document["without_truth"] = [str(path) for path in self.passed_over]
        return document
