"""Who the engine talks to: listeners, which are told, and screens, which ask."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from .events import Event
from .snapshot import Snapshot


class Listener(Protocol):
    """Is told every event in the engine's thread, before any screen: MIDI ports, tests."""

    def heard(self, events: Sequence[Event]) -> None:
        """Takes events in order. An `AmtError` ends the acquaintance, with a notice."""

    def close(self) -> None:
        """Nothing will follow."""


class Feed(Protocol):
    """What a screen needs: an engine, or a replay.

    `snapshot().events` smaller than before means that a replay was wound: draw from event 0 again.
    """

    def start(self) -> None:
        """Begins."""

    def stop(self, timeout_s: float = 1.0) -> None:
        """Ends."""

    def snapshot(self) -> Snapshot:
        """How it stands."""

    def events(self, since: int = 0) -> list[Event]:
        """Events from number `since` on."""

    def drawn(self, until: int) -> None:
        """Events before number `until` stand on the screen."""
