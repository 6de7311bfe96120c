"""The augmentation chain: first everything is drawn (`chains`), then it is applied.

After Mobile-AMT (speech, environmental and stationary noise, room, device, clipping), with the
lessons of ANCHORS 5: one cap on the total signal-to-noise ratio of a segment, impulse responses
aligned to the direct sound, RMS kept through convolution. Detuning alone moves time: labels move
with it by `Augmentation.speed`.
"""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

from transcriber.timing import SAMPLE_RATE

from .acoustics import Acoustics
from .chains import Augmentation, AugmentationConfig, Peak, Range, draw
from .filters import Section, filtered, highpass, lowpass, peaking
from .noises import IN_ROOM, add_noise
from .rooms import reverberate, simulate_room
from .transmission import detune, transcode

__all__ = ["Augmentation", "AugmentationConfig", "apply", "draw"]

FloatArray = NDArray[np.float32]


def apply(audio: FloatArray, chain: Augmentation, acoustics: Acoustics) -> FloatArray:
    """Applies a drawn chain to float32 [S], S >= 3200; the input itself is left alone.

    Returns:
        float32 [S / chain.speed] with peak at most 1.0.
    """
    out = detune(audio, chain.detune_cents)
    in_room, at_microphone = _noises(chain, acoustics, out)
    response = None if chain.room is None else _room(chain, acoustics)
    if chain.peaks:
        equaliser = [peaking(*peak) for peak in chain.peaks]
        if response is not None and in_room is None:
            # The same sound for less: the response is shorter than what is played in it.
            response = filtered(response, equaliser)
        else:
            out = _keeping_rms(out, filtered(out, equaliser))
    if in_room is not None:
        out = out + in_room
    if response is not None:
        out = _keeping_rms(out, reverberate(out, response))
    if at_microphone is not None:
        out = out + at_microphone
    if chain.band_hz is not None:
        out = filtered(out, _microphone(chain.band_hz, chain.resonances))
    out = _levelled(out, chain)
    if chain.codec:
        out = np.clip(transcode(out, chain.codec, chain.compression), -1.0, 1.0)
    return out


def _microphone(band_hz: Range, resonances: tuple[Peak, ...]) -> list[Section]:
    low, high = band_hz
    return [highpass(low), lowpass(high), *(peaking(*peak) for peak in resonances)]


def _room(chain: Augmentation, acoustics: Acoustics) -> FloatArray:
    if chain.room == -1:
        rng = np.random.default_rng(chain.room_seed)
        return simulate_room(rng, chain.rt60_s, -chain.room_wet_db)
    assert chain.room is not None
    response = acoustics.rooms[chain.room][: 2 * SAMPLE_RATE].copy()
    tail = float(np.sqrt(np.sum(response[32:] ** 2))) or 1.0
    # Nearness is the level of the direct sound against everything after it.
    response[32:] *= 10.0 ** (chain.room_wet_db / 20.0) / tail
    return response


def _noises(
    chain: Augmentation, acoustics: Acoustics, audio: FloatArray
) -> tuple[FloatArray | None, FloatArray | None]:
    """Noises in the room and noises at the microphone, at the level they have together."""
    if not chain.noises:
        return None, None
    rng = np.random.default_rng(chain.noise_seed)
    tracks: dict[bool, FloatArray] = {}
    for kind, share in chain.noises:
        track = tracks.setdefault(kind in IN_ROOM, np.zeros(len(audio), np.float32))
        add_noise(track, kind, float(np.sqrt(share)), acoustics, rng)
    signal = _loud_rms(audio)
    if signal == 0.0:
        signal = 10.0 ** (-rng.uniform(10.0, 60.0) / 20.0)
    wanted = signal * 10.0 ** (-chain.snr_db / 20.0)
    power = sum(_power(track) for track in tracks.values())
    for track in tracks.values():
        track *= np.float32(wanted / max(1e-9, np.sqrt(power)))
    return tracks.get(True), tracks.get(False)


def _levelled(audio: FloatArray, chain: Augmentation) -> FloatArray:
    """Sets the peak, clips what is to be clipped, and everything beyond full scale."""
    peak = max(float(audio.max()), -float(audio.min()))
    gain = 1.0
    if chain.peak_dbfs is not None and peak > 0.0:
        # Near silence is not blown up: a segment's own peak is set only where it has one.
        gain = 10.0 ** (chain.peak_dbfs / 20.0) / max(peak, 1e-3)
    limit = min(1.0, gain * peak * 10.0 ** (-chain.overdrive_db / 20.0))
    out = audio * np.float32(gain)
    return np.clip(out, -np.float32(limit), np.float32(limit), out=out)


def _loud_rms(audio: FloatArray) -> float:
    """RMS of the louder half of the segment: pauses do not make music quieter."""
    blocks = audio[: len(audio) // 1600 * 1600].reshape(-1, 1600)
    power = np.sort(np.einsum("bs,bs->b", blocks, blocks) / 1600.0)
    return float(np.sqrt(np.mean(power[len(power) // 2 :])))


def _keeping_rms(before: FloatArray, after: FloatArray) -> FloatArray:
    power = _power(after)
    if power > 0.0:
        after *= np.float32(np.sqrt(_power(before) / power))
    return after


@numba.njit(cache=True, nogil=True, fastmath={"contract", "reassoc"})
def _power(audio: FloatArray) -> float:
    """Mean square."""
    total = 0.0
    for i in range(len(audio)):
        total += float(audio[i]) * float(audio[i])
    return total / max(1, len(audio))
