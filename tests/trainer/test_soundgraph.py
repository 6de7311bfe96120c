"""A model file that hears samples answers as front end and network do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch

from trainer.export import to_onnx
from trainer.network import Network, NetworkConfig, probabilities
from trainer.soundgraph import SAMPLES, export_with_features, with_features
from transcriber.errors import ModelError
from transcriber.features import FeatureConfig, LogMel
from transcriber.model import Model, load_model, read_info
from transcriber.network import ANSWERS, NEW

PARITY = 1e-4
"""In probability; and in log-mel units, the promise of `transcriber.features`."""

HALVED = 5e-3
"""Half precision keeps eleven bits of a weight."""


def stream(path: Path, sound: np.ndarray, sizes: list[int]) -> np.ndarray:
    """Run a graph over sound, in steps of so many hops; return all answers."""
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    names = [value.name for value in session.get_outputs()]
    state = {
        value.name: np.zeros(value.shape, np.float32)
        for value in session.get_inputs()
        if value.name != SAMPLES
    }
    rows, at = [], 0
    for size in sizes:
        piece = sound[None, at : at + 320 * size]
        at += 320 * size
        given = dict(zip(names, session.run(None, {SAMPLES: piece, **state}), strict=True))
        state = {name: given[NEW + name] for name in state}
        rows.append(given[ANSWERS][0])
    return np.concatenate(rows)


@pytest.fixture(scope="module")
def sound(strike_sound: Callable[..., np.ndarray]) -> np.ndarray:
    return strike_sound(4.0)[: 320 * 190]


@pytest.mark.parametrize(
    "sizes", [[190], [1] * 190, [1, 2, 7, 64, 116]], ids=["at once", "singly", "unevenly"]
)
def test_samples_are_answered_as_their_features(
    lively_model: Model, lively_model_path: Path, sound: np.ndarray, tmp_path: Path, sizes: list
) -> None:
    target = tmp_path / "sound.onnx"
    export_with_features(str(lively_model_path), target, half=False)
    frames, _ = LogMel(lively_model.info.features).step(sound, None)
    expected, _ = lively_model.network.step(frames, None)
    answers = stream(target, sound, sizes)
    assert np.abs(expected.onset).max() > 0.5
    assert np.abs(answers - expected.rows).max() <= PARITY


def test_both_windows_are_in_the_graph(
    strike_sound: Callable[..., np.ndarray], tmp_path: Path
) -> None:
    features = FeatureConfig(mels=40, long_window=4096, long_mels=32)
    torch.manual_seed(3)
    network = Network(
        NetworkConfig(40, (4,), (4,), features=16, hidden=8, layers=1, long_mels=32)
    ).eval()
    for layer in (network.heads, network.long_dense):
        torch.nn.init.normal_(layer.weight)
    target = tmp_path / "sound.onnx"
    target.write_bytes(with_features(to_onnx(network), features))
    sound = strike_sound(2.0)[: 320 * 90]
    frames, _ = LogMel(features).step(sound, None)
    with torch.no_grad():
        expected = probabilities(network(torch.from_numpy(frames)[None])[0])[0].numpy()
    for sizes in ([90], [1] * 90, [1, 2, 7, 80]):
        assert np.abs(stream(target, sound, sizes) - expected).max() <= PARITY


def test_halved_weights_change_little_and_save_half(
    bundled_model: Model, demo_sound: np.ndarray, tmp_path: Path
) -> None:
    target = tmp_path / "live.onnx"
    export_with_features("live", target)
    sound = demo_sound[: 320 * 400]
    frames, _ = LogMel(bundled_model.info.features).step(sound, None)
    expected, _ = bundled_model.network.step(frames, None)
    answers = stream(target, sound, [400])
    difference = np.abs(answers - expected.rows)
    assert expected.onset.max() > 0.9
    assert PARITY < difference.max() <= HALVED
    assert target.stat().st_size < 0.7 * bundled_model.path.stat().st_size


def test_the_description_travels_sealed(lively_model_path: Path, tmp_path: Path) -> None:
    target = tmp_path / "sound.onnx"
    stored = export_with_features(str(lively_model_path), target)
    assert read_info(str(target)) == stored == read_info(str(lively_model_path))
    # A graph that hears samples is no model for the terminal, and says so instead of failing later.
    with pytest.raises(ModelError, match="not one of amt's networks"):
        load_model(str(target))
