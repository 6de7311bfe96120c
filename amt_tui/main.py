"""The `amt` command: its sub-commands, its version, and how it speaks of errors.

Nothing heavy is imported here: a command imports what it needs when it runs.
"""

from __future__ import annotations

import logging
import os
import sys
from contextlib import suppress
from typing import Annotated, TextIO

import typer

from transcriber.errors import AmtError, InputError, UsageError

from .corpus import app as corpus_app
from .demo import demo
from .devices import devices
from .evaluate import EPILOG as EVALUATE_EPILOG
from .evaluate import evaluate
from .live_command import EPILOG as LIVE_EPILOG
from .live_command import live
from .memory import memory
from .runs import runs
from .sessions import sessions
from .settings import config
from .train import export, train
from .transcribe import EPILOG, transcribe

_log = logging.getLogger("amt")

_OURS = ("amt_tui", "corpus", "trainer", "transcriber")
"""Packages that are never missing, whatever was installed."""

app = typer.Typer(
    name="amt",
    help="Listens to a piano and writes down the notes.",
    epilog="Every command explains itself: amt transcribe --help",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command(epilog=EPILOG, no_args_is_help=True)(transcribe)
app.command(epilog=LIVE_EPILOG)(live)
app.command()(devices)
app.add_typer(sessions, name="sessions")
app.command(context_settings={"ignore_unknown_options": True})(config)
app.command()(demo)
app.command(epilog=EVALUATE_EPILOG, no_args_is_help=True)(evaluate)
app.add_typer(corpus_app)
app.command(no_args_is_help=True)(train)
app.command(no_args_is_help=True)(export)
app.command()(runs)
app.command(no_args_is_help=True)(memory)


def _print_version(wanted: bool) -> None:
    """Prints the program's version and each bundled model with its own version and licence."""
    if not wanted:
        return
    from transcriber.model import bundled_models, read_info

    from .provenance import program_version

    print(f"amt {program_version()} (code: MIT)")
    for name in bundled_models():
        info = read_info(name)
        print(f"model {info.name} {info.version} (weights: {info.licence})")
    raise typer.Exit


@app.callback()
def root(
    debug: Annotated[
        bool, typer.Option("--debug", help="Show where an error came from; may stand anywhere.")
    ] = False,
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            callback=_print_version,
            is_eager=True,
            help="Print the versions of the program and of the bundled models, and their licences.",
        ),
    ] = False,
) -> None:
    """Sets up what all commands share; its help text is the app's."""
    if debug:
        logging.basicConfig(format="%(name)s: %(message)s", handlers=[_StandardError()])
        _log.setLevel(logging.DEBUG)


class _StandardError(logging.StreamHandler[TextIO]):
    """Writes to what is standard error at the time: `amt live` gives it another descriptor."""

    @property
    def stream(self) -> TextIO:
        return sys.stderr

    @stream.setter
    def stream(self, stream: TextIO) -> None:
        """The base class sets it, to the same."""


def main() -> None:
    """Runs the command line; an `AmtError` becomes its two sentences and its exit code."""
    for stream in (sys.stdout, sys.stderr):
        # A file's name need not be text, nor what the terminal can show. Another program that calls
        # this may have put something else here, or nothing.
        with suppress(AttributeError, ValueError):
            stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    try:
        app(_debug_first(sys.argv[1:]), prog_name="amt")
    except (AmtError, PermissionError, ModuleNotFoundError) as error:
        told = _told(error)
        if told is None:
            raise
        _log.debug("stopped", exc_info=True)
        print(f"Error: {told.problem}", file=sys.stderr)
        if told.remedy:
            print(told.remedy, file=sys.stderr)
        raise SystemExit(told.exit_code) from None


def _told(error: Exception) -> AmtError | None:
    """The sentences for what ended a command; None if it is a fault of this program."""
    if isinstance(error, AmtError):
        return error
    if isinstance(error, PermissionError):
        return _forbidden(error)
    package = (getattr(error, "name", None) or "amt_tui").partition(".")[0]
    if package in _OURS:
        return None
    return UsageError(
        f"This command needs {package}, which is not installed.",
        "Start it as scripts/amt in a clone, which installs that; or there: pip install '.[train]'",
    )


def _forbidden(error: PermissionError) -> AmtError:
    """What is said of a file or folder that one may not use, wherever it was come upon."""
    if error.filename is None:
        return InputError(f"A file may not be used: {error.strerror}.", "--debug tells which.")
    return InputError(
        f"{os.fsdecode(error.filename)} may not be used: {error.strerror}.",
        "Change the rights of it or of the folders it lies in, or name another.",
    )


def _debug_first(arguments: list[str]) -> list[str]:
    """Moves `--debug` before the command: it is the afterthought typed at the end of a line."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    if "--debug" not in arguments[:end]:
        return arguments
    kept = [word for word in arguments[:end] if word != "--debug"]
    return ["--debug", *kept, *arguments[end:]]
