"""One step of learning: a pass in mixed precision, gradients clipped, a check that loss and
gradient are finite, the optimiser, the average.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from transcriber.errors import ModelError

from . import checkpoint
from .averaging import Average
from .batches import Batch
from .config import RunConfig
from .interrupts import StopSignal
from .network import Network
from .optimizer import Muon, matrices
from .processes import Process
from .targets import losses


@dataclass(frozen=True)
class Outcome:
    """What a step came to, over all processes.

    Args:
        losses: "total" and its parts, before the update.
        norm: Norm of the gradient before clipping.
        rate: Learning rate.
        nonfinite: A loss or the gradient is not a number: nothing was updated.
        stop: Some process was asked to stop.
    """

    losses: dict[str, float]
    norm: float
    rate: float
    nonfinite: bool
    stop: bool


class Learner:
    """Network, optimiser and average: what a step changes and a checkpoint holds."""

    def __init__(self, config: RunConfig, process: Process) -> None:
        self.config, self.process = config, process
        torch.manual_seed(config.seed)
        network = Network(config.network).to(process.device)
        self.network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.model = process.parallel(self.network).train()
        stacked = matrices(self.network) if config.optimizer == "muon" else {}
        self.optimizer = Muon(
            self.network.parameters(), stacked, config.learning_rate, config.weight_decay
        )
        self.average = Average(self.network, config.ema)

    def step(self, number: int, batch: Batch, stop: StopSignal) -> Outcome:
        """Learns from one batch, unless the loss or its gradient is not finite.

        Args:
            number: Steps done before.
            batch: Frames [B, T, M] and target rows [B, T, WIDTH] of this process.
            stop: Read late, so that a signal during the step counts.
        """
        config, device = self.config, self.process.device
        frames, target = (part.to(device, non_blocking=True) for part in batch)
        torch.manual_seed(_seed(config.seed, number, self.process.rank))
        self.optimizer.param_groups[0]["lr"] = config.learning_rate * rate(number, config)
        with torch.autocast(device.type, torch.bfloat16, enabled=config.precision == "bf16"):
            raw, _ = self.model(frames)
        parts = losses(raw, target, config.loss)
        self.optimizer.zero_grad(set_to_none=True)
        parts["total"].backward()
        norm = nn.utils.clip_grad_norm_(self.network.parameters(), config.clip)
        figures = torch.stack([*parts.values(), norm, norm.new_tensor(stop.asked)]).detach()
        *values, norm_value, stopping = self.process.mean(figures).tolist()
        nonfinite = not all(math.isfinite(value) for value in (*values, norm_value))
        if not nonfinite:
            self.optimizer.step()
            self.process.share_statistics(self.network)
            self.average.update(self.network, number + 1)
        used = self.optimizer.param_groups[0]["lr"]
        losses_ = dict(zip(parts, values, strict=True))
        return Outcome(losses_, norm_value, used, nonfinite, stopping > 0.0)

    def save(self, path: Path, meta: dict[str, Any]) -> None:
        """Writes a checkpoint."""
        checkpoint.save(path, self.network, self.average.state, self.optimizer, meta)

    def load(self, stored: checkpoint.Checkpoint) -> None:
        """Takes everything from a checkpoint.

        Raises:
            ModelError: It is of a network of another shape.
        """
        try:
            self.network.load_state_dict(stored.part("network"))
        except RuntimeError as error:
            raise ModelError(
                "The run's last checkpoint is of a network of another shape.",
                "Go on with the version of amt that began the run, or begin another with -o.",
            ) from error
        self.average.load(stored.part("average"))
        checkpoint.restore_optimizer(self.optimizer, stored)


def rate(step: int, config: RunConfig) -> float:
    """Share of the highest learning rate at a step: linear warm-up, plateau, linear fall to
    zero.
    """
    warm = min(1.0, (step + 1) / max(1, config.warmup))
    fall = (config.steps - step) / max(1.0, config.decay * config.steps)
    return warm * min(1.0, fall)


def _seed(*numbers: int) -> int:
    """Seed of the dropout of one step in one process."""
    return int(np.random.SeedSequence(numbers).generate_state(1, np.uint64)[0])
