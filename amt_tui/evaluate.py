"""`amt evaluate`: how right a model is, or any program's MIDI, on recordings whose notes are known.

The recordings are streamed through the code that `amt live` runs. Exit codes are those of
`amt transcribe`.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from transcriber.errors import UsageError

from .numbers import check_finite

if TYPE_CHECKING:
    from trainer.degradation import Degradation
    from trainer.evaluation import Summary

    from .examining import Finding
    from .verdict import Verdict

EPILOG = (
    "For example: amt evaluate recordings/ · amt evaluate recordings/ --transcripts theirs/ · "
    "amt evaluate corpus/ --split test · "
    "amt evaluate recordings/ --robustness --acoustics ../shared/data/acoustics"
)


def evaluate(
    data: Annotated[
        Path | None,
        typer.Argument(
            metavar="DATA",
            help="Folder of recordings with a MIDI file of the same name beside each (and a .tsv "
            "of exact note times, where there is one); or a corpus, with --split.",
            show_default=False,
        ),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|PATH", help="A bundled model, or a model file.", show_default="live"
        ),
    ] = None,
    threshold: Annotated[
        float | None,
        typer.Option(
            min=0.0, max=1.0, help="How sure a note must be.", show_default="the model's own"
        ),
    ] = None,
    transcripts: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Score the MIDI files of this folder, made by any program from the whole "
            "recordings, instead of running a model.",
            show_default=False,
        ),
    ] = None,
    split: Annotated[
        str | None,
        typer.Option(
            help="Only recordings of this split: of a corpus, or by manifest.json or MAESTRO's "
            "table.",
            show_default=False,
        ),
    ] = None,
    excerpts: Annotated[
        Path | None,
        typer.Option(
            metavar="PEERS.json",
            help="Only the excerpts this file lists, with what other programs reach on them.",
            show_default=False,
        ),
    ] = None,
    robustness: Annotated[
        bool,
        typer.Option(
            "--robustness",
            help="The whole examination: the recordings as they are, with noise, in a room, at "
            "other levels and out of tune, the excerpts if any, noise alone; each figure beside "
            "its bar. Needs --acoustics.",
        ),
    ] = False,
    rt60: Annotated[
        float | None,
        typer.Option(
            min=0.1,
            max=5.0,
            metavar="SECONDS",
            help="Put each piano into a simulated room of this reverberation time.",
            show_default=False,
        ),
    ] = None,
    noise_snr: Annotated[
        float | None,
        typer.Option(
            metavar="DB",
            help="Add noise from --acoustics, so many dB below the recording.",
            show_default=False,
        ),
    ] = None,
    gain_db: Annotated[
        float, typer.Option(metavar="DB", help="Change the input level.", show_default=False)
    ] = 0.0,
    cents: Annotated[
        float,
        typer.Option(
            min=-50.0,
            max=50.0,
            metavar="CENTS",
            help="Play the recordings higher and faster, or lower: a piano out of tune as a whole.",
            show_default=False,
        ),
    ] = 0.0,
    acoustics: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Noises, with their manifest.json.", show_default=False),
    ] = None,
    silence: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Also count the notes heard in noise without a piano, made of such a folder.",
            show_default=False,
        ),
    ] = None,
    silence_minutes: Annotated[
        float, typer.Option(min=0.1, max=600.0, help="Length of that noise.")
    ] = 10.0,
    seed: Annotated[int, typer.Option(min=0, help="Of the rooms and noises drawn.")] = 0,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Write the JSON report here.", show_default=False),
    ] = None,
    card: Annotated[
        Path | None,
        typer.Option(
            metavar="PAGE.md",
            help="Write the tables into this page, each kind of evaluation into its own part; with "
            "--robustness, all of a model card.",
            show_default=False,
        ),
    ] = None,
    pictures: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Draw scores by register, velocity and polyphony, timing and latency, and a roll "
            "with what was found, missed and invented.",
            show_default=False,
        ),
    ] = None,
    picture_format: Annotated[Literal["png", "svg"], typer.Option(help="Of the pictures.")] = "png",
    published: Annotated[
        bool,
        typer.Option(
            "--published",
            help="Also print what other systems have been reported to reach on other data.",
        ),
    ] = False,
    as_json: Annotated[
        bool,
        typer.Option("--json", help="Print the JSON report, and nothing else, on stdout."),
    ] = False,
) -> None:
    """Score a model, or any program's MIDI, on recordings whose notes are known.

    Precision, recall and F1 of frames, onsets, ends, velocities and pedal, per piece and together;
    onset timing, decision latency, extra notes, octave errors, and where notes are missed.
    """
    check_finite(
        threshold=threshold,
        rt60=rt60,
        noise_snr=noise_snr,
        gain_db=gain_db,
        cents=cents,
        silence_minutes=silence_minutes,
    )
    changed = rt60 is not None or noise_snr is not None or gain_db != 0.0 or cents != 0.0
    if data is None and silence is None:
        raise UsageError("There is nothing to evaluate.", "Name a folder of recordings.")
    if transcripts is not None:
        if model is not None or threshold is not None or silence is not None or changed:
            raise UsageError(
                "--transcripts are made already: no model is run, and no sound is changed.",
                "Leave out the other options.",
            )
    elif data is None and (excerpts or split or changed):
        raise UsageError("These options need recordings.", "Name a folder of recordings.")
    if robustness and (transcripts or changed or silence or data is None or acoustics is None):
        raise UsageError(
            "--robustness takes a model, recordings and --acoustics, and changes them by itself.",
            "For example: amt evaluate recordings/ --robustness --acoustics "
            "../shared/data/acoustics",
        )
    if not robustness and (noise_snr is None) != (acoustics is None):
        raise UsageError(
            "--noise-snr and --acoustics need each other.",
            "For example: --noise-snr 15 --acoustics ../shared/data/acoustics",
        )

    from trainer.report import FORMAT

    from .provenance import check_replaceable

    if output is not None:
        check_replaceable(output, FORMAT, "Name another file with -o.")
    if pictures is not None:
        _check_matplotlib()

    from rich.console import Console

    from .judging import Judge
    from .verdict import Verdict

    judge = Judge(Console(stderr=True), quiet=as_json)
    verdict = Verdict(data)
    result: Verdict | Finding = verdict
    if transcripts is not None:
        judge.score_transcripts(verdict, transcripts, split, excerpts)
    else:
        judge.load(verdict, model or "live", threshold)
        if robustness and acoustics is not None:
            from .examining import Syllabus, examine

            syllabus = Syllabus(acoustics, split, excerpts, silence_minutes, seed)
            result = examine(judge, verdict, syllabus)
        elif data is not None:
            verdict.degradation = _degradation(rt60, noise_snr, gain_db, cents, acoustics, seed)
            judge.score_model(verdict, split, excerpts)
        if silence is not None and not verdict.interrupted:
            judge.hear_silence(verdict, silence, silence_minutes, seed)
    if result.interrupted:
        print("Interrupted: there are no figures of a part.", file=sys.stderr)
        raise typer.Exit(result.exit_code)
    _report(result, output, as_json=as_json, published=published)
    # A page keeps its former tables where a piece could not be scored: a part would be taken for
    # the whole.
    if card is not None and not result.failed:
        _write_card(result, card)
    if pictures is not None and (summary := result.summary()) is not None:
        _draw(summary, pictures, picture_format, result.title)
    raise typer.Exit(result.exit_code)


def _degradation(
    rt60: float | None,
    noise_snr: float | None,
    gain_db: float,
    cents: float,
    acoustics: Path | None,
    seed: int,
) -> Degradation:
    from trainer.degradation import Degradation, check_acoustics, load_noises

    if rt60 is not None or cents:
        check_acoustics()
    noises = load_noises(acoustics) if acoustics is not None else ()
    return Degradation(rt60, noise_snr, gain_db, cents, noises, seed)


def _report(
    result: Verdict | Finding, output: Path | None, *, as_json: bool, published: bool
) -> None:
    """Prints what was found, and writes it to `output`."""
    from rich.console import Console

    from transcriber.atomic import atomic_write

    from .bar_tables import print_finding, print_published
    from .score_tables import print_verdict
    from .verdict import Verdict

    document = result.document()
    if published:
        from trainer.report import published_document

        document["published"] = published_document()
    text = json.dumps(document, indent=1, ensure_ascii=False) + "\n"
    if as_json:
        print(text, end="")
    else:
        console = Console(highlight=False)
        if isinstance(result, Verdict):
            print_verdict(result, console)
        else:
            print_finding(result, console)
        if published:
            print_published(console)
    if output is not None:
        atomic_write(output, text.encode(errors="backslashreplace"))
        print(f"Written: {output}", file=sys.stderr)


def _write_card(result: Verdict | Finding, page: Path) -> None:
    from .card import write_card
    from .model_card import write_model_card
    from .verdict import Verdict

    if isinstance(result, Verdict):
        write_card(result, page)
    else:
        write_model_card(result, page)


def _check_matplotlib() -> None:
    """Lets pictures pass where matplotlib is installed; raises before the long work."""
    from importlib.util import find_spec

    if find_spec("matplotlib") is None:
        raise UsageError(
            "Drawing pictures needs matplotlib, which is not installed.",
            f"Install it: {sys.executable} -m pip install matplotlib",
        )


def _draw(summary: Summary, folder: Path, kind: Literal["png", "svg"], title: str) -> None:
    from trainer.score_pictures import draw_pictures

    for path in draw_pictures(summary, folder, kind, title):
        print(f"Written: {path}", file=sys.stderr)
