"""The optimiser: momentum made orthogonal for the matrices (Muon), AdamW for everything else.

Muon (Jordan et al., 2024, https://kellerjordan.github.io/posts/muon/) replaces the momentum of a
weight matrix by the nearest matrix with orthonormal rows or columns, so that all directions learn
at one pace. `torch.optim.Muon` takes plain matrices alone; here convolutions are matrices too
[outputs, inputs * taps], and each gate of a recurrent layer is one of its own. Scaled as in Liu et
al. (arXiv 2502.16982, section 2.2) to AdamW's size of steps, both share one learning rate.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import torch
from torch import Tensor, nn

from .network import CausalConv, Network

_COEFFICIENTS = (3.4445, -4.7750, 2.0315)
"""Of the Newton-Schulz polynomial that lifts singular values fastest towards 1 (Jordan)."""

_ITERATIONS = 5
_ADAM_RMS = 0.2
"""Root mean square of a typical step of AdamW, in learning rates (Liu et al.)."""

GATES = 3
"""Matrices stacked in a weight of a gated recurrent unit."""


def matrices(network: Network) -> dict[nn.Parameter, int]:
    """The weights that Muon moves, and of how many stacked matrices each consists.

    The first convolutions have one input and the heads are the output layer: both are left to
    AdamW, as is done for embeddings and output layers; so are convolutions of single channels.
    """
    paths = [(network.convs, network.dense)]
    if network.config.long_mels:
        paths.append((network.long_convs, network.long_dense))
    stacked: dict[nn.Parameter, int] = {}
    for convs, dense in paths:
        for conv in list(convs)[1:]:
            assert isinstance(conv, CausalConv)
            stacked[conv.mixing] = 1
        stacked[dense.weight] = 1  # type: ignore[index]
    for name, weight in network.recurrent.named_parameters():
        if name.startswith("weight"):
            stacked[weight] = GATES
    return stacked


class Muon(torch.optim.Optimizer):
    """AdamW with decoupled weight decay, except for the weights named as matrices.

    All parameters stand in one group, in their order, as `checkpoint.save` wants them.

    Args:
        parameters: Of the network.
        stacked: Those that are matrices, see `matrices`.
        lr: Learning rate.
        weight_decay: Share of a weight that is taken off per step and unit of learning rate.
        momentum: Decay of the matrices' momentum, Nesterov's.
        betas: Decays of AdamW's two moments.
        eps: Added to AdamW's denominator.
    """

    def __init__(
        self,
        parameters: Iterable[nn.Parameter],
        stacked: dict[nn.Parameter, int],
        lr: float,
        weight_decay: float,
        momentum: float = 0.95,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
    ) -> None:
        defaults = {
            "lr": lr, "weight_decay": weight_decay, "momentum": momentum, "betas": betas, "eps": eps
        }  # fmt: skip
        super().__init__(parameters, defaults)
        self._stacked = stacked

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """Moves every parameter that has a gradient."""
        (group,) = self.param_groups
        for weight in group["params"]:
            if weight.grad is None:
                continue
            weight.mul_(1.0 - group["lr"] * group["weight_decay"])
            if weight in self._stacked:
                change = self._orthogonal_momentum(weight, group["momentum"])
            else:
                change = self._adam(weight, group["betas"], group["eps"])
            weight.add_(change.view_as(weight), alpha=-group["lr"])

    def _orthogonal_momentum(self, weight: Tensor, momentum: float) -> Tensor:
        state = self.state[weight]
        # A checkpoint from before this was a matrix holds AdamW's moments of it, of no use here.
        if "momentum" not in state:
            state.clear()
            state["momentum"] = torch.zeros_like(weight)
        average = state["momentum"].lerp_(weight.grad, 1.0 - momentum)
        ahead = weight.grad.lerp(average, momentum)  # type: ignore[union-attr]
        parts = ahead.reshape(len(ahead), -1).chunk(self._stacked[weight])  # type: ignore[index]
        return torch.cat(
            [orthogonal(part) * (_ADAM_RMS * math.sqrt(max(part.shape))) for part in parts]
        )

    def _adam(self, weight: Tensor, betas: tuple[float, float], eps: float) -> Tensor:
        beta1, beta2 = betas
        state = self.state[weight]
        if not state:
            state["step"] = torch.zeros(())
            state["mean"], state["square"] = torch.zeros_like(weight), torch.zeros_like(weight)
        state["step"] += 1
        count = state["step"].item()
        mean = state["mean"].lerp_(weight.grad, 1.0 - beta1)
        square = state["square"].mul_(beta2).addcmul_(weight.grad, weight.grad, value=1.0 - beta2)
        scale = (square / (1.0 - beta2**count)).sqrt_().add_(eps)
        return mean / (1.0 - beta1**count) / scale


def orthogonal(matrix: Tensor) -> Tensor:
    """The matrix with all its singular values near 1 (0.7 to 1.2), in its own precision.

    Five Newton-Schulz iterations in bfloat16, which is what they were tuned for.

    Args:
        matrix: [rows, columns], not all zero.
    """
    a, b, c = _COEFFICIENTS
    x = matrix.bfloat16()
    upright = len(x) > x.shape[1]
    if upright:
        x = x.T
    x = x / x.norm().clamp_min(1e-7)
    for _ in range(_ITERATIONS):
        gram = x @ x.T
        x = torch.addmm(x, torch.addmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return (x.T if upright else x).to(matrix.dtype)
