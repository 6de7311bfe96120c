"""The recipe that speed is measured against: it must be what it says, or ratios mean nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from trainer.baseline import DepthwiseNetwork, steps
from trainer.config import RunConfig, default_data
from trainer.material import load_source
from trainer.network import NetworkConfig
from transcriber.features import FeatureConfig


def test_it_is_as_large_as_the_published_stack() -> None:
    network = DepthwiseNetwork()
    sizes = {
        name: sum(p.numel() for p in getattr(network, name).parameters())
        for name in ("blocks", "dense", "recurrent")
    }
    # Without squeeze-excitation: 1.8 + 5.9 + 13.7 + 18.0 + 29.8 + 36.1 + 52.0 thousand in blocks.
    assert sizes["blocks"] == pytest.approx(157_300, rel=0.01)
    assert sizes["dense"] == 64 * 15 * 512
    assert sizes["recurrent"] == pytest.approx(986_000, rel=0.01)


def test_it_hears_no_future() -> None:
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(1)
        network = DepthwiseNetwork(32).eval()
        frames = torch.randn(1, 20, 32)
        other = frames.clone()
        other[:, 12:] = 0.0
        difference = (network(frames) - network(other)).abs().amax((0, 2))
    assert difference[:12].max() == 0.0
    assert difference[12] > 0.0


def test_it_learns(toy_data: Path, tmp_path: Path) -> None:
    config = RunConfig(
        data=default_data(toy_data), features=FeatureConfig(window=1024, mels=32),
        network=NetworkConfig(mels=32),
        steps=12, batch=2, seconds=1.0, workers=0, learning_rate=3e-3,
    )  # fmt: skip
    with torch.random.fork_rng():
        losses = list(steps(load_source(config, tmp_path), replace(config, steps=12)))
    assert len(losses) == 12
    assert sum(losses[-4:]) < 0.7 * sum(losses[:4])
