"""The causal convolutional-recurrent network, with its streaming state passed in and out.

After Mobile-AMT (Kusaka and Maezawa, EUSIPCO 2024) made strictly causal as in Hu et al. (ISMIR
2025). Differs from the papers:

- ordinary 3x3 convolutions instead of depthwise-separable blocks: faster to train on a CPU, 11
  times with all else (docs/training.md, speed), and as fast to run;
- one trunk and one recurrent layer stack for all heads, no squeeze-excitation, no conditioning
  networks;
- the low register, heard through a longer window, has convolutions of its own and joins the rest in
  the per-frame features, at first without any weight: a trained network without it can take it up;
- the heads also see the per-frame features directly, beside the recurrent ones, and start at the
  class priors: without this learning stalls for hundreds of steps.

Shapes: B streams, T frames, M mel bins, C channels, F frequency bins of a layer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from transcriber import outputs
from transcriber.timing import PITCHES

from .recurrence import Recurrent

State = tuple[Tensor, ...]

PRIOR_LOGITS = {"onset": -5.0, "frame": -3.0, "offset": -5.0, "pedal": -0.5}
"""Log-odds of each class in piano music, the heads' first answers."""


@dataclass(frozen=True)
class NetworkConfig:
    """Size of the network.

    Args:
        mels: Mel bins of an input frame.
        channels: Output channels of each 3x3 convolution.
        strides: Step in frequency of each convolution, as many as channels.
        features: Width of the per-frame fully connected layer.
        hidden: Width of the recurrent layers.
        layers: Number of recurrent layers.
        dropout: Probability of dropping a per-frame feature while training.
        long_mels: Mel bins of the long window, behind the others in a frame; 0 for none.
        long_channels: Output channels of its convolutions, each with a step of 2 in frequency.
        depthwise: Whether each convolution but the first is split in two, as in Mobile-AMT: one
            per channel, then one across channels.
    """

    mels: int = 229
    channels: tuple[int, ...] = (32, 48, 64, 64, 96, 96)
    strides: tuple[int, ...] = (2, 2, 1, 2, 1, 2)
    features: int = 512
    hidden: int = 256
    layers: int = 2
    dropout: float = 0.1
    long_mels: int = 0
    long_channels: tuple[int, ...] = (32, 32, 32)
    depthwise: bool = False

    def __post_init__(self) -> None:
        if len(self.channels) != len(self.strides):
            raise ValueError("channels and strides must have the same length")

    @property
    def columns(self) -> int:
        """Numbers in an input frame."""
        return self.mels + self.long_mels

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> NetworkConfig:
        """Reads the dictionary form kept in checkpoints."""
        plain: dict[str, Any] = {
            k: tuple(v) if isinstance(v, list) else v for k, v in values.items()
        }
        return cls(**plain)


class CausalConv(nn.Module):
    """3x3 convolution, batch norm, ReLU; sees the frame and the two before it.

    The state is those two input frames: the same lines serve a whole segment and a single frame.

    Args:
        inputs: Input channels.
        outputs_: Output channels.
        stride: Step in frequency.
        depthwise: Convolve every channel by itself, norm and ReLU, before a 1x1 convolution.
    """

    def __init__(self, inputs: int, outputs_: int, stride: int, *, depthwise: bool = False) -> None:
        super().__init__()
        groups = inputs if depthwise else 1
        middle = inputs if depthwise else outputs_
        self.conv = nn.Conv2d(inputs, middle, 3, (1, stride), (0, 1), groups=groups, bias=False)
        self.norm = nn.BatchNorm2d(middle)
        self.across: nn.Sequential | None = None
        if depthwise:
            across = nn.Conv2d(inputs, outputs_, 1, bias=False)
            self.across = nn.Sequential(across, nn.BatchNorm2d(outputs_))

    @property
    def mixing(self) -> nn.Parameter:
        """The weights that mix channels."""
        weight = self.conv.weight if self.across is None else self.across[0].weight
        return weight  # type: ignore[return-value]

    def forward(self, x: Tensor, past: Tensor | None) -> tuple[Tensor, Tensor]:
        """x [B, C, T, F], past [B, C, 2, F] or None for silence -> y [B, C', T, F'], new past."""
        x = F.pad(x, (0, 0, 2, 0)) if past is None else torch.cat([past.to(x.dtype), x], 2)
        y = F.relu(self.norm(self.conv(x)), inplace=True)
        if self.across is not None:
            y = F.relu(self.across(y), inplace=True)
        return y, x[:, :, -2:]


