"""The recurrent layer differentiated by hand against PyTorch's own."""

import pytest
import torch
from torch import Tensor, nn

from trainer.recurrence import Recurrence, Recurrent


def _pair(layers: int) -> tuple[Recurrent, nn.GRU]:
    torch.manual_seed(3)
    ours = Recurrent(7, 5, layers, batch_first=True)
    theirs = nn.GRU(7, 5, layers, batch_first=True)
    theirs.load_state_dict(ours.state_dict())
    return ours, theirs


def _run(layer: nn.GRU, x: Tensor, state: Tensor) -> tuple[Tensor, Tensor, list[Tensor]]:
    """Answers, new state, and the gradients of everything, by a loss that uses both."""
    x, state = x.clone().requires_grad_(), state.clone().requires_grad_()
    h, last = layer(x, state)
    weight = torch.linspace(-1.0, 1.0, h.numel()).view_as(h)
    loss = (h * weight).sum() + (last * last).sum()
    return h, last, list(torch.autograd.grad(loss, [x, state, *layer.parameters()]))


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("steps", [1, 2, 40])
def test_same_answers_and_gradients_as_pytorch(layers: int, steps: int) -> None:
    ours, theirs = _pair(layers)
    x, state = torch.randn(3, steps, 7), torch.randn(layers, 3, 5)
    h, last, gradients = _run(ours, x, state)
    h_theirs, last_theirs, gradients_theirs = _run(theirs, x, state)
    torch.testing.assert_close(h, h_theirs)
    torch.testing.assert_close(last, last_theirs)
    for found, wanted in zip(gradients, gradients_theirs, strict=True):
        torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-5)


def test_gradients_agree_with_finite_differences() -> None:
    torch.manual_seed(4)
    values = [torch.randn(*s, dtype=torch.float64) for s in ((6, 2, 9), (2, 3), (9, 3), (9,))]
    assert torch.autograd.gradcheck(Recurrence.apply, [v.requires_grad_() for v in values])


def test_evaluation_is_left_to_pytorch() -> None:
    ours, theirs = _pair(2)
    ours.eval()
    x, state = torch.randn(1, 10, 7), torch.zeros(2, 1, 5)
    assert torch.equal(ours(x, state)[0], theirs(x, state)[0])


def test_state_carries_over_a_cut() -> None:
    ours, _ = _pair(2)
    ours.train()
    x, state = torch.randn(2, 30, 7), torch.zeros(2, 2, 5)
    whole, _ = ours(x, state)
    first, middle = ours(x[:, :11], state)
    second, _ = ours(x[:, 11:], middle)
    torch.testing.assert_close(torch.cat([first, second], 1), whole)
