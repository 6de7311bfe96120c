"""What a batch came to: a table for people, a line per file for logs, a document for scripts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from transcriber.pitches import pitch_name

from .keys import span_name
from .provenance import program_version

if TYPE_CHECKING:
    from rich.table import Table

    from transcriber.model import ModelInfo

    from .batch import BatchResult, Outcome


def clock_time(seconds: float) -> str:
    """Minutes and seconds, with hours where there are any: `0:07`, `12:30`, `1:02:03`."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def paths_text(paths: Sequence[Path]) -> str:
    """Output paths in few words: `out/take.{mid,json}` where only the ending differs."""
    stems = {path.with_suffix("") for path in paths}
    if len(paths) > 1 and len(stems) == 1:
        endings = ",".join(path.suffix[1:] for path in paths)
        return f"{stems.pop()}.{{{endings}}}"
    return " ".join(str(path) for path in paths)


def outcome_line(outcome: Outcome) -> str:
    """One plain line about one recording; errors have their own words on standard error."""
    name = outcome.job.recording.path
    match outcome.status:
        case "failed":
            return f"{name}: failed"
        case "skipped":
            return f"{name}: skipped, {paths_text(outcome.job.paths)} is there"
    return (
        f"{name}: {outcome.notes} notes, {outcome.pedal_presses} pedal presses, "
        f"{span_name(outcome.span)}, {clock_time(outcome.duration_s)} long, "
        f"{outcome.speed:.0f}x real time -> {paths_text(outcome.job.paths)}"
    )


def outcome_table(outcomes: Sequence[Outcome]) -> Table:
    """One row per recording, and a sum under more than one."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    done = [outcome for outcome in outcomes if outcome.status == "done"]
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), show_footer=len(done) > 1)
    table.add_column("Recording", "Together", overflow="fold", ratio=1)
    notes, presses = sum(o.notes for o in done), sum(o.pedal_presses for o in done)
    audio_s, compute_s = sum(o.duration_s for o in done), sum(o.compute_s for o in done)
    for heading, footer in (
        ("Notes", str(notes)),
        ("Pedal", str(presses)),
        ("Range", ""),
        ("Length", clock_time(audio_s)),
        ("Speed", f"{audio_s / compute_s:.0f}x" if compute_s else ""),
    ):
        table.add_column(heading, footer, justify="right", no_wrap=True)
    table.add_column("Written", overflow="fold", ratio=1)
    for outcome in outcomes:
        name = Text(Path(outcome.job.recording.path).name)
        if outcome.status == "done":
            table.add_row(
                name,
                str(outcome.notes),
                str(outcome.pedal_presses),
                span_name(outcome.span),
                clock_time(outcome.duration_s),
                f"{outcome.speed:.0f}x",
                Text(paths_text(outcome.job.paths)),
            )
        else:
            style = "red" if outcome.status == "failed" else "dim"
            blank = [Text("-", style=style)] * 5
            table.add_row(name, *blank, Text(outcome.status, style=style))
    return table


def batch_document(result: BatchResult, model: ModelInfo) -> dict[str, Any]:
    """The summary for scripts, as JSON can hold it; times in seconds."""
    outcomes = result.outcomes
    return {
        "amt": program_version(),
        "model": {"name": model.name, "version": model.version, "licence": model.licence},
        "files": [_outcome_document(outcome) for outcome in outcomes],
        "recordings": result.total,
        "done": sum(o.status == "done" for o in outcomes),
        "skipped": sum(o.status == "skipped" for o in outcomes),
        "failed": sum(o.status == "failed" for o in outcomes),
        "interrupted": result.interrupted,
        "exit_code": result.exit_code,
    }


def _outcome_document(outcome: Outcome) -> dict[str, Any]:
    document: dict[str, Any] = {
        "input": outcome.job.recording.path,
        "status": outcome.status,
        "outputs": {name: str(path) for name, path in outcome.job.files.items()},
    }
    if outcome.job.picture is not None:
        document["picture"] = str(outcome.job.picture)
    if outcome.status == "done":
        low, high = outcome.span or (None, None)
        document |= {
            "notes": outcome.notes,
            "pedal_presses": outcome.pedal_presses,
            "lowest": low and {"pitch": low, "name": pitch_name(low)},
            "highest": high and {"pitch": high, "name": pitch_name(high)},
            "duration_s": round(outcome.duration_s, 3),
            "compute_s": round(outcome.compute_s, 3),
            "times_real_time": round(outcome.speed, 1),
            "warnings": list(outcome.warnings),
        }
    if outcome.error is not None:
        error = outcome.error
        document["error"] = {
            "problem": error.problem,
            "remedy": error.remedy,
            "exit_code": error.exit_code,
        }
        document["outputs"] = {}
    return document
