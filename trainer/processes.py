"""The processes that train together: one, or as many as torchrun starts.

Each computes its share of every batch. Gradients are averaged by DistributedDataParallel;
everything else they must agree on goes through `Process`.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from transcriber.errors import AmtError, UsageError

Value = TypeVar("Value")


@dataclass(frozen=True)
class Process:
    """This process among those that train together; alone unless started by torchrun.

    Args:
        rank: Its number, from 0.
        ranks: How many there are.
        device: Where it computes.
    """

    rank: int = 0
    ranks: int = 1
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))

    @classmethod
    def join(cls, device: str) -> Process:
        """Joins the group that torchrun's environment describes.

        Args:
            device: "cpu", "cuda", or "auto" for a CUDA device where there is one.

        Raises:
            UsageError: There is no such device.
        """
        usable = torch.cuda.is_available()
        if device == "auto":
            device = "cuda" if usable else "cpu"
        if device not in ("cpu", "cuda"):
            raise UsageError(
                f"There is no device named {device}.", "Choose one of auto, cpu and cuda."
            )
        if device == "cuda" and not usable:
            raise UsageError(
                "There is no CUDA device that this torch can use.", "Train with --device cpu."
            )
        rank, ranks = int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1"))
        where = torch.device("cpu")
        if device == "cuda":
            local = int(os.environ.get("LOCAL_RANK", "0"))
            if local >= torch.cuda.device_count():
                raise UsageError(
                    f"Process {local} of this machine finds only {torch.cuda.device_count()} CUDA "
                    "devices.",
                    "Start as many processes as there are devices: torchrun --nproc-per-node gpu",
                )
            where = torch.device("cuda", local)
            torch.cuda.set_device(where)
        if ranks > 1:
            dist.init_process_group("nccl" if device == "cuda" else "gloo")
        return cls(rank, ranks, where)

    def leave(self) -> None:
        """Leaves the group, after an orderly end: others may be waiting for one that fails."""
        if self.ranks > 1 and dist.is_initialized():
            dist.destroy_process_group()

    def parallel(self, network: nn.Module) -> nn.Module:
        """The network with gradients averaged over all processes."""
        if self.ranks == 1:
            return network
        # A batch norm uses the statistics of its process's share; `share_statistics` averages
        # those that are kept.
        return DistributedDataParallel(network)

    def share_statistics(self, network: nn.Module) -> None:
        """Averages the running statistics of batch norms, so that all processes hold the same."""
        if self.ranks == 1:
            return
        kept = [b for b in network.buffers() if b.dtype.is_floating_point]
        means = self.mean(torch.cat([b.flatten() for b in kept]))
        for buffer, mean in zip(kept, means.split([b.numel() for b in kept]), strict=True):
            buffer.copy_(mean.view_as(buffer))

    def mean(self, values: Tensor) -> Tensor:
        """Mean of each value over all processes; not finite where one of them is not."""
        if self.ranks > 1:
            dist.all_reduce(values)
            values /= self.ranks
        return values

    def first(self, make: Callable[[], Value]) -> Value:
        """What rank 0 makes, or the error it meets, on every rank."""
        if self.ranks == 1:
            return make()
        made: list[Value | AmtError | None] = [None]
        if self.rank == 0:
            try:
                made = [make()]
            except AmtError as error:
                made = [error]
        dist.broadcast_object_list(made)
        if isinstance(made[0], AmtError):
            raise made[0]
        return made[0]  # type: ignore[return-value]

    def gather(self, value: Value) -> list[Value]:
        """What every process has, in the order of their ranks."""
        if self.ranks == 1:
            return [value]
        everyone: list[Value | None] = [None] * self.ranks
        dist.all_gather_object(everyone, value)
        return everyone  # type: ignore[return-value]
