"""`amt transcribe`: recordings in, notes out.

Exit codes:
    0    every recording was transcribed (or skipped by --skip-existing)
    1    something went wrong that is not listed here
    2    options that contradict each other or are not understood
    3    the model cannot be used
    4    a recording could not be read, or some of several failed
    5    an output cannot be written
    130  interrupted by Ctrl-C
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from transcriber.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from transcriber.model import Model

    from .batch import BatchResult, Style
    from .destinations import Job
    from .progress import BarDisplay, PlainDisplay

EPILOG = "Exit codes: " + " · ".join(
    (
        "0 all well",
        "1 other failure",
        "2 wrong options",
        "3 model unusable",
        "4 a recording cannot be read, or some of several failed",
        "5 output cannot be written",
        "130 interrupted",
    )
)


def transcribe(
    inputs: Annotated[
        list[str],
        typer.Argument(
            metavar="INPUT",
            help="Recordings, folders (searched to the bottom), quoted patterns, or - for "
            "standard input. WAV, FLAC, OGG, MP3, AIFF.",
            show_default=False,
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="A folder; for a single recording also a file, such as take.mid.",
            show_default="next to each recording",
        ),
    ] = None,
    formats: Annotated[
        str | None,
        typer.Option(
            "--format",
            metavar="mid,json,csv",
            help="What to write; several at once with commas.",
            show_default="mid",
        ),
    ] = None,
    lengths: Annotated[
        Literal["keys", "sounding"],
        typer.Option(
            help="Notes in MIDI end with the key, with the pedal written as CC64 (keys), or last "
            "as long as they sound, without pedal (sounding)."
        ),
    ] = "keys",
    model: Annotated[
        str, typer.Option(metavar="NAME|PATH", help="A bundled model, or a model file.")
    ] = "live",
    threshold: Annotated[
        float | None,
        typer.Option(
            min=0.0,
            max=1.0,
            help="How sure a note must be: lower finds more, and more that is wrong.",
            show_default="the model's own",
        ),
    ] = None,
    min_velocity: Annotated[
        int | None,
        typer.Option(min=1, max=127, help="Leave out notes struck more softly.", show_default="1"),
    ] = None,
    skip_existing: Annotated[
        bool, typer.Option("--skip-existing", help="Pass over recordings whose outputs exist.")
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace files that amt did not write, too.")
    ] = False,
    plot: Annotated[
        str | None,
        typer.Option(
            metavar="png|svg|PATH",
            help="Draw the notes over the spectrogram, next to the other outputs or at PATH.",
            show_default=False,
        ),
    ] = None,
    show: Annotated[
        bool, typer.Option("--show", help="Print the roll of each recording in the terminal.")
    ] = False,
    as_json: Annotated[
        bool,
        typer.Option("--json", help="Print a summary for scripts, and nothing else, on stdout."),
    ] = False,
) -> None:
    """Write down the notes of piano recordings.

    Makes a MIDI file next to each recording. One broken recording does not stop the others.
    """
    from .destinations import parse_formats, plan_jobs
    from .numbers import check_finite
    from .recordings import find_recordings

    check_finite(threshold=threshold)
    chosen = parse_formats(formats, output)
    jobs = plan_jobs(find_recordings(inputs), output, chosen, plot)

    from dataclasses import replace

    from transcriber.model import load_model

    from .batch import Style

    loaded = load_model(model)
    settings = loaded.info.decoder
    if threshold is not None:
        # A probability is never quite 0 or 1, and the decoder refuses a threshold that is.
        settings = replace(settings, onset_threshold=min(max(threshold, 1e-6), 1 - 1e-6))
    if min_velocity is not None:
        settings = replace(settings, min_velocity=min_velocity)
    style = Style(settings, lengths, skip_existing, overwrite)
    raise typer.Exit(_run(jobs, loaded, style, show=show, as_json=as_json))


def _run(jobs: Sequence[Job], model: Model, style: Style, *, show: bool, as_json: bool) -> int:
    """Runs the batch with the display that fits the terminal, and reports.

    Returns:
        The exit code.

    Raises:
        OutputError: What was done cannot be printed.
    """
    from rich.console import Console

    from .batch import run_batch
    from .progress import Lines
    from .reports import batch_document, outcome_table

    errors, lines = Console(stderr=True), Lines()
    bars = sys.stdout.isatty() and errors.is_terminal
    display: BarDisplay | PlainDisplay
    if bars:
        from .progress import BarDisplay

        display = BarDisplay(errors, jobs, show=show)
    else:
        from .progress import PlainDisplay

        display = PlainDisplay(errors if as_json else lines, errors, show=show)
    with display:
        result = run_batch(jobs, model, style, display)
    if as_json:
        summary = json.dumps(batch_document(result, model.info), indent=1, ensure_ascii=False)
        lines.out(summary, highlight=False)
    elif bars and result.outcomes:
        errors.print(outcome_table(result.outcomes))
    _print_close(result, errors)
    if lines.fault is not None:
        raise OutputError(
            f"What was done can no longer be printed: {lines.fault.strerror}.",
            "The recordings are transcribed all the same; --skip-existing passes over them.",
        )
    return result.exit_code


def _print_close(result: BatchResult, errors: Console) -> None:
    """Says how far it came, where that is not all the way."""
    done = sum(outcome.status == "done" for outcome in result.outcomes)
    failed = sum(outcome.status == "failed" for outcome in result.outcomes)
    if result.interrupted:
        errors.print(
            f"Interrupted: {done} of {result.total} recordings were finished, and no half-written "
            "file is left. Go on from here with --skip-existing.",
            highlight=False,
            soft_wrap=True,
        )
    elif failed and result.total > 1:
        errors.print(
            f"{failed} of {result.total} recordings failed; their reasons are above.",
            highlight=False,
            soft_wrap=True,
        )
