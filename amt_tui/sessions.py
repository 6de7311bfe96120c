"""`amt sessions`: what was kept of `amt live`, and files made of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from .settings import load_settings

sessions = typer.Typer(
    help="List the kept sessions of amt live, or make MIDI and WAV of one.",
    invoke_without_command=True,
)


@sessions.callback()
def listing(
    context: typer.Context,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the list for scripts, and nothing else.")
    ] = False,
) -> None:
    """List the kept sessions of amt live, the latest first, or make MIDI and WAV of one."""
    if context.invoked_subcommand is not None:
        return
    from transcriber.session import list_sessions

    folder = load_settings().sessions_folder
    found = list_sessions(folder)
    rows: list[dict[str, Any]] = [
        {
            "name": session.name,
            "started": session.started.isoformat("T", "seconds"),
            "duration_s": round(session.transcript().duration_s, 3),
            "notes": session.notes,
            "markers": len(session.markers),
            "audio": session.audio is not None,
            "finished": session.finished,
            "path": str(session.path),
        }
        for session in found
    ]
    if as_json:
        print(json.dumps(rows, indent=1, ensure_ascii=False))
        return
    if not rows:
        print(f"No session is kept in {folder} yet.")
        return
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("Session")
    for heading in ("Length", "Notes", "Markers"):
        table.add_column(heading, justify="right")
    table.add_column("")
    for row in rows:
        minutes, seconds = divmod(round(row["duration_s"]), 60)
        remarks = ["with sound"] * row["audio"] + ["broken off"] * (not row["finished"])
        figures = (f"{minutes}:{seconds:02}", str(row["notes"]), str(row["markers"]))
        table.add_row(row["name"], *figures, ", ".join(remarks))
    Console(highlight=False).print(table)


@sessions.command()
def export(
    session: Annotated[
        str, typer.Argument(help="Its name, the start of it, a path, or the word last.")
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="A .mid or .wav file.", show_default="NAME.mid, and NAME.wav"
        ),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace files that amt did not write, too.")
    ] = False,
) -> None:
    """Write a session as MIDI with its markers, and its sound, if kept, as WAV."""
    from transcriber.errors import UsageError
    from transcriber.session import export_audio, export_midi, find_session
    from transcriber.signatures import MIDI_SUFFIXES

    from .provenance import MARK, check_replaceable

    kept = find_session(session, load_settings().sessions_folder)
    targets = [output] if output else [Path(f"{kept.name}.mid")]
    if output is None and kept.audio is not None:
        targets.append(Path(f"{kept.name}.wav"))
    for target in targets:
        if target.suffix.lower() not in (*MIDI_SUFFIXES, ".wav"):
            raise UsageError(f"{target} ends in no format known.", "Name a .mid or a .wav file.")
        if not overwrite:
            check_replaceable(
                target, remedy="Name another file with -o, or replace it with --overwrite."
            )
    about = f"{MARK}, model {kept.about.get('model', 'unknown')}"
    for target in targets:
        if target.suffix.lower() == ".wav":
            export_audio(kept, target, about)
        else:
            export_midi(kept, target, about)
        print(f"Written: {target}")
