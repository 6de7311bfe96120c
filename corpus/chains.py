"""What is done to a sound: the configuration of the augmentation chain, and one drawn chain.

Everything random is drawn here, before any sound is touched, so that a chain can be recorded,
read and replayed.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from transcriber.pitches import speed

from .acoustics import Acoustics
from .noises import KINDS
from .transmission import CODECS

Range = tuple[float, float]
Peak = tuple[float, float, float]
"""Centre in Hz, quality, gain in dB."""

_PEAKS = 4
_RESONANCES = 2


@dataclass(frozen=True)
class AugmentationConfig:
    """Probabilities and ranges; every range is drawn uniformly unless said otherwise.

    Args:
        equaliser: Probability of each of four peaking filters, 32 Hz to 7 kHz.
        equaliser_db: Range of their gains.
        device: Probability of a simulated microphone: its band, and a resonance or two.
        low_cut_hz: Range of the lower end of its band.
        high_cut_hz: Range of the upper end.
        resonance_db: Range of the gains of its resonances, 150 Hz to 7 kHz.
        room: Probability of a room.
        recorded_rooms: Share of recorded ones, where there are any; the others are simulated.
        rt60_s: Range of simulated reverberation times, log-uniform.
        direct_db: Range of direct-to-reverberant energy.
        noise: Probability of any noise.
        coloured: Probability of stationary noise, where there is noise; so are those that follow.
        recorded: Of a recorded noise.
        hum: Of mains hum.
        babble: Of talking.
        singing: Of singing.
        foley: Of steps, doors, clicks, dishes, rustling and the like.
        ambience: Of ventilation.
        wind: Of wind.
        tones: Of beeps and whistling.
        snr_db: Range of the total signal-to-noise ratio of all noises together.
        level: Probability that the level is changed.
        level_dbfs: Range of the final peak level.
        clipping: Probability of clipping.
        overdrive_db: Range by which clipping cuts the peak.
        detune: Probability of playback at another speed.
        detune_cents: Its range, in cents either way.
        codec: Probability of one of `codecs`.
        codecs: Some of `transmission.CODECS`.
        compression: Range of the codec's compression, 0 (best) to 1 (smallest).
    """

    equaliser: float = 0.5
    equaliser_db: Range = (-10.0, 6.0)
    device: float = 0.3
    low_cut_hz: Range = (20.0, 250.0)
    high_cut_hz: Range = (3500.0, 7900.0)
    resonance_db: Range = (-8.0, 8.0)
    room: float = 0.6
    recorded_rooms: float = 0.33
    rt60_s: Range = (0.2, 1.6)
    direct_db: Range = (-4.0, 18.0)
    noise: float = 0.7
    coloured: float = 0.6
    recorded: float = 0.5
    hum: float = 0.1
    babble: float = 0.2
    singing: float = 0.05
    foley: float = 0.15
    ambience: float = 0.1
    wind: float = 0.05
    tones: float = 0.05
    snr_db: Range = (8.0, 45.0)
    level: float = 1.0
    level_dbfs: Range = (-36.0, 0.0)
    clipping: float = 0.05
    overdrive_db: Range = (1.0, 6.0)
    detune: float = 0.0
    detune_cents: float = 10.0
    codec: float = 0.0
    codecs: tuple[str, ...] = ("simulated",)
    compression: Range = (0.2, 0.95)

    def __post_init__(self) -> None:
        for setting in fields(self):
            value = getattr(self, setting.name)
            if wanted := refusal(setting.name, value):
                raise ValueError(f"{setting.name} = {value!r} cannot be, it takes {wanted}")


def refusal(name: str, value: Any) -> str:
    """What the setting `name` takes, where `value` is none of it; empty where it is."""
    if name == "codecs":
        good = isinstance(value, tuple) and {*map(str, value)} <= {*CODECS}
        return "" if good else f"a list of {', '.join(CODECS)}"
    if name in _RANGES:
        numbers = isinstance(value, tuple) and all(map(_is_number, value))
        if not numbers or len(value) != 2 or value[0] > value[1]:
            return "a range such as [1.0, 2.0]"
        if name == "compression" and not 0.0 <= value[0] <= value[1] <= 1.0:
            return "a range within 0 and 1"
        return "a range above 0" if name.endswith(("_s", "_hz")) and value[0] <= 0.0 else ""
    if not _is_number(value) or not value >= 0.0:
        return "a number of at least 0"
    return "a probability, 0 to 1" if name != "detune_cents" and value > 1.0 else ""


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_RANGES = {s.name for s in fields(AugmentationConfig) if isinstance(s.default, tuple)}


@dataclass(frozen=True)
class Augmentation:
    """One drawn chain. `room_seed` and `noise_seed` replay what is random inside a transform.

    `room` is the index of a recorded room, -1 for a simulated one, None for none; `noises` pairs
    kinds (as `noises.add_noise` knows them) with their share of the noise energy. `peak_dbfs` is
    None where the level stays as it is, `codec` is empty for none.
    """

    peaks: tuple[Peak, ...] = ()
    band_hz: Range | None = None
    resonances: tuple[Peak, ...] = ()
    room: int | None = None
    room_wet_db: float = 0.0
    rt60_s: float = 0.5
    room_seed: int = 0
    noises: tuple[tuple[str, float], ...] = ()
    snr_db: float = 0.0
    noise_seed: int = 0
    peak_dbfs: float | None = None
    overdrive_db: float = 0.0
    detune_cents: float = 0.0
    codec: str = ""
    compression: float = 0.0

    @property
    def speed(self) -> float:
        """Factor by which the audio becomes faster, and its labels with it."""
        return speed(self.detune_cents)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Augmentation:
        """The chain whose `dataclasses.asdict` went through JSON, such as a manifest's."""
        return cls(**{name: _frozen(value) for name, value in values.items()})


