"""The augmentation chain: first everything is drawn, then it is applied.

After Mobile-AMT (equaliser for the device, room, speech, environmental and stationary noise,
clipping), with the lessons of ANCHORS 5: one cap on the total signal-to-noise ratio of a segment,
impulse responses aligned to the direct sound, RMS kept through convolution. Detuning alone moves
time: labels move with it by `Augmentation.speed`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.signal import fftconvolve, sosfilt

from transcriber.timing import SAMPLE_RATE

from .acoustics import Acoustics, babble, coloured_noise, mains_hum, simulate_room
from .transmission import CODECS, detune, speed, transcode

FloatArray = NDArray[np.float32]


@dataclass(frozen=True)
class AugmentationConfig:
    """Probabilities and ranges; every range is drawn uniformly unless said otherwise.

    Args:
        equaliser: Probability of each of four peaking filters, 32 Hz to 7 kHz, -10 to +6 dB.
        device: Probability of a band-limited microphone.
        room: Probability of a room; a third of them recorded ones.
        rt60_s: Range of simulated reverberation times, log-uniform.
        direct_db: Range of direct-to-reverberant energy.
        noise: Probability of any noise.
        snr_db: Range of the total signal-to-noise ratio of all noises together.
        level_dbfs: Range of the final peak level.
        clipping: Probability of up to 6 dB of clipping.
        detune: Probability of playback at another speed.
        detune_cents: Its range, in cents either way.
        codec: Probability of one of `transmission.CODECS`.
        compression: Range of the codec's compression, 0 (best) to 1 (smallest).
    """

    equaliser: float = 0.5
    device: float = 0.3
    room: float = 0.6
    rt60_s: tuple[float, float] = (0.2, 1.6)
    direct_db: tuple[float, float] = (-4.0, 18.0)
    noise: float = 0.7
    snr_db: tuple[float, float] = (8.0, 45.0)
    level_dbfs: tuple[float, float] = (-36.0, 0.0)
    clipping: float = 0.05
    detune: float = 0.0
    detune_cents: float = 10.0
    codec: float = 0.0
    compression: tuple[float, float] = (0.2, 0.95)


@dataclass(frozen=True)
class Augmentation:
    """One drawn chain. `room_seed` and `noise_seed` replay what is random inside a transform.

    `room` is the index of a recorded room, -1 for a simulated one, None for none; `noises` pairs
    kinds ("recorded:N", "coloured", "hum", "babble") with their share of the noise energy. `codec`
    is empty for none.
    """

    peaks: tuple[tuple[float, float, float], ...]
    band_hz: tuple[float, float] | None
    room: int | None
    room_wet_db: float
    rt60_s: float
    room_seed: int
    noises: tuple[tuple[str, float], ...]
    snr_db: float
    noise_seed: int
    peak_dbfs: float
    overdrive_db: float
    detune_cents: float = 0.0
    codec: str = ""
    compression: float = 0.0

    @property
    def speed(self) -> float:
        """Factor by which the audio becomes faster, and its labels with it."""
        return speed(self.detune_cents)


def draw(
    config: AugmentationConfig, acoustics: Acoustics, rng: np.random.Generator
) -> Augmentation:
    """Draws one chain."""
    peaks = tuple(
        (
            float(32.0 * (7000.0 / 32.0) ** rng.random()),
            float(rng.uniform(0.5, 2.0)),
            float(rng.uniform(-10.0, 6.0)),
        )
        for _ in range(4)
        if rng.random() < config.equaliser
    )
    band = None
    if rng.random() < config.device:
        band = (float(rng.uniform(20.0, 250.0)), float(rng.uniform(3500.0, 7900.0)))
    room = None
    if rng.random() < config.room:
        recorded = rng.random() < 1 / 3 and len(acoustics.rooms) > 0
        room = int(rng.integers(len(acoustics.rooms))) if recorded else -1
    low, high = config.rt60_s
    rt60 = float(low * (high / low) ** rng.random())
    noises: list[tuple[str, float]] = []
    if rng.random() < config.noise:
        for kind, probability in (
            ("coloured", 0.6),
            ("recorded", 0.5),
            ("hum", 0.1),
            ("babble", 0.2),
        ):
            if rng.random() < probability:
                name = kind
                if kind == "recorded":
                    if not acoustics.noises:
                        continue
                    name = f"recorded:{rng.integers(len(acoustics.noises))}"
                noises.append((name, float(rng.uniform(0.1, 1.0))))
    chain = Augmentation(
        peaks=peaks,
        band_hz=band,
        room=room,
        room_wet_db=float(-rng.uniform(*config.direct_db)),
        rt60_s=rt60,
        room_seed=int(rng.integers(2**31)),
        noises=tuple(noises),
        snr_db=float(rng.uniform(*config.snr_db)),
        noise_seed=int(rng.integers(2**31)),
        peak_dbfs=float(rng.uniform(*config.level_dbfs)),
        overdrive_db=float(rng.uniform(1.0, 6.0)) if rng.random() < config.clipping else 0.0,
    )
    # Last, and only where asked for: what is drawn above stays the same without them.
    if config.detune and rng.random() < config.detune:
        cents = float(rng.uniform(-config.detune_cents, config.detune_cents))
        chain = replace(chain, detune_cents=cents)
    if config.codec and rng.random() < config.codec:
        codec = sorted(CODECS)[int(rng.integers(len(CODECS)))]
        squeeze = float(rng.uniform(*config.compression))
        chain = replace(chain, codec=codec, compression=squeeze)
    return chain


def apply(audio: FloatArray, chain: Augmentation, acoustics: Acoustics) -> FloatArray:
    """Applies a drawn chain to float32 [S], S >= 3200.

    Returns:
        float32 [S / chain.speed] with peak at most 1.0.
    """
    out = detune(audio, chain.detune_cents)
    if chain.peaks:
        sections = np.stack([_peaking(*peak) for peak in chain.peaks])
        out = _keeping_rms(out, sosfilt(sections, out))
    if chain.room is not None:
        out = _keeping_rms(out, reverberate(out, _room(chain, acoustics)))
    if chain.noises:
        out = out + _noise(chain, acoustics, out)
    if chain.band_hz is not None:
        low, high = chain.band_hz
        out = sosfilt(np.stack([_highpass(low), _lowpass(min(high, 7800.0))]), out)
    peak = float(np.abs(out).max())
    if peak > 0.0:
        # Near silence is not blown up: a segment's own peak is set only where it has one.
        out = out * (10.0 ** (chain.peak_dbfs / 20.0) / max(peak, 1e-3))
    if chain.overdrive_db:
        limit = float(np.abs(out).max()) * 10.0 ** (-chain.overdrive_db / 20.0)
        out = np.clip(out, -limit, limit)
    out = np.clip(out, -1.0, 1.0).astype(np.float32)
    if chain.codec:
        out = np.clip(transcode(out, chain.codec, chain.compression), -1.0, 1.0)
    return out


def reverberate(audio: FloatArray, response: FloatArray) -> FloatArray:
    """Convolves with an aligned response; same length, no delay."""
    return np.asarray(fftconvolve(audio, response)[: len(audio)], np.float32)


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


def _noise(chain: Augmentation, acoustics: Acoustics, audio: FloatArray) -> FloatArray:
    rng = np.random.default_rng(chain.noise_seed)
    total = np.zeros(len(audio), np.float32)
    for kind, share in chain.noises:
        total += np.sqrt(share) * _one_noise(kind, acoustics, len(audio), rng)
    signal = _loud_rms(audio)
    if signal == 0.0:
        signal = 10.0 ** (-rng.uniform(10.0, 60.0) / 20.0)
    wanted = signal * 10.0 ** (-chain.snr_db / 20.0)
    level = wanted / max(1e-9, float(np.sqrt(np.mean(total * total))))
    return np.asarray(total * level, np.float32)


def _one_noise(
    kind: str, acoustics: Acoustics, samples: int, rng: np.random.Generator
) -> FloatArray:
    if kind == "coloured":
        return coloured_noise(rng, samples, rng.uniform(0.0, 9.0))
    if kind == "hum":
        return mains_hum(rng, samples)
    if kind == "babble":
        return babble(rng, samples)
    source = acoustics.noises[int(kind.split(":")[1])]
    return np.roll(np.resize(source, samples), int(rng.integers(samples)))


def _loud_rms(audio: FloatArray) -> float:
    """RMS of the louder half of the segment: pauses do not make music quieter."""
    blocks = audio[: len(audio) // 1600 * 1600].reshape(-1, 1600)
    power = np.sort(np.mean(blocks.astype(np.float64) ** 2, axis=1))
    return float(np.sqrt(np.mean(power[len(power) // 2 :])))


def _keeping_rms(before: FloatArray, after: NDArray[np.floating]) -> FloatArray:
    power_in, power_out = float(np.mean(before * before)), float(np.mean(after * after))
    if power_out <= 0.0:
        return np.asarray(after, np.float32)
    return np.asarray(after * np.sqrt(power_in / power_out), np.float32)


def _peaking(centre_hz: float, q: float, gain_db: float) -> NDArray[np.float64]:
    """Second-order section of a peaking equaliser (Bristow-Johnson, Audio EQ Cookbook)."""
    a = 10.0 ** (gain_db / 40.0)
    w = 2 * np.pi * centre_hz / SAMPLE_RATE
    alpha = np.sin(w) / (2 * q)
    b = np.array([1 + alpha * a, -2 * np.cos(w), 1 - alpha * a])
    d = np.array([1 + alpha / a, -2 * np.cos(w), 1 - alpha / a])
    return np.concatenate([b / d[0], d / d[0]])


def _lowpass(cutoff_hz: float) -> NDArray[np.float64]:
    """Second-order Butterworth low-pass section (Audio EQ Cookbook)."""
    w = 2 * np.pi * cutoff_hz / SAMPLE_RATE
    alpha = np.sin(w) / np.sqrt(2.0)
    c = np.cos(w)
    b = np.array([(1 - c) / 2, 1 - c, (1 - c) / 2])
    d = np.array([1 + alpha, -2 * c, 1 - alpha])
    return np.concatenate([b / d[0], d / d[0]])


def _highpass(cutoff_hz: float) -> NDArray[np.float64]:
    """Second-order Butterworth high-pass section (Audio EQ Cookbook)."""
    w = 2 * np.pi * cutoff_hz / SAMPLE_RATE
    alpha = np.sin(w) / np.sqrt(2.0)
    c = np.cos(w)
    b = np.array([(1 + c) / 2, -(1 + c), (1 + c) / 2])
    d = np.array([1 + alpha, -2 * c, 1 - alpha])
    return np.concatenate([b / d[0], d / d[0]])
