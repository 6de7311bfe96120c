from __future__ import annotations

import shutil

import pytest

from amt_tui.rig.terminal import Terminal
from transcriber.errors import InputError

needs_tmux = pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")


@needs_tmux
def test_a_program_is_seen_steered_and_ends() -> None:
    script = (
        "stty size; printf '\\033[38;2;1;2;3mink \\033[0m'; read line; echo heard $line; read x"
    )
    with Terminal(["sh", "-c", script], (60, 12)) as terminal:
        assert terminal.wait(lambda text: "12 60" in text) < 10.0
        assert "38;2;1;2;3" in terminal.text(colours=True)
        terminal.press("a", "b", "Enter")
        terminal.wait(lambda text: "heard ab" in text)
        terminal.press("Enter")
        terminal.wait_for_end()
        with pytest.raises(InputError, match="has ended"):
            terminal.text()


def test_without_tmux_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(InputError, match="tmux"):
        Terminal(["true"])
