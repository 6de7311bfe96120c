"""What the screen may ask of the rest of the program, handed in so that it can run without it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from transcriber.events import Event
from transcriber.snapshot import Marker

from .picker import Choice
from .rollview import View


@runtime_checkable
class Steering(Protocol):
    """The requests an engine takes and a replay does not."""

    def mark(self, text: str = "") -> Marker:
        """Marks the present."""

    def set_sensitivity(self, steps: int) -> None:
        """Hears more, or less."""

    def set_gate(self, threshold_db: float | None) -> None:
        """Sets the noise gate, or switches it off."""

    def calibrate(self) -> None:
        """Measures the room and sets the gate."""


@runtime_checkable
class Windable(Protocol):
    """A feed that can be wound, as replays and files can."""

    def seek(self, seconds: float) -> None:
        """Goes on from there."""


def _forget(name: str, value: object) -> None:
    """Remembers nothing."""


@dataclass(frozen=True, slots=True)
class Desk:
    """Callbacks and choices; what is not there cannot be done, and the screen says so.

    Args:
        save: Saves the session; returns what was written, as a sentence. Called in a thread.
        choices: Questions that can be answered while it runs: `device`, `model`, `profile`.
        remember: Keeps a setting for the next time: its name and value.
        score: All events, where they are known before they are played: a replay.
        view: First view.
        palette: Name of the first palette.
    """

    save: Callable[[], str] | None = None
    choices: Mapping[str, Choice] = field(default_factory=dict)
    remember: Callable[[str, object], None] = _forget
    score: Sequence[Event] | None = None
    view: View = "scrolling"
    palette: str = ""
