"""Checkpoints: whole, or refused with a sentence; never unpickled."""

from __future__ import annotations

import errno
import os
import pickle
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from trainer import checkpoint
from trainer.averaging import Average
from trainer.network import Network, NetworkConfig
from transcriber.errors import ModelError, OutputError

META = {"step": 3, "config": "{}", "git": "abc", "best": 0.25}


@pytest.fixture
def written(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3))
    optimizer = torch.optim.AdamW(network.parameters())
    network(torch.randn(5, 4)).sum().backward()
    optimizer.step()
    path = tmp_path / "last.safetensors"
    checkpoint.save(path, network, Average(network, 0.9).state, optimizer, META)
    return path


def test_what_was_written_is_read_back(written: Path) -> None:
    stored = checkpoint.load(written)
    assert stored.meta == META
    assert set(stored.part("network")) == set(stored.part("average"))
    assert [path.name for path in written.parent.iterdir()] == [written.name]


def test_the_optimiser_goes_on_as_it_would_have(written: Path) -> None:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3))
    optimizer = torch.optim.AdamW(network.parameters())
    network(torch.randn(5, 4)).sum().backward()
    optimizer.step()
    other = nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3))
    stored = checkpoint.load(written)
    other.load_state_dict(stored.part("network"))
    resumed = torch.optim.AdamW(other.parameters())
    checkpoint.restore_optimizer(resumed, stored)
    batch = torch.randn(5, 4)
    for net, opt in ((network, optimizer), (other, resumed)):
        opt.zero_grad()
        net(batch).pow(3).sum().backward()
        opt.step()
    assert all(
        torch.equal(a, b) for a, b in zip(network.parameters(), other.parameters(), strict=True)
    )


def test_weights_without_the_long_window_start_a_network_that_has_it(tmp_path: Path) -> None:
    small = NetworkConfig(24, (4,), (2,), features=8, hidden=6, layers=1)
    torch.manual_seed(2)
    old, new = Network(small).eval(), Network(replace(small, long_mels=16)).eval()
    path = tmp_path / "old.safetensors"
    optimizer = torch.optim.AdamW(old.parameters())
    checkpoint.save(path, old, Average(old, 0.9).state, optimizer, META)
    checkpoint.start_from(new, path)
    frames = torch.rand(1, 20, 40)
    assert torch.equal(new(frames)[0], old(frames[..., :24])[0])
    with pytest.raises(ModelError, match="another size"):
        checkpoint.start_from(Network(replace(small, hidden=7, long_mels=16)), path)


def test_truncated_files(written: Path) -> None:
    data = written.read_bytes()
    for length in (0, 4, 8, 100, len(data) // 2, len(data) - 1):
        written.write_bytes(data[:length])
        with pytest.raises(ModelError, match="cannot be read"):
            checkpoint.load(written)


def test_other_files(written: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="cannot be read"):
        checkpoint.load(tmp_path / "none.safetensors")
    written.write_bytes(pickle.dumps({"network": [1, 2, 3]}))
    with pytest.raises(ModelError, match="cannot be read"):
        checkpoint.load(written)


@pytest.mark.parametrize(
    ("header", "sentence"),
    [
        ({}, "is not a checkpoint of this version"),
        ({"format": "amt-checkpoint", "version": "2", "meta": "{}"}, "of this version"),
        ({"format": "amt-checkpoint", "version": "1"}, "is damaged"),
        ({"format": "amt-checkpoint", "version": "1", "meta": "{"}, "is damaged"),
    ],
)
def test_other_headers(written: Path, header: dict[str, str], sentence: str) -> None:
    save_file(load_file(written), written, header or None)
    with pytest.raises(ModelError, match=sentence):
        checkpoint.load(written)


def test_a_full_disk_leaves_the_one_before(written: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = written.read_bytes()

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    network = nn.Linear(2, 2)
    with pytest.raises(OutputError, match=r"last\.safetensors cannot be written: the disk is full"):
        checkpoint.save(written, network, {}, torch.optim.AdamW(network.parameters()), META)
    assert written.read_bytes() == before
    assert list(written.parent.iterdir()) == [written]


def test_a_configuration_of_another_version(written: Path) -> None:
    with pytest.raises(ModelError, match="not of this version of amt"):
        _ = checkpoint.load(written).config
