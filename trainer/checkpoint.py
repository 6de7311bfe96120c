"""Checkpoints: tensors as safetensors, everything else as JSON inside them. Nothing is ever
unpickled.

A checkpoint holds all that decides the rest of a run: weights, averaged weights, optimiser moments,
and the step, from which follow the learning rate, the position of the loader and, with the run's
seed, the state of the random generator, which is seeded anew before every step. It is written to a
temporary file and renamed, so that a kill or a full disk leaves the one before.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as packed
from torch import Tensor, nn

from transcriber.atomic import atomic_path
from transcriber.errors import ModelError

from .config import RunConfig

FORMAT = "amt-checkpoint"
VERSION = 1


@dataclass(frozen=True)
class Checkpoint:
    """What was read: tensors by name, and the JSON part."""

    tensors: dict[str, Tensor]
    meta: dict[str, Any]

    def part(self, prefix: str) -> dict[str, Tensor]:
        """Tensors whose names start with `prefix.`, without it."""
        cut = len(prefix) + 1
        return {k[cut:]: v for k, v in self.tensors.items() if k.startswith(prefix + ".")}

    @property
    def config(self) -> RunConfig:
        """What the run was told.

        Raises:
            ModelError: It was written by a version with other settings.
        """
        try:
            return RunConfig.from_json(self.meta["config"])
        except (KeyError, TypeError, ValueError) as error:
            raise ModelError(
                f"The checkpoint's configuration is not of this version of amt ({error}).",
                "Use the version it was trained with, which its git revision names: "
                f"{self.meta.get('git') or 'unknown'}.",
            ) from error


def save(
    path: Path,
    network: nn.Module,
    average: dict[str, Tensor],
    optimizer: torch.optim.Optimizer,
    meta: dict[str, Any],
) -> None:
    """Writes a checkpoint in one piece.

    Args:
        path: Where to, `.safetensors`.
        network: Weights and buffers to keep.
        average: Averaged weights and buffers by name.
        optimizer: An optimiser with one parameter group, parameters in the network's order.
        meta: JSON-able rest: step, run configuration, scores.

    Raises:
        OutputError: The disk is full, or the folder is gone; the file that was there still is.
    """
    tensors = {f"network.{k}": v for k, v in network.state_dict().items()}
    tensors |= {f"average.{k}": v for k, v in average.items()}
    for index, state in optimizer.state_dict()["state"].items():
        for name, value in state.items():
            tensors[f"optimizer.{index}.{name}"] = torch.as_tensor(value)
    tensors = {k: v.detach().cpu().contiguous().clone() for k, v in tensors.items()}
    _write(path, tensors, meta)


def _write(path: Path, tensors: dict[str, Tensor], meta: dict[str, Any]) -> None:
    # Packed here and not by `save_file`, whose errors do not say that a disk is full.
    data = packed(tensors, {"format": FORMAT, "version": str(VERSION), "meta": json.dumps(meta)})
    with atomic_path(path) as draft, draft.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def save_weights(path: Path, source: Checkpoint) -> None:
    """Writes the averaged weights alone, in half precision: a start for another training."""
    tensors = {
        f"average.{name}": value.half() if value.dtype == torch.float32 else value
        for name, value in source.part("average").items()
    }
    meta = {key: source.meta[key] for key in ("config", "step", "git")}
    _write(path, tensors, meta)


def blend(source: Path, other: Path, share: float, target: Path) -> None:
    """Writes the mean of two checkpoints' averaged weights, alone, under the name `target`.

    Of weights that were trained on from others, the mean with these keeps what they knew and most
    of what was learned (WiSE-FT, Wortsman et al., CVPR 2022, equation 1).

    Args:
        source: A checkpoint, whose description is kept.
        other: A checkpoint of a network of that size, mostly the one it was trained on from.
        share: Weight of `other`, 0..1.
        target: Where to, `.safetensors`.

    Raises:
        ModelError: One of them cannot be read, or they are of different size.
    """
    first = load(source)
    ours, theirs = first.part("average"), load(other).part("average")
    if {k: v.shape for k, v in ours.items()} != {k: v.shape for k, v in theirs.items()}:
        raise ModelError(
            f"The weights in {other} are of a network of another size than those in {source}.",
            "Blend weights of one network only.",
        )
    mean = {k: torch.lerp(v.double(), theirs[k].double(), share).to(v) for k, v in ours.items()}
    _write(target, {f"average.{k}": v for k, v in mean.items()}, first.meta)


def start_from(network: nn.Module, path: Path) -> None:
    """Loads averaged weights, of a checkpoint or of `save_weights`, into a network of that size, or
    into one that hears the long window besides and answers as the smaller one does at first.

    Raises:
        ModelError: The file cannot be read, or the network is of another size.
    """
    stored = load(path).part("average")
    wanted = network.state_dict()
    stored = {k: v for k, v in wanted.items() if k.startswith("long_")} | stored
    if {k: v.shape for k, v in stored.items()} != {k: v.shape for k, v in wanted.items()}:
        raise ModelError(
            f"The weights in {path} are of a network of another size.",
            "Choose the network settings they were trained with.",
        )
    network.load_state_dict({k: v.to(wanted[k].dtype) for k, v in stored.items()})


def load(path: Path) -> Checkpoint:
    """Reads a checkpoint.

    Raises:
        ModelError: It is missing, damaged, or of another format or version.
    """
    try:
        with safe_open(path, "pt") as file:
            header = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (OSError, SafetensorError) as error:
        raise ModelError(
            f"The checkpoint {path} cannot be read ({error}).",
            "Name the `last.safetensors` or `best.safetensors` of a run folder.",
        ) from error
    if header.get("format") != FORMAT or header.get("version") != str(VERSION):
        raise ModelError(
            f"{path} is not a checkpoint of this version of amt.", "Train with this version."
        )
    try:
        return Checkpoint(tensors, json.loads(header["meta"]))
    except (KeyError, ValueError) as error:
        raise ModelError(
            f"The checkpoint {path} is damaged: its description cannot be read.",
            "Copy it again, or go on from another one.",
        ) from error


def restore_optimizer(optimizer: torch.optim.Optimizer, checkpoint: Checkpoint) -> None:
    """Puts the moments back, in place."""
    state: dict[int, dict[str, Tensor]] = {}
    for name, value in checkpoint.part("optimizer").items():
        index, key = name.split(".", 1)
        state.setdefault(int(index), {})[key] = value
    groups = optimizer.state_dict()["param_groups"]
    optimizer.load_state_dict({"state": state, "param_groups": groups})
