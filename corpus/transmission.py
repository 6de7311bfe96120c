"""What recordings suffer on their way: played back at another speed, packed and unpacked.

Neither changes what was played. A change of speed moves time, so its labels move with it; codecs
keep time (libsndfile removes their delays: a click comes back within 2 samples, by test).
"""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from transcriber.notes import Note, Pedal, Transcript
from transcriber.timing import SAMPLE_RATE

FloatArray = NDArray[np.float32]

CODECS = {"mp3": ("MP3", "MPEG_LAYER_III"), "vorbis": ("OGG", "VORBIS"), "opus": ("OGG", "OPUS")}
"""Container and codec, as libsndfile calls them."""

_BLOCK = SAMPLE_RATE


def detune(audio: FloatArray, cents: float) -> FloatArray:
    """Plays float32 [S] faster (positive cents, higher) or slower.

    Returns:
        float32, about S / 2^(cents / 1200) samples; an instant t moves to t / 2^(cents / 1200).
    """
    if cents == 0.0:
        return audio
    out = soxr.resample(audio, SAMPLE_RATE * speed(cents), SAMPLE_RATE, "HQ")
    return np.asarray(out, np.float32)


def speed(cents: float) -> float:
    """Factor by which a detuning of so many cents makes the playback faster."""
    return float(2.0 ** (cents / 1200.0))


def retimed(transcript: Transcript, factor: float) -> Transcript:
    """The transcript played `factor` times as fast."""
    if factor == 1.0:
        return transcript

    def moved(note: Note) -> Note:
        key = note.key_offset_s
        return replace(
            note,
            onset_s=note.onset_s / factor,
            offset_s=note.offset_s / factor,
            key_offset_s=None if key is None else key / factor,
        )

    return Transcript(
        tuple(moved(note) for note in transcript.notes),
        tuple(Pedal(p.onset_s / factor, p.offset_s / factor) for p in transcript.pedals),
        transcript.duration_s / factor,
    )


def transcode(audio: FloatArray, codec: str, compression: float) -> FloatArray:
    """Packs float32 [S] and unpacks it again.

    Args:
        audio: Samples within +-1.
        codec: A key of `CODECS`.
        compression: 0 (best) to 1 (smallest), libsndfile's scale.

    Returns:
        float32 [S].
    """
    container, subtype = CODECS[codec]
    packed = io.BytesIO()
    with soundfile.SoundFile(
        packed, "w", SAMPLE_RATE, 1, subtype, format=container, compression_level=compression
    ) as file:
        for start in range(0, len(audio), _BLOCK):  # libsndfile crashes on one large write
            file.write(audio[start : start + _BLOCK])
    packed.seek(0)
    out, _ = soundfile.read(packed, dtype="float32")
    return np.asarray(np.pad(out[: len(audio)], (0, max(0, len(audio) - len(out)))), np.float32)
