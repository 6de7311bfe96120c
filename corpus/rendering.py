"""Renders a transcript on a sampled piano.

A rendering is decided by an `Instrument`: the bank and everything about it that differs from piano
to piano (velocity curve, tuning, dampers, resonance). Drawing a new one for each segment turns five
recorded pianos into endlessly many. Level rises with velocity, and strikes speak within 5 ms of
their labels in the median, by test; soft strikes in the bass take up to 30 ms, as on the pianos
themselves.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numba
import numpy as np
from numpy.typing import NDArray
from scipy.signal import fftconvolve

from transcriber.notes import Note, Transcript
from transcriber.timing import LOWEST_PITCH, PITCHES, SAMPLE_RATE

from .banks import Bank, Zone

FloatArray = NDArray[np.float32]

FIRST_UNDAMPED = 90
"""F#6: from here up a grand has no dampers, notes ring on after the key is released."""

RESONANCES = 16
"""Different soundboards to draw from; each takes 20 ms to make, so they are kept."""

LONGEST_RING_S = 12.0
"""Longest part of a note that is rendered, as long as the longest samples."""

RESTRIKE_FADE_S = 0.03
"""Time constant with which a strike quenches what its own strings still sounded."""


@dataclass(frozen=True)
class Instrument:
    """One piano: a bank and its particulars.

    Args:
        bank: The samples.
        velocity_power: Level is 20 * velocity_power * log10(velocity / 127) dB.
        layer_shift: Added to the velocity when a layer is chosen (hammer hardness).
        root_shift: Semitones between the key played and the key whose sample is taken (size of the
            body).
        tuning_cents: Offset of every key, float64 [88].
        level_db: Offset of every key, float64 [88].
        damping_s: Time constant of the damper at the lowest and the highest damped key.
        half_pedal_s: Time constant of strings under a half-pressed pedal; None for a pedal that
            lifts fully.
        release_db: Level of the release samples against their strike.
        resonance_db: Level of the strings that sound along while the pedal is down; None for none.
        resonance: Impulse response of those strings, float32 [S].
    """

    bank: Bank
    velocity_power: float
    layer_shift: float
    root_shift: int
    tuning_cents: NDArray[np.float64]
    level_db: NDArray[np.float64]
    damping_s: tuple[float, float]
    half_pedal_s: float | None
    release_db: float
    resonance_db: float | None
    resonance: FloatArray

    @classmethod
    def plain(cls, bank: Bank) -> Instrument:
        """The bank as it was recorded, in tune, with firm dampers and no resonance."""
        zero = np.zeros(PITCHES)
        return cls(
            bank, 1.7, 0.0, 0, zero, zero, (0.12, 0.04), None, -20.0, None, np.zeros(1, np.float32)
        )

    @classmethod
    def draw(cls, bank: Bank, rng: np.random.Generator) -> Instrument:
        """A piano like `bank`, but not the same."""
        keys = np.arange(PITCHES)
        stretch = rng.uniform(-0.3, 1.0) * ((keys - 44) / 44.0) ** 3 * 15.0
        tuning = rng.normal(0.0, 6.0) + stretch + rng.normal(0.0, rng.uniform(0.5, 3.0), PITCHES)
        tilt_db = rng.normal(0.0, 2.5) * (keys - 44) / 44.0
        return cls(
            bank=bank,
            velocity_power=rng.uniform(1.1, 2.3),
            layer_shift=rng.normal(0.0, 10.0),
            root_shift=int(rng.integers(-3, 4)) if rng.random() < 0.6 else 0,
            tuning_cents=tuning,
            level_db=tilt_db + rng.normal(0.0, 1.2, PITCHES),
            damping_s=(rng.uniform(0.06, 0.3), rng.uniform(0.02, 0.08)),
            half_pedal_s=rng.uniform(0.4, 2.0) if rng.random() < 0.1 else None,
            release_db=rng.uniform(-30.0, -12.0),
            resonance_db=rng.uniform(-40.0, -22.0) if rng.random() < 0.6 else None,
            resonance=_resonance(int(rng.integers(RESONANCES))),
        )


