"""The outermost layer of an ONNX file, held to the onnx package."""

from __future__ import annotations

from pathlib import Path

import onnx
import pytest

from transcriber.envelope import EnvelopeError, entry, split


def test_split_reads_what_onnx_writes(lively_model_path: Path) -> None:
    proto = onnx.load(lively_model_path)
    onnx.helper.set_model_props(proto, {"a": "b", "Grüße": "x" * 1000, "empty": ""})
    metadata, _ = split(proto.SerializeToString())
    assert metadata == {"a": "b", "Grüße": "x" * 1000, "empty": ""}


def test_onnx_reads_what_entry_writes(lively_model_path: Path) -> None:
    data = lively_model_path.read_bytes() + entry("key", "größer" * 100)
    props = {p.key: p.value for p in onnx.load_from_string(data).metadata_props}
    assert props["key"] == "größer" * 100


def test_the_digest_covers_the_graph_and_not_the_metadata(lively_model_path: Path) -> None:
    data = lively_model_path.read_bytes()
    _, digest = split(data)
    assert split(data + entry("more", "text"))[1] == digest
    proto = onnx.load_from_string(data)
    del proto.metadata_props[:]
    assert split(proto.SerializeToString())[1] == digest
    proto.producer_name += "x"
    assert split(proto.SerializeToString())[1] != digest


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "no graph"),
        (b"RIFF....WAVE", "protocol-buffer|too early"),
        (b"\x3a\x05abc", "too early"),
        (b"\x3a", "too early"),
        (b"\xff" * 20, "protocol-buffer"),
        (b"\x3a\x01x\x3a\x01x", "no graph"),
        (b"\x3a\x01x\x72\x04\x0a\x02\xff\xff", "metadata is malformed"),
        (b"\x3a\x01x\x72\x02\x08\x01", "metadata is malformed"),
    ],
)
def test_other_bytes_are_refused(data: bytes, sentence: str) -> None:
    with pytest.raises(EnvelopeError, match=sentence):
        split(data)
