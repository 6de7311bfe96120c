"""Renders a transcript on a sampled piano.

Level rises with velocity, and every strike speaks within 5 ms of its label (`corpus/attacks.py`
says what that means), both by test on every bank.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numba
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d

from transcriber.notes import Note, Pedal, Transcript
from transcriber.timing import LOWEST_PITCH, PITCHES, SAMPLE_RATE

from .banks import Zone
from .instruments import ALL_CHANNELS, Instrument, Layer
from .pedalling import FIRST_UNDAMPED, HALF_LIFT, HalfPresses, as_heard
from .soundboard import place, resound

FloatArray = NDArray[np.float32]

LONGEST_RING_S = 12.0
"""Longest part of a note that is rendered, as long as the longest samples."""

RESTRIKE_FADE_S = 0.03
"""Time constant with which a strike quenches what its own strings still sounded."""

_DAMPERS_S = 0.05
"""How long dampers take to leave or to reach their strings."""

_EXACT = 1e-6  # samples: a sum of seconds that should be whole is whole

_WIDE = 100
"""A zone for so many velocities has no louder or softer brother, so touch must colour it."""


@dataclass(frozen=True, slots=True)
class _Voice:
    """A string that sounds: struck, damped from `release_s`, quenched from `last_s`, where it is
    struck again or the dampers of a half-pressed pedal fall.
    """

    onset_s: float
    release_s: float
    damped_s: float
    last_s: float
    quench_s: float = RESTRIKE_FADE_S


@numba.njit(cache=True, fastmath=True, nogil=True)
def _mix(
    out: FloatArray,
    sample: NDArray[np.int16],
    begin: int,
    position: float,
    ratio: float,
    gain: float,
    tilt: float,
    hold: int,
    keep_1: float,
    quench: int,
    keep_2: float,
) -> None:
    """Adds one voice: cubic interpolation, level held for `hold` samples, then damped, then
    quenched.

    `tilt` times the difference from the mean of the four samples around is added: a shelf that
    lifts or lowers the treble, at next to no cost.
    """
    level = gain / 32768.0
    floor = level * 1e-4
    last = len(sample) - 2
    for i in range(len(out) - begin):
        at = int(position)
        if at >= last:
            return
        x = position - at
        s0, s1 = float(sample[max(at - 1, 0)]), float(sample[at])
        s2, s3 = float(sample[at + 1]), float(sample[at + 2])
        c1 = 0.5 * (s2 - s0)
        c2 = s0 - 2.5 * s1 + 2.0 * s2 - 0.5 * s3
        c3 = 0.5 * (s3 - s0) + 1.5 * (s1 - s2)
        value = ((c3 * x + c2) * x + c1) * x + s1
        out[begin + i] += level * (value + tilt * (value - 0.25 * (s0 + s1 + s2 + s3)))
        position += ratio
        if i >= quench:
            level *= keep_2
        elif i >= hold:
            level *= keep_1
        if level < floor:
            return


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
    bridge = np.zeros((len(instrument.soundboard), samples), np.float32)
    end_s = start_s + samples / SAMPLE_RATE
    presses = HalfPresses(transcript.pedals, instrument)
    following: dict[int, float] = {}
    for note in reversed(transcript.notes):
        restrike_s = following.get(note.pitch, np.inf)
        following[note.pitch] = note.onset_s
        if note.onset_s >= end_s + 0.05 or note.onset_s < start_s - LONGEST_RING_S:
            continue
        if note.pitch < FIRST_UNDAMPED and note.offset_s < start_s - 1.0:
            continue
        release_s, damped_s = note.offset_s, _damping_s(instrument, note.pitch)
        last_s, quench_s = restrike_s, RESTRIKE_FADE_S
        fade = presses.fade(note)
        if fade is not None:
            if note.offset_s < restrike_s:  # the pedal comes up, and the dampers are firm again
                last_s, quench_s = note.offset_s, damped_s
            release_s, damped_s = fade.from_s, fade.time_constant_s
        if note.pitch >= FIRST_UNDAMPED:
            release_s = np.inf
        out = bridge[place(note.pitch) % len(bridge)]
        voice = _Voice(note.onset_s, release_s, damped_s, last_s, quench_s)
        _strike(out, note, instrument, start_s, voice)
        _release(out, note, instrument, start_s, restrike_s)
    if transcript.pedals and instrument.resonance_db is not None:
        bridge[0] += _sympathetic(
            bridge.sum(0), transcript.pedals, presses.halves, instrument, start_s
        )
    return resound(bridge, instrument.soundboard)


def render_labelled(
    transcript: Transcript, instrument: Instrument, samples: int, start_s: float = 0.0
) -> tuple[FloatArray, Transcript]:
    """Sound as of `render`, and the transcript of what is heard in it: half-pressed pedals hold
    notes for less long than the player asked for.
    """
    audio = render(transcript, instrument, samples, start_s)
    return audio, as_heard(transcript, instrument)


def _damping_s(instrument: Instrument, pitch: int) -> float:
    low, high = instrument.damping_s
    share = (pitch - LOWEST_PITCH) / (FIRST_UNDAMPED - LOWEST_PITCH)
    return float(low * (high / low) ** min(max(share, 0.0), 1.0))


def _target_db(note: Note, instrument: Instrument) -> float:
    key = note.pitch - LOWEST_PITCH
    return float(
        -20.0
        + instrument.layers[0].bank.loudness_db[key]
        + instrument.level_db[key]
        + 20.0 * instrument.velocity_power * np.log10(note.velocity / 127.0)
    )


def _strike(
    out: FloatArray, note: Note, instrument: Instrument, start_s: float, voice: _Voice
) -> None:
    """Adds a struck note."""
    key = note.pitch - LOWEST_PITCH
    source = min(max(key + instrument.root_shift, 0), PITCHES - 1)
    hardness = note.velocity + instrument.layer_shift[key]
    for layer in instrument.layers:
        zone = _choose(layer.bank.strikes[source], hardness)
        cents = instrument.tuning_cents[key] + layer.cents + zone.tune_cents
        ratio = 2.0 ** ((note.pitch - zone.root) / 12.0 + cents / 1200.0)
        tilt = instrument.brightness[key]
        if zone.high_velocity - zone.low_velocity >= _WIDE:
            tilt = min(max(tilt + instrument.touch * (note.velocity / 127.0 - 0.5), -0.9), 1.5)
        level_db = _target_db(note, instrument) + layer.level_db
        level_db -= zone.level_db(layer.channel)
        gain = 10.0 ** (level_db / 20.0) / _tilt_gain(tilt, zone.root)
        _sound(out, layer, zone, ratio, gain, tilt, start_s, voice)


def _choose(strikes: tuple[Zone, ...], velocity: float) -> Zone:
    for zone in strikes:
        if velocity <= zone.high_velocity:
            return zone
    return strikes[-1]


def _tilt_gain(tilt: float, root: int) -> float:
    """What `tilt` does to the fundamental: with it taken out, loudness stays with velocity."""
    half = np.pi * 440.0 * 2.0 ** ((root - 69) / 12.0) / SAMPLE_RATE
    mean = abs(np.sin(4.0 * half) / (4.0 * np.sin(half)))
    return float(1.0 + tilt * (1.0 - mean))


def _keep(time_constant_s: float) -> float:
    """Factor per sample of an exponential decay."""
    return float(np.exp(-1.0 / (time_constant_s * SAMPLE_RATE)))


def _sound(
    out: FloatArray, layer: Layer, zone: Zone, ratio: float, gain: float, tilt: float,
    start_s: float, voice: _Voice,
) -> None:  # fmt: skip
    """Adds a zone, its attack at the onset of the voice."""
    strike = (voice.onset_s - start_s) * SAMPLE_RATE - zone.onset / ratio
    # The first sample of the voice on the output's grid, and where in the zone it lies.
    begin = max(0, int(np.ceil(strike - _EXACT)))
    position = max(0.0, (begin - strike) * ratio)
    hold = _samples_after(begin, voice.release_s - start_s)
    quench = _samples_after(begin, voice.last_s - start_s)
    # What was damped before the window began enters it as quiet as it had become.
    gain *= _keep(voice.damped_s) ** max(0, min(quench, 0) - min(hold, 0))
    gain *= _keep(voice.quench_s) ** max(0, -quench)
    channels = layer.bank.samples
    chosen = [layer.channel] if layer.channel != ALL_CHANNELS else range(len(channels))
    for channel in chosen:
        _mix(
            out, channels[channel, zone.start : zone.stop], begin, position, ratio,
            gain / len(chosen), tilt, max(hold, 0), _keep(voice.damped_s), max(quench, 0),
            _keep(voice.quench_s),
        )  # fmt: skip


def _samples_after(begin: int, instant_s: float) -> int:
    if not np.isfinite(instant_s):
        return int(1e9)
    return round(instant_s * SAMPLE_RATE) - begin


def _release(
    out: FloatArray, note: Note, instrument: Instrument, start_s: float, restrike_s: float
) -> None:
    """Adds the sound of key and damper coming back, where it was recorded."""
    layer = instrument.layers[0]
    zone = layer.bank.releases[note.pitch - LOWEST_PITCH]
    at_s = note.offset_s - start_s
    if zone is None or note.pitch >= FIRST_UNDAMPED or restrike_s <= note.offset_s:
        return
    if 0.0 <= at_s < len(out) / SAMPLE_RATE:
        # A long note has died away by the time its key comes back: so has its damper's thump.
        faded_db = min(30.0, 4.0 * (note.offset_s - note.onset_s))
        level_db = _target_db(note, instrument) + instrument.release_db - faded_db
        gain = 10.0 ** ((level_db - zone.level_db(layer.channel)) / 20.0)
        voice = _Voice(note.offset_s, np.inf, 1.0, np.inf)
        _sound(out, layer, zone, 1.0, gain, 0.0, start_s, voice)


def _sympathetic(
    dry: FloatArray,
    pedals: tuple[Pedal, ...],
    halves: list[bool],
    instrument: Instrument,
    start_s: float,
) -> FloatArray:
    """What the undamped strings add while the pedal is down, and the knock of the pedal itself."""
    assert instrument.resonance_db is not None
    lifted = np.zeros(len(dry), np.float32)
    knocks = np.zeros(len(dry), np.float32)
    for pedal, half in zip(pedals, halves, strict=True):
        down = round((pedal.onset_s - start_s) * SAMPLE_RATE)
        up = round((pedal.offset_s - start_s) * SAMPLE_RATE)
        lifted[max(down, 0) : max(up, 0)] = HALF_LIFT if half else 1.0
        for at in (down, up):
            if 0 <= at < len(dry):
                heard = knocks[at : at + len(_knock())]
                heard += _knock()[: len(heard)]
    if not lifted.any():
        return np.zeros_like(dry)
    knocks *= 10.0 ** (instrument.pedal_db / 20.0)
    lifted = uniform_filter1d(lifted, round(_DAMPERS_S * SAMPLE_RATE), mode="nearest")
    gain = 10.0 ** (instrument.resonance_db / 20.0)
    # The knock shakes the strings through the frame, which the level of the resonance is not about.
    struck = (dry * gain + knocks) * lifted
    wet = resound(struck[None], instrument.resonance[None])
    return np.asarray(wet * lifted + knocks)


@lru_cache(maxsize=1)
def _knock() -> FloatArray:
    """Wood and felt: 0.2 s of low noise that dies away, of RMS 1 in its first 50 ms."""
    count = SAMPLE_RATE // 5
    noise = np.random.default_rng(0).standard_normal(count)
    low = np.convolve(noise, np.hanning(80), mode="same")
    knock = low * np.exp(-np.arange(count) / (0.03 * SAMPLE_RATE))
    return np.asarray(knock / np.sqrt(np.mean(knock[:800] ** 2)), np.float32)
