"""Leaks planted in real training runs are named, and a clean run is called flat."""

from __future__ import annotations

import ctypes
import gc
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from corpus.segments import Segment
from trainer import batches, loop
from trainer.config import RunConfig
from trainer.loop import train
from trainer.memory import picture
from trainer.memory.journal import Journal, read_journal
from trainer.memory.leaks import Verdict, judge
from trainer.memory.monitor import MemoryMonitor
from trainer.memory.readings import ProcessFamily, Reading
from trainer.network import NetworkConfig
from trainer.observers import Beginning, Observer, Step
from transcriber.features import FeatureConfig
from transcriber.notes import Transcript

pytestmark = pytest.mark.usefixtures("quiet_torch")

EPOCH_STEPS = 4
HOARD = 2_000_000  # bytes a step


@pytest.fixture(autouse=True)
def fresh_heap() -> Iterator[None]:
    """Give back what other tests have freed, or leaks fill that first, and make no process larger;
    and keep what they still hold out of the collector's way.
    """
    gc.collect()
    gc.freeze()
    if sys.platform == "linux":
        ctypes.CDLL(None).malloc_trim(0)
    yield
    gc.unfreeze()


class Silence:
    """Material that costs nothing to draw, and leaves numba's compiler asleep."""

    def draw(self, index: int) -> Segment:
        return Segment(np.zeros(16_000, np.float32), Transcript((), (), 1.0), 0.0)


@pytest.fixture
def config(monkeypatch: pytest.MonkeyPatch) -> RunConfig:
    """Five epochs of four steps."""
    monkeypatch.setattr(loop, "load_source", lambda *_: Silence())
    monkeypatch.setattr(picture, "draw", lambda *_: None)  # takes longer than all epochs
    return RunConfig(
        features=FeatureConfig(window=1024, mels=32),
        network=NetworkConfig(32, (4, 4), (2, 2), features=16, hidden=8, layers=1),
        steps=5 * EPOCH_STEPS,
        epoch_steps=EPOCH_STEPS,
        batch=2,
        seconds=1.0,
        precision="fp32",
        validate_every=0,
        checkpoint_every=1000,
        workers=0,
    )


class Verdicts(Observer):
    """Keeps what the monitor says at the end of each epoch."""

    def __init__(self, monitor: MemoryMonitor) -> None:
        self.monitor = monitor
        self.after: dict[int, Verdict] = {}

    def epoch(self, number: int) -> None:
        self.after[number] = self.monitor.verdict


def verdict_after_five_epochs(config: RunConfig, run: Path, *observers: Observer) -> Verdict:
    monitor = MemoryMonitor(run, profile=True)
    verdicts = Verdicts(monitor)
    train(config, run, observers=[*observers, monitor, verdicts], profile_memory=True)
    return verdicts.after[5]


def this_line(mark: str) -> str:
    """FILE:LINE of the line of this file that ends with a comment."""
    lines = Path(__file__).read_text().splitlines()
    (number,) = [i for i, line in enumerate(lines, 1) if line.endswith(f"# {mark}")]
    return f"tests/trainer/{Path(__file__).name}:{number}"


def test_a_list_that_grows_is_named(config: RunConfig, tmp_path: Path) -> None:
    class Hoarder(Observer):
        def __init__(self) -> None:
            self.hoard: list[Any] = []

        def step(self, step: Step) -> None:
            self.hoard.append(np.ones(HOARD, np.uint8))  # the growing list

    verdict = verdict_after_five_epochs(config, tmp_path, Hoarder())
    found = re.fullmatch(r"leaking about (.+) MB/epoch, most of it from (.+)", str(verdict))
    assert found is not None, str(verdict)
    assert found[2] == this_line("the growing list")
    # Loose: whatever ran before in this process still settles.
    assert float(found[1]) == pytest.approx(EPOCH_STEPS * HOARD / 1e6, rel=0.6)
    assert verdict.where == "main"


def test_tensors_kept_with_their_graph_are_named(config: RunConfig, tmp_path: Path) -> None:
    class Evaluation(Observer):
        def __init__(self) -> None:
            self.network = nn.Sequential(*[nn.Linear(250, 250) for _ in range(5)])
            self.losses: list[torch.Tensor] = []

        def step(self, step: Step) -> None:
            answers = self.network(torch.ones(400, 250))
            self.losses.append(answers.mean())  # the kept loss

    verdict = verdict_after_five_epochs(config, tmp_path, Evaluation())
    assert f", most of it from {this_line('the kept loss')}" in str(verdict), str(verdict)
    assert verdict.mb_per_epoch == pytest.approx(EPOCH_STEPS * 5 * 400 * 250 * 4 / 1e6, rel=0.6)