@lru_cache(maxsize=RESONANCES)
def _resonance(seed: int) -> FloatArray:
    """Response of the undamped strings: decaying partials of a choice of keys, random in phase."""
    rng = np.random.default_rng(seed)
    length = int(1.5 * SAMPLE_RATE)
    t = np.arange(length) / SAMPLE_RATE
    out = np.zeros(length)
    for pitch in rng.choice(np.arange(33, 90), 24, replace=False):
        f = 440.0 * 2.0 ** ((pitch - 69) / 12.0)
        for partial in range(1, 4):
            if f * partial < SAMPLE_RATE / 2:
                decay = rng.uniform(0.3, 1.2) / partial
                phase = 2 * np.pi * (f * partial * t + rng.random())
                out += np.exp(-t / decay) * np.sin(phase) / partial
    out[: SAMPLE_RATE // 100] *= np.linspace(0.0, 1.0, SAMPLE_RATE // 100)
    return np.asarray(out / np.sqrt(np.sum(out * out)), np.float32)


@numba.njit(cache=True, fastmath=True, nogil=True)
def _mix(
    out: FloatArray,
    sample: NDArray[np.int16],
    begin: int,
    position: float,
    ratio: float,
    gain: float,
    hold: int,
    keep_1: float,
    quench: int,
    keep_2: float,
) -> None:
    """Adds one voice: cubic interpolation, level held for `hold` samples, then damped, then
    quenched.
    """
    level = gain / 32768.0
    floor = level * 1e-4
    last = len(sample) - 3
    for i in range(len(out) - begin):
        at = int(position)
        if at >= last:
            return
        x = position - at
        s0, s1 = float(sample[at]), float(sample[at + 1])
        s2, s3 = float(sample[at + 2]), float(sample[at + 3])
        c1 = 0.5 * (s2 - s0)
        c2 = s0 - 2.5 * s1 + 2.0 * s2 - 0.5 * s3
        c3 = 0.5 * (s3 - s0) + 1.5 * (s1 - s2)
        out[begin + i] += level * (((c3 * x + c2) * x + c1) * x + s1)
        position += ratio
        if i >= quench:
            level *= keep_2
        elif i >= hold:
            level *= keep_1
        if level < floor:
            return


def _choose(strikes: tuple[Zone, ...], velocity: float) -> Zone:
    for zone in strikes:
        if velocity <= zone.high_velocity:
            return zone
    return strikes[-1]


def _keep(time_constant_s: float) -> float:
    """Factor per sample of an exponential decay."""
    return float(np.exp(-1.0 / (time_constant_s * SAMPLE_RATE)))


def _damping_s(instrument: Instrument, pitch: int) -> float:
    low, high = instrument.damping_s
    share = (pitch - LOWEST_PITCH) / (FIRST_UNDAMPED - LOWEST_PITCH)
    return float(low * (high / low) ** min(max(share, 0.0), 1.0))


def render(
    transcript: Transcript, instrument: Instrument, samples: int, start_s: float = 0.0
) -> FloatArray:
    """Renders the window [start_s, start_s + samples / SAMPLE_RATE) of a transcript.

    Notes struck up to `LONGEST_RING_S` before the window ring into it. Notes need key ends
    (`key_offset_s`) to be damped at the key; otherwise they are damped at their sounding end.

    Returns:
        float32 [samples]; a note of velocity 127 in the loudest register has an RMS near -20 dBFS
        in its first half second; nothing is clipped.
    """
    out = np.zeros(samples, np.float32)
    end_s = start_s + samples / SAMPLE_RATE
    following: dict[int, float] = {}
    for note in reversed(transcript.notes):
        restrike_s = following.get(note.pitch, np.inf)
        following[note.pitch] = note.onset_s
        if note.onset_s >= end_s + 0.01 or note.onset_s < start_s - LONGEST_RING_S:
            continue
        if note.pitch < FIRST_UNDAMPED and note.offset_s < start_s - 1.0:
            continue
        _add_voice(out, note, instrument, start_s, restrike_s)
    if instrument.resonance_db is not None and transcript.pedals:
        out += _sympathetic(out, transcript, instrument, start_s)
    return out


def _add_voice(
    out: FloatArray, note: Note, instrument: Instrument, start_s: float, restrike_s: float
) -> None:
    bank = instrument.bank
    key = note.pitch - LOWEST_PITCH
    source = min(max(key + instrument.root_shift, 0), PITCHES - 1)
    zone = _choose(bank.strikes[source], note.velocity + instrument.layer_shift)
    cents = 100.0 * (note.pitch - zone.root) + instrument.tuning_cents[key]
    ratio = 2.0 ** (cents / 1200.0)
    target_db = (
        -20.0
        + bank.loudness_db[key]
        + instrument.level_db[key]
        + 20.0 * instrument.velocity_power * np.log10(note.velocity / 127.0)
    )
    gain = 10.0 ** ((target_db - zone.level_db) / 20.0)
    strike = (note.onset_s - start_s) * SAMPLE_RATE - zone.onset / ratio
    # The first sample of the voice on the output's grid, and where in the zone it lies.
    begin = max(0, int(np.ceil(strike)))
    position = (begin - strike) * ratio
    release_s = note.offset_s
    damped_s = _damping_s(instrument, note.pitch)
    key_s = note.offset_s if note.key_offset_s is None else note.key_offset_s
    if instrument.half_pedal_s is not None and key_s < note.offset_s - 0.02:
        release_s, damped_s = key_s, instrument.half_pedal_s
    if note.pitch >= FIRST_UNDAMPED:
        release_s = np.inf
    hold = _samples_after(begin, release_s - start_s)
    quench = _samples_after(begin, restrike_s - start_s)
    # What was damped before the window began enters it as quiet as it had become.
    gain *= _keep(damped_s) ** max(0, min(quench, 0) - min(hold, 0))
    gain *= _keep(RESTRIKE_FADE_S) ** max(0, -quench)
    voice = bank.samples[zone.start : zone.stop]
    _mix(
        out, voice, begin, position, ratio, gain,
        max(hold, 0), _keep(damped_s), max(quench, 0), _keep(RESTRIKE_FADE_S),
    )  # fmt: skip
    released = bank.releases[key]
    if released is not None and np.isfinite(release_s) and restrike_s > note.offset_s:
        at = (note.offset_s - start_s) * SAMPLE_RATE
        if 0 <= at < len(out):
            # A long note has died away by the time its key comes back: so has its damper's thump.
            faded_db = min(30.0, 4.0 * (note.offset_s - note.onset_s))
            level = target_db + instrument.release_db - faded_db - released.level_db
            voice = bank.samples[released.start : released.stop]
            _mix(
                out, voice, int(at), 0.0, 1.0, 10.0 ** (level / 20.0),
                len(out), 1.0, len(out), 1.0,
            )  # fmt: skip


def _samples_after(begin: int, instant_s: float) -> int:
    if not np.isfinite(instant_s):
        return int(1e9)
    return round(instant_s * SAMPLE_RATE) - begin


def _sympathetic(
    dry: FloatArray, transcript: Transcript, instrument: Instrument, start_s: float
) -> FloatArray:
    """What the undamped strings add while the pedal is down."""
    assert instrument.resonance_db is not None
    lifted = np.zeros(len(dry), np.float32)
    for pedal in transcript.pedals:
        a = round((pedal.onset_s - start_s) * SAMPLE_RATE)
        b = round((pedal.offset_s - start_s) * SAMPLE_RATE)
        lifted[max(a, 0) : max(b, 0)] = 1.0
    if not lifted.any():
        return np.zeros_like(dry)
    ramp = np.ones(SAMPLE_RATE // 50, np.float32) / (SAMPLE_RATE // 50)
    lifted = np.convolve(lifted, ramp, mode="same").astype(np.float32)
    wet = fftconvolve(dry * lifted, instrument.resonance)[: len(dry)] * lifted
    return np.asarray(wet * 10.0 ** (instrument.resonance_db / 20.0), np.float32)
