"""Model files: what is written is read back, and everything else is refused with a sentence."""

from __future__ import annotations

import dataclasses
import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from trainer.export import write_model
from transcriber import envelope, model
from transcriber.decoder import DecoderSettings
from transcriber.errors import ModelError
from transcriber.features import FeatureConfig
from transcriber.model import ModelInfo, load_model, read_info

INFO = ModelInfo(
    name="test",
    version="1.2",
    licence="CC0",
    features=FeatureConfig(mels=64),
    delay=3,
    decoder=DecoderSettings(onset_threshold=0.30000000000000004, min_velocity=7),
    trained_on="Grüße and noise",
    provenance={"steps": 12, "parity": 1.2e-07, "nested": {"a": [1, 2.5]}},
)


@pytest.fixture(scope="module")
def graph(lively_model_path: Path) -> bytes:
    proto = onnx.load(lively_model_path)
    del proto.metadata_props[:]
    return bytes(proto.SerializeToString())


@pytest.fixture
def written(graph: bytes, tmp_path: Path) -> Path:
    path = tmp_path / "model.onnx"
    write_model(graph, INFO, path)
    return path


@pytest.fixture
def reseal(graph: bytes, tmp_path: Path) -> Callable[..., Path]:
    """Write a file whose metadata were changed by someone who knows how to seal them."""

    def write(**changes: Any) -> Path:
        values = json.loads(INFO.to_json(envelope.split(graph)[1])) | changes
        values["seal"] = model._seal(values)
        path = tmp_path / "resealed.onnx"
        text = json.dumps(values, sort_keys=True)
        path.write_bytes(graph + envelope.entry(model.METADATA_KEY, text))
        return path

    return write


def test_what_was_written_is_read_back(written: Path) -> None:
    loaded = load_model(str(written))
    assert loaded.info == read_info(str(written)) == INFO
    assert loaded.path == written
    assert loaded.info.lookahead_ms == 1000 * (320 + 3 * 320 + 320) / 16_000
    answers, _ = loaded.network.step(np.zeros((2, 64), np.float32), None)
    assert answers.rows.shape == (2, 441)


def test_a_resealed_file_is_read(reseal: Callable[..., Path]) -> None:
    """The fixture makes whole files: what the tests below see is due to their changes."""
    assert read_info(str(reseal())) == INFO
    assert read_info(str(reseal(trained_on="else"))).trained_on == "else"


def test_no_such_model(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="There is no model named or stored at") as caught:
        load_model(str(tmp_path / "none.onnx"))
    assert caught.value.remedy.startswith("Bundled models: ")