def test_a_worker_that_hoards_is_named(
    config: RunConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Hoarder(batches.SegmentDataset):
        hoard: list[Any] = []  # noqa: RUF012

        def __getitem__(self, index: int) -> Any:
            self.hoard.append(bytearray(HOARD // config.batch))  # hoarded in a worker
            return super().__getitem__(index)

    monkeypatch.setattr(batches, "SegmentDataset", Hoarder)
    # A worker is an epoch ahead here, and idle when the end is near.
    config = replace(config, workers=1, steps=7 * EPOCH_STEPS)
    verdict = verdict_after_five_epochs(config, tmp_path)
    assert f", most of it from {this_line('hoarded in a worker')}" in str(verdict), str(verdict)
    assert verdict.where.startswith("worker ")
    assert judge(read_journal(tmp_path)).line == verdict.line


def test_profiling_changes_no_weight(config: RunConfig, tmp_path: Path) -> None:
    config = replace(config, workers=1, steps=3 * EPOCH_STEPS)
    plain = load_file(train(config, tmp_path / "plain").last)
    monitor = MemoryMonitor(tmp_path / "watched", profile=True)
    train(config, tmp_path / "watched", observers=[monitor], profile_memory=True)
    watched = load_file(tmp_path / "watched" / loop.LAST)
    assert plain.keys() == watched.keys()
    assert all(torch.equal(plain[name], watched[name]) for name in plain)


def test_a_run_without_its_journal_ends_well(
    config: RunConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Journal, "append", lambda *_: None)  # as on a full disk
    monitor = MemoryMonitor(tmp_path, profile=True)
    result = train(replace(config, steps=2 * EPOCH_STEPS), tmp_path, observers=[monitor])
    assert result.ending.reason == "finished"
    assert str(monitor.verdict) == "too early to tell: 2 of 5 epochs"


@pytest.mark.parametrize(("cost_s", "readings"), [(0.0, 101), (0.0625, 32), (8.0, 1)])
def test_readings_are_rarer_where_they_cost_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cost_s: float, readings: int
) -> None:
    reading = Reading("main", 11, 500.0, 350.0, 400.0, 250.0)
    monkeypatch.setattr(ProcessFamily, "read", lambda _: (reading,))
    now, spent = 0, iter(cost_s * n for n in range(1000))
    monitor = MemoryMonitor(tmp_path, clock=lambda: now, work=lambda: next(spent))
    monitor.begin(Beginning(tmp_path, RunConfig(), 0, 0.0, {}))
    for now in range(1001):
        monitor.step(Step(now, {}, 0.0, 0.0, 1.0, 0.0, 8.0))
    assert len(read_journal(tmp_path)[0].samples) == readings
    panel = monitor.panel()
    assert panel is not None
    assert len(panel.history) == readings
    assert panel.sample.processes[0].name == "main"


@pytest.mark.slow
@pytest.mark.parametrize("options", [(), ("--profile-memory",)], ids=["light", "profiled"])
def test_fifty_clean_epochs_are_flat(
    toy_data: Path, tmp_path: Path, options: tuple[str, ...]
) -> None:
    settings = ["steps=200", "epoch_steps=4", "workers=1", "validate_every=40"]
    command = [sys.executable, "-m", "amt_tui", "train", "--synth", str(toy_data)]
    command += ["--preset", "tiny", "--plain", "--no-export", "-o", str(tmp_path / "run")]
    command += [word for setting in settings for word in ("--set", setting)]
    # Away from this process, which holds what other tests left behind.
    subprocess.run([*command, *options], check=True, timeout=1200)
    verdict = judge(read_journal(tmp_path / "run"))
    assert verdict.epochs == 48
    assert verdict.leaking is False, str(verdict)
    assert set(verdict.slopes) >= {"all processes", "main", "worker 0"}
    assert all(abs(slope.mb_per_epoch) < 0.5 for slope in verdict.slopes.values()), verdict
    assert (tmp_path / "run" / "memory.png").stat().st_size > 10_000
