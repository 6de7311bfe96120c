"""Where a run's configuration comes from: a preset, a TOML file, and single settings, in this
order.
"""

from __future__ import annotations

import dataclasses
import json
import tomllib
from pathlib import Path
from typing import Any

from transcriber.errors import UsageError
from transcriber.features import FeatureConfig

from .config import DataConfig, RunConfig
from .network import NetworkConfig

_TWO_WINDOWS: dict[str, Any] = {
    "features": FeatureConfig(long_window=8192),
    "network": NetworkConfig(long_mels=128),
}

PRESETS: dict[str, RunConfig] = {
    "tiny": RunConfig(
        network=NetworkConfig(channels=(8, 8), strides=(4, 4), features=32, hidden=16, layers=1),
        steps=40,
        batch=2,
        seconds=2.0,
        warmup=5,
        validate_every=0,
        checkpoint_every=10,
        epoch_steps=10,
        workers=0,
    ),
    "laptop": RunConfig(
        **_TWO_WINDOWS, steps=20_000, batch=12, learning_rate=1.5e-3, validate_every=1000
    ),
    "gpu": RunConfig(
        **_TWO_WINDOWS,
        steps=40_000,
        batch=64,
        learning_rate=2e-3,
        validate_every=2000,
        workers=12,
        threads=4,
    ),
}
"""`tiny` proves that everything runs; `laptop` is a night on two cores; `gpu` wants 12 loader
processes.
"""


def preset(name: str, data: DataConfig) -> RunConfig:
    """A preset with its material.

    Raises:
        UsageError: There is none of that name.
    """
    if name not in PRESETS:
        raise UsageError(
            f"There is no preset named {name}.", f"Choose one of {', '.join(PRESETS)}."
        )
    return dataclasses.replace(PRESETS[name], data=data)


def configure(
    base: RunConfig, file: Path | None = None, settings: list[str] | None = None
) -> RunConfig:
    """Changes a configuration.

    Args:
        base: What holds where nothing else is said.
        file: TOML or JSON with any of the configuration's keys, nested as in `config.json`.
        settings: "key=value" texts, dots for nested keys, values in TOML; they win.

    Raises:
        UsageError: An unknown key, or a value that cannot be read or makes no sense.
    """
    values = json.loads(base.to_json())
    if file is not None:
        try:
            read = json.loads if file.suffix == ".json" else tomllib.loads
            changed = read(file.read_text())
            if not isinstance(changed, dict):
                raise ValueError("it holds no table of settings")
        except (OSError, ValueError) as error:
            raise UsageError(
                f"The configuration {file} cannot be read ({error}).", "Check the file."
            ) from error
        _merge(values, changed, str(file))
    for setting in settings or []:
        _merge(values, _parse(setting), f"--set {setting}")
    try:
        return RunConfig.from_json(json.dumps(values))
    except (TypeError, ValueError, AttributeError) as error:
        raise UsageError(
            f"The configuration does not make a run: {error}.", "Check the values given."
        ) from error


def _parse(setting: str) -> dict[str, Any]:
    key, equals, value = (part.strip() for part in setting.partition("="))
    for text in (value, json.dumps(value)):  # a bare word is a string
        try:
            if equals:
                return tomllib.loads(f"{key} = {text}")
        except tomllib.TOMLDecodeError:
            continue
    raise UsageError(
        f"The setting {setting} is not of the form key=value.", "For example: steps=2000"
    )


def _merge(values: dict[str, Any], changes: dict[str, Any], where: str) -> None:
    for key, change in changes.items():
        if key not in values:
            raise UsageError(
                f"{where} names {key}, which no run has.",
                f"There are: {', '.join(sorted(values))}.",
            )
        if isinstance(values[key], dict) and isinstance(change, dict):
            _merge(values[key], change, where)
        elif not _alike(values[key], change):
            raise UsageError(
                f"{where}: {key} cannot be {json.dumps(change, default=str)}.",
                f"It is a value such as {json.dumps(values[key])}.",
            )
        else:
            values[key] = change


def _alike(old: Any, new: Any) -> bool:
    """Whether a value may take the place of another: of its type, or a whole number for a float."""
    if type(old) is float:
        return type(new) in (float, int)
    return type(old) is type(new)