class Convolutions(nn.ModuleList):
    """One `CausalConv` after the other: mel bins to `width` numbers per frame.

    Args:
        bins: Mel bins of a frame.
        channels: Output channels of each.
        strides: Step in frequency of each.
        depthwise: Whether all but the first are split, see `CausalConv`.
    """

    def __init__(
        self,
        bins: int,
        channels: tuple[int, ...],
        strides: tuple[int, ...],
        *,
        depthwise: bool = False,
    ) -> None:
        super().__init__()
        self.past_shapes: list[tuple[int, int]] = []
        inputs = 1
        for outputs_, stride in zip(channels, strides, strict=True):
            self.past_shapes.append((inputs, bins))
            split = depthwise and inputs > 1
            self.append(CausalConv(inputs, outputs_, stride, depthwise=split))
            inputs, bins = outputs_, (bins - 1) // stride + 1
        self.width = inputs * bins

    def forward(self, x: Tensor, pasts: Sequence[Tensor | None]) -> tuple[Tensor, State]:
        """x [B, T, bins], a past per convolution -> [B, T, width], new pasts."""
        x = x.unsqueeze(1)
        new = []
        for conv, past in zip(self, pasts, strict=True):
            x, new_past = conv(x, past)
            new.append(new_past)
        return x.permute(0, 2, 1, 3).flatten(2), tuple(new)


class Network(nn.Module):
    """Log-mel frames to raw answers laid out as `transcriber.outputs` says."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        self.norm = nn.BatchNorm1d(config.mels)
        depthwise = config.depthwise
        self.convs = Convolutions(config.mels, config.channels, config.strides, depthwise=depthwise)
        self.dense = nn.Linear(self.convs.width, config.features, bias=False)
        self.past_shapes = list(self.convs.past_shapes)
        if config.long_mels:
            strides = (2,) * len(config.long_channels)
            self.long_norm = nn.BatchNorm1d(config.long_mels)
            self.long_convs = Convolutions(
                config.long_mels, config.long_channels, strides, depthwise=depthwise
            )
            self.long_dense = nn.Linear(self.long_convs.width, config.features, bias=False)
            nn.init.zeros_(self.long_dense.weight)
            self.past_shapes += self.long_convs.past_shapes
        self.dense_norm = nn.BatchNorm1d(config.features)
        self.dropout = nn.Dropout(config.dropout)
        self.recurrent = Recurrent(config.features, config.hidden, config.layers, batch_first=True)
        self.heads = nn.Linear(config.features + config.hidden, outputs.WIDTH)
        self._start_at_priors()

    def _start_at_priors(self) -> None:
        nn.init.normal_(self.heads.weight, std=0.01)
        with torch.no_grad():
            self.heads.bias.zero_()
            self.heads.bias[outputs.ONSET] = PRIOR_LOGITS["onset"]
            self.heads.bias[outputs.FRAME] = PRIOR_LOGITS["frame"]
            self.heads.bias[outputs.OFFSET] = PRIOR_LOGITS["offset"]
            self.heads.bias[outputs.PEDAL] = PRIOR_LOGITS["pedal"]

    def initial_state(self, streams: int, like: Tensor) -> State:
        """State of `streams` streams that have been silent: convolution pasts, then the recurrent
        state.
        """
        pasts = [like.new_zeros(streams, c, 2, f) for c, f in self.past_shapes]
        hidden = like.new_zeros(self.config.layers, streams, self.config.hidden)
        return (*pasts, hidden)

    def forward(self, frames: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """One step of any length.

        Args:
            frames: Log-mel frames [B, T, columns].
            state: What the previous step returned; None at the start of a stream.

        Returns:
            Raw answers [B, T, WIDTH] (logits except for shift, see `probabilities`) and the new
            state.
        """
        pasts: Sequence[Tensor | None] = (None,) * len(self.past_shapes)
        hidden = self.initial_state(frames.shape[0], frames)[-1]
        if state is not None:
            pasts, hidden = state[:-1], state[-1]
        own = len(self.convs)
        x, new_pasts = self.convs(_normed(self.norm, frames[..., : self.config.mels]), pasts[:own])
        x = self.dense(x)
        if self.config.long_mels:
            low, low_pasts = self.long_convs(
                _normed(self.long_norm, frames[..., self.config.mels :]), pasts[own:]
            )
            x = x + self.long_dense(low)
            new_pasts += low_pasts
        x = F.relu(_normed(self.dense_norm, x))
        x = self.dropout(x)
        h, hidden = self.recurrent(x, hidden.to(x.dtype))
        return self.heads(torch.cat([x, h], 2)), (*new_pasts, hidden)


def _normed(norm: nn.BatchNorm1d, x: Tensor) -> Tensor:
    """Batch norm over the last axis of [B, T, N]."""
    y: Tensor = norm(x.transpose(1, 2))
    return y.transpose(1, 2)


def probabilities(raw: Tensor) -> Tensor:
    """Raw answers [..., WIDTH] to the numbers of `transcriber.outputs`: logistic, except for
    shift.
    """
    before, shift, pedal = raw.split([4 * PITCHES, PITCHES, 1], -1)
    return torch.cat([before.sigmoid(), shift, pedal.sigmoid()], -1)
