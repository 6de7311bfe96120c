"""`amt devices`: the microphones there are."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from transcriber.devices import Device, MicrophoneError

LISTING_S = 10.0
"""For another process to list the microphones: many times what it takes."""

# Not `-m amt_tui`, which would run any json.py that lies in the folder where amt was started.
_PROGRAM = (
    f"import sys; sys.path.append({str(Path(__file__).parents[1])!r}); "
    "from amt_tui.main import main; main()"
)
_COMMAND = (sys.executable, "-P", "-c", _PROGRAM, "devices", "--json")


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


def devices_apart(command: Sequence[str] = _COMMAND) -> tuple[Device, ...]:
    """All microphones, those plugged in meanwhile too, while one of them may be in use.

    A process of its own is asked: in this one PortAudio keeps the list it made when the microphone
    was opened, and bears no second thread that starts it.

    Args:
        command: Prints what `amt devices --json` prints.

    Raises:
        MicrophoneError: As `transcriber.devices.list_devices`, or the process does not answer.
    """
    from transcriber.devices import Device, MicrophoneError

    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,  # the keys are the screen's
            capture_output=True,
            timeout=LISTING_S,
            encoding="utf-8",
            errors="replace",
            env={**os.environ, "PYTHONIOENCODING": "utf-8"},
            check=False,
        )
        if not done.returncode:
            return tuple(Device(**about) for about in json.loads(done.stdout))
    except (OSError, subprocess.SubprocessError, ValueError, TypeError) as error:
        raise _silence() from error
    # Two sentences, among what the sound system may have to say.
    _, said, rest = done.stderr.rpartition("Error: ")
    problem, _, remedy = rest.partition("\n")
    raise MicrophoneError(problem, remedy.split("\n")[0]) if said else _silence()


def _silence() -> MicrophoneError:
    from transcriber.devices import MicrophoneError

    return MicrophoneError("The microphones cannot be listed.", "`amt devices` says why.")
