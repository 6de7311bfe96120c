"""A build can be stopped anywhere and ends with the same bytes; nothing foreign is ever deleted."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import time
from collections import namedtuple
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from corpus import depots
from corpus.builds import build
from corpus.cuts import clip_lengths, cut
from corpus.depots import FolderDepot
from corpus.executors import processes
from corpus.plans import Plan
from corpus.recipes import Recipe
from corpus.shards import ShardReport
from transcriber.errors import InputError, OutputError, UsageError
from transcriber.midi import write_midi
from transcriber.notes import Note, Transcript
from transcriber.timing import SAMPLE_RATE

Contents = Callable[[Path], dict[str, str]]
Planner = Callable[..., Plan]
Program = Callable[..., subprocess.Popen[str]]


class Backwards(Executor):
    """Does the last task first, in this process."""

    def __init__(self) -> None:
        self.tasks: list[tuple[Future, Callable, tuple]] = []

    def submit(self, fn: Callable, /, *args: object, **_: object) -> Future:
        future: Future = Future()
        self.tasks.append((future, fn, args))
        return future

    def run(self) -> None:
        for future, fn, args in reversed(self.tasks):
            future.set_result(fn(*args))


class BackwardsListener:
    """Starts the work once everything is submitted."""

    def __init__(self, executor: Backwards) -> None:
        self.executor = executor

    def planned(self, plan: Plan, done: list[ShardReport]) -> None:
        self.executor.run()

    def built(self, report: ShardReport) -> None:
        pass


def threads() -> Executor:
    return ThreadPoolExecutor(1)


def test_same_bytes_in_any_order_and_any_process(
    plan: Planner, performances: Path, maestro: Callable[..., Path], tmp_path: Path, quiet,
    contents: Contents,
) -> None:  # fmt: skip
    made = plan(maestro(1), performances, "exercises:0.01", "noise:0.005")
    assert len(made.shards) > 4
    about = build(tmp_path / "a", made, lambda: processes(2), quiet)
    backwards = Backwards()
    build(tmp_path / "b", made, lambda: backwards, BackwardsListener(backwards))
    assert contents(tmp_path / "a") == contents(tmp_path / "b")
    assert about["items"] > 20
    assert about["skipped"] == 0


BUILD = """
import sys
from pathlib import Path

from corpus import builds, executors
from corpus.plans import Plan


class Quiet:
    def planned(self, plan, done): pass
    def built(self, report): pass


