"""`amt demo`: a bundled recording, its notes, how many of them are right, and how soon they came.

The recording was rendered by this project from a performance, so its true notes are known:
`demo/demo.ogg`, `demo/demo.mid`, and `demo/demo.json` with `title` and `credits`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from transcriber.errors import InputError

if TYPE_CHECKING:
    from rich.table import Table

    from transcriber.model import ModelInfo
    from transcriber.scores import Scores

    from .rehearsal import Rehearsal

FOLDER = Path(__file__).parent / "demo"
"""Where the recording lies, with its notes and credits."""


def demo(
    output: Annotated[Path, typer.Option("--output", "-o", help="The MIDI file to write.")] = Path(
        "amt-demo.mid"
    ),
    model: Annotated[
        str, typer.Option(metavar="NAME|PATH", help="A bundled model, or a model file.")
    ] = "live",
) -> None:
    """Transcribe a bundled recording and show what came of it.

    The recording is heard in steps of 20 ms, as from a microphone, and scored against the notes
    that were played.
    """
    from rich.console import Console
    from rich.text import Text

    from transcriber.midi import read_midi, write_midi
    from transcriber.model import load_model
    from transcriber.scores import score

    from .progress import print_roll
    from .provenance import check_replaceable, signature
    from .rehearsal import rehearse

    check_replaceable(output, remedy="Name another file with -o.")
    about = _about(FOLDER)
    truth = read_midi(FOLDER / "demo.mid")
    loaded = load_model(model)
    heard = rehearse(FOLDER / "demo.ogg", loaded)
    write_midi(heard.transcript, output, text=signature(loaded.info))

    console = Console(highlight=False)
    console.print(Text(about.get("title", "Demo"), style="bold"))
    if "credits" in about:
        console.print(Text(about["credits"], style="dim"))
    console.print()
    print_roll(heard.transcript, console)
    console.print(_score_table(score(truth, heard.transcript), len(truth.notes)))
    console.print(_latency_table(heard, loaded.info))
    console.print(Text.assemble("Written: ", (str(output), "bold")), soft_wrap=True)


def _about(folder: Path) -> dict[str, str]:
    """Title and credits of the recording.

    Raises:
        InputError: The recording was not installed with the program.
    """
    missing = [
        name for name in ("demo.ogg", "demo.mid", "demo.json") if not (folder / name).is_file()
    ]
    if missing:
        raise InputError(
            f"The demo's {missing[0]} is not in {folder}.", "Install amt again, from a whole copy."
        )
    about: dict[str, str] = json.loads((folder / "demo.json").read_text(encoding="utf-8"))
    return about


def _score_table(scores: Scores, played: int) -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column(f"Against the {played} notes played")
    for heading in ("Precision", "Recall", "F1"):
        table.add_column(heading, justify="right")
    for name, one in (
        ("Onset within 50 ms", scores.onset),
        ("Onset and end", scores.offset),
        ("Onset, end and velocity", scores.velocity),
        ("Pedal, by time", scores.pedal),
    ):
        table.add_row(name, *(f"{value:.3f}" for value in (one.precision, one.recall, one.f1)))
    return table


def _latency_table(heard: Rehearsal, info: ModelInfo) -> Table:
    import numpy as np
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    from .machine import processor_name

    step = np.percentile(heard.step_ms, [50, 99])
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("How soon")
    table.add_column("")
    table.add_row("Look-ahead of the model", f"{info.lookahead_ms:.0f} ms")
    if len(heard.decision_ms):
        wait = np.percentile(heard.decision_ms, [50, 95])
        table.add_row(
            "A note is decided after its strike", f"{wait[0]:.0f} ms median, {wait[1]:.0f} ms p95"
        )
    table.add_row("Computing per 20 ms", f"{step[0]:.2f} ms median, {step[1]:.2f} ms p99")
    table.add_row("Times real time, in steps of 20 ms", f"{heard.speed:.0f}x")
    table.add_row("Model", f"{info.name} {info.version}")
    table.add_row("Measured on", f"{processor_name()}, one thread")
    return table
