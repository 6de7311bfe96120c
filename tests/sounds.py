"""Small sounds and files of them, for tests of what reads audio."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import soundfile

from transcriber.audio import AudioReader


def encode(samples: np.ndarray, rate: int, form: str = "WAV", subtype: str = "PCM_16") -> bytes:
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, rate, format=form, subtype=subtype)
    return buffer.getvalue()


def save(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def drain(reader: AudioReader) -> np.ndarray:
    with reader:
        blocks = list(reader)
    assert all(block.dtype == np.float32 and block.ndim == 1 for block in blocks)
    return np.concatenate(blocks)


def tone(seconds: float, rate: int, hz: float = 440.0) -> np.ndarray:
    return (0.5 * np.sin(2 * np.pi * hz * np.arange(round(seconds * rate)) / rate)).astype("f4")


def click(at_s: float, seconds: float, rate: int) -> np.ndarray:
    """A short bump (a Gaussian of 2 ms) that every rate and codec can carry."""
    times = np.arange(round(seconds * rate)) / rate
    return (0.8 * np.exp(-0.5 * ((times - at_s) / 0.002) ** 2)).astype("f4")
