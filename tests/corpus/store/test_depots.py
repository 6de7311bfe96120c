"""Folders and URLs hold the same corpus, and take up an interrupted build alike."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from corpus.builds import build
from corpus.depots import FolderDepot, UrlDepot, is_url, open_depot
from corpus.executors import processes
from corpus.plans import Plan
from corpus.recipes import Recipe
from transcriber.errors import UsageError

Contents = Callable[[Path], dict[str, str]]
Planner = Callable[..., Plan]
Program = Callable[..., subprocess.Popen[str]]


@pytest.mark.parametrize(
    ("place", "url"),
    [
        ("s3://bucket/corpus", True),
        ("file:///data/corpus", True),
        ("simplecache::s3://bucket/corpus", True),
        ("/data/corpus", False),
        ("corpus", False),
        ("C:/corpus", False),
        ("a:b", False),
    ],
)
def test_urls_are_told_from_paths(place: str, url: bool) -> None:
    assert is_url(place) is url


def test_a_url_gets_the_same_bytes_as_a_folder(
    plan: Planner, performances: Path, tmp_path: Path, quiet, contents: Contents
) -> None:
    made = plan(f"{performances}:0.3", "noise:0.01")
    build(tmp_path / "folder", made, lambda: ThreadPoolExecutor(1), quiet)
    url = f"file://{tmp_path / 'url'}"
    build(url, made, lambda: processes(2), quiet)
    wanted = contents(tmp_path / "folder")
    assert contents(tmp_path / "url") == wanted
    # What an interrupted upload leaves: a cut file, no seal, half a plan.
    (tmp_path / "url/corpus.json").unlink()
    for name in ("plan.json", "shards/00001/shard.json"):
        path = tmp_path / "url" / name
        path.write_bytes(path.read_bytes()[:100])
    quiet.made.clear()
    build(url, made, lambda: processes(2), quiet)
    assert quiet.made == [1]
    assert contents(tmp_path / "url") == wanted


def test_a_url_refuses_what_a_folder_refuses(plan: Planner, quiet, tmp_path: Path) -> None:
    url = "memory://depot/corpus"
    made = plan("noise:0.005")
    about = build(url, made, lambda: ThreadPoolExecutor(1), quiet)
    assert about["items"] == 4
    with pytest.raises(UsageError, match="from other sources"):
        build(url, plan("noise:0.01"), lambda: ThreadPoolExecutor(1), quiet)
    other = build(url, plan("noise:0.01"), lambda: ThreadPoolExecutor(1), quiet, overwrite=True)
    assert other["items"] == 7
    depot = open_depot("memory://depot")
    assert isinstance(depot, UrlDepot)
    with pytest.raises(UsageError, match="no corpus"):
        build("memory://depot", made, lambda: ThreadPoolExecutor(1), quiet)


@pytest.mark.parametrize("url", ["gopher://host/corpus", "nothing-at-all://x"])
def test_unknown_urls_are_refused(url: str) -> None:
    with pytest.raises(UsageError, match="cannot be reached"):
        open_depot(url)


def test_a_shard_that_is_there_stays(tmp_path: Path) -> None:
    depot = FolderDepot(tmp_path)
    for text in ("first", "second"):
        with depot.draft() as draft:
            (draft / "shard.json").write_text(text)
            depot.keep(draft, "shards/00000")
    assert depot.read("shards/00000/shard.json") == b"first"
    assert depot.find("shards/*") == ["shards/00000"]


MORTAL = """
import os, signal, sys, warnings
from concurrent.futures import Executor, Future
from pathlib import Path

from corpus.builds import build
from corpus.plans import Plan

warnings.simplefilter("ignore", DeprecationWarning)  # of fork beside threads, which sleep
os.fsync = lambda file: None  # guards against power cuts, which are not played here, and is slow
CHANGES = ("os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.truncate")
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT


class Here(Executor):
    def submit(self, fn, /, *args, **kwargs):
        future = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except BaseException as error:
            future.set_exception(error)
        return future


class Quiet:
    def planned(self, plan, done): pass
    def built(self, report): pass


def die_at(moment, folder):
    left = [moment]

    def hook(event, values):
        changes = event in CHANGES or (event == "open" and values[2] & WRITING)
        if changes and any(str(folder) in str(value) for value in values[:2]):
            left[0] -= 1
            if left[0] < 0:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)


plan, root = Plan.from_json(Path(sys.argv[1]).read_text()), Path(sys.argv[2])
build(root / "warm", plan, Here, Quiet())
moment = 0
while True:
    folder = root / f"killed-{moment:03d}"
    child = os.fork()
    if child == 0:
        die_at(moment, folder)
        build(folder, plan, Here, Quiet())
        os._exit(0)
    if os.waitpid(child, 0)[1] == 0:
        break
    build(folder, plan, Here, Quiet())
    moment += 1
print(moment)
"""


def test_killed_at_any_file_operation_it_ends_with_the_same_bytes(
    plan: Planner, tmp_path: Path, program: Program, contents: Contents
) -> None:
    """kill -9 before each write of a build in turn; then the same command again."""
    made = plan("noise:0.008", acoustics="", shard_s=15.0, recipe=Recipe(None))
    assert len(made.shards) == 2
    (tmp_path / "plan.json").write_text(made.to_json())
    mortal = program(MORTAL, tmp_path / "plan.json", tmp_path)
    told, complaint = mortal.communicate(timeout=110)
    assert mortal.returncode == 0, complaint
    moments = int(told)
    assert moments > 25
    wanted = contents(tmp_path / "warm")
    for moment in range(moments):
        assert contents(tmp_path / f"killed-{moment:03d}") == wanted
