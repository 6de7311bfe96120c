"""Pianos nobody built: strings, hammers and bodies drawn at random and computed, note by note.

A recorded sample keeps its inharmonicity, the balance of its partials and the way they decay,
whatever is done to it afterwards, and recorded pianos that may be given away are few and mostly
concert grands. A small upright differs most where a transcriber needs help: the partials of its
short, stiff bass strings lie up to a semitone above the harmonics, and there is little below them.

Each note is a sum of damped sinusoids after the usual model of the piano (Fletcher and Rossing,
The Physics of Musical Instruments, chapter 12):

- partial n of a stiff string lies at n f0 sqrt(1 + B n^2), with B falling along the wound strings
  and rising along the plain ones (as in Rigaud, David and Daudet, JASA 133, 2013);
- keys are tuned by beats, so octaves are stretched by that inharmonicity (ibid.);
- a hammer at a share of the string leaves out the partials that have a node there, and a hard one
  excites more of them;
- one to three strings per key are not quite in unison and decay in two stages (Weinreich, JASA 62,
  1977): fast together, slowly against each other;
- the body has its own response, and rings with a knock when it is struck.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from transcriber.timing import LOWEST_PITCH, PITCHES, SAMPLE_RATE

from .sampling import Sample
from .soundboard import PLACES, draw_soundboard, place, resound

FloatArray = NDArray[np.float32]
Keys = NDArray[np.float64]

ROOT_STEP = 2
"""Keys from one computed note to the next."""

LAYERS = ((1, 36), (37, 64), (65, 92), (93, 127))
"""Velocities of the computed layers."""

LONGEST_S = 7.0
PARTIALS = 60
"""Most partials of a note; fewer fit below half the sample rate from the third octave on."""

_SILENCE_S = 0.01
_A4 = 69


@dataclass(frozen=True)
class Scale:
    """Strings and hammers of one piano; arrays are float64 [88].

    Args:
        inharmonicity: B of each key.
        hz: Frequency that the first partial would have without stiffness.
        strings: Strings of each key, 1 to 3.
        unison_cents: Standard deviation of the strings of a key.
        strike: Where the hammer meets the string, as a share of its length.
        hardness_hz: Frequency above which a hammer at velocity 64 excites less and less.
        harder: Power of velocity in `hardness_hz`.
        slope: Order of that fall.
        tilt: Power of 1 / n with which partials get weaker under the hardest hammer.
        decay_s: Seconds in which the first partial falls by 60 dB, in its fast stage.
        damping_hz: Frequency at which a partial decays twice as fast as the first.
        slow: Amplitude of the slow stage against the fast one.
        slower: How many times longer the slow stage lasts.
        uneven_db: Standard deviation of a partial against this model.
        knock_db: Level of the knock against the note at velocity 64 in the middle.
    """

    inharmonicity: Keys
    hz: Keys
    strings: Keys
    unison_cents: Keys
    strike: Keys
    hardness_hz: Keys
    harder: float
    slope: float
    tilt: float
    decay_s: Keys
    damping_hz: Keys
    slow: Keys
    slower: float
    uneven_db: float
    knock_db: float

    @classmethod
    def draw(cls, rng: np.random.Generator) -> Scale:
        """Draws a piano, from concert grand to spinet."""
        pitch = LOWEST_PITCH + np.arange(PITCHES)
        size = rng.uniform(0.0, 1.0)  # 0 for the longest strings, 1 for the shortest
        # Exponential in the key on both bridges, after Rigaud et al.; the ranges are ours.
        bass = -6.4 + 1.8 * size + rng.normal(0.0, 0.2) - 0.085 * pitch
        treble = -13.7 + 0.4 * size + rng.normal(0.0, 0.2) + 0.0926 * pitch
        jitter = rng.normal(0.0, 0.08, PITCHES)
        inharmonicity = (np.exp(bass) + np.exp(treble)) * np.exp(jitter)
        single, double = rng.integers(27, 34), rng.integers(38, 52)
        strings = np.where(pitch < single, 1.0, np.where(pitch < double, 2.0, 3.0))
        octaves = (pitch - 60) / 12.0
        strike = rng.uniform(0.105, 0.14) * np.where(pitch < 64, 1.0, 0.97 ** (pitch - 64))
        hardness = rng.uniform(300.0, 1000.0) * 2.0 ** (rng.uniform(0.15, 0.45) * octaves)
        decay = rng.uniform(4.0, 12.0) * 2.0 ** (-rng.uniform(0.45, 0.7) * octaves)
        return cls(
            inharmonicity=inharmonicity,
            hz=_tuned(inharmonicity, rng),
            strings=strings,
            unison_cents=np.full(PITCHES, rng.uniform(0.2, 1.5)),
            strike=strike * np.exp(rng.normal(0.0, 0.04, PITCHES)),
            hardness_hz=hardness * np.exp(rng.normal(0.0, rng.uniform(0.0, 0.2), PITCHES)),
            harder=rng.uniform(0.6, 1.6),
            slope=rng.uniform(1.5, 3.0),
            tilt=rng.uniform(0.4, 1.3),
            decay_s=decay * np.exp(rng.normal(0.0, 0.2, PITCHES)),
            damping_hz=rng.uniform(500.0, 2000.0) * 2.0 ** (0.5 * np.maximum(0.0, octaves)),
            slow=10.0 ** (rng.uniform(-24.0, -8.0, PITCHES) / 20.0),
            slower=rng.uniform(2.0, 5.0),
            uneven_db=rng.uniform(2.0, 6.0),
            knock_db=rng.uniform(-24.0, -4.0),
        )


def _tuned(inharmonicity: Keys, rng: np.random.Generator) -> Keys:
    """Octaves without beats between partial 2 rho of the lower key and rho of the upper one; rho
    falls from the bass to 1 in the treble, as tuners do it.
    """
    pitch = LOWEST_PITCH + np.arange(PITCHES)
    rho = 1.0 + rng.uniform(1.0, 3.5) / 2.0 * (1.0 - np.tanh((pitch - 64) / 24.0))
    cents = np.zeros(PITCHES)
    a4 = _A4 - LOWEST_PITCH

    def stretch(low: int) -> float:
        r = rho[low]
        ratio = (1 + 4 * inharmonicity[low] * r * r) / (1 + inharmonicity[low + 12] * r * r)
        return float(600.0 * np.log2(ratio))

    for key in range(a4 + 1, PITCHES):
        # Within the first octave the stretch is shared out evenly.
        octave = stretch(key - 12)
        cents[key] = cents[key - 12] + octave if key >= a4 + 12 else octave * (key - a4) / 12.0
    for key in range(a4 - 1, -1, -1):
        octave = stretch(key)
        cents[key] = cents[key + 12] - octave if key <= a4 - 12 else -octave * (a4 - key) / 12.0
    # What `hz` means is the string without stiffness; the tuner hears the first partial.
    tempered = 440.0 * 2.0 ** ((pitch - _A4) / 12.0 + cents / 1200.0)
    return np.asarray(tempered / np.sqrt(1.0 + inharmonicity))


def sampled(seed: int) -> Iterator[Sample]:
    """The notes of the piano with this number, from the lowest key on, every `ROOT_STEP` keys."""
    rng = np.random.default_rng(seed)
    scale, board = Scale.draw(rng), draw_soundboard(rng, PLACES)
    loudness_db = rng.normal(0.0, 1.5) * np.linspace(-1.0, 1.0, PITCHES)
    for root in range(LOWEST_PITCH, LOWEST_PITCH + PITCHES, ROOT_STEP):
        character = int(rng.integers(2**32))  # of the key, the same at each velocity
        for low, high in LAYERS:
            note = struck(scale, root, (low + high) / 2.0, np.random.default_rng(character))
            heard = resound(note[None], board[place(root)][None])
            # The renderer puts levels where velocities want them; here all layers are as loud.
            rms = np.sqrt(np.mean(heard[: SAMPLE_RATE // 2] ** 2) + 1e-12)
            level = 10.0 ** ((-24.0 + loudness_db[root - LOWEST_PITCH]) / 20.0) / rms
            yield Sample(heard * np.float32(level), root, (root - 1, root), (low, high))


def struck(scale: Scale, pitch: int, velocity: float, rng: np.random.Generator) -> FloatArray:
    """One note, held until it has died away or for `LONGEST_S`, after a moment of silence.

    Args:
        scale: The piano.
        pitch: MIDI number.
        velocity: 1 to 127.
        rng: Character of the key: the same one gives the same key at another velocity.

    Returns:
        float32 [S] at `SAMPLE_RATE`.
    """
    key = pitch - LOWEST_PITCH
    n = np.arange(1, PARTIALS + 1)
    hz = n * scale.hz[key] * np.sqrt(1.0 + scale.inharmonicity[key] * n * n)
    uneven_db = rng.normal(0.0, scale.uneven_db, PARTIALS)
    cents = rng.normal(0.0, scale.unison_cents[key], 3)[: int(scale.strings[key])]
    life = np.exp(rng.normal(0.0, 0.3, PARTIALS))
    against = rng.normal(0.0, 1.0, (PARTIALS, len(cents)))
    knock = _knock(rng)
    audible = hz < 0.48 * SAMPLE_RATE
    n, hz, uneven_db, life = n[audible], hz[audible], uneven_db[audible], life[audible]
    against = against[audible]

    cutoff = scale.hardness_hz[key] * (velocity / 64.0) ** scale.harder
    strength = np.sin(n * np.pi * scale.strike[key]) / n**scale.tilt * 10.0 ** (uneven_db / 20.0)
    strength = strength / (1.0 + (hz / max(cutoff, hz[0])) ** (2.0 * scale.slope)) ** 0.5
    decay_s = scale.decay_s[key] * life / (1.0 + hz / scale.damping_hz[key])
    decay_s = np.clip(decay_s, 0.05, 20.0)

    contact_s = 0.004 * 2.0 ** (-(pitch - 40) / 24.0) * (64.0 / velocity) ** 0.3
    sounding = min(LONGEST_S, float(decay_s.max() * scale.slower))
    out = np.zeros(round(sounding * SAMPLE_RATE), np.float32)
    for string, cent in enumerate(cents):
        frequency = hz * 2.0 ** (cent / 1200.0)
        # Together the strings drive the bridge and soon are still; against each other, hardly.
        _ring(out, frequency, strength / len(cents), decay_s)
        slow = scale.slow[key] * np.abs(strength) * against[:, string] / len(cents)
        _ring(out, frequency, slow, np.minimum(decay_s * scale.slower, 40.0))
    ramp = min(len(out), max(2, round(min(contact_s, 0.006) * SAMPLE_RATE)))
    out[:ramp] *= 0.5 - 0.5 * np.cos(np.pi * np.arange(ramp) / ramp)

    level = np.sqrt(np.mean(out[: SAMPLE_RATE // 4] ** 2) + 1e-20)
    # The frame is struck as hard in the treble, whose strings sound less.
    heard = 10.0 ** (scale.knock_db / 20.0) * level * 2.0 ** ((pitch - 60) / 18.0)
    out[: len(knock)] += (heard * knock)[: len(out)].astype(np.float32)
    fade = min(len(out), SAMPLE_RATE // 5)
    out[-fade:] *= np.linspace(1.0, 0.0, fade, dtype=np.float32)
    return np.concatenate([np.zeros(round(_SILENCE_S * SAMPLE_RATE), np.float32), out])


def _knock(rng: np.random.Generator) -> NDArray[np.float64]:
    """Modes of case and keybed, struck: 0.25 s, of RMS 1 in the first 20 ms."""
    t = np.arange(round(0.25 * SAMPLE_RATE)) / SAMPLE_RATE
    hz = np.exp(rng.uniform(np.log(60.0), np.log(2500.0), 24))
    life_s = rng.uniform(0.005, 0.04, 24) * (200.0 / hz) ** 0.5
    gain = rng.normal(0.0, 1.0, 24) * (200.0 / hz) ** 0.8
    modes = gain[:, None] * np.sin(2 * np.pi * hz[:, None] * t) * np.exp(-t / life_s[:, None])
    knock = modes.sum(0)  # not a product of BLAS, whose last bits depend on its threads
    return np.asarray(knock / np.sqrt(np.mean(knock[: SAMPLE_RATE // 50] ** 2)))


@njit(cache=True)
def _ring(
    out: FloatArray,
    hz: NDArray[np.float64],
    strength: NDArray[np.float64],
    decay_s: NDArray[np.float64],
) -> None:
    """Adds sines that start at zero and fall by 60 dB in `decay_s`, each until it has fallen by 80.

    By rotating a complex number: one product per sample.
    """
    for i in range(len(hz)):
        turn = 2.0 * np.pi * hz[i] / SAMPLE_RATE
        keep = 10.0 ** (-3.0 / (decay_s[i] * SAMPLE_RATE))
        re, im = keep * np.cos(turn), keep * np.sin(turn)
        x, y = strength[i], 0.0
        for s in range(min(len(out), int(1.34 * decay_s[i] * SAMPLE_RATE))):
            out[s] += y
            x, y = x * re - y * im, x * im + y * re
