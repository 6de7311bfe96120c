"""`amt devices`: the microphones there are."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer


def devices(
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the list for scripts, and nothing else.")
    ] = False,
) -> None:
    """List the microphones.

    Choose one with amt live --device, by its number or a part of its name.
    """
    from transcriber.devices import list_devices

    found = list_devices()
    if as_json:
        print(json.dumps([asdict(device) for device in found], indent=1, ensure_ascii=False))
        return
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False)
    if not found:
        console.print("No microphone was found. Plug one in, or allow this terminal to use it.")
        return
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("", justify="right")
    for heading in ("Microphone", "Through"):
        table.add_column(heading)
    for heading in ("Channels", "Rate", "Latency"):
        table.add_column(heading, justify="right")
    for device in found:
        name = Text(device.name)
        if device.is_default:
            name = Text.assemble((device.name, "bold"), ("  default", "green"))
        table.add_row(
            str(device.index),
            name,
            Text(device.host),
            str(device.channels),
            f"{device.rate} Hz",
            f"{device.latency_ms:.0f} ms",
        )
    console.print(table)
