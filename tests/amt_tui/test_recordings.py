"""Which recordings a command line means."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from amt_tui.recordings import find_recordings
from transcriber.errors import InputError, UsageError


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in ("a.wav", "b.FLAC", "notes.txt", ".hidden.wav", "sub/c.mp3", ".git/d.wav"):
        path = tmp_path / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return tmp_path / "in"


def below(*inputs: str) -> list[str]:
    return [str(recording.below) for recording in find_recordings(inputs)]


def test_folder_is_searched_to_the_bottom_without_hidden_files(tree: Path) -> None:
    assert below("in") == ["a.wav", "b.FLAC", "sub/c.mp3"]


def test_pattern_keeps_the_folders_after_its_fixed_part(tree: Path) -> None:
    assert below("in/**/*.mp3") == ["sub/c.mp3"]
    assert below("in/*/*.mp3") == ["sub/c.mp3"]
    assert below("in/sub/*.mp3") == ["c.mp3"]
    assert below("in/*") == ["a.wav", "b.FLAC"]


def test_existing_name_with_brackets_is_no_pattern(tree: Path) -> None:
    (tree / "take [2].wav").touch()
    assert below("in/take [2].wav") == ["take [2].wav"]


def test_one_file_by_several_names_comes_once(tree: Path) -> None:
    (tree / "link.wav").symlink_to(tree / "a.wav")
    assert below("in/a.wav", "./in/a.wav", "in/link.wav", "in") == ["a.wav", "b.FLAC", "sub/c.mp3"]


def test_plain_file_counts_whatever_its_name(tree: Path) -> None:
    assert below("in/notes.txt", "in/missing.wav") == ["notes.txt", "missing.wav"]


def test_standard_input_once() -> None:
    assert find_recordings(["-"])[0].is_stdin
    with pytest.raises(UsageError, match="twice"):
        find_recordings(["-", "-"])


def test_nothing_found_is_an_error(tree: Path) -> None:
    with pytest.raises(InputError, match="No recording matches"):
        find_recordings(["in/*.ogg"])
    (tree / "empty").mkdir()
    with pytest.raises(InputError, match="holds no recordings"):
        find_recordings(["in/empty"])


def test_a_folder_that_may_not_be_read_is_kept(
    tree: Path, close_folder: Callable[[Path], None]
) -> None:
    close_folder(tree / "sub")
    assert below("in") == ["a.wav", "b.FLAC", "sub"]
    with pytest.raises(InputError, match="in/sub cannot be read: Permission denied"):
        find_recordings(["in/sub"])
