"""Files appear whole or not at all."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from transcriber.atomic import atomic_path, atomic_write, check_writable
from transcriber.errors import OutputError


def test_writes_and_replaces(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    atomic_write(path, b"one")
    atomic_write(path, b"two")
    assert path.read_bytes() == b"two"
    assert list(tmp_path.iterdir()) == [path]


def test_draft_has_the_suffix_and_is_next_to_its_target(tmp_path: Path) -> None:
    with atomic_path(tmp_path / "roll.png") as draft:
        assert (draft.parent, draft.suffix) == (tmp_path, ".png")
        draft.write_bytes(b"x")
        assert not (tmp_path / "roll.png").exists()
    assert (tmp_path / "roll.png").read_bytes() == b"x"


def test_permissions_follow_the_umask(tmp_path: Path) -> None:
    former = os.umask(0o027)
    try:
        atomic_write(tmp_path / "a", b"")
    finally:
        os.umask(former)
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, ValueError, SystemExit])
def test_an_interrupted_writer_leaves_the_former_file(
    tmp_path: Path, interruption: type[BaseException]
) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"former")

    def write() -> None:
        with atomic_path(path) as draft:
            draft.write_bytes(b"half of the ne")
            raise interruption

    with pytest.raises(interruption):
        write()
    assert list(tmp_path.iterdir()) == [path]
    assert path.read_bytes() == b"former"


@pytest.mark.parametrize(
    ("number", "sentence"),
    [
        (errno.ENOSPC, "the disk is full"),
        (errno.EDQUOT, "the disk is full"),
        (errno.EACCES, "not yours to write in"),
        (errno.EROFS, "is read-only"),
        (errno.EIO, "cannot be written"),
    ],
)
def test_each_failure_has_its_sentence(tmp_path: Path, number: int, sentence: str) -> None:
    def write() -> None:
        with atomic_path(tmp_path / "a") as draft:
            draft.write_bytes(b"half")
            raise OSError(number, os.strerror(number))

    with pytest.raises(OutputError, match=sentence) as caught:
        write()
    assert caught.value.remedy
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_disk_that_is_really_full() -> None:
    with pytest.raises(OutputError, match="the disk is full"):
        atomic_write("/dev/full", b"x")


def test_missing_folder_and_folder_as_target(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="is not a folder"):
        atomic_write(tmp_path / "none" / "a", b"")
    with pytest.raises(OutputError, match="is a folder"):
        atomic_write(tmp_path, b"")


def test_a_link_keeps_pointing_at_the_new_file(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "there" / "a")
    atomic_write(link, b"x")
    assert link.is_symlink()
    assert (tmp_path / "there" / "a").read_bytes() == b"x"


def test_a_named_pipe_is_written_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "fifo"
    os.mkfifo(path)
    received: list[bytes] = []
    reader = threading.Thread(target=lambda: received.append(path.read_bytes()))
    reader.start()
    atomic_write(path, b"through")
    reader.join(timeout=10)
    assert received == [b"through"]
    assert path.is_fifo()


def test_standard_output_that_is_a_pipe(tmp_path: Path) -> None:
    """Its real path is no path: /proc/…/fd/pipe:[…]."""
    code = "from transcriber.atomic import atomic_write; atomic_write('/dev/stdout', b'through')"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert run.stdout == b"through"


def test_whether_a_file_can_be_written_is_found_out_without_a_trace(tmp_path: Path) -> None:
    (tmp_path / "there").write_bytes(b"as it was")
    for name in ("there", "new"):
        check_writable(tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == ["there"]
    assert (tmp_path / "there").read_bytes() == b"as it was"
    check_writable("/dev/null")
    for path in (tmp_path, tmp_path / "none" / "x", tmp_path / ("x" * 300)):
        with pytest.raises(OutputError):
            check_writable(path)


def test_a_name_too_long_and_a_closed_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(OutputError, match="File name too long"):
        atomic_write(tmp_path / ("x" * 300), b"")

    def deny(*_: object, **__: object) -> os.stat_result:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(os, "stat", deny)
    with pytest.raises(OutputError, match="not yours to write in"):
        atomic_write(tmp_path / "a", b"")
