"""Parts of documents that programs write: text between two marks, so that nobody types figures."""

from __future__ import annotations

from pathlib import Path

from transcriber.atomic import atomic_write
from transcriber.errors import InputError


def marks(name: str) -> tuple[str, str]:
    """First and last line of the part called `name`."""
    return f"<!-- {name}: begin -->", f"<!-- {name}: end -->"


def replace_part(page: Path, name: str, text: str) -> None:
    """Puts `text` in place of a part; adds the part at the end of a page that has none.

    Raises:
        InputError: The page cannot be read, or has one of the part's marks without the other.
        OutputError: It cannot be written.
    """
    begin, end = marks(name)
    part = f"{begin}\n{text}\n{end}"
    try:
        old = page.read_text(encoding="utf-8") if page.exists() else ""
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{page} cannot be read: {error}.", "Name a Markdown file.") from error
    if begin not in old and end not in old:
        gap = "\n" if old else ""
        atomic_write(page, f"{old}{gap}{part}\n".encode(errors="backslashreplace"))
        return
    before, found, rest = old.partition(begin)
    _, closed, after = rest.partition(end)
    if not found or not closed:
        raise InputError(
            f"{page} has one mark of the part {name!r} without the other.",
            f"It needs one line {begin} and one line {end} after it.",
        )
    atomic_write(page, f"{before}{part}{after}".encode(errors="backslashreplace"))
