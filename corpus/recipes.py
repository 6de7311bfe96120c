"""The TOML file that configures augmentation.

    splits = ["train"]        # which splits are augmented

    [augmentation]            # every key of AugmentationConfig; what is not named keeps its default
    noise = 0.5
    snr_db = [10.0, 40.0]

The defaults are those of a corpus: as for training on the fly, with detuning and codecs besides.
"""

from __future__ import annotations

import dataclasses
import difflib
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from transcriber.errors import UsageError

from .augmentation import AugmentationConfig
from .chains import refusal
from .works import SPLITS

DEFAULT = AugmentationConfig(detune=0.5, codec=0.1)
"""Detuning by up to 10 cents as in Mobile-AMT; one item in ten has been through a codec."""


@dataclass(frozen=True)
class Recipe:
    """What is done to the sound of which splits; no augmentation at all where it is None."""

    augmentation: AugmentationConfig | None = DEFAULT
    splits: tuple[str, ...] = ("train",)

    def to_dict(self) -> dict[str, Any]:
        """Values for JSON, which `from_dict` reads back."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Recipe:
        """Reads what `to_dict` wrote."""
        chain = values["augmentation"]
        if chain is not None:
            pairs: dict[str, Any] = {
                k: tuple(v) if isinstance(v, list) else v for k, v in chain.items()
            }
            chain = AugmentationConfig(**pairs)
        return cls(chain, tuple(values["splits"]))


def load_recipe(path: Path) -> Recipe:
    """Reads a recipe.

    Raises:
        UsageError: The file is missing, no TOML, names an unknown key or an impossible value.
    """
    try:
        table = tomllib.loads(path.read_text())
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(
            f"The recipe {path} cannot be read ({error}).", "docs/corpus.md shows one."
        ) from error
    _refuse_unknown(path, table, ("splits", "augmentation"))
    splits = table.get("splits", ["train"])
    if not isinstance(splits, list) or not set(splits) <= set(SPLITS):
        raise _impossible(path, "splits", splits, f"a list of {', '.join(SPLITS)}")
    chain = table.get("augmentation", {})
    if not isinstance(chain, dict):
        raise _impossible(path, "augmentation", chain, "a table")
    _refuse_unknown(path, chain, tuple(f.name for f in dataclasses.fields(AugmentationConfig)))
    values = {key: _value(path, key, value) for key, value in chain.items()}
    return Recipe(dataclasses.replace(DEFAULT, **values), tuple(splits))


def _refuse_unknown(path: Path, table: dict[str, Any], known: tuple[str, ...]) -> None:
    for key in table:
        if key not in known:
            near = difflib.get_close_matches(key, known, 1)
            hint = f"Did you mean {near[0]!r}?" if near else f"Known: {', '.join(known)}."
            raise UsageError(f"The recipe {path} has an unknown key {key!r}.", hint)


def _value(path: Path, key: str, value: Any) -> Any:
    made = tuple(value) if isinstance(value, list) else value
    if wanted := refusal(key, made):
        raise _impossible(path, key, value, wanted)
    if key == "codecs":
        return made
    return tuple(map(float, made)) if isinstance(made, tuple) else float(made)


def _impossible(path: Path, key: str, value: Any, wanted: str) -> UsageError:
    return UsageError(f"In the recipe {path}, {key} = {value!r} cannot be.", f"It takes {wanted}.")
