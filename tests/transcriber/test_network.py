"""The graph at run time: explicit state, any number of frames, and refusal of foreign graphs."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from transcriber.errors import ModelError
from transcriber.model import Model
from transcriber.network import OnnxNetwork
from transcriber.outputs import WIDTH


def graph(name: str = "frames", answers: int = WIDTH) -> bytes:
    """A network without state that repeats one number."""
    size = helper.make_tensor("size", TensorProto.INT64, [3], [1, 1, answers])
    nodes = [
        helper.make_node("ReduceMean", [name], ["mean"], keepdims=1),
        helper.make_node("Expand", ["mean", "size"], ["answers"]),
    ]
    proto = helper.make_graph(
        nodes, "g",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, "t", 4])],
        [helper.make_tensor_value_info("answers", TensorProto.FLOAT, [1, 1, answers])],
        [size],
    )  # fmt: skip
    opset = helper.make_opsetid("", 17)
    return helper.make_model(proto, opset_imports=[opset], ir_version=9).SerializeToString()


def test_a_graph_laid_out_as_ours_is_run() -> None:
    answers, state = OnnxNetwork(graph()).step(np.full((3, 4), 0.25, np.float32), None)
    assert answers.rows.shape == (1, WIDTH)
    assert (answers.rows == 0.25).all()
    assert state == {}


@pytest.mark.parametrize("foreign", [graph(name="pixels"), graph(answers=WIDTH + 1)])
def test_other_networks_are_refused(foreign: bytes) -> None:
    onnx.checker.check_model(onnx.load_from_string(foreign))
    with pytest.raises(ModelError, match="is not one of amt's networks"):
        OnnxNetwork(foreign)


@pytest.mark.parametrize("nonsense", [b"", b"\x00" * 100, graph()[:-40]])
def test_what_cannot_be_run_is_refused(nonsense: bytes) -> None:
    with pytest.raises(ModelError, match=r"cannot be run|not one of amt's networks"):
        OnnxNetwork(nonsense)


def test_one_frame_at_a_time_or_all_at_once(lively_model: Model, rng: np.random.Generator) -> None:
    network = lively_model.network
    frames = rng.gamma(1.0, 1.0, (60, lively_model.info.features.mels)).astype(np.float32)
    whole, end = network.step(frames, None)
    state, rows = None, []
    for frame in frames:
        answers, state = network.step(frame[None], state)
        rows.append(answers.rows)
    assert np.abs(np.concatenate(rows) - whole.rows).max() < 1e-5
    assert state is not None
    assert all(np.abs(state[name] - end[name]).max() < 1e-5 for name in end)


def test_the_state_is_a_value(lively_model: Model, rng: np.random.Generator) -> None:
    """A step leaves the state it was given alone, so that it may be taken again."""
    network = lively_model.network
    frames = rng.gamma(1.0, 1.0, (8, lively_model.info.features.mels)).astype(np.float32)
    _, state = network.step(frames, None)
    copy = {name: value.copy() for name, value in state.items()}
    first, _ = network.step(frames, state)
    again, _ = network.step(frames, state)
    fresh, _ = network.step(frames, None)
    assert all(np.array_equal(state[name], copy[name]) for name in copy)
    assert np.array_equal(first.rows, again.rows)
    assert not np.array_equal(first.rows, fresh.rows)


def test_no_state_is_silence_before(lively_model: Model, rng: np.random.Generator) -> None:
    network = lively_model.network
    frames = rng.gamma(1.0, 1.0, (8, lively_model.info.features.mels)).astype(np.float32)
    fresh, _ = network.step(frames, None)
    explicit, _ = network.step(frames, network.initial_state())
    assert np.array_equal(fresh.rows, explicit.rows)
