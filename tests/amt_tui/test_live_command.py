"""Whether `amt live` draws or prints."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest

from amt_tui.live_command import has_screen


@pytest.mark.parametrize(
    ("platform", "out", "error", "draws"),
    [
        ("linux", True, True, True),
        ("linux", False, True, False),
        ("darwin", True, False, False),
        ("win32", True, False, True),
        ("win32", False, True, False),
    ],
)
def test_a_screen_wants_a_terminal_where_it_is_drawn(
    monkeypatch: pytest.MonkeyPatch, platform: str, out: bool, error: bool, draws: bool
) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(sys, "stdout", SimpleNamespace(isatty=lambda: out))
    monkeypatch.setattr(sys, "__stderr__", SimpleNamespace(isatty=lambda: error))
    assert has_screen() is draws
