"""The average of weights that is validated and shipped."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from trainer.averaging import Average


def test_average_by_hand() -> None:
    network = nn.Linear(1, 1, bias=False)
    with torch.no_grad():
        network.weight.fill_(0.0)
    average = Average(network, decay=0.5)
    expected = 0.0
    for step, value in enumerate([1.0, 3.0, -2.0, 10.0, 4.0], start=1):
        with torch.no_grad():
            network.weight.fill_(value)
        average.update(network, step)
        decay = min(0.5, (1 + step) / (10 + step))  # 2/11, 3/12, 4/13, 5/14, 6/15
        expected = decay * expected + (1 - decay) * value
        assert float(average.state["weight"]) == pytest.approx(expected, rel=1e-6)
    assert network.weight.item() == 4.0


def test_counters_are_copied_and_statistics_averaged() -> None:
    network = nn.BatchNorm1d(2)
    average = Average(network, decay=0.9)
    network(torch.randn(8, 2) + 5)
    average.update(network, 1000)
    assert int(average.state["num_batches_tracked"]) == 1
    assert torch.allclose(average.state["running_mean"], 0.1 * network.running_mean)


def test_a_stored_average_goes_on() -> None:
    torch.manual_seed(0)
    network = nn.Linear(2, 2)
    first, second = Average(network, 0.9), Average(nn.Linear(2, 2), 0.9)
    second.load({name: value.clone() for name, value in first.state.items()})
    with torch.no_grad():
        network.weight.add_(1.0)
    for average in (first, second):
        average.update(network, 5)
    assert all(torch.equal(first.state[name], second.state[name]) for name in first.state)
