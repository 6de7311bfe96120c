"""Two processes that train together, over gloo, against one that has the whole batch."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import socket
import sys
from dataclasses import replace
from multiprocessing.context import ForkProcess
from pathlib import Path

import pytest
import torch

from corpus.segments import Segment, SegmentSource
from trainer import checkpoint
from trainer.config import RunConfig, default_data
from trainer.history import read_history
from trainer.loop import train
from trainer.metrics import MetricsLog
from trainer.mishaps import LostProcess
from trainer.network import NetworkConfig
from trainer.observers import Observer, Step
from trainer.processes import Process
from transcriber.errors import UsageError
from transcriber.features import FeatureConfig


@pytest.fixture
def config(toy_data: Path) -> RunConfig:
    """Without dropout, whose chances are each process's own."""
    return RunConfig(
        data=default_data(toy_data),
        features=FeatureConfig(window=1024, mels=32),
        network=NetworkConfig(32, (4, 4), (2, 2), features=16, hidden=8, layers=1, dropout=0.0),
        steps=40,
        batch=4,
        seconds=1.0,
        warmup=4,
        precision="fp32",
        validate_every=20,
        validate_seconds=4.0,
        checkpoint_every=5,
        workers=0,
    )


LOST = 77
"""Exit code of a process that has lost its peer."""


class StopAt(Observer):
    """Asks the run to stop during the step before a number, as torchrun does on Ctrl-C."""

    def __init__(self, number: int) -> None:
        self.number = number

    def step(self, step: Step) -> None:
        if step.number == self.number - 1:
            os.kill(os.getpid(), signal.SIGTERM)


def free_port() -> int:
    """A port that no connection of this machine is given by chance before we listen there."""
    for port in random.sample(range(20_000, 30_000), 100):
        with socket.socket() as free, contextlib.suppress(OSError):
            free.bind(("127.0.0.1", port))
            return port
    raise OSError("no port is free")


def start(config: RunConfig, run: Path, ranks: int, *observers: Observer) -> list[ForkProcess]:
    """Train in processes of their own, told of each other as torchrun tells them."""
    port = free_port()
    arguments = (config, run, ranks, port, observers)
    started = [ForkProcess(target=train_as, args=(rank, *arguments)) for rank in range(ranks)]
    for process in started:
        process.start()
    for process in started:
        process.join(200)
        process.kill()
        process.join()
    return started


def together(config: RunConfig, run: Path, ranks: int, *observers: Observer) -> None:
    processes = start(config, run, ranks, *observers)
    assert [process.exitcode for process in processes] == [0] * ranks


def train_as(
    rank: int, config: RunConfig, run: Path, ranks: int, port: int, observers: tuple[Observer, ...]
) -> None:
    os.environ |= {
        "RANK": str(rank),
        "WORLD_SIZE": str(ranks),
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
    }
    try:
        train(config, run, observers=[MetricsLog(), *observers])
    except LostProcess as error:
        sys.exit(LOST if "Another process" in error.problem else 1)


def test_a_process_whose_peer_is_killed_says_so(
    config: RunConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = SegmentSource.draw

    def draw(self: SegmentSource, index: int) -> Segment:
        if os.environ["RANK"] == "1" and index >= 30:
            os.kill(os.getpid(), signal.SIGKILL)
        return honest(self, index)

    monkeypatch.setattr(SegmentSource, "draw", draw)
    survivor, victim = start(config, tmp_path / "run", 2)
    assert victim.exitcode == -signal.SIGKILL
    assert survivor.exitcode == LOST
    assert checkpoint.load(tmp_path / "run/last.safetensors").meta["step"] == 5


def curve(run: Path) -> list[float]:
    return [line["total"] for line in read_history(run).steps]


def test_two_processes_learn_as_one_with_the_double_batch(
    config: RunConfig, tmp_path: Path
) -> None:
    """They differ by their batch norms alone, each of which sees half of the batch."""
    config = replace(config, steps=8, validate_every=0)
    together(config, tmp_path / "one", 1)
    together(config, tmp_path / "two", 2)
    one, two = curve(tmp_path / "one"), curve(tmp_path / "two")
    assert len(one) == 1
    assert two == pytest.approx(one, rel=0.005)
    assert two != one


@pytest.mark.slow
def test_one_process_goes_on_where_two_were_stopped(config: RunConfig, tmp_path: Path) -> None:
    together(config, tmp_path / "two", 2)
    assert [line["step"] for line in read_history(tmp_path / "two").validations] == [20, 40]
    together(config, tmp_path / "fewer", 2, StopAt(20))
    assert checkpoint.load(tmp_path / "fewer/last.safetensors").meta["step"] == 20
    together(config, tmp_path / "fewer", 1)
    two, fewer = curve(tmp_path / "two"), curve(tmp_path / "fewer")
    assert len(two) == 2
    assert fewer[0] == two[0]
    assert fewer[1] == pytest.approx(two[1], rel=0.005)


def test_a_lone_process_keeps_everything_to_itself() -> None:
    process = Process()
    values = torch.tensor([1.0, 2.0])
    assert process.mean(values) is values
    assert process.gather("mine") == ["mine"]
    assert process.first(lambda: 3) == 3
    network = torch.nn.Linear(2, 2)
    assert process.parallel(network) is network


def test_devices_that_are_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert Process.join("auto").device == torch.device("cpu")
    with pytest.raises(UsageError, match="no CUDA device"):
        Process.join("cuda")
    with pytest.raises(UsageError, match="no device named tpu"):
        Process.join("tpu")
