"""What decides a training run, as one value that is stored with it."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from corpus.augmentation import AugmentationConfig
from corpus.segments import Mix
from transcriber.features import FeatureConfig
from transcriber.timing import FrameClock

from .history import flat
from .network import NetworkConfig
from .targets import LossWeights


@dataclass(frozen=True)
class DataConfig:
    """Where the material lies; every path may be empty, then that kind of material is not used.

    Args:
        corpus: Folder that `amt corpus build` made.
        performances: Zip of MIDI files.
        banks: Folder with descriptions of sample banks.
        soundfonts: Folder of further banks, of soundfonts and modelled pianos.
        recordings: Folder of recordings with labels, for training.
        acoustics: Folder of rooms and noises.
        development: Folder of recordings with labels, for choosing and calibrating only.
        exclude: Names of banks, pianos or collections that are left out; a collection is the first
            folder in a file's or an item's name.
        free_only: Use only what its licence lets anyone use for anything: CC0, public domain,
            CC BY and MIT, and simulated rooms.
        corpus_share: Share of segments from the corpus, where there is material to render too.
    """

    corpus: str = ""
    performances: str = ""
    banks: str = ""
    soundfonts: str = ""
    recordings: str = ""
    acoustics: str = ""
    development: str = ""
    exclude: tuple[str, ...] = ()
    free_only: bool = False
    corpus_share: float = 0.5

    @property
    def rendered(self) -> bool:
        """Whether segments are rendered on the fly."""
        return bool(self.performances or self.banks or self.recordings)


_POSITIVE = (
    "steps", "batch", "seconds", "clip", "onset_width", "epoch_steps", "checkpoint_every",
    "validate_seconds", "validate_pieces", "threads",
)  # fmt: skip
_NOT_NEGATIVE = (
    "learning_rate", "warmup", "weight_decay", "delay", "seed", "validate_every", "patience",
    "workers",
)  # fmt: skip


@dataclass(frozen=True)
class RunConfig:
    """One training run.

    Args:
        initial: Checkpoint or weights to start from; empty to start from nothing.
        steps: Optimiser steps.
        batch: Segments per step, over all processes.
        seconds: Length of a segment.
        optimizer: "muon" (see `trainer.optimizer`) or "adamw".
        learning_rate: Highest learning rate.
        warmup: Steps of linear rise.
        decay: Share of the steps, at the end, in which the rate falls linearly to zero.
        weight_decay: Share of a weight taken off per step and unit of learning rate.
        clip: Largest norm of the gradient.
        ema: Decay of the averaged weights per step, reached gradually.
        delay: Frames by which labels lag behind the sound.
        onset_width: Frames that carry an onset target.
        precision: "bf16" or "fp32".
        seed: Decides weights and material.
        validate_every: Steps between validations, of which the last step has one; 0 for none.
        validate_seconds: Seconds of each development recording that are scored.
        validate_pieces: Most pieces of a corpus's validation split that are scored.
        patience: Validations in a row without a better score that end the training; 0 for never.
        epoch_steps: Steps of an epoch. Material without an end has none of its own; memory is
            compared from one to the next.
        checkpoint_every: Steps between checkpoints.
        workers: Loader processes per training process.
        threads: Torch threads per training process.
    """

    data: DataConfig = field(default_factory=DataConfig)
    mix: Mix = field(default_factory=Mix)
    features: FeatureConfig = field(default_factory=FeatureConfig)
    network: NetworkConfig = field(default_factory=NetworkConfig)
    loss: LossWeights = field(default_factory=LossWeights)
    initial: str = ""
    steps: int = 6000
    batch: int = 8
    seconds: float = 8.0
    optimizer: str = "muon"
    learning_rate: float = 1.2e-3
    warmup: int = 200
    decay: float = 0.6
    weight_decay: float = 0.01
    clip: float = 5.0
    ema: float = 0.998
    delay: int = 4
    onset_width: int = 2
    precision: str = "bf16"
    seed: int = 1
    validate_every: int = 500
    validate_seconds: float = 60.0
    validate_pieces: int = 30
    patience: int = 0
    epoch_steps: int = 200
    checkpoint_every: int = 200
    workers: int = 1
    threads: int = 1

    def __post_init__(self) -> None:
        for name in _POSITIVE:
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be more than 0")
        for name in _NOT_NEGATIVE:
            if not getattr(self, name) >= 0:
                raise ValueError(f"{name} must not be negative")
        shares = {
            "decay": self.decay,
            "ema": self.ema,
            "data.corpus_share": self.data.corpus_share,
            "network.dropout": self.network.dropout,
        }
        for name, share in shares.items():
            if not 0.0 <= share <= 1.0:
                raise ValueError(f"{name} must lie between 0 and 1")
        for part in dataclasses.fields(self.mix):
            share = getattr(self.mix, part.name)
            if isinstance(share, float) and not share >= 0.0:
                raise ValueError(f"mix.{part.name} must not be negative")
        _ = self.clock  # which refuses a hop that does not divide the sample rate
        if self.precision not in ("bf16", "fp32"):
            raise ValueError("precision must be bf16 or fp32")
        if self.optimizer not in ("muon", "adamw"):
            raise ValueError("optimizer must be muon or adamw")
        long_mels = self.features.columns - self.features.mels
        if (self.network.mels, self.network.long_mels) != (self.features.mels, long_mels):
            raise ValueError(
                f"network.mels and network.long_mels must be {self.features.mels} and {long_mels}, "
                "as many as the features have"
            )

    @property
    def clock(self) -> FrameClock:
        """Frame arithmetic of this run."""
        return self.features.clock(self.delay)

    @property
    def step_s(self) -> float:
        """Seconds of audio in a step, over all processes."""
        return self.batch * self.seconds

    def to_json(self) -> str:
        """JSON text that `from_json` reads back."""
        return json.dumps(dataclasses.asdict(self), indent=1)

    @classmethod
    def from_json(cls, text: str) -> RunConfig:
        """Reads what `to_json` wrote.

        Raises:
            TypeError: There is a key this version does not know.
            ValueError: A value makes no sense.
        """
        values: dict[str, Any] = json.loads(text)
        mix = values["mix"]
        mix["augmentation"] = AugmentationConfig(**_tuples(mix["augmentation"]))
        nested = {
            "data": DataConfig(**_tuples(values["data"])),
            "mix": Mix(**mix),
            "features": FeatureConfig.from_dict(values["features"]),
            "network": NetworkConfig.from_dict(values["network"]),
            "loss": LossWeights(**values["loss"]),
        }
        return cls(**{**values, **nested})


def _tuples(values: dict[str, Any]) -> dict[str, Any]:
    return {k: tuple(v) if isinstance(v, list) else v for k, v in values.items()}


MAY_CHANGE = frozenset(
    {
        "workers",
        "threads",
        "validate_every",
        "validate_seconds",
        "validate_pieces",
        "patience",
        "epoch_steps",
        "checkpoint_every",
        "data.corpus",
        "data.performances",
        "data.banks",
        "data.soundfonts",
        "data.recordings",
        "data.acoustics",
        "data.development",
    }
)
"""What may change when a run is resumed: where things lie, and how often to look."""


def changes(new: RunConfig, old: RunConfig) -> list[str]:
    """Dotted names of the settings that differ and are not among `MAY_CHANGE`."""
    a, b = (flat(dataclasses.asdict(config)) for config in (new, old))
    return sorted(k for k in a.keys() | b.keys() if k not in MAY_CHANGE and a.get(k) != b.get(k))


def default_data(root: Path) -> DataConfig:
    """What there is in a folder laid out like `../shared/data`, or a corpus."""
    if (root / "corpus.json").exists():
        return DataConfig(corpus=str(root))

    def there(name: str) -> str:
        return str(root / name) if (root / name).exists() else ""

    return DataConfig(
        performances=there("midi/performances.zip"),
        banks=there("pianos"),
        soundfonts=there("soundfonts"),
        recordings=there("maps_software_pianos"),
        acoustics=there("acoustics"),
        development=there("real"),
    )


def material(synth: Path | None, corpus: Path | None) -> DataConfig:
    """What there is in a folder to render from, in a corpus, or in both."""
    data = default_data(synth) if synth is not None else DataConfig()
    return replace(data, corpus=str(corpus)) if corpus is not None else data
