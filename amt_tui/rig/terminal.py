"""A program in a terminal nobody sees: run under tmux, steered by keys, read off its screen."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from itertools import count
from pathlib import Path

from transcriber.errors import InputError

_LOOKS_S = 0.02  # between two looks at the screen
_numbers = count()


class Terminal:
    """A terminal from `with` to its end.

    Args:
        command: What runs in it.
        size: Columns and rows.
        environment: What differs from this program's environment.

    Attributes:
        process: Number of the program's process.
        began_s: When it was started, on `time.monotonic`'s clock.

    Raises:
        InputError: tmux is missing, or the program could not be started.
    """

    def __init__(
        self,
        command: Sequence[str | Path],
        size: tuple[int, int] = (120, 40),
        environment: Mapping[str, str] | None = None,
    ) -> None:
        if shutil.which("tmux") is None:
            raise InputError(
                "A terminal to look at needs tmux.", "On Debian: apt-get install tmux."
            )
        # Never used twice: a server that is ending still answers to its name.
        self._name = f"amt-{os.getpid()}-{next(_numbers)}"
        columns, rows = (str(cells) for cells in size)
        # tmux stores every colour it is sent, so the program may use them all.
        wanted = {"COLORTERM": "truecolor", **(environment or {})}
        settings = [word for one in wanted.items() for word in ("-e", "=".join(one))]
        self.began_s = time.monotonic()
        self._tmux(
            *("new-session", "-d", "-x", columns, "-y", rows, *settings, "--"),
            *(str(word) for word in command),
        )
        self.process = int(self._tmux("display-message", "-p", "#{pane_pid}"))

    def __enter__(self) -> Terminal:
        """It runs already."""
        return self

    def __exit__(self, *_: object) -> None:
        """Ends the program, if it has not ended."""
        self.close()

    @property
    def running(self) -> bool:
        """Whether the program has not ended."""
        return subprocess.run(self._command("has-session"), capture_output=True).returncode == 0

    def text(self, *, colours: bool = False) -> str:
        """What stands on the screen, one line per row; with the escape codes of its colours."""
        return self._tmux("capture-pane", "-p", "-N", *(["-e"] if colours else []))

    def press(self, *keys: str) -> None:
        """Presses keys, by tmux's names."""
        self._tmux("send-keys", *keys)

    def wait(self, condition: Callable[[str], object], timeout_s: float = 10.0) -> float:
        """Waits until the screen fulfils a condition; returns the seconds since the start.

        Raises:
            TimeoutError: It never did.
        """
        deadline = time.monotonic() + timeout_s
        while True:
            looked_s = time.monotonic()
            if condition(self.text()):
                return looked_s - self.began_s
            if looked_s > deadline:
                raise TimeoutError(f"the screen still shows:\n{self.text()}")
            time.sleep(_LOOKS_S)

    def wait_for_end(self, timeout_s: float = 10.0) -> None:
        """Waits until the program has ended.

        Raises:
            TimeoutError: It has not.
        """
        deadline = time.monotonic() + timeout_s
        while self.running:
            if time.monotonic() > deadline:
                raise TimeoutError(f"it does not end; the screen shows:\n{self.text()}")
            time.sleep(_LOOKS_S)

    def close(self) -> None:
        """Ends the program, if it has not ended."""
        subprocess.run(self._command("kill-server"), capture_output=True, check=False)

    def _command(self, *words: str) -> list[str]:
        return ["tmux", "-L", self._name, "-f", os.devnull, *words]

    def _tmux(self, *words: str) -> str:
        # What this program's own terminal measures would be believed instead of tmux.
        environment = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "LINES")}
        done = subprocess.run(
            self._command(*words), capture_output=True, text=True, check=False, env=environment
        )
        if done.returncode:
            raise InputError(
                f"The program in the terminal has ended: {done.stderr.strip()}.",
                "Run it alone to see why.",
            )
        return done.stdout
