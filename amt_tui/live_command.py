"""`amt live`: listens to the piano and shows, prints or sends what it hears.

Exit codes are those of `amt transcribe`; stopping it with Ctrl-C is how it ends, and is 0.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from transcriber.errors import UsageError

_IN, _OUT, _SESSIONS = "Sound in", "Notes out", "Sessions"

EPILOG = (
    "On the screen, ? shows every key and says what each figure means; q, or Ctrl-C, ends. "
    "What is changed there (microphone, model, sensitivity, gate, view, palette) is remembered: "
    "amt config shows it and where it lies."
)


def live(
    source: Annotated[
        str | None,
        typer.Option(
            "--input",
            "-i",
            metavar="FILE|-",
            help="Play a recording instead of the microphone, or hear standard input.",
            show_default=False,
            rich_help_panel=_IN,
        ),
    ] = None,
    device: Annotated[
        str | None,
        typer.Option(
            "--device",
            "-d",
            metavar="NAME|NUMBER",
            help="The microphone; amt devices lists them.",
            show_default="remembered",
            rich_help_panel=_IN,
        ),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|PATH", help="A bundled model, or a file.", show_default="remembered"
        ),
    ] = None,
    profile: Annotated[
        Literal["tight", "normal", "safe"] | None,
        typer.Option(
            help="How much sound the microphone collects before it hands it on: 5, 10 or 40 ms.",
            show_default="remembered",
            rich_help_panel=_IN,
        ),
    ] = None,
    plain: Annotated[
        bool,
        typer.Option(
            "--plain", help="Print one line per note, without a screen.", rich_help_panel=_OUT
        ),
    ] = False,
    as_json: Annotated[
        bool,
        typer.Option(
            "--json",
            help="Print one JSON object per event, without a screen.",
            rich_help_panel=_OUT,
        ),
    ] = False,
    midi_out: Annotated[
        str | None,
        typer.Option(
            metavar="PORT",
            help="Send the notes to the MIDI port whose name contains this, or to a new one.",
            show_default=False,
            rich_help_panel=_OUT,
        ),
    ] = None,
    record_audio: Annotated[
        bool | None,
        typer.Option(
            "--record-audio/--no-record-audio",
            help="Keep the sound with the session: 115 MB per hour.",
            show_default="remembered",
            rich_help_panel=_SESSIONS,
        ),
    ] = None,
    save: Annotated[
        Path | None,
        typer.Option(
            "--save",
            "-o",
            help="A MIDI file to write at the end.",
            show_default=False,
            rich_help_panel=_SESSIONS,
        ),
    ] = None,
    keep: Annotated[
        bool,
        typer.Option(
            "--keep/--no-keep",
            help="Keep the session, for amt sessions.",
            rich_help_panel=_SESSIONS,
        ),
    ] = True,
    replay: Annotated[
        str | None,
        typer.Option(
            metavar="SESSION|last",
            help="Play a kept session again.",
            show_default=False,
            rich_help_panel=_SESSIONS,
        ),
    ] = None,
    loop: Annotated[
        bool, typer.Option("--loop", help="Begin again at the end.", rich_help_panel=_IN)
    ] = False,
    start: Annotated[
        float,
        typer.Option(
            min=0.0, metavar="SECONDS", help="Where in the recording to begin.", rich_help_panel=_IN
        ),
    ] = 0.0,
    raw_format: Annotated[
        str | None,
        typer.Option(
            "--format",
            help="Coding of headerless samples on standard input: u8, s16le, s24le, s32le, "
            "f32le, f64le.",
            show_default="s16le",
            rich_help_panel=_IN,
        ),
    ] = None,
    rate: Annotated[
        int | None,
        typer.Option(help="Their sample rate in Hz.", show_default="48000", rich_help_panel=_IN),
    ] = None,
    channels: Annotated[
        int | None,
        typer.Option(help="Their number of channels.", show_default="1", rich_help_panel=_IN),
    ] = None,
) -> None:
    """Listen to a piano and show the notes while they are played.

    Every session is kept: amt sessions lists them.
    """
    from .live_setup import LiveOptions, check_options, set_replay
    from .numbers import check_finite
    from .settings import load_settings

    settings = load_settings()
    given: dict[str, Any] = {
        "device": device,
        "model": model,
        "profile": profile,
        "record_audio": record_audio,
    }
    settings = replace(settings, **{k: v for k, v in given.items() if v is not None})
    check_options(
        {
            "--replay": replay,
            "--input": source,
            "--device": device,
            "--model": model,
            "--profile": profile,
            "--midi-out": midi_out,
            "--record-audio": record_audio,
            "--save": save,
            "--no-keep": not keep,
            "--format": raw_format,
            "--rate": rate,
            "--channels": channels,
        }
    )
    check_finite(start=start)
    if plain and as_json:
        raise UsageError("--plain and --json exclude each other.", "Leave out one of them.")
    headless = plain or as_json or not has_screen()
    if replay is not None:
        feed = set_replay(replay, settings, loop=loop, start_s=start)
        if headless:
            from .live_plain import replay_plain

            replay_plain(feed, as_json=as_json)
            return
        from .live_screen import replay_screen

        replay_screen(feed, settings)
        return
    usual = LiveOptions.raw
    raw = (
        raw_format or usual[0],
        usual[1] if rate is None else rate,
        usual[2] if channels is None else channels,
    )
    options = LiveOptions(settings, source, loop, start, raw, midi_out, keep, save)
    if headless:
        from .live_plain import run_plain

        run_plain(options, as_json=as_json)
        return
    from .live_screen import run_screen

    run_screen(options)


def has_screen() -> bool:
    """Whether there is a terminal to draw on: Textual draws on standard error, on Windows on
    standard output; what is printed afterwards goes to the latter everywhere.
    """
    streams = [sys.stdout] if sys.platform == "win32" else [sys.stdout, sys.__stderr__]
    return all(stream is not None and stream.isatty() for stream in streams)
