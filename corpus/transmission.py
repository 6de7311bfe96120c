"""What recordings suffer on their way: played back at another speed, packed and unpacked.

Neither changes what was played. A change of speed moves time, so its labels move with it; codecs
keep time (libsndfile removes their delays: a click comes back within 2 samples, by test). Real ones
take 20 to 100 ms for 8 s of sound; the simulated one does what they have in common in 2 ms.
"""

from __future__ import annotations

import io

import numba
import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray
from scipy.fft import dct

from transcriber.pitches import speed
from transcriber.timing import SAMPLE_RATE

FloatArray = NDArray[np.float32]

_REAL = {"mp3": ("MP3", "MPEG_LAYER_III"), "vorbis": ("OGG", "VORBIS"), "opus": ("OGG", "OPUS")}
"""Container and codec, as libsndfile calls them."""

CODECS = ("simulated", *_REAL)

_HOP = 512
_WINDOW = np.sin(np.pi * (np.arange(2 * _HOP) + 0.5) / (2 * _HOP)).astype(np.float32)
_EDGES = np.array(
    [0, 6, 12, 18, 24, 30, 36, 44, 52, 62, 74, 88, 104, 124, 148, 176, 208, 248, 296, 352, 424, 512]
)
"""First coefficient of each band of the simulated codec: critical bands, about."""

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


def transcode(audio: FloatArray, codec: str, compression: float) -> FloatArray:
    """Packs float32 [S] and unpacks it again.

    "simulated" leaves out the packing: a modified cosine transform whose coefficients are rounded,
    band by band, as far as louder ones beside them are thought to hide it. Its noise lies between
    those of MP3 and Vorbis of the same compression (docs/corpus.md).

    Args:
        audio: Samples within +-1.
        codec: One of `CODECS`.
        compression: 0 (best) to 1 (smallest), libsndfile's scale.

    Returns:
        float32 [S].
    """
    if codec == "simulated":
        spectra = _spectra(audio)
        # From what those codecs were measured to leave of the low and of the high bands.
        _round_off(spectra, _EDGES, 38.0 - 16.0 * compression, 24.0 - 18.0 * compression)
        spectra[:, round(_HOP * (1.0 - 0.4 * compression)) :] = 0.0
        return _sound(spectra, len(audio))
    container, subtype = _REAL[codec]
    packed = io.BytesIO()
    with soundfile.SoundFile(
        packed, "w", SAMPLE_RATE, 1, subtype, format=container, compression_level=compression
    ) as file:
        for start in range(0, len(audio), _BLOCK):  # libsndfile crashes on one large write
            file.write(audio[start : start + _BLOCK])
    packed.seek(0)
    out, _ = soundfile.read(packed, dtype="float32")
    return np.asarray(np.pad(out[: len(audio)], (0, max(0, len(audio) - len(out)))), np.float32)


def _spectra(audio: FloatArray) -> FloatArray:
    """Modified discrete cosine transform with a sine window, [frames, _HOP]."""
    frames = -(-len(audio) // _HOP) + 1
    padded = np.zeros((frames + 1) * _HOP, np.float32)
    padded[_HOP : _HOP + len(audio)] = audio
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * _HOP)[::_HOP] * _WINDOW
    a, b, c, d = np.split(windows, 4, axis=1)
    folded = np.concatenate([-c[:, ::-1] - d, a - b[:, ::-1]], axis=1)
    return np.asarray(dct(folded, type=4, norm="ortho", overwrite_x=True), np.float32)


def _sound(spectra: FloatArray, samples: int) -> FloatArray:
    """What `_spectra` was made from."""
    early, late = np.split(dct(spectra, type=4, norm="ortho", overwrite_x=True), 2, axis=1)
    first = np.concatenate([late, -late[:, ::-1]], axis=1) * _WINDOW[:_HOP]
    second = np.concatenate([-early[:, ::-1], -early], axis=1) * _WINDOW[_HOP:]
    out = second[:-1] + first[1:]
    return np.asarray(out.reshape(-1)[:samples], np.float32)


@numba.njit(cache=True, nogil=True)
def _round_off(
    spectra: FloatArray, edges: NDArray[np.int64], low_db: float, high_db: float
) -> None:
    """Rounds the coefficients of each band so far that the error lies `low_db` (first band) to
    `high_db` (last band) under its level.
    """
    bands = len(edges) - 1
    for frame in range(len(spectra)):
        for band in range(bands):
            energy = np.float32(0.0)
            for k in range(edges[band], edges[band + 1]):
                energy += spectra[frame, k] ** 2
            ratio_db = low_db + (high_db - low_db) * band / (bands - 1)
            density = energy / (edges[band + 1] - edges[band])
            step = np.float32(np.sqrt(12.0 * density * 10.0 ** (-ratio_db / 10.0)))
            if step > 0.0:
                for k in range(edges[band], edges[band + 1]):
                    spectra[frame, k] = step * np.rint(spectra[frame, k] / step)
