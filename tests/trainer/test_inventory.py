"""What a run would hear: the loaded material with its licences, and the free part of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from trainer.config import DataConfig, RunConfig, default_data
from trainer.inventory import Part, inventory
from trainer.material import load_source


def listed(data: DataConfig, cache: Path) -> list[Part]:
    return inventory(load_source(RunConfig(data=data), cache), data)


def test_everything_that_is_loaded_is_listed(toy_data: Path, tmp_path: Path) -> None:
    parts = listed(default_data(toy_data), tmp_path)
    assert [(part.kind, part.name, part.count, part.licence) for part in parts] == [
        ("performances", "a", 1, "CC0"),
        ("performances", "b", 1, "theirs (CC BY-NC-SA 4.0)"),
        ("piano", "toy", 1, "CC0"),
        ("recordings", "toy", 1, "unknown"),
        ("rooms", "", 1, "CC BY 4.0"),
        ("rooms", "", 1, "CC0"),
        ("noises", "", 1, "CC0"),
        ("noises", "", 1, "research, no commercial use"),
    ]
    hours = {part.kind: part.hours for part in parts}
    assert hours["recordings"] == pytest.approx(6.0 / 3600.0)
    assert hours["piano"] is None


def test_free_material_alone(toy_data: Path, tmp_path: Path) -> None:
    free = replace(default_data(toy_data), free_only=True)
    assert listed(default_data(toy_data), tmp_path) != listed(free, tmp_path)  # with one cache
    assert [(part.kind, part.name, part.licence) for part in listed(free, tmp_path)] == [
        ("performances", "a", "CC0"),
        ("piano", "toy", "CC0"),
        ("noises", "", "CC0"),
    ]


def test_only_material_of_a_run_can_be_listed() -> None:
    with pytest.raises(TypeError, match="int is no material"):
        inventory(3, DataConfig())  # type: ignore[arg-type]
