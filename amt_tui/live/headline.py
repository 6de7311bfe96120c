"""The line at the top: what is listened to, how that goes, and which moment is shown."""

from __future__ import annotations

from rich.text import Text

from transcriber.snapshot import Snapshot, State
from transcriber.timing import SAMPLE_RATE

from .scene import clock_text

_LEAST_NAME = 12

_STATES: dict[State, tuple[str, str]] = {
    "starting": ("○ starting", "yellow"),
    "listening": ("● listening", "green"),
    "stalled": ("○ no sound is coming", "yellow"),
    "retrying": ("○ trying again", "yellow"),
    "ended": ("■ at the end", ""),
    "failed": ("✕ cannot listen", "red"),
    "stopped": ("■ stopped", ""),
}


def hint(*, chooses: bool) -> str:
    """What is shown until the first note; with the way to another microphone where there is one."""
    return "Play: your notes appear here.  ? shows all keys" + (
        ", d chooses the microphone." if chooses else "."
    )


def headline(shot: Snapshot, width: int, behind_s: float | None, *, replay: bool = False) -> Text:
    """One line of exactly `width` cells.

    Args:
        shot: What to tell.
        width: Cells.
        behind_s: How far the picture lies behind the present; None while it follows.
        replay: What is shown was kept.
    """
    words, style = _STATES[shot.state]
    if replay and shot.state == "listening":
        words = "▶ playing"
    left = Text.assemble(("amt live", "bold"), "  ", (words, style))
    right = Text(clock_text(shot.now / SAMPLE_RATE))
    if replay and shot.source is not None and shot.source.duration_s is not None:
        right.append(f" of {clock_text(shot.source.duration_s)}", "dim")
    if behind_s is not None:
        shown = clock_text(shot.now / SAMPLE_RATE - behind_s)
        right = Text.assemble((f"PAUSED at {shown}", "bold yellow"), "  ", right)
    if shot.source is not None:
        name, about = Text(f"  {shot.source.name}", "dim"), ""
        if not replay:
            about += f" · {shot.source.sample_rate / 1000:g} kHz"
            if shot.position_s is not None and shot.source.duration_s is not None:
                played, whole = clock_text(shot.position_s), clock_text(shot.source.duration_s)
                about += f" · {played} of {whole}"
        room = width - left.cell_len - right.cell_len - 2
        if room - len(about) < _LEAST_NAME:
            about = ""
        # A long name is cut first: its beginning says enough.
        name.truncate(max(room - len(about), 0), overflow="ellipsis")
        left.append_text(name.append(about, "dim"))
    left.truncate(max(width - right.cell_len - 1, 0))
    left.pad_right(width - left.cell_len - right.cell_len)
    left.append_text(right)
    return left
