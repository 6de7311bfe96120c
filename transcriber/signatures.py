"""What a file is when it is not audio we can read, told by its first bytes.

Used only to word an error: a person who passes a video or a PDF is better helped by its name than
by "format not recognised".
"""

from __future__ import annotations

from dataclasses import dataclass

MIDI_SUFFIXES = (".mid", ".midi")
"""Endings of names of MIDI files, in lower case."""

SIGNATURE_BYTES = 64
"""Bytes from the start of a file that `identify` looks at."""


@dataclass(frozen=True, slots=True)
class Signature:
    """A kind of file, in words that fit "It is ...", and whether sound can be got out of it."""

    kind: str
    holds_sound: bool = False


_VIDEO = Signature("an MP4 or M4A container (AAC or video)", holds_sound=True)
_MATROSKA = Signature("a Matroska or WebM video", holds_sound=True)
_AAC = Signature("an AAC stream", holds_sound=True)

# (offset, bytes, what it is); the first match wins.
_TABLE: tuple[tuple[int, bytes, Signature], ...] = (
    (4, b"ftyp", _VIDEO),
    (4, b"moov", _VIDEO),
    (0, b"\x1a\x45\xdf\xa3", _MATROSKA),
    (0, b"\x30\x26\xb2\x75", Signature("a Windows Media file (WMA or WMV)", holds_sound=True)),
    (8, b"AVI ", Signature("an AVI video", holds_sound=True)),
    (0, b"ADIF", _AAC),
    (0, b"\xff\xf1", _AAC),
    (0, b"\xff\xf9", _AAC),
    (0, b"MAC ", Signature("a Monkey's Audio file", holds_sound=True)),
    (0, b"wvpk", Signature("a WavPack file", holds_sound=True)),
    (0, b"TTA1", Signature("a True Audio file", holds_sound=True)),
    (0, b"DSD ", Signature("a DSD recording", holds_sound=True)),
    (0, b"FRM8", Signature("a DSD recording", holds_sound=True)),
    (0, b"#!AMR", Signature("an AMR voice recording", holds_sound=True)),
    (0, b"MThd", Signature("a MIDI file: it holds notes already")),
    (0, b"%PDF", Signature("a PDF document")),
    (0, b"PK\x03\x04", Signature("a ZIP archive (or an office document)")),
    (0, b"\x1f\x8b", Signature("a gzip archive")),
    (0, b"Rar!", Signature("a RAR archive")),
    (0, b"7z\xbc\xaf", Signature("a 7-Zip archive")),
    (0, b"\x89PNG", Signature("a PNG picture")),
    (0, b"\xff\xd8\xff", Signature("a JPEG picture")),
    (0, b"GIF8", Signature("a GIF picture")),
    (0, b"\x7fELF", Signature("a program")),
    (0, b"MZ", Signature("a program")),
)


def identify(head: bytes) -> Signature | None:
    """Names the kind of file that starts with `head`, or None where nothing is recognised.

    Args:
        head: The first bytes of the file, `SIGNATURE_BYTES` of them or all there are.
    """
    for offset, mark, signature in _TABLE:
        if head[offset : offset + len(mark)] == mark:
            return signature
    if head.lstrip()[:5].lower() in (b"<html", b"<!doc", b"<?xml"):
        return Signature("a web page or XML text")
    if head and all(byte in b"\t\n\r" or 32 <= byte < 127 for byte in head):
        return Signature("plain text")
    return None
