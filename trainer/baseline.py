"""The straightforward recipe, to measure ours against: nobody trains with it.

The acoustic stack of Mobile-AMT (Kusaka and Maezawa, EUSIPCO 2024; layers as re-implemented by Hu
et al., ISMIR 2025) with one recurrent stack for all heads; fp32 in torch's own memory layout;
log-mel features computed batch by batch in the training process; torch's own number of threads.
The published network has three such stacks and squeeze-excitation besides: it is slower still.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset

from transcriber import outputs

from .config import RunConfig
from .frontend import LogMelBatch
from .material import SegmentDraw
from .targets import losses, target_rows

BLOCKS = (
    (1, 1, 16, 1),
    (3, 2, 32, 6),
    (1, 1, 32, 6),
    (3, 2, 48, 6),
    (1, 1, 48, 6),
    (3, 2, 64, 6),
    (1, 1, 64, 6),
)
"""Width in time, stride in frequency, output channels and expansion of each block."""


class DepthwiseBlock(nn.Module):
    """1x1 expansion, depthwise convolution, 1x1 projection; with a residual where shapes allow."""

    def __init__(self, inputs: int, width: int, stride: int, outputs_: int, expansion: int) -> None:
        super().__init__()
        wide = inputs * expansion
        expand = [nn.Conv2d(inputs, wide, 1, bias=False), nn.BatchNorm2d(wide), nn.ReLU()]
        self.width = width
        self.layers = nn.Sequential(
            *(expand if expansion > 1 else []),
            nn.Conv2d(wide, wide, (width, 3), (1, stride), (0, 1), groups=wide, bias=False),
            nn.BatchNorm2d(wide),
            nn.ReLU(),
            nn.Conv2d(wide, outputs_, 1, bias=False),
            nn.BatchNorm2d(outputs_),
        )
        self.dropout = nn.Dropout(0.2)
        self.residual = inputs == outputs_ and stride == 1

    def forward(self, x: Tensor) -> Tensor:
        """x [B, C, T, F] -> [B, C', T, F']; sees `width - 1` frames of the past."""
        y = self.dropout(self.layers(F.pad(x, (0, 0, self.width - 1, 0))))
        return y + x if self.residual else y


class DepthwiseNetwork(nn.Module):
    """Log-mel frames [B, T, M] to raw answers [B, T, WIDTH]."""

    def __init__(self, mels: int = 229) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(mels)
        self.first = nn.Conv2d(1, 32, 3, (1, 2), (0, 1), bias=False)
        self.first_norm = nn.BatchNorm2d(32)
        blocks, inputs, bins = [], 32, (mels - 1) // 2 + 1
        for width, stride, channels, expansion in BLOCKS:
            blocks.append(DepthwiseBlock(inputs, width, stride, channels, expansion))
            inputs, bins = channels, (bins - 1) // stride + 1
        self.blocks = nn.Sequential(*blocks)
        self.dense = nn.Linear(inputs * bins, 512, bias=False)
        self.dense_norm = nn.BatchNorm1d(512)
        self.dropout = nn.Dropout(0.5)
        self.recurrent = nn.GRU(512, 256, 2, batch_first=True)
        self.heads = nn.Linear(256, outputs.WIDTH)

    def forward(self, frames: Tensor) -> Tensor:
        """Frames [B, T, M] -> raw answers [B, T, WIDTH]."""
        x = self.norm(frames.transpose(1, 2)).transpose(1, 2).unsqueeze(1)
        x = F.relu(self.first_norm(self.first(F.pad(x, (0, 0, 2, 0)))))
        x = self.blocks(x).permute(0, 2, 1, 3).flatten(2)
        x = F.relu(self.dense_norm(self.dense(x).transpose(1, 2)).transpose(1, 2))
        h, _ = self.recurrent(self.dropout(x))
        answers: Tensor = self.heads(h)
        return answers


@dataclass(frozen=True)
class _Sounds(Dataset[tuple[Tensor, Tensor]]):
    """Segment number -> (audio [S], target rows [T, WIDTH])."""

    source: SegmentDraw
    config: RunConfig

    def __len__(self) -> int:
        return self.config.steps * self.config.batch

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        segment = self.source.draw(index)
        clock = self.config.clock
        lead, frames = clock.samples(segment.lead_s), len(segment.audio) // clock.hop
        rows = target_rows(segment.transcript, clock, frames, lead, self.config.onset_width)
        return torch.from_numpy(segment.audio), torch.from_numpy(rows)


def steps(source: SegmentDraw, config: RunConfig) -> Iterator[float]:
    """Trains as one would at first; yields the loss after each of `config.steps` steps."""
    torch.manual_seed(config.seed)
    features = replace(config.features, long_window=0)  # which nobody would begin with
    network = DepthwiseNetwork(features.mels)
    optimizer = torch.optim.AdamW(network.parameters(), lr=config.learning_rate)
    frontend = LogMelBatch(features)
    loader = DataLoader(
        _Sounds(source, config),
        config.batch,
        num_workers=config.workers,
        multiprocessing_context="fork" if config.workers else None,
    )
    for audio, target in loader:
        loss = losses(network(frontend(audio)), target, config.loss)["total"]
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), config.clip)
        optimizer.step()
        yield float(loss.detach())
