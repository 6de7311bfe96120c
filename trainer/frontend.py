"""The log-mel front end in torch, batched: the same definition as `transcriber.features`, held to
1e-4 by a test.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from transcriber.features import FeatureConfig


class LogMelBatch(nn.Module):
    """Audio segments to log-mel frames, each segment starting as a stream of its own."""

    window: Tensor
    filters: Tensor

    def __init__(self, config: FeatureConfig) -> None:
        super().__init__()
        self.config = config
        self.register_buffer("window", torch.from_numpy(config.analysis_window), persistent=False)
        self.register_buffer("filters", torch.from_numpy(config.mel_filters), persistent=False)

    @torch.no_grad()
    def forward(self, audio: Tensor) -> Tensor:
        """Audio float32 [B, S] -> frames float32 [B, S // hop, mels]."""
        c = self.config
        padded = nn.functional.pad(audio, (c.window - c.hop, 0))
        framed = padded.unfold(1, c.window, c.hop)
        spectrum = torch.fft.rfft(framed * self.window).abs()
        return torch.log1p(c.gain * (spectrum @ self.filters))
