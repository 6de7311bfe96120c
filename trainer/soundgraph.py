"""The front end inside the graph: a model file that hears samples instead of log-mel frames.

A browser has no numpy, and a second definition of the features would drift from the first. So the
definition of `transcriber.features` is written into the ONNX graph, in front of the network:

    samples float32 [1, T * hop], past_samples [1, span - hop]
        -> Fourier transform, mel filters, logarithm -> frames -> the network as it was
    and, where the definition has a long window, low-pass filter -> the same once more -> frames

`past_samples` is one more state tensor: zeros where a stream begins, `new_past_samples` afterwards.
The transform runs in double precision; in single, the quietest features are wrong by 1.4e-4.
Weights may be stored in half precision, which halves the file; they are widened when it is loaded,
so the arithmetic stays single.

This module needs onnx and no torch: the phone's page is built from the bundled model itself.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from transcriber import envelope
from transcriber.atomic import atomic_write
from transcriber.features import DECIMATION, FeatureConfig
from transcriber.model import METADATA_KEY, ModelInfo, load_model
from transcriber.network import FRAMES, NEW

SAMPLES, PAST = "samples", "past_samples"

LARGE = 4096
"""Weights with at least this many numbers are halved; the rest would save nothing."""


def export_with_features(name_or_path: str, target: Path, *, half: bool = True) -> ModelInfo:
    """Writes a model file as one that hears samples, sealed with the same description.

    Args:
        name_or_path: A bundled model, or a model file.
        target: Where to, `.onnx`; written whole or not at all.
        half: Store weights in half precision.

    Returns:
        The description stored in both files.

    Raises:
        ModelError: There is no such model, or its file is damaged.
        OutputError: `target` cannot be written.
    """
    loaded = load_model(name_or_path)
    graph = with_features(loaded.path.read_bytes(), loaded.info.features, half=half)
    _, digest = envelope.split(graph)
    atomic_write(target, graph + envelope.entry(METADATA_KEY, loaded.info.to_json(digest)))
    return loaded.info


def with_features(model: bytes, features: FeatureConfig, *, half: bool = False) -> bytes:
    """Puts the front end in front of a network.

    Args:
        model: A serialised graph laid out as `transcriber.network` says.
        features: The front end it was trained with.
        half: Store weights in half precision.

    Returns:
        The serialised graph, without metadata.
    """
    proto = onnx.load_from_string(model)
    del proto.metadata_props[:]
    graph = proto.graph
    network = list(graph.node)
    del graph.node[:]
    if half:
        _halve(graph)
    graph.node.extend(_front_end(graph, features))
    graph.node.extend(network)
    tail = [1, features.span - features.hop]
    graph.input.remove(next(value for value in graph.input if value.name == FRAMES))
    graph.input.insert(0, helper.make_tensor_value_info(PAST, TensorProto.FLOAT, tail))
    graph.input.insert(0, helper.make_tensor_value_info(SAMPLES, TensorProto.FLOAT, [1, SAMPLES]))
    graph.output.insert(1, helper.make_tensor_value_info(NEW + PAST, TensorProto.FLOAT, tail))
    onnx.checker.check_model(proto)
    return bytes(proto.SerializeToString())


def _front_end(graph: onnx.GraphProto, features: FeatureConfig) -> list[onnx.NodeProto]:
    """The nodes from `samples` to `frames`; their constants go into the graph."""
    c = features
    end = _constant(graph, "end", np.array([np.iinfo(np.int64).max]))
    time = _constant(graph, "time", np.array([1]))
    first = _constant(graph, "first", np.array([c.hop - c.span]))
    nodes = [
        _node("Concat", [PAST, SAMPLES], "sound", axis=1),
        _node("Slice", ["sound", first, end, time], NEW + PAST),
    ]
    if c.long is None:
        return [*nodes, *_log_mel(graph, c, "sound", FRAMES)]
    # Both windows end at the same sample.
    late = _constant(graph, "late", np.array([c.span - c.window]))
    low_pass = _constant(graph, "low_pass", c.low_pass[None, None])
    return [
        *nodes,
        _node("Slice", ["sound", late, end, time], "short.sound"),
        *_log_mel(graph, c, "short.sound", "short.frames", "short."),
        _node("Unsqueeze", ["sound", time], "long.sound"),
        _node("Conv", ["long.sound", low_pass], "long.decimated", strides=[DECIMATION]),
        _node("Squeeze", ["long.decimated", time], "long.signal"),
        *_log_mel(graph, c.long, "long.signal", "long.frames", "long."),
        _node("Concat", ["short.frames", "long.frames"], FRAMES, axis=2),
    ]


def _log_mel(
    graph: onnx.GraphProto, c: FeatureConfig, sound: str, frames: str, prefix: str = ""
) -> list[onnx.NodeProto]:
    """The nodes from a signal [1, S] to the log-mel frames [1, T, mels] of one window."""

    def constant(name: str, value: NDArray[np.generic]) -> str:
        return _constant(graph, prefix + name, value)

    channel = constant("channel", np.array([2]))
    complex_pair = constant("complex_pair", np.array([3]))
    hop = constant("hop", np.array(c.hop))
    window = constant("window", c.analysis_window.astype(np.float64))
    length = constant("length", np.array(c.window))
    filters = constant("filters", c.mel_filters)
    gain = constant("gain", np.array(c.gain, np.float32))
    one = constant("one", np.array(1.0, np.float32))
    chain: list[tuple[str, list[str], dict[str, int]]] = [
        ("Cast", [], {"to": TensorProto.DOUBLE}),
        ("Unsqueeze", [channel], {}),
        ("STFT", [hop, window, length], {"onesided": 1}),
        ("Cast", [], {"to": TensorProto.FLOAT}),
        ("ReduceL2", [complex_pair], {"keepdims": 0}),
        ("MatMul", [filters], {}),
        ("Mul", [gain], {}),
        ("Add", [one], {}),
        ("Log", [], {}),
    ]
    nodes, at = [], sound
    for number, (kind, constants, attributes) in enumerate(chain, 1):
        made = frames if number == len(chain) else f"features.{prefix}{number}"
        nodes.append(_node(kind, [at, *constants], made, **attributes))
        at = made
    return nodes


def _constant(graph: onnx.GraphProto, name: str, value: NDArray[np.generic]) -> str:
    graph.initializer.append(numpy_helper.from_array(value, f"features.{name}"))
    return f"features.{name}"


def _node(kind: str, inputs: list[str], output: str, **attributes: Any) -> onnx.NodeProto:
    return helper.make_node(kind, inputs, [output], **attributes)


def _halve(graph: onnx.GraphProto) -> None:
    """Stores large weights in half precision, with a node each that widens them."""
    for tensor in list(graph.initializer):
        if tensor.data_type != TensorProto.FLOAT or np.prod(tensor.dims) < LARGE:
            continue
        values = numpy_helper.to_array(tensor).astype(np.float16)
        stored = numpy_helper.from_array(values, f"{tensor.name}.half")
        wide = helper.make_node("Cast", [stored.name], [tensor.name], to=TensorProto.FLOAT)
        graph.initializer.remove(tensor)
        graph.initializer.append(stored)
        graph.node.append(wide)
