"""The whole screen as pictures, which people can open: tests/amt_tui/live/pictures/*.svg.

After a change that is meant to be seen: AMT_NEW_PICTURES=1 scripts/test tests/amt_tui/live, and
look at what git says has changed.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from textual.widgets._footer import FooterKey

from amt_tui.live.desk import Desk

from .conftest import Played, Screening, run

PICTURES = Path(__file__).parent / "pictures"


def plain(svg: str) -> str:
    """Take out the numbers that Rich makes unique for every picture, and what follows the font."""
    return re.sub(r"terminal-\d+", "terminal", svg)


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 50)], ids=lambda s: f"{s[0]}x{s[1]}")
@pytest.mark.parametrize("view", ["scrolling", "falling"])
def test_picture(
    played: Played,
    view: str,
    size: tuple[int, int],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLORTERM", "truecolor")
    monkeypatch.delenv("NO_COLOR", raising=False)
    taken: list[str] = []

    async def test(shown: Screening) -> None:
        # The footer fills itself when it gets round to it.
        keys = shown.app.query(FooterKey)
        await shown.settle(lambda: bool(keys.nodes) and all(key.size.width for key in keys))
        await shown.tick()
        taken.append(plain(shown.app.export_screenshot(title="amt live")))

    run(test, played(4.5), size=size, desk=Desk(view=view))  # type: ignore[arg-type]
    kept = PICTURES / f"{view}-{size[0]}x{size[1]}.svg"
    if os.environ.get("AMT_NEW_PICTURES"):
        kept.parent.mkdir(exist_ok=True)
        kept.write_text(taken[0], encoding="utf-8")
    new = tmp_path / kept.name
    new.write_text(taken[0], encoding="utf-8")
    assert taken[0] == kept.read_text(encoding="utf-8"), f"it looks like {new} now"
