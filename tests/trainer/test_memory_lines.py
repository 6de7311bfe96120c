"""Where memory was allocated, and what tensors and their graphs keep."""

from __future__ import annotations

import gc
import os
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from trainer.memory.lines import FRAMES, UNKNOWN, birthplace
from trainer.memory.readings import ProcessFamily
from trainer.memory.tensors import NODE_BYTES, count_tensors, live_tensors


@pytest.fixture
def tracing() -> Iterator[None]:
    tracemalloc.start(FRAMES)
    yield
    tracemalloc.stop()


def this_line(mark: str) -> str:
    lines = Path(__file__).read_text().splitlines()
    (number,) = [i for i, line in enumerate(lines, 1) if line.endswith(f"# {mark}")]
    return f"tests/trainer/{Path(__file__).name}:{number}"


@pytest.mark.usefixtures("tracing")
def test_a_birthplace_is_the_innermost_line_of_ours() -> None:
    class Thing:
        pass

    thing = Thing()  # made here
    tensor = torch.nn.functional.relu(torch.ones(3))  # and here
    array = np.pad(np.ones(3), 1)  # inside numpy
    assert birthplace(thing) == this_line("made here")
    assert birthplace(tensor) == this_line("and here")
    assert birthplace(array) == this_line("inside numpy")


def test_what_was_made_before_has_no_birthplace() -> None:
    tensor = torch.ones(3)
    assert birthplace(tensor) == UNKNOWN


@pytest.mark.usefixtures("tracing")
def test_a_kept_loss_answers_for_its_graph() -> None:
    weight = torch.ones(100, 100, requires_grad=True)
    loss = (torch.ones(50, 100) @ weight).exp().sum()  # the loss
    kept = count_tensors([weight, loss])[this_line("the loss")]
    # exp keeps its result and the product its input; sum keeps nothing, the weight is alive anyway.
    saved = 2 * 50 * 100 * 4
    nodes = 4  # sum, exp, product, and the one that adds up the weight's gradient
    assert kept.host_bytes == pytest.approx(saved + nodes * NODE_BYTES, abs=64)
    loss.backward()
    after = count_tensors([weight, loss])[this_line("the loss")]
    assert after.host_bytes == pytest.approx(nodes * NODE_BYTES, abs=64)


def test_shared_storage_counts_once_and_numpys_not_at_all() -> None:
    whole, lent = torch.zeros(1000), torch.from_numpy(np.zeros(1000))
    (kept,) = count_tensors([whole, whole[:10], whole.view(10, 100), lent]).values()
    assert kept.count == 4
    assert kept.host_bytes == 4000


def test_sparse_tensors_are_counted_without_bytes() -> None:
    (kept,) = count_tensors([torch.eye(3).to_sparse()]).values()
    assert (kept.count, kept.host_bytes) == (1, 0)


def test_live_tensors_are_found() -> None:
    mine = torch.nn.Parameter(torch.zeros(3))
    assert any(tensor is mine for tensor in live_tensors())
    number = id(mine)
    del mine
    gc.collect()
    assert not any(id(tensor) == number for tensor in live_tensors())


def test_held_memory_follows_what_is_allocated() -> None:
    family = ProcessFamily()
    before = family.read()[0]
    block = np.ones(50_000_000, np.uint8)
    after = family.read()[0]
    assert before.name == "main"
    assert before.pid == os.getpid()
    for name in ("rss_mb", "uss_mb", "pss_mb", "held_mb"):
        grown = getattr(after, name) - getattr(before, name)
        assert grown == pytest.approx(block.nbytes / 1e6, abs=5.0)
    assert after.held_mb < after.rss_mb


def test_other_ranks_of_torchrun_are_read_too(monkeypatch: pytest.MonkeyPatch) -> None:
    import subprocess
    import sys

    import psutil

    environment = {**os.environ, "RANK": "1"}
    code = "import sys; print('up', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment,
    ) as sibling:
        assert sibling.stdout is not None
        assert sibling.stdin is not None
        sibling.stdout.readline()
        monkeypatch.setenv("RANK", "0")
        own = psutil.Process()
        monkeypatch.setattr(psutil.Process, "parent", lambda _: own)
        names = {reading.name: reading.pid for reading in ProcessFamily().read()}
        sibling.stdin.close()
    assert names["rank 1"] == sibling.pid
