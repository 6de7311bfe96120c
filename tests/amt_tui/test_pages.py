"""Parts of documents that programs write."""

from __future__ import annotations

from pathlib import Path

import pytest

from amt_tui.pages import marks, replace_part
from transcriber.errors import InputError


def test_a_part_is_replaced_and_the_rest_left_alone(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    begin, end = marks("speed")
    page.write_text(f"# Before\n{begin}\nold\n{end}\nAfter\n")
    for text in ("new", "newer"):
        replace_part(page, "speed", text)
        assert page.read_text() == f"# Before\n{begin}\n{text}\n{end}\nAfter\n"


def test_a_new_part_comes_last(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    for name in ("one", "two", "one"):
        replace_part(page, name, f"text of {name}")
    lines = page.read_text().splitlines()
    assert [line for line in lines if line.startswith("text")] == ["text of one", "text of two"]


def test_a_lonely_mark_is_refused(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    for mark in marks("speed"):
        page.write_text(f"kept\n{mark}\n")
        with pytest.raises(InputError, match="without the other"):
            replace_part(page, "speed", "new")
        assert page.read_text() == f"kept\n{mark}\n"
