"""`amt runs`: training runs side by side: how far, how good, at what cost, and what differs."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from transcriber.errors import InputError, UsageError

from .reports import clock_time
from .score_tables import PLAIN_CELLS

if TYPE_CHECKING:
    from rich.table import Table

    from trainer.history import History

WIDE_CELLS = 100
"""Width of a terminal from which on the table has the revision of the code, too."""

FRESH_S = 300.0
"""A log without an end that was written to this lately belongs to a run at work."""


def runs(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="Folder of runs, or one run.")
    ] = Path("runs"),
    picture: Annotated[
        Path | None,
        typer.Option(help="Draw one run's curves, .png or .svg.", show_default=False),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print everything as JSON on stdout.")
    ] = False,
) -> None:
    """List training runs: best scores, cost, and the settings in which they differ.

    Of one run, its losses, its validations, its starts and its memory too.
    """
    from trainer.history import is_run, read_history

    if not folder.is_dir():
        raise InputError(f"There is no folder {folder}.", "Name the folder that holds the runs.")
    places = [folder] if is_run(folder) else [p for p in sorted(folder.iterdir()) if is_run(p)]
    if not places:
        raise InputError(f"{folder} holds no training run.", "Begin one with: amt train -o RUN")
    if picture is not None and len(places) > 1:
        raise UsageError(f"{folder} holds {len(places)} runs.", "Name the one to be drawn.")
    found, faults = [], []
    for place in places:
        try:
            found.append(read_history(place))
        except InputError as error:
            faults.append(error)
    differing = differences([history.config for history in found])
    if as_json:
        document = [_record(history, differing) for history in found]
        typer.echo(json.dumps(document, indent=1, ensure_ascii=False))
    elif found:
        from rich.console import Console

        console = Console(highlight=False)
        if not console.is_terminal:
            console = Console(highlight=False, width=PLAIN_CELLS)
        console.print(_table(found, with_code=console.width >= WIDE_CELLS))
        if differing:
            console.print(_differences_table(found, differing))
        if is_run(folder):
            from .run_report import print_report

            print_report(found[0], console)
    if picture is not None and found:
        from trainer.curves import draw

        draw(found[0], picture)
        typer.echo(f"Written: {picture}", err=True)
    for fault in faults:
        typer.echo(f"Left out: {fault}", err=True)
    if faults:
        raise typer.Exit(InputError.exit_code)


def differences(configs: list[dict[str, Any]]) -> dict[str, list[Any]]:
    """Settings that differ: dotted name -> value of each run, None where its version had none."""
    from trainer.history import flat

    flattened = [flat(config) for config in configs]
    names = sorted({name for settings in flattened for name in settings})
    values = {name: [settings.get(name) for settings in flattened] for name in names}
    return {
        name: row
        for name, row in values.items()
        if len({json.dumps(value) for value in row if value is not None}) > 1
    }


def state(history: History, now: float) -> str:
    """What a run is at, in a word."""
    if history.end is not None:
        return str(history.end["reason"])
    return "running" if now - history.time < FRESH_S else "broken off"


def _record(history: History, differing: dict[str, list[Any]]) -> dict[str, Any]:
    from trainer.history import flat

    settings = flat(history.config)
    return {
        "run": str(history.run),
        "state": state(history, time.time()),
        "step": history.step,
        "steps": history.config["steps"],
        "hours": round(history.seconds / 3600.0, 4),
        "audio_hours": round(history.audio_s / 3600.0, 4),
        "starts": len(history.begins),
        "best": history.best,
        "last_losses": history.steps[-1] if history.steps else None,
        "facts": history.begins[-1] if history.begins else None,
        "differs": {name: settings.get(name) for name in differing},
        "config": history.config,
    }


def _table(found: list[History], *, with_code: bool) -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    top = max((h.best["validation"]["onset_f1"] for h in found if h.best), default=None)
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("Run", overflow="fold", min_width=6)
    for heading in ("State", "Step", "Onset", "Offset", "Veloc.", "at step", "Time", "Heard"):
        table.add_column(heading, justify="right", no_wrap=True)
    if with_code:
        table.add_column("Code", overflow="fold")
    for history in found:
        scores = history.best["validation"] if history.best else {}
        is_top = history.best is not None and scores["onset_f1"] == top
        table.add_row(
            history.run.resolve().name,
            state(history, time.time()),
            f"{history.step:,}/{history.config['steps']:,}",
            *(
                f"{scores[name]:.3f}" if name in scores else "–"
                for name in ("onset_f1", "offset_f1", "velocity_f1")
            ),
            f"{history.best['step']:,}" if history.best else "–",
            clock_time(history.seconds),
            f"{history.audio_s / 3600.0:.1f} h",
            *([str(history.begins[-1].get("git", "")) if history.begins else ""] * with_code),
            style="bold green" if is_top and len(found) > 1 else "",
        )
    return table


def _differences_table(found: list[History], differing: dict[str, list[Any]]) -> Table:
    """One row per setting, one column per run: settings are many, runs are few."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("Differs", no_wrap=True)
    for history in found:
        table.add_column(history.run.resolve().name, justify="right", overflow="fold")
    for name, values in differing.items():
        table.add_row(name, *map(_short, values))
    return table


def _short(value: Any) -> str:
    """A setting as a table has it: of a place, its name and its folder's."""
    if isinstance(value, str) and "/" in value:
        return "/".join(Path(value).parts[-2:])
    return "–" if value is None else json.dumps(value)
