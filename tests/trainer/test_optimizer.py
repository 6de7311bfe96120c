"""Muon against its definition, and its other half against torch's AdamW."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import nn

from trainer.network import Network, NetworkConfig
from trainer.optimizer import Muon, matrices, orthogonal

NETWORK = NetworkConfig(24, (4, 6), (2, 2), features=16, hidden=8, layers=2, dropout=0.0)


@pytest.mark.parametrize("shape", [(16, 48), (48, 16), (32, 32)])
def test_all_directions_come_out_alike(shape: tuple[int, int]) -> None:
    torch.manual_seed(1)
    matrix = torch.randn(shape) @ torch.diag(torch.logspace(0, -1, shape[1]))
    turned = orthogonal(matrix)
    assert turned.shape == shape
    values = torch.linalg.svdvals(turned)
    assert values.min() > 0.6
    assert values.max() < 1.3
    # The same directions: what `matrix` and it have in common is symmetric and positive.
    left, _, right = torch.linalg.svd(matrix, full_matrices=False)
    assert ((left.T @ turned @ right.T).diagonal() > 0.6).all()


def test_without_matrices_it_is_adamw() -> None:
    torch.manual_seed(1)
    ours = nn.Linear(7, 5)
    theirs = nn.Linear(7, 5)
    theirs.load_state_dict(ours.state_dict())
    one = Muon(ours.parameters(), {}, 1e-2, 0.1)
    other = torch.optim.AdamW(theirs.parameters(), 1e-2, weight_decay=0.1)
    for _ in range(20):
        x = torch.randn(3, 7)
        for network, optimizer in ((ours, one), (theirs, other)):
            optimizer.zero_grad()
            network(x).square().sum().backward()
            optimizer.step()
    torch.testing.assert_close(ours.weight, theirs.weight)
    torch.testing.assert_close(ours.bias, theirs.bias)


def test_matrices_are_the_hidden_weights_and_gates_apart() -> None:
    network = Network(NETWORK)
    names = {parameter: name for name, parameter in network.named_parameters()}
    stacked = {names[parameter]: count for parameter, count in matrices(network).items()}
    recurrent = {f"recurrent.weight_{way}_l{i}": 3 for way in ("ih", "hh") for i in (0, 1)}
    assert stacked == {"convs.1.conv.weight": 1, "dense.weight": 1, **recurrent}
    split = Network(replace(NETWORK, depthwise=True))
    apart = {name for name, p in split.named_parameters() if p in matrices(split)}
    assert apart == {"convs.1.across.0.weight", "dense.weight", *recurrent}


def test_the_long_window_has_matrices_too() -> None:
    network = Network(replace(NETWORK, long_mels=16, long_channels=(4, 6)))
    names = {name for name, p in network.named_parameters() if p in matrices(network)}
    assert {name for name in names if name.startswith("long")} == {
        "long_convs.1.conv.weight",
        "long_dense.weight",
    }


def test_moments_from_before_a_weight_was_a_matrix_are_left() -> None:
    network = Network(replace(NETWORK, long_mels=16, long_channels=(4, 6)))
    for parameter in network.parameters():
        parameter.grad = torch.randn_like(parameter)
    old = {p: count for p, count in matrices(network).items() if p is not network.long_dense.weight}
    before, after = (
        Muon(network.parameters(), stacked, 0.01, 0.0) for stacked in (old, matrices(network))
    )
    before.step()
    after.load_state_dict(before.state_dict())
    after.step()
    assert set(after.state[network.long_dense.weight]) == {"momentum"}
    assert set(after.state[network.heads.weight]) == {"step", "mean", "square"}


def test_a_step_is_as_long_as_one_of_adamw() -> None:
    """0.2 learning rates in the mean of squares, whatever the size of the gradient."""
    network = Network(NETWORK)
    optimizer = Muon(network.parameters(), matrices(network), 0.01, 0.0)
    before = {p: p.detach().clone() for p in network.parameters()}
    for size in (1e-4, 1e3):
        for parameter in network.parameters():
            parameter.grad = size * torch.randn_like(parameter)
        optimizer.step()
        for parameter, count in matrices(network).items():
            moved = (parameter.detach() - before[parameter]).flatten(1)
            for part in moved.chunk(count):
                rms = part.square().mean().sqrt().item()
                assert rms == pytest.approx(0.2 * 0.01, rel=0.25)
        before = {p: p.detach().clone() for p in network.parameters()}
