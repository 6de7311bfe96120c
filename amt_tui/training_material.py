"""`amt train --dry-run`: what a run would hear, and how long it would learn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

    from trainer.config import RunConfig
    from trainer.inventory import Part


def print_material(parts: Sequence[Part], config: RunConfig, console: Console) -> None:
    """Prints a row per part, and what the run comes to."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("Material", no_wrap=True)
    table.add_column("", overflow="fold")
    table.add_column("Number", justify="right", no_wrap=True)
    table.add_column("Hours", justify="right", no_wrap=True)
    table.add_column("Licence", overflow="fold")
    before = ""
    for part in parts:
        hours = "" if part.hours is None else f"{part.hours:.1f}"
        kind = part.kind if part.kind != before else ""
        table.add_row(kind, Text(part.name), f"{part.count:,}", hours, Text(part.licence))
        before = part.kind
    console.print(table)
    if not any(part.kind == "rooms" for part in parts):
        console.print("All rooms are simulated.")
    heard_h = config.steps * config.step_s / 3600.0
    console.print(
        f"{config.steps:,} steps of {config.batch} segments of {config.seconds:g} s: "
        f"{heard_h:,.1f} hours heard.",
        highlight=False,
    )
