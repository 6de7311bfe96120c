"""A Dask cluster builds the same bytes as this machine, also when a worker dies of it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from corpus.builds import build
from corpus.executors import cluster
from corpus.plans import Plan
from corpus.shards import ShardReport
from transcriber.errors import UsageError

pytest.importorskip("distributed")

START_S = 60.0


@pytest.fixture
def dask(tmp_path: Path, repository: Path) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """Start a scheduler and two workers, each a process of its own; yield address and workers."""
    environment = {**os.environ, "PYTHONPATH": str(repository)}
    address_file = tmp_path / "scheduler.json"
    command = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--no-dashboard"]
    options = ["--host", "127.0.0.1", "--port", "0", "--scheduler-file", str(address_file)]
    started = [subprocess.Popen([*command, *options], env=environment, cwd=tmp_path)]
    try:
        for _ in range(2):
            command = [sys.executable, "-m", "distributed.cli.dask_worker", "--no-nanny"]
            options = ["--scheduler-file", str(address_file), "--nthreads", "1", "--no-dashboard"]
            started.append(subprocess.Popen([*command, *options], env=environment, cwd=tmp_path))
        from distributed import Client

        with Client(scheduler_file=str(address_file), timeout=START_S, set_as_default=False) as c:
            c.wait_for_workers(2, timeout=START_S)
            address = c.scheduler.address
        yield address, started[1:]
    finally:
        for process in reversed(started):
            process.kill()
            process.wait()


class Killer:
    """Kills the worker that delivered the first shard, as soon as it has."""

    def __init__(self) -> None:
        self.victim = 0
        self.processes: set[str] = set()

    def planned(self, plan: Plan, done: list[ShardReport]) -> None:
        pass

    def built(self, report: ShardReport) -> None:
        self.processes.add(report.process)
        if not self.victim:
            self.victim = int(report.process.split()[-1])
            os.kill(self.victim, signal.SIGKILL)


@pytest.mark.slow
@pytest.mark.filterwarnings("default")  # what Dask says of lost connections
def test_cluster_that_loses_a_worker_makes_the_same_bytes(
    dask: tuple[str, list[subprocess.Popen[bytes]]],
    plan: Callable[..., Plan],
    performances: Path,
    maestro: Callable[..., Path],
    tmp_path: Path,
    quiet,
    contents: Callable[[Path], dict[str, str]],
) -> None:
    address, workers = dask
    made = plan(maestro(3), performances, "noise:0.02", shard_s=10.0)
    assert len(made.shards) > 10
    build(tmp_path / "here", made, lambda: ThreadPoolExecutor(1), quiet)
    killer = Killer()
    build(f"file://{tmp_path / 'there'}", made, lambda: cluster(address), killer)
    assert killer.victim in {worker.pid for worker in workers}
    assert len(killer.processes) == 2
    assert contents(tmp_path / "there") == contents(tmp_path / "here")


def test_no_scheduler_gets_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("corpus.executors._REACH_S", "0.3s")
    began = time.monotonic()
    with pytest.raises(UsageError, match="No Dask scheduler"), cluster("tcp://127.0.0.1:9"):
        pass
    assert time.monotonic() - began < 10.0
