"""From a checkpoint to a model file: the averaged weights as an ONNX graph with sealed metadata.

The exported graph is checked before it is written: streamed frame by frame and in uneven blocks by
ONNX Runtime, it must answer as the torch network does.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from transcriber import envelope, model
from transcriber.atomic import atomic_path
from transcriber.decoder import DecoderSettings
from transcriber.errors import ModelError
from transcriber.network import ANSWERS, FRAMES, NEW, OnnxNetwork

from . import checkpoint
from .history import training_cost
from .network import Network, probabilities

PARITY = 1e-4
"""Largest difference allowed between torch and ONNX Runtime, in probability."""

OPSET = 20


class _Streaming(nn.Module):
    """The network as it runs: one stream, probabilities out, state flattened into arguments."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network

    def forward(self, frames: Tensor, state: list[Tensor]) -> tuple[Tensor, ...]:
        raw, new = self.network(frames, tuple(state))
        return (probabilities(raw), *new)


@dataclass(frozen=True)
class Label:
    """What a model file is called and says about its making."""

    name: str
    version: str
    licence: str
    trained_on: str


def export(
    source: Path, target: Path, label: Label, decoder: DecoderSettings, provenance: dict[str, Any]
) -> model.ModelInfo:
    """Writes the averaged weights of checkpoint `source` as model file `target`.

    Args:
        source: A checkpoint.
        target: Where to, `.onnx`; written whole or not at all.
        label: Name, version, licence and material.
        decoder: Calibrated thresholds to store.
        provenance: JSON-able facts about the training, merged with the checkpoint's own.

    Returns:
        The description stored in the file.

    Raises:
        ModelError: The checkpoint cannot be read or is of a version with other settings, or the
            exported graph does not answer as the network does.
    """
    stored = checkpoint.load(source)
    config = stored.config
    network = Network(config.network)
    network.load_state_dict(stored.part("average"))
    network.eval()
    graph = to_onnx(network)
    worst = parity(network, graph)
    if worst > PARITY:
        raise ModelError(
            f"The exported graph differs from the network by {worst:.1e}, more than {PARITY:.0e}.",
            "Report this with your versions of torch, onnx and onnxruntime.",
        )
    info = model.ModelInfo(
        name=label.name,
        version=label.version,
        licence=label.licence,
        features=config.features,
        delay=config.delay,
        decoder=decoder,
        trained_on=label.trained_on,
        provenance={
            "steps": stored.meta["step"],
            "audio_hours": round(stored.meta["step"] * config.batch * config.seconds / 3600, 1),
            "parameters": sum(p.numel() for p in network.parameters()),
            "git": stored.meta["git"],
            "parity": float(f"{worst:.1e}"),
            **training_cost(source.parent),
            **provenance,
        },
    )
    write_model(graph, info, target)
    return info


def write_model(graph: bytes, info: model.ModelInfo, target: Path) -> None:
    """Seals a graph with its description and writes both, whole or not at all."""
    _, digest = envelope.split(graph)
    data = graph + envelope.entry(model.METADATA_KEY, info.to_json(digest))
    with atomic_path(target) as path:
        Path(path).write_bytes(data)


def to_onnx(network: Network) -> bytes:
    """Serialises the network, in evaluation mode, as `transcriber.network` expects it."""
    streaming = _Streaming(network).eval()
    frames = torch.zeros(1, 3, network.config.columns)
    state = network.initial_state(1, frames)
    names = [f"past_{i}" for i in range(len(state) - 1)] + ["hidden"]
    dynamic = {"frames": {1: torch.export.Dim("frames", min=1)}, "state": [{} for _ in state]}
    # The exporter swaps torch's GRU for one of any length, but torch remembers the one used before:
    # without this a second export in a process would be fixed to the length of the example frames.
    torch.ops.aten.gru.input._dispatch_cache.clear()
    with _quiet(), torch.no_grad():
        program = torch.onnx.export(
            streaming,
            (frames, list(state)),
            input_names=[FRAMES, *names],
            output_names=[ANSWERS, *(NEW + name for name in names)],
            dynamic_shapes=dynamic,
            opset_version=OPSET,
            dynamo=True,
            verbose=False,
        )
    assert program is not None
    proto = program.model_proto
    del proto.metadata_props[:]
    for node in proto.graph.node:
        del node.metadata_props[:]
        node.doc_string = ""
    for value in (*proto.graph.input, *proto.graph.output):
        del value.metadata_props[:]
    answers = next(o for o in proto.graph.output if o.name == ANSWERS)
    answers.type.tensor_type.shape.dim[1].dim_param = "frames"
    # Inner shapes may carry the length of the example frames: ONNX Runtime infers its own.
    del proto.graph.value_info[:]
    return bytes(proto.SerializeToString())


@contextmanager
def _quiet() -> Iterator[None]:
    """Leaves out what the exporter says of things that are not ours to change; parity is checked.

    It uses parts of torch that torch is about to rename, notes that the GRU regroups its weights,
    and misses torchvision, of which nothing here is made.
    """
    log = logging.getLogger("torch.onnx._internal.exporter._registration")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "_check_is_size will be removed", FutureWarning)
            warnings.filterwarnings("ignore", r"`isinstance\(treespec, LeafSpec", FutureWarning)
            warnings.filterwarnings("ignore", "The tensor attributes .*_flat_weights", UserWarning)
            yield
    finally:
        log.setLevel(level)


@torch.no_grad()
def parity(network: Network, graph: bytes, frames: int = 200) -> float:
    """Largest difference between torch on a whole segment and ONNX Runtime on pieces of it."""
    rng = np.random.default_rng(0)
    sound = rng.gamma(1.0, 1.0, (frames, network.config.columns)).astype(np.float32)
    raw, _ = network(torch.from_numpy(sound)[None])
    expected = probabilities(raw)[0].numpy()
    runtime, memory, at, rows = OnnxNetwork(graph), None, 0, []
    while at < frames:
        size = int(rng.choice([1, 1, 2, 7, 40]))
        answers, memory = runtime.step(sound[at : at + size], memory)
        rows.append(answers.rows)
        at += size
    return float(np.abs(np.concatenate(rows) - expected).max())
