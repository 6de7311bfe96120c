"""The outermost layer of an ONNX file: protocol-buffer fields of ModelProto, read without the onnx
package.

A ModelProto is a sequence of (tag, value) fields; metadata_props is field 14, each a message of key
(1) and value (2), all length-delimited. Everything else is graph. Source: onnx.proto3 of ONNX 1.x,
and the protocol-buffer encoding guide.
"""

from __future__ import annotations

import hashlib

_METADATA_FIELD = 14
_GRAPH_FIELD = 7
_VARINT, _FIXED64, _LENGTH, _FIXED32 = 0, 1, 2, 5


class EnvelopeError(ValueError):
    """The bytes are not a whole ONNX file."""


def split(data: bytes) -> tuple[dict[str, str], str]:
    """Reads the metadata and digests the rest.

    Returns:
        Metadata by key, and the SHA-256 (hexadecimal) of all fields that are not metadata, in file
        order.

    Raises:
        EnvelopeError: The bytes end too early or are not protocol-buffer fields with a graph among
            them.
    """
    metadata: dict[str, str] = {}
    digest = hashlib.sha256()
    at, graphs = 0, 0
    while at < len(data):
        start = at
        tag, at = _varint(data, at)
        number, wire = tag >> 3, tag & 7
        begin, at = _value(data, at, wire)
        if number == _METADATA_FIELD and wire == _LENGTH:
            key, value = _entry(data[begin:at])
            metadata[key] = value
        else:
            graphs += number == _GRAPH_FIELD
            digest.update(data[start:at])
    if graphs != 1:
        raise EnvelopeError("there is no graph in it")
    return metadata, digest.hexdigest()


def entry(key: str, value: str) -> bytes:
    """The bytes of one metadata field, to be appended to a serialised model."""
    body = b"".join(
        bytes([(field << 3) | _LENGTH]) + _encode(len(text)) + text
        for field, text in ((1, key.encode()), (2, value.encode()))
    )
    return bytes([(_METADATA_FIELD << 3) | _LENGTH]) + _encode(len(body)) + body


def _entry(body: bytes) -> tuple[str, str]:
    parts = {1: "", 2: ""}
    at = 0
    while at < len(body):
        tag, at = _varint(body, at)
        begin, at = _value(body, at, tag & 7)
        if tag & 7 != _LENGTH or tag >> 3 not in parts:
            raise EnvelopeError("its metadata is malformed")
        try:
            parts[tag >> 3] = body[begin:at].decode()
        except UnicodeDecodeError as error:
            raise EnvelopeError("its metadata is malformed") from error
    return parts[1], parts[2]


def _value(data: bytes, at: int, wire: int) -> tuple[int, int]:
    """Start and end of the value at `at`."""
    if wire == _VARINT:
        return at, _varint(data, at)[1]
    if wire == _LENGTH:
        length, at = _varint(data, at)
    elif wire == _FIXED64:
        length = 8
    elif wire == _FIXED32:
        length = 4
    else:
        raise EnvelopeError("it does not hold protocol-buffer fields")
    if at + length > len(data):
        raise EnvelopeError("it ends too early")
    return at, at + length


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if at >= len(data):
            raise EnvelopeError("it ends too early")
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
    raise EnvelopeError("it does not hold protocol-buffer fields")


def _encode(value: int) -> bytes:
    out = bytearray()
    while value >= 0x80:
        out.append((value & 0x7F) | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