def _frozen(value: Any) -> Any:
    return tuple(_frozen(v) for v in value) if isinstance(value, list | tuple) else value


def draw(
    config: AugmentationConfig,
    acoustics: Acoustics,
    rng: np.random.Generator,
    *,
    piano: bool = True,
) -> Augmentation:
    """Draws one chain.

    Args:
        config: Its probabilities and ranges.
        acoustics: The recorded rooms and noises to choose from.
        rng: Where its chances come from.
        piano: Whether there is a piano to be heard. Where not, noises are all there is: always
            some, loud and faint ones together, recorded ones most often.
    """
    peaks = _draw_peaks(rng, _PEAKS, config.equaliser, (32.0, 7000.0), config.equaliser_db)
    band: Range | None = None
    resonances: tuple[Peak, ...] = ()
    if rng.random() < config.device:
        band = (float(rng.uniform(*config.low_cut_hz)), float(rng.uniform(*config.high_cut_hz)))
        resonances = _draw_peaks(rng, _RESONANCES, 0.7, (150.0, 7000.0), config.resonance_db)
    room = None
    if rng.random() < config.room:
        recorded = rng.random() < config.recorded_rooms and len(acoustics.rooms) > 0
        room = int(rng.integers(len(acoustics.rooms))) if recorded else -1
    low, high = config.rt60_s
    noises: tuple[tuple[str, float], ...] = ()
    if not piano:
        noises = _only_noises(acoustics, rng)
    elif rng.random() < config.noise:
        noises = tuple(
            (_named(kind, acoustics, rng), float(rng.uniform(0.1, 1.0)))
            for kind in _kinds(acoustics)
            if rng.random() < getattr(config, kind)
        )
    chain = Augmentation(
        peaks=peaks,
        band_hz=band,
        resonances=resonances,
        room=room,
        room_wet_db=float(-rng.uniform(*config.direct_db)),
        rt60_s=float(low * (high / low) ** rng.random()),
        room_seed=int(rng.integers(2**31)),
        noises=noises,
        snr_db=float(rng.uniform(*config.snr_db)),
        noise_seed=int(rng.integers(2**31)),
    )
    if rng.random() < config.level:
        chain = replace(chain, peak_dbfs=float(rng.uniform(*config.level_dbfs)))
    if rng.random() < config.clipping:
        chain = replace(chain, overdrive_db=float(rng.uniform(*config.overdrive_db)))
    # Last, and only where asked for: what is drawn above stays the same without them.
    if config.detune and rng.random() < config.detune:
        cents = float(rng.uniform(-config.detune_cents, config.detune_cents))
        chain = replace(chain, detune_cents=cents)
    if config.codec and config.codecs and rng.random() < config.codec:
        codec = config.codecs[int(rng.integers(len(config.codecs)))]
        chain = replace(chain, codec=codec, compression=float(rng.uniform(*config.compression)))
    return chain


def _draw_peaks(
    rng: np.random.Generator, most: int, probability: float, hz: Range, gain_db: Range
) -> tuple[Peak, ...]:
    return tuple(
        (
            float(hz[0] * (hz[1] / hz[0]) ** rng.random()),
            float(rng.uniform(0.5, 2.0)),
            float(rng.uniform(*gain_db)),
        )
        for _ in range(most)
        if rng.random() < probability
    )


def _kinds(acoustics: Acoustics) -> tuple[str, ...]:
    return ("hum", *KINDS, *(("recorded",) if acoustics.noises else ()))


def _named(kind: str, acoustics: Acoustics, rng: np.random.Generator) -> str:
    return f"recorded:{rng.integers(len(acoustics.noises))}" if kind == "recorded" else kind


def _only_noises(acoustics: Acoustics, rng: np.random.Generator) -> tuple[tuple[str, float], ...]:
    """One to four kinds, their energies up to 30 dB apart, over a floor 10 to 50 dB below; mostly
    with one or two recordings more, which are what a network takes for single notes: barks, clocks,
    sneezes.
    """
    kinds = [str(kind) for kind in rng.permutation(_kinds(acoustics))[: rng.integers(1, 5)]]
    if acoustics.noises and rng.random() < 0.6:
        kinds += ["recorded"] * int(rng.integers(1, 3))
    noises = [
        (_named(kind, acoustics, rng), float(10.0 ** -rng.uniform(0.0, 3.0))) for kind in kinds
    ]
    return (*noises, ("coloured", float(10.0 ** -rng.uniform(1.0, 5.0))))
