"""The help screen: keys, what the colours mean, and what each figure measures."""

from __future__ import annotations

from typing import ClassVar

from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

KEYS = (
    ("space", "pause the picture; sound is still heard and kept"),
    ("← →  PgUp PgDn", "scroll back and forth through the whole session"),
    ("Home End", "to the beginning; back to the present"),
    ("↑ ↓", "higher or lower keys"),
    ("[ ]", "more or less time in view"),
    ("{ }", "narrower or wider keys"),
    ("0", "choose the keys by what is played"),
    ("v", "the other view: scrolling, falling"),
    ("c", "the next palette"),
    ("+ -", "hear more, hear less (sensitivity)"),
    ("g G", "measure the room for 3 s and set the noise gate; gate off"),
    (", .", "wind a recording or a replay 5 s back or forth"),
    ("m", "set a marker"),
    ("s", "save what was played as MIDI, and as WAV where the sound is kept"),
    ("d o l", "choose the microphone, the model, the latency profile"),
    ("i", "figures: show or hide"),
    ("Ctrl+P", "all commands, by name"),
    ("q", "quit; the session is kept"),
)

PICTURE = (
    ("bright start", "the strike; the louder, the lighter"),
    ("full colour", "sounds without the pedal: a finger holds the key"),
    ("dark colour", "sounds while the pedal is down; whether a finger still holds the key cannot "
     "be heard"),
    ("blue bar", "the sustain pedal is down, as PED ● says in letters"),
    ("bright line", "a marker you set with m"),
    ("▲ ▼", "so many notes lie above or below the keys in view"),
    ("rising, falling", "while you play, blocks rise from the keys: a note cannot fall towards "
     "its key before it is struck. In a replay they fall onto the keys"),
)  # fmt: skip

FIGURES = (
    ("to event", "from the strike, as the note itself says, to the note's leaving the engine; "
     "half (p50), 95 % and 99 % of the strikes of the last minute were quicker"),
    ("to screen", "the same, to its standing on this screen"),
    ("look-ahead", "from the strike to the last sound the decision needed"),
    ("block", "from there to the end of the block that brought it"),
    ("device", "sound card, driver, sound server"),
    ("queue", "until the engine took it"),
    ("compute", "features and network"),
    ("decode", "from the network's answer to the event's leaving"),
    ("draw", "from leaving the engine to the screen"),
    ("load", "time spent per 20 ms of sound; at 20 it cannot keep up"),
    ("real-time factor", "the same as a share; from 1 on it cannot keep up"),
    ("longest step", "the longest work on one block of sound in the last 5 s"),
    ("dropped", "sound that was lost; the clock moves by it, the notes do not"),
    ("busy, behind", "real-time factor over 0.6; sound waited over 200 ms, or was lost in the last "
     "5 s"),
    ("hears nothing", "no source is open, or none of its sound has come for a second"),
    ("input", "peak with a slow fall, and mean; clipping: full scale was reached"),
    ("noise gate", "sound under this level is not heard; open while something passes"),
    ("sensitivity", "steps from the threshold the model was calibrated to"),
    ("notes", "sounding now, struck so far, and struck in the last minute (per minute)"),
    ("memory", "resident memory of the program"),
    ("processor", "its processor time over elapsed time; 100 % is one core"),
)  # fmt: skip


def help_text() -> Table:
    """Everything, as one table."""
    table = Table.grid(padding=(0, 2), expand=True)
    table.add_column(width=16, style="bold")
    table.add_column(ratio=1)
    sections = (("Keys", KEYS), ("The picture", PICTURE), ("The figures", FIGURES))
    for title, rows in sections:
        table.add_row(Text(title, style="bold underline"), "")
        for name, meaning in rows:
            table.add_row(Text(name), meaning)
        table.add_row("", "")
    return table


class HelpScreen(ModalScreen[None]):
    """Over the roll, which goes on underneath."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,question_mark,q", "dismiss", "Close"),
    ]

    def compose(self) -> ComposeResult:
        """One scrolling sheet."""
        with VerticalScroll(id="sheet") as sheet:
            sheet.border_title = "amt live"
            sheet.border_subtitle = "Esc closes, arrows scroll"
            yield Static(help_text())

    async def action_dismiss(self, result: None = None) -> None:
        """Closes."""
        self.dismiss(None)
