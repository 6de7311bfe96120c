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
from .transmission import CODECS
from .works import SPLITS

DEFAULT = AugmentationConfig(detune=0.5, codec=0.1)
"""Detuning by up to 10 cents as in Mobile-AMT; one item in ten has been through a codec."""

_NO_SHARES = {"detune_cents"}


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
    if key == "codecs":
        if not isinstance(value, list) or not set(map(str, value)) <= set(CODECS):
            raise _impossible(path, key, value, f"a list of {', '.join(CODECS)}")
        return tuple(value)
    if isinstance(getattr(DEFAULT, key), tuple):
        numbers = isinstance(value, list) and all(_is_number(v) for v in value)
        if not numbers or len(value) != 2 or value[0] > value[1]:
            raise _impossible(path, key, value, "a range such as [1.0, 2.0]")
        if key == "compression" and not 0.0 <= value[0] <= value[1] <= 1.0:
            raise _impossible(path, key, value, "a range within 0 and 1")
        if key.endswith(("_s", "_hz")) and value[0] <= 0.0:
            raise _impossible(path, key, value, "a range above 0")
        return (float(value[0]), float(value[1]))
    if not _is_number(value) or value < 0.0:
        raise _impossible(path, key, value, "a number of at least 0")
    if key not in _NO_SHARES and value > 1.0:
        raise _impossible(path, key, value, "a probability, 0 to 1")
    return float(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _impossible(path: Path, key: str, value: Any, wanted: str) -> UsageError:
    return UsageError(f"In the recipe {path}, {key} = {value!r} cannot be.", f"It takes {wanted}.")
