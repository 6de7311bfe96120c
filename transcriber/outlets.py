"""Where events go besides the screen: the journal and the listeners, none of which may stop the
music.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from .errors import AmtError
from .events import Event
from .feed import Listener
from .journal import Journal


class Outlets:
    """The journal and the listeners of a session.

    Args:
        journal: Where the session is kept, if it is.
        listeners: Told every event.

    Attributes:
        notice: The last thing worth a line on the screen.
    """

    def __init__(self, journal: Journal | None, listeners: Sequence[Listener]) -> None:
        self.notice = ""
        self._journal, self._listeners = journal, list(listeners)

    def events(self, events: Sequence[Event]) -> None:
        """Hands events on; whoever cannot take them is left out from then on."""
        self.write(lambda journal: journal.events(events))
        for listener in list(self._listeners):
            try:
                listener.heard(events)
            except AmtError as error:
                self.notice = f"{error.problem} {error.remedy}".strip()
                self._listeners.remove(listener)
                listener.close()

    def write(self, action: Callable[[Journal], None]) -> None:
        """Writes to the journal; a full disk ends the journal, not the music."""
        if self._journal is None:
            return
        try:
            action(self._journal)
        except AmtError as error:
            self.notice = f"The session is no longer kept: {error.problem}"
            self._journal = None

    def close(self, samples: int) -> None:
        """Ends the session at `samples`, and every listener."""
        self.write(lambda journal: journal.close(samples))
        for listener in self._listeners:
            listener.close()