def test_an_unreadable_file(written: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(ModelError, match=r"cannot be read: Permission denied\. Check"):
        load_model(str(written))


@pytest.mark.parametrize(
    "data",
    [b"", b"hello", b"\x00" * 4096, b"RIFF\x24\x00\x00\x00WAVEfmt ", pickle.dumps({"a": [1, 2]})],
)
def test_a_wrong_file(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "wrong.onnx"
    path.write_bytes(data)
    with pytest.raises(ModelError, match="is not a model file, or it is truncated"):
        load_model(str(path))


def test_nothing_is_unpickled(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[Any, ...]:
            return (Path.touch, (tmp_path / "sprung",))

    path = tmp_path / "trap.onnx"
    path.write_bytes(pickle.dumps(Trap()))
    with pytest.raises(ModelError):
        load_model(str(path))
    assert not (tmp_path / "sprung").exists()
    pickle.loads(path.read_bytes())
    assert (tmp_path / "sprung").exists()


def test_truncated_files(written: Path, rng: np.random.Generator) -> None:
    data = written.read_bytes()
    bare = len(data) - len(envelope.entry(model.METADATA_KEY, envelope.split(data)[0]["amt"]))
    lengths = {0, 1, bare - 1, bare + 1, len(data) - 1, *rng.integers(0, len(data), 60).tolist()}
    for length in lengths - {bare}:
        written.write_bytes(data[:length])
        with pytest.raises(ModelError, match="is not a model file, or it is truncated"):
            load_model(str(written))
    written.write_bytes(data[:bare])
    with pytest.raises(ModelError, match="is an ONNX file, but not one of amt's models"):
        load_model(str(written))


def test_one_changed_byte_anywhere(written: Path, rng: np.random.Generator) -> None:
    data = written.read_bytes()
    metadata = len(envelope.entry(model.METADATA_KEY, envelope.split(data)[0]["amt"]))
    everywhere = rng.integers(0, len(data), 60)
    in_metadata = rng.integers(len(data) - metadata, len(data), 300)
    for at in [*everywhere.tolist(), *in_metadata.tolist(), *range(12), len(data) - 1]:
        changed = bytearray(data)
        changed[at] ^= int(rng.integers(1, 256))
        written.write_bytes(changed)
        with pytest.raises(
            ModelError,
            match=r"damaged or altered|is truncated|later version|not one of amt's models",
        ):
            read_info(str(written))


def test_metadata_that_say_the_same_otherwise(written: Path, graph: bytes) -> None:
    text = envelope.split(written.read_bytes())[0]["amt"]
    for other in (text.replace(": ", ":\t", 1), text.replace("e-07", "E-07"), text + " "):
        assert json.loads(other) == json.loads(text)
        assert other != text
        written.write_bytes(graph + envelope.entry("amt", other))
        with pytest.raises(ModelError, match="was damaged or altered: its seal does not match"):
            read_info(str(written))


@pytest.mark.parametrize(
    "text",
    ["", "{}", "[]", "7", "[" * 100_000, '{"format_version": 1}', '{"format_version": 1e400}',
     '{"format_version": "x"}', '{"format_version": null}'],
)  # fmt: skip
def test_metadata_that_are_nonsense(written: Path, graph: bytes, text: str) -> None:
    written.write_bytes(graph + envelope.entry("amt", text))
    with pytest.raises(ModelError, match="was damaged or altered: its seal does not match"):
        read_info(str(written))


def test_a_later_version(reseal: Callable[..., Path]) -> None:
    with pytest.raises(ModelError, match=r"later version of amt \(format 2, this one reads 1\)"):
        load_model(str(reseal(format_version=2)))


def test_other_onnx_files(graph: bytes, tmp_path: Path) -> None:
    path = tmp_path / "other.onnx"
    path.write_bytes(graph + envelope.entry("author", "somebody"))
    with pytest.raises(ModelError, match="is an ONNX file, but not one of amt's models"):
        load_model(str(path))


def test_the_graph_of_another_model(written: Path, graph: bytes) -> None:
    proto = onnx.load_from_string(graph)
    proto.graph.initializer[0].name += "x"
    text = envelope.split(written.read_bytes())[0]["amt"]
    written.write_bytes(proto.SerializeToString() + envelope.entry("amt", text))
    with pytest.raises(ModelError, match="damaged or altered"):
        load_model(str(written))


def test_features_that_are_computed_otherwise_here(reseal: Callable[..., Path]) -> None:
    theirs = "0123456789ab"
    with pytest.raises(ModelError, match="are computed otherwise here") as caught:
        load_model(str(reseal(features_fingerprint=theirs)))
    assert theirs in str(caught.value)
    assert INFO.features.fingerprint() in str(caught.value)


@pytest.mark.parametrize(
    "changes",
    [
        {"decoder": {"onset_threshold": 7.0}},
        {"decoder": {"unheard_of": 1}},
        {"features": dataclasses.asdict(INFO.features) | {"right": 0}},
        {"features": None},
        {"unheard_of": 1},
    ],
)
def test_descriptions_that_cannot_be(reseal: Callable[..., Path], changes: dict[str, Any]) -> None:
    with pytest.raises(ModelError, match="damaged or altered"):
        load_model(str(reseal(**changes)))


def test_a_name_too_long_is_no_model() -> None:
    with pytest.raises(ModelError, match="There is no model"):
        read_info("x" * 300)
