"""Instruments: a sample bank, and everything in which one piano differs from the next.

Drawing a new instrument for each segment turns a few recorded pianos into endlessly many.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from transcriber.timing import PITCHES

from .banks import Bank
from .soundboard import NEUTRAL, PLACES, draw_soundboard
from .strings import ring

FloatArray = NDArray[np.float32]
Keys = NDArray[np.float64]

ALL_CHANNELS = -1
"""The microphone that hears the mean of all channels a bank has."""


MISTUNED = 0.5
"""Share of pianos whose pitch nobody has looked after."""

FARTHEST_CENTS = 35.0
"""How far from 440 Hz they are at most: at 50 nobody could tell a key from the next."""


def draw_pitch(rng: np.random.Generator, mistuned: float = MISTUNED) -> float:
    """How far a whole piano is from A4 = 440 Hz, in cents.

    Tuned ones lie around it, up to the 442 or 443 Hz (8 or 12 cents) of orchestras; a share of
    `mistuned` lies anywhere within `FARTHEST_CENTS`, as pianos do that have sunk for years.
    """
    if rng.random() < mistuned:
        return float(rng.uniform(-FARTHEST_CENTS, FARTHEST_CENTS))
    return float(rng.normal(0.0, 6.0))


@dataclass(frozen=True)
class Layer:
    """A bank that sounds in an instrument.

    Args:
        bank: The samples.
        channel: Microphone: a channel of the bank, or `ALL_CHANNELS`.
        level_db: Level against the instrument.
        cents: Offset against the instrument.
    """

    bank: Bank
    channel: int = ALL_CHANNELS
    level_db: float = 0.0
    cents: float = 0.0

    @classmethod
    def draw(
        cls, bank: Bank, rng: np.random.Generator, level_db: float = 0.0, cents: float = 0.0
    ) -> Layer:
        """The bank by one of its microphones, or by all of them."""
        channel = int(rng.integers(ALL_CHANNELS, len(bank.samples)))
        return cls(bank, channel, level_db, cents)


@dataclass(frozen=True)
class Instrument:
    """One piano.

    Args:
        layers: Banks that sound together, one as a rule; two beat as mistuned unisons do.
        velocity_power: Level is 20 * velocity_power * log10(velocity / 127) dB.
        layer_shift: Added to the velocity when a recorded layer is chosen: how hard each hammer is,
            float64 [88].
        brightness: Treble of each key against its recording, -1 (none) to 1.5, float64 [88].
        touch: How much brighter a strike at velocity 127 is than one at 1, on banks that have one
            layer for all.
        root_shift: Semitones between the key played and the key whose sample is taken (size of the
            body).
        tuning_cents: Offset of every key, float64 [88].
        level_db: Offset of every key, float64 [88].
        damping_s: Time constant of the damper at the lowest and the highest damped key.
        half_pedal: Share of pedal presses that lift the dampers only partly.
        half_pedal_s: Time constant of strings under such a press, at middle C.
        release_db: Level of the release samples against their strike.
        pedal_db: Level of the knock with which the pedal comes and goes, dBFS.
        resonance_db: Level of the strings that sound along while the pedal is down; None for none.
        resonance: Impulse response of those strings, float32 [S].
        soundboard: Impulse responses of its body, float32 [places, S].
    """

    layers: tuple[Layer, ...]
    velocity_power: float
    layer_shift: Keys
    brightness: Keys
    touch: float
    root_shift: int
    tuning_cents: Keys
    level_db: Keys
    damping_s: tuple[float, float]
    half_pedal: float
    half_pedal_s: float
    release_db: float
    pedal_db: float
    resonance_db: float | None
    resonance: FloatArray
    soundboard: FloatArray

    @classmethod
    def plain(cls, bank: Bank) -> Instrument:
        """The bank as it was recorded, in tune, with firm dampers and no resonance."""
        none = np.zeros(PITCHES)
        return cls(
            layers=(Layer(bank),),
            velocity_power=1.7,
            layer_shift=none,
            brightness=none,
            touch=0.0,
            root_shift=0,
            tuning_cents=none,
            level_db=none,
            damping_s=(0.12, 0.04),
            half_pedal=0.0,
            half_pedal_s=1.0,
            release_db=-20.0,
            pedal_db=-120.0,
            resonance_db=None,
            resonance=np.zeros(1, np.float32),
            soundboard=NEUTRAL,
        )

    @classmethod
    def draw(
        cls,
        bank: Bank,
        rng: np.random.Generator,
        others: Sequence[Bank] = (),
        mistuned: float = MISTUNED,
    ) -> Instrument:
        """A piano like `bank`, but not the same; at times another bank sounds with it.

        `mistuned` is the share of pianos that `draw_pitch` takes far from 440 Hz.
        """
        keys = np.arange(PITCHES)
        stretch = rng.uniform(-0.3, 1.0) * ((keys - 44) / 44.0) ** 3 * 15.0
        scatter = rng.normal(0.0, rng.uniform(0.5, 3.0), PITCHES)
        tuning = draw_pitch(rng, mistuned) + stretch + scatter
        tilt_db = rng.normal(0.0, 2.5) * (keys - 44) / 44.0
        layers = [Layer.draw(bank, rng)]
        partners = [other for other in others if other is not bank]
        if partners and rng.random() < 0.15:
            partner = partners[int(rng.integers(len(partners)))]
            level_db, cents = rng.uniform(-12.0, 0.0), rng.normal(0.0, 3.0)
            layers.append(Layer.draw(partner, rng, level_db, cents))
        resonant = rng.random() < 0.6
        return cls(
            layers=tuple(layers),
            velocity_power=rng.uniform(1.1, 2.3),
            layer_shift=rng.normal(0.0, 10.0) + rng.normal(0.0, rng.uniform(0.0, 8.0), PITCHES),
            brightness=np.clip(
                rng.normal(0.0, 0.25) + rng.normal(0.0, rng.uniform(0.0, 0.25), PITCHES), -0.8, 1.2
            ),
            touch=rng.uniform(0.2, 1.0),
            root_shift=int(rng.integers(-3, 4)) if rng.random() < 0.6 else 0,
            tuning_cents=tuning,
            level_db=tilt_db + rng.normal(0.0, 1.2, PITCHES),
            damping_s=(rng.uniform(0.06, 0.3), rng.uniform(0.02, 0.08)),
            half_pedal=rng.uniform(0.1, 1.0) if rng.random() < 0.2 else 0.0,
            half_pedal_s=rng.uniform(0.4, 2.0),
            release_db=rng.uniform(-30.0, -12.0),
            pedal_db=rng.uniform(-90.0, -50.0),
            resonance_db=rng.uniform(-44.0, -26.0) if resonant else None,
            resonance=ring(tuning + bank.tuning_cents, rng)
            if resonant
            else np.zeros(1, np.float32),
            soundboard=draw_soundboard(rng, PLACES) if rng.random() < 0.8 else NEUTRAL,
        )

    @property
    def name(self) -> str:
        """Names of its banks."""
        return "+".join(layer.bank.name for layer in self.layers)

    @property
    def licences(self) -> tuple[str, ...]:
        """Licences of its banks."""
        return tuple(layer.bank.licence for layer in self.layers)

    def described(self) -> dict[str, Any]:
        """What was drawn, without the arrays, which follow from the seed."""
        layers = [
            {"bank": layer.bank.name, "channel": layer.channel, "level_db": layer.level_db,
             "cents": layer.cents}
            for layer in self.layers
        ]  # fmt: skip
        values = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        values = {k: v for k, v in values.items() if not isinstance(v, np.ndarray)}
        mean_cents = round(float(self.tuning_cents.mean()), 3)
        return values | {"layers": layers, "mean_cents": mean_cents}
