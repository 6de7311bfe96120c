"""From a checkpoint to a model file that answers alike."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch

from trainer import checkpoint, export
from trainer.averaging import Average
from trainer.config import RunConfig
from trainer.network import Network, NetworkConfig
from transcriber.decoder import DecoderSettings
from transcriber.errors import ModelError
from transcriber.features import FeatureConfig
from transcriber.model import load_model

LABEL = export.Label("small", "7", "CC0", "noise")
CONFIG = RunConfig(
    features=FeatureConfig(mels=32),
    network=NetworkConfig(32, (4, 6), (2, 2), features=16, hidden=12, layers=2),
    batch=4,
    seconds=9.0,
    delay=3,
)


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint whose averaged weights are others than its last ones."""
    with torch.random.fork_rng():
        torch.manual_seed(3)
        network = Network(CONFIG.network)
        torch.nn.init.normal_(network.heads.weight)
        average = Average(network, 0.9)
        with torch.no_grad():
            network.heads.bias.add_(3.0)
    path = tmp_path_factory.mktemp("run") / "best.safetensors"
    meta = {"config": CONFIG.to_json(), "step": 100, "git": "abc", "best": 0.5}
    optimizer = torch.optim.AdamW(network.parameters())
    checkpoint.save(path, network, average.state, optimizer, meta)
    return path


@pytest.fixture(scope="module")
def exported(stored: Path) -> Path:
    target = stored.with_name("small.onnx")
    export.export(stored, target, LABEL, DecoderSettings(onset_threshold=0.3), {"by": "test"})
    return target


def averaged(stored: Path) -> Network:
    network = Network(CONFIG.network)
    network.load_state_dict(checkpoint.load(stored).part("average"))
    return network.eval()


def test_the_file_answers_as_the_averaged_network(stored: Path, exported: Path) -> None:
    onnx.checker.check_model(onnx.load(exported))
    difference = export.parity(averaged(stored), exported.read_bytes())
    assert difference <= export.PARITY
    network = averaged(stored)
    network.load_state_dict(checkpoint.load(stored).part("network"))
    assert export.parity(network, exported.read_bytes()) > 0.1


def test_the_file_says_what_it_is(exported: Path) -> None:
    info = load_model(str(exported)).info
    assert (info.name, info.version, info.licence, info.trained_on) == (
        "small",
        "7",
        "CC0",
        "noise",
    )
    assert info.features == CONFIG.features
    assert info.clock == CONFIG.clock
    assert info.decoder.onset_threshold == 0.3
    facts = info.provenance
    assert (facts["steps"], facts["audio_hours"], facts["git"]) == (100, 1.0, "abc")
    assert facts["by"] == "test"
    assert facts["parity"] <= export.PARITY
    # The exporter's traces name folders of the machine that trained: none of them remain.
    assert str(Path(export.__file__).parent).encode() not in exported.read_bytes()


def test_a_graph_that_answers_otherwise_is_not_written(
    stored: Path, exported: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = exported.read_bytes()
    proto = onnx.load_from_string(honest)
    bias = next(t for t in proto.graph.initializer if t.name.endswith("heads.bias"))
    values = onnx.numpy_helper.to_array(bias) + np.float32(0.01)
    bias.CopyFrom(onnx.numpy_helper.from_array(values, bias.name))
    monkeypatch.setattr(export, "to_onnx", lambda network: proto.SerializeToString())
    target = stored.with_name("other.onnx")
    with pytest.raises(ModelError, match="differs from the network by"):
        export.export(stored, target, LABEL, DecoderSettings(), {})
    assert not target.exists()


def test_a_checkpoint_with_unknown_settings_gets_a_sentence(stored: Path, tmp_path: Path) -> None:
    found = checkpoint.load(stored)
    settings = json.loads(found.meta["config"]) | {"telepathy": 1}
    other = tmp_path / "other.safetensors"
    meta = found.meta | {"config": json.dumps(settings)}
    checkpoint.save_weights(other, replace(found, meta=meta))
    with pytest.raises(ModelError, match=r"not of this version of amt .*telepathy"):
        export.export(other, tmp_path / "other.onnx", LABEL, DecoderSettings(), {})


def test_a_second_export_takes_any_number_of_frames_and_says_nothing(
    exported: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Torch remembers, in a process, which GRU it used last."""
    network = Network(replace(CONFIG.network, layers=1)).eval()
    first, second = (export.to_onnx(network) for _ in range(2))
    assert export.parity(network, first) <= export.PARITY
    assert export.parity(network, second) <= export.PARITY
    assert capfd.readouterr() == ("", "")


def test_blended_weights_lie_where_they_are_asked_to(stored: Path, tmp_path: Path) -> None:
    found = checkpoint.load(stored)
    moved = {
        name: value + 1 if value.is_floating_point() and name.startswith("average.") else value
        for name, value in found.tensors.items()
    }
    checkpoint.save_weights(tmp_path / "other.safetensors", replace(found, tensors=moved))

    checkpoint.blend(stored, tmp_path / "other.safetensors", 0.25, tmp_path / "mean.safetensors")

    mean = checkpoint.load(tmp_path / "mean.safetensors")
    assert mean.meta == found.meta
    for name, value in mean.part("average").items():
        before = found.part("average")[name]
        assert value.dtype == before.dtype
        if value.is_floating_point():
            assert torch.allclose(value, before + 0.25, atol=0.01)  # kept as halves
        else:
            assert torch.equal(value, before)


def test_weights_of_another_network_are_not_blended(stored: Path, tmp_path: Path) -> None:
    found = checkpoint.load(stored)
    fewer = {k: v for k, v in found.tensors.items() if k != "average.heads.bias"}
    checkpoint.save_weights(tmp_path / "other.safetensors", replace(found, tensors=fewer))
    with pytest.raises(ModelError, match="of another size"):
        checkpoint.blend(stored, tmp_path / "other.safetensors", 0.5, tmp_path / "mean.safetensors")
    assert not (tmp_path / "mean.safetensors").exists()
