"""The end of a screen, whoever brings it: a key, or a signal such as that of a closed terminal.

Textual answers neither SIGTERM nor SIGHUP. Their default action would leave notes hanging in the
synthesizer, the MIDI file unwritten and the terminal raw. So a signal wakes a thread that first
keeps everything, which depends on no drawing, and only then asks the app to leave: where the
terminal is gone, the app may wait for ever for somebody to read what it draws.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import SimpleQueue
from threading import Event, Lock, Thread
from types import FrameType

GRACE_S = 5.0
"""For the app to leave after a signal; then the program ends without it, everything being kept."""

_SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")


class Ending:
    """What is done once at the end, by whoever comes to it first.

    Args:
        keep: Stops the feed and writes what is to be left of it; called in any thread.
        leave: Asks the app to leave; called in any thread, returns at once.
        grace_s: For the app to leave after a signal.
        give_up: Ends the program with an exit code, without the app.
    """

    def __init__(
        self,
        keep: Callable[[], None],
        leave: Callable[[], None],
        *,
        grace_s: float = GRACE_S,
        give_up: Callable[[int], None] = os._exit,
    ) -> None:
        self._keep, self._leave, self._grace_s, self._give_up = keep, leave, grace_s, give_up
        self._lock = Lock()
        self._reached = False
        self._error: Exception | None = None
        # Of all queues only this may be put into by a signal handler, whatever it interrupted.
        self._asked: SimpleQueue[bool] = SimpleQueue()
        self._over = Event()

    def reach(self) -> None:
        """Keeps everything, unless that is done; waits while another thread is at it.

        Raises:
            Exception: What `keep` raised, to everybody who comes here.
        """
        with self._lock:
            if not self._reached:
                self._reached = True
                try:
                    self._keep()
                except Exception as error:
                    self._error = error
        if self._error is not None:
            raise self._error

    @contextmanager
    def by_signal(self) -> Iterator[None]:
        """Lets signals bring the end, too; those that are ignored, as under nohup, stay so."""
        wanted = [getattr(signal, name) for name in _SIGNALS if hasattr(signal, name)]
        wanted = [one for one in wanted if signal.getsignal(one) is not signal.SIG_IGN]
        guard = Thread(target=self._guard, name="amt-ending", daemon=True)
        guard.start()
        before = {one: signal.signal(one, self._hear) for one in wanted}
        try:
            yield
        finally:
            self._over.set()
            for one, handler in before.items():
                signal.signal(one, handler)
            self._asked.put(False)
            guard.join()

    def _hear(self, number: int, frame: FrameType | None) -> None:
        self._asked.put(True)

    def _guard(self) -> None:
        """Waits for a signal, or for the end without one."""
        if not self._asked.get():
            return
        code = 0
        try:
            self.reach()
        except Exception as error:  # raised in the main thread as well, where it is said
            code = getattr(error, "exit_code", 1)
        self._leave()
        if not self._over.wait(self._grace_s):
            self._give_up(code)
