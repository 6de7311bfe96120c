"""The network in torch: causal, and the same in one piece or in many."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from trainer.network import PRIOR_LOGITS, Network, NetworkConfig, probabilities
from transcriber import outputs

SMALL = NetworkConfig(32, (4, 6, 6), (2, 1, 2), features=16, hidden=12, layers=2)
LONG = dataclasses.replace(SMALL, long_mels=24, long_channels=(3, 5))
SPLIT = dataclasses.replace(LONG, depthwise=True)


@pytest.fixture(params=[SMALL, LONG, SPLIT], ids=["one window", "two windows", "depthwise"])
def network(request: pytest.FixtureRequest) -> Network:
    torch.manual_seed(1)
    network = Network(request.param)
    frames = torch.rand(4, 50, request.param.columns)
    for _ in range(3):
        network(frames)
    torch.nn.init.normal_(network.heads.weight)
    if request.param.long_mels:
        torch.nn.init.normal_(network.long_dense.weight)
    return network.eval()


@torch.no_grad()
def test_pieces_change_nothing(network: Network) -> None:
    frames = torch.rand(2, 60, network.config.columns)
    whole, end = network(frames)
    state, pieces = None, []
    for piece in frames.split([1, 1, 2, 5, 51], 1):
        raw, state = network(piece, state)
        pieces.append(raw)
    assert torch.allclose(torch.cat(pieces, 1), whole, atol=1e-5)
    assert state is not None
    for ours, theirs in zip(state, end, strict=True):
        assert torch.allclose(ours, theirs, atol=1e-5)


@torch.no_grad()
def test_the_future_never_changes_the_past(network: Network) -> None:
    frames = torch.rand(1, 60, network.config.columns)
    other = frames.clone()
    other[:, 30:] = torch.rand(1, 30, network.config.columns)
    ours, theirs = network(frames)[0], network(other)[0]
    assert torch.allclose(ours[:, :30], theirs[:, :30], atol=1e-6)
    assert not torch.allclose(ours[:, 30], theirs[:, 30], atol=1e-3)


@torch.no_grad()
def test_both_windows_are_heard(network: Network) -> None:
    frames = torch.rand(1, 60, network.config.columns)
    for column in (0, network.config.columns - 1):
        other = frames.clone()
        other[..., column] += 1.0
        assert not torch.allclose(network(other)[0], network(frames)[0], atol=1e-3)


@torch.no_grad()
def test_a_new_network_answers_with_the_priors() -> None:
    raw, _ = Network(SMALL).eval()(torch.rand(1, 10, 32))
    for name, logit in PRIOR_LOGITS.items():
        part = raw[..., getattr(outputs, name.upper())]
        assert float(part.mean()) == pytest.approx(logit, abs=0.1)


def test_probabilities_leave_the_shift_alone() -> None:
    raw = torch.full((1, outputs.WIDTH), -2.0)
    found = probabilities(raw)
    assert found[:, outputs.SHIFT].eq(-2.0).all()
    for part in (outputs.ONSET, outputs.FRAME, outputs.OFFSET, outputs.VELOCITY):
        assert torch.allclose(found[:, part], torch.tensor(-2.0).sigmoid())
    assert float(found[0, outputs.PEDAL]) == pytest.approx(0.1192, abs=1e-4)


def test_channels_and_strides_belong_together() -> None:
    with pytest.raises(ValueError, match="same length"):
        NetworkConfig(channels=(1, 2), strides=(1,))
