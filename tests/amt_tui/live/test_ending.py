"""The end of the screen by signals: in this process, and in a terminal of its own."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event, Thread

import numpy as np
import pytest
import soundfile as sf

from amt_tui.live.ending import Ending
from transcriber.midi import read_midi
from transcriber.session import list_sessions
from transcriber.sources import SourceError
from transcriber.timing import SAMPLE_RATE

REPOSITORY = Path(__file__).resolve().parents[3]
LONG_S = 60.0
ENOUGH_S = 30.0


def test_everything_is_kept_once_and_an_error_is_told_to_all() -> None:
    asked: list[str] = []

    def keep() -> None:
        asked.append("keep")
        raise SourceError("The sound device does not let go.")

    ending = Ending(keep, lambda: None)
    for _ in range(2):
        with pytest.raises(SourceError, match="let go"):
            ending.reach()
    assert asked == ["keep"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_keeps_everything_before_the_app_leaves(number: int) -> None:
    before = signal.getsignal(number)
    asked: list[str] = []
    left = Event()

    def leave() -> None:
        asked.append("leave")
        left.set()

    ending = Ending(lambda: asked.append("keep"), leave)
    with ending.by_signal():
        os.kill(os.getpid(), number)
        os.kill(os.getpid(), number)
        assert left.wait(ENOUGH_S)
        ending.reach()
    assert asked == ["keep", "leave"]
    assert signal.getsignal(number) is before


def test_without_a_signal_nobody_is_asked_to_leave() -> None:
    asked: list[str] = []
    with Ending(lambda: None, lambda: asked.append("leave")).by_signal():
        pass
    assert asked == []


def test_a_signal_that_is_ignored_stays_so() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with Ending(lambda: None, lambda: None).by_signal():
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_an_app_that_cannot_leave_is_left_behind_once_everything_is_kept() -> None:
    asked: list[object] = []
    given_up = Event()

    def give_up(code: int) -> None:
        asked.append(code)
        given_up.set()

    ending = Ending(
        lambda: asked.append("keep"), lambda: asked.append("leave"), grace_s=0.01, give_up=give_up
    )
    with ending.by_signal():
        os.kill(os.getpid(), signal.SIGTERM)
        assert given_up.wait(ENOUGH_S)
    assert asked == ["keep", "leave", 0]


class Console:
    """A real `amt live` that draws on a terminal of its own, which is its controlling one."""

    def __init__(self, *options: str) -> None:
        self.master, self.terminal = os.openpty()
        self.before = termios.tcgetattr(self.terminal)
        program = (
            "import fcntl, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); "
            "from amt_tui.main import main; main()"
        )
        self.process = subprocess.Popen(
            [sys.executable, "-c", program, "live", *options],
            stdin=self.terminal,
            stdout=self.terminal,
            stderr=self.terminal,
            cwd=REPOSITORY,
            env={**os.environ, "TERM": "xterm-256color"},
            start_new_session=True,
        )
        self.drawn = b""
        self._over = Event()
        self._reader = Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        while not self._over.is_set():
            if select.select([self.master], [], [], 0.02)[0]:
                self.drawn += os.read(self.master, 65536)

    def wait(self, condition: Callable[[], object]) -> None:
        deadline = time.monotonic() + ENOUGH_S
        while not condition():
            assert time.monotonic() < deadline, self.drawn[-2000:]
            time.sleep(0.02)

    def hang_up(self) -> None:
        """Close the terminal under the program."""
        self._over.set()
        self._reader.join()
        if self.master >= 0:
            os.close(self.master)
            self.master = -1

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        self.hang_up()
        os.close(self.terminal)


@pytest.fixture
def console(
    lively_model_path: Path,
    tmp_path: Path,
    strike_sound: Callable[[float], np.ndarray],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Console]:
    """A long recording on the screen, its first notes heard."""
    sf.write(tmp_path / "long.wav", strike_sound(LONG_S), SAMPLE_RATE, subtype="FLOAT")
    monkeypatch.setenv("AMT_CONFIG", str(tmp_path / "config.toml"))
    (tmp_path / "config.toml").write_text(f'sessions = "{tmp_path / "kept"}"\n')
    options = ("--model", lively_model_path, "-i", tmp_path / "long.wav", "-o", tmp_path / "x.mid")
    one = Console(*map(str, options))
    try:
        one.wait(lambda: b"\x1b[?1049h" in one.drawn and (tmp_path / "kept").is_dir())
        one.wait(lambda: any(session.notes > 5 for session in list_sessions(tmp_path / "kept")))
        yield one
    finally:
        one.close()


def test_a_program_that_is_ended_keeps_the_music_and_the_terminal(
    console: Console, tmp_path: Path
) -> None:
    console.process.send_signal(signal.SIGTERM)

    assert console.process.wait(ENOUGH_S) == 0
    console.wait(lambda: f"Kept: {tmp_path / 'x.mid'}".encode() in console.drawn)
    assert b"\x1b[?1049l" in console.drawn
    assert b"Traceback" not in console.drawn
    assert termios.tcgetattr(console.terminal) == console.before
    (session,) = list_sessions(tmp_path / "kept")
    assert session.finished
    assert len(read_midi(tmp_path / "x.mid").notes) > 5


def test_a_terminal_that_is_closed_does_not_take_the_music_along(
    console: Console, tmp_path: Path
) -> None:
    console.hang_up()

    console.process.wait(ENOUGH_S)
    (session,) = list_sessions(tmp_path / "kept")
    assert session.finished
    assert len(read_midi(tmp_path / "x.mid").notes) > 5