folder, plan = Path(sys.argv[1]), Plan.from_json(Path(sys.argv[2]).read_text())
builds.build(folder, plan, lambda: executors.processes(2), Quiet())
"""


@pytest.mark.parametrize("moment", ["first shard", "in the middle"])
def test_killed_build_goes_on_to_the_same_bytes(
    plan: Planner, performances: Path, tmp_path: Path, program: Program, quiet, contents: Contents,
    moment: str,
) -> None:  # fmt: skip
    made = plan(performances, "exercises", hours=0.05, shard_s=5.0)
    whole, torn = tmp_path / "whole", tmp_path / "torn"
    build(whole, made, threads, quiet)
    (tmp_path / "plan.json").write_text(made.to_json())
    child = program(BUILD, torn, tmp_path / "plan.json")
    wanted = 0 if moment == "first shard" else 3
    until = time.monotonic() + 60
    while time.monotonic() < until and child.poll() is None:
        there = list((torn / "shards").glob("*")) if torn.exists() else []
        if len([p for p in there if p.name[0] != "."]) >= wanted and there:
            break
        time.sleep(0.005)
    child.send_signal(signal.SIGKILL)
    child.wait()
    assert not (torn / "corpus.json").exists(), "it was too quick to be killed"
    build(torn, made, threads, quiet)
    if wanted:
        assert len(quiet.done) >= wanted
    assert contents(torn) == contents(whole)


def test_finished_corpus_is_left_alone(
    plan: Planner, performances: Path, tmp_path: Path, quiet
) -> None:
    made = plan(performances)
    build(tmp_path / "a", made, threads, quiet)
    before = {p: p.stat().st_mtime_ns for p in (tmp_path / "a" / "shards").rglob("*")}
    quiet.made.clear()
    build(tmp_path / "a", made, threads, quiet)
    assert not quiet.made
    assert {p: p.stat().st_mtime_ns for p in (tmp_path / "a" / "shards").rglob("*")} == before


def test_missing_shard_alone_is_made_again(
    plan: Planner, performances: Path, tmp_path: Path, quiet, contents: Contents
) -> None:
    made = plan(performances)
    build(tmp_path / "a", made, threads, quiet)
    before = contents(tmp_path / "a")
    shutil.rmtree(tmp_path / "a/shards/00001")
    quiet.made.clear()
    build(tmp_path / "a", made, threads, quiet)
    assert quiet.made == [1]
    assert contents(tmp_path / "a") == before


def test_other_corpus_is_kept_unless_told(
    plan: Planner, performances: Path, tmp_path: Path, quiet, contents: Contents
) -> None:
    build(tmp_path / "a", plan("noise:0.01"), threads, quiet)
    before = contents(tmp_path / "a")
    other = plan("noise:0.01", seed=2)
    with pytest.raises(UsageError, match="from other sources"):
        build(tmp_path / "a", other, threads, quiet)
    assert contents(tmp_path / "a") == before
    (tmp_path / "a" / "notes.txt").write_text("mine")
    build(tmp_path / "a", other, threads, quiet, overwrite=True)
    after = contents(tmp_path / "a")
    assert after["corpus.json"] != before["corpus.json"]
    assert (tmp_path / "a" / "notes.txt").read_text() == "mine"


@pytest.mark.parametrize("overwrite", [False, True])
def test_foreign_folder_is_not_touched(
    plan: Planner, tmp_path: Path, quiet, overwrite: bool
) -> None:
    (tmp_path / "music").mkdir()
    (tmp_path / "music" / "song.wav").write_bytes(b"song")
    with pytest.raises(UsageError, match="no corpus"):
        build(tmp_path / "music", plan("noise:0.01"), threads, quiet, overwrite=overwrite)
    assert [path.name for path in (tmp_path / "music").iterdir()] == ["song.wav"]


def test_second_build_waits_outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(depots, "_LOCK_WAIT_S", 0.3)
    depot = FolderDepot(tmp_path)
    with depot.locked(), pytest.raises(UsageError, match="Another build"), depot.locked():
        pass


def test_disk_is_checked_before_and_while_building(
    plan: Planner, tmp_path: Path, quiet, monkeypatch: pytest.MonkeyPatch, contents: Contents
) -> None:
    made = plan("noise:0.05")
    build(tmp_path / "whole", made, threads, quiet)
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(10, 9, 1))
    with pytest.raises(OutputError, match="GB more"):
        build(tmp_path / "a", made, threads, quiet)
    assert not list((tmp_path / "a" / "shards").iterdir())
    answers = iter([10**12, 10**12] + [0] * 99)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(10, 9, next(answers)))
    with pytest.raises(OutputError, match="GB more"):
        build(tmp_path / "a", made, threads, quiet)
    monkeypatch.undo()
    build(tmp_path / "a", made, threads, quiet)
    assert contents(tmp_path / "a") == contents(tmp_path / "whole")


def broken_sources(root: Path) -> dict[str, str]:
    """Spoils MAESTRO's recordings, each in another way; file name -> part of the reason."""
    first, second, third, _ = sorted(root.rglob("*.wav"))
    data = first.read_bytes()
    first.write_bytes(data[: len(data) // 2])
    write_midi(Transcript((Note(1.0, 2.0, 60, 60), Note(60.0, 61.0, 60, 60))), second.with_suffix(
        ".midi"))  # fmt: skip
    soundfile.write(third, np.zeros(8 * 16_000), 16_000)
    return {first.name: "cut off", second.name: "belong together", third.name: "silent"}


def test_bad_files_are_skipped_and_named(
    plan: Planner, maestro: Callable[..., Path], tmp_path: Path, quiet, contents: Contents
) -> None:
    root = maestro(3)
    reasons = broken_sources(root)
    made = plan(root)
    about = build(tmp_path / "a", made, threads, quiet)
    assert about["skipped"] == 3
    lines = (tmp_path / "a/skipped.jsonl").read_text().splitlines()
    losses = {Path(json.loads(x)["file"]).name: json.loads(x)["reason"] for x in lines}
    assert losses.keys() == reasons.keys()
    for name, part in reasons.items():
        assert part in losses[name]
    manifest = (tmp_path / "a/manifest.jsonl").read_text()
    assert "_03_R1" in manifest
    assert "_00_R1" not in manifest
    build(tmp_path / "a", made, threads, quiet)  # resumed: still counted
    assert json.loads((tmp_path / "a/corpus.json").read_text())["skipped"] == 3


def test_strict_stops_at_the_first_bad_file(
    plan: Planner, maestro: Callable[..., Path], tmp_path: Path, quiet
) -> None:
    root = maestro(3)
    broken_sources(root)
    with pytest.raises(InputError, match=r"MIDI-Unprocessed.*"):
        build(tmp_path / "a", plan(root), threads, quiet, strict=True)
    assert not (tmp_path / "a/corpus.json").exists()


def test_performances_need_a_piano(plan: Planner, performances: Path) -> None:
    with pytest.raises(UsageError, match="no piano"):
        plan(performances, pianos="")


def test_hours_are_shared_by_weight(plan: Planner, performances: Path) -> None:
    made = plan(f"{performances}:3", "exercises:1", hours=0.2)
    seconds = [0.0, 0.0]
    for shard in made.shards:
        for task in shard:
            seconds[task.source] += task.seconds
    assert seconds[0] == pytest.approx(540.0, abs=5.0)
    assert seconds[1] == pytest.approx(180.0, abs=5.0)
    takes = {task.take for shard in made.shards for task in shard if task.source == 0}
    assert len(takes) > 1


def test_hours_are_hours_within_an_item(
    plan: Planner, performances: Path, maestro: Callable[..., Path], tmp_path: Path, quiet
) -> None:
    """Also where works do not fit, take another length when they are played, and are detuned."""
    for hours in (0.05, 0.4, 0.013):
        made = plan(f"{performances}:5", maestro(3), "noise:0.5", hours=hours)
        assert sum(made.seconds) == pytest.approx(3600.0 * hours, abs=2.5)
    about = build(tmp_path / "a", made, threads, quiet)
    assert about["samples"] / SAMPLE_RATE == pytest.approx(3600.0 * hours, abs=5.0)


def test_weights_repeat_what_is_learned_from_only(
    plan: Planner, maestro: Callable[..., Path]
) -> None:
    made = plan(f"{maestro(3)}:3")
    takes: dict[str, int] = {}
    for task in (task for shard in made.shards for task in shard):
        split = made.work(task).split or ""
        takes[split] = takes.get(split, 0) + 1
    assert takes == {"train": 6, "validation": 1, "test": 1}


@given(samples=st.integers(1, 400), whole=st.integers(2, 50), block=st.integers(1, 90))
def test_a_recording_is_cut_as_it_was_planned(samples: int, whole: int, block: int) -> None:
    audio = np.arange(samples, dtype=np.float32)
    cuts = list(cut((audio[i : i + block] for i in range(0, samples, block)), whole))
    assert [len(clip) for clip in cuts] == clip_lengths(samples, whole)
    assert np.array_equal(np.concatenate(cuts), audio)
    assert all(whole / 2 <= len(clip) < 1.5 * whole for clip in cuts[:-1])
    assert len(cuts[-1]) < 1.5 * whole


def test_plan_survives_json(plan: Planner, performances: Path) -> None:
    made = plan(performances, "noise:0.01", recipe=Recipe(None, ("train", "test")))
    assert Plan.from_json(made.to_json()) == made
