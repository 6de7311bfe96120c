"""Model files: an ONNX graph with everything needed to run it in its metadata, and a seal over
both.

The metadata is one JSON text under the key `amt`: features, delay, thresholds, provenance, licence.
Its `digest` is the SHA-256 of the graph serialised without metadata, so a truncated or altered file
is refused before it is run. The protocol-buffer envelope is read here in a few lines, because the
`onnx` package is too large a guest for the stage.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any

from .decoder import DecoderSettings
from .envelope import EnvelopeError, split
from .errors import ModelError
from .features import FeatureConfig
from .network import OnnxNetwork
from .timing import FrameClock

FORMAT_VERSION = 1
"""Version of the metadata this program writes and reads."""

METADATA_KEY = "amt"
SUFFIX = ".onnx"


@dataclass(frozen=True)
class ModelInfo:
    """What a model file says about itself.

    Args:
        name: Short name, such as "live".
        version: Version of the weights, separate from the program's.
        licence: Licence of the weights.
        features: Front end the network was trained with.
        delay: Frames by which its answers lag.
        decoder: Calibrated thresholds.
        trained_on: What the weights were trained on, for people.
        provenance: How they were made: git revision, steps, hours heard, scores.
    """

    name: str
    version: str
    licence: str
    features: FeatureConfig
    delay: int
    decoder: DecoderSettings
    trained_on: str
    provenance: dict[str, Any] = field(default_factory=dict)

    @property
    def clock(self) -> FrameClock:
        """Frame arithmetic of this model."""
        return self.features.clock(self.delay)

    @property
    def lookahead_ms(self) -> float:
        """Algorithmic look-ahead in ms: window's right side + delay + one block."""
        return self.clock.lookahead_ms

    def to_json(self, digest: str) -> str:
        """The metadata text, sealed with the graph's digest."""
        values = asdict(self)
        values["format_version"] = FORMAT_VERSION
        values["features_fingerprint"] = self.features.fingerprint()
        values["lookahead_ms"] = self.lookahead_ms
        values["digest"] = digest
        values["seal"] = _seal(values)
        return json.dumps(values, sort_keys=True)


@dataclass(frozen=True)
class Model:
    """A loaded model: what it is, and the network. Any number of streams can share it."""

    info: ModelInfo
    network: OnnxNetwork
    path: Path


def bundled_models() -> tuple[str, ...]:
    """Names of the models that come with the program."""
    folder = resources.files("transcriber") / "models"
    names = (entry.name for entry in folder.iterdir())
    return tuple(sorted(n.removesuffix(SUFFIX) for n in names if n.endswith(SUFFIX)))


def load_model(name_or_path: str = "live") -> Model:
    """Loads a bundled model by name, or a model file by path.

    Raises:
        ModelError: No such model; or the file is not one of ours, damaged, altered, or from a later
            version.
    """
    path = _locate(name_or_path)
    info, data = _read(path)
    return Model(info, OnnxNetwork(data), path)


def read_info(name_or_path: str) -> ModelInfo:
    """Reads and checks a model's description without loading ONNX Runtime; raises like
    `load_model`.
    """
    return _read(_locate(name_or_path))[0]


def _locate(name_or_path: str) -> Path:
    bundled = bundled_models()
    if name_or_path in bundled:
        return Path(str(resources.files("transcriber") / "models" / (name_or_path + SUFFIX)))
    path = Path(name_or_path)
    if os.path.isfile(path):
        return path
    raise ModelError(
        f"There is no model named or stored at {name_or_path}.",
        f"Bundled models: {', '.join(bundled) or 'none'}; or give the path of an .onnx file.",
    )


def _read(path: Path) -> tuple[ModelInfo, bytes]:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ModelError(
            f"The model {path} cannot be read: {error.strerror}.", "Check its permissions."
        ) from error
    try:
        metadata, digest = split(data)
    except EnvelopeError as error:
        raise ModelError(
            f"{path} is not a model file, or it is truncated ({error}).",
            "Copy or download it again.",
        ) from error
    if METADATA_KEY not in metadata:
        raise ModelError(
            f"{path} is an ONNX file, but not one of amt's models.",
            "Use a model written by `amt export`.",
        )
    damaged = ModelError(
        f"The model {path} was damaged or altered: its seal does not match.",
        "Copy or download it again, or export it again.",
    )
    try:
        values = json.loads(metadata[METADATA_KEY])
        # The seal is over values; this is over the text, in which 1e-5 and 1E-5 are the same value.
        canonical = json.dumps(values, sort_keys=True) == metadata[METADATA_KEY]
        version = int(values.pop("format_version"))
    except (
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        OverflowError,
        RecursionError,
    ) as error:
        raise damaged from error
    if version > FORMAT_VERSION:
        raise ModelError(
            f"{path} was written by a later version of amt (format {version}, this one reads "
            f"{FORMAT_VERSION}).",
            "Update amt.",
        )
    seal = values.pop("seal", "")
    sealed = canonical and seal == _seal({**values, "format_version": version})
    if not sealed or values.pop("digest", "") != digest:
        raise damaged
    try:
        features = FeatureConfig.from_dict(values.pop("features"))
        fingerprint = values.pop("features_fingerprint")
        del values["lookahead_ms"]
        info = ModelInfo(
            features=features, decoder=DecoderSettings.from_dict(values.pop("decoder")), **values
        )
    except (KeyError, TypeError, ValueError) as error:
        raise damaged from error
    if features.fingerprint() != fingerprint:
        raise ModelError(
            f"The features of {path} ({fingerprint}) are computed otherwise here "
            f"({features.fingerprint()}).",
            "Use the version of amt that wrote the model, or export it again.",
        )
    return info, data


def _seal(values: dict[str, Any]) -> str:
    text = json.dumps({k: v for k, v in values.items() if k != "seal"}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
