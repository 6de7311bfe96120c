"""A recipe changes what it names and nothing else; mistakes are told."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest

from corpus.recipes import DEFAULT, Recipe, load_recipe
from transcriber.errors import UsageError


def written(folder: Path, text: str) -> Path:
    path = folder / "recipe.toml"
    path.write_text(text)
    return path


def test_named_keys_change_and_others_stay(tmp_path: Path) -> None:
    text = 'splits = ["train", "test"]\n[augmentation]\nnoise = 0.25\nsnr_db = [10, 20.5]\n'
    recipe = load_recipe(written(tmp_path, text))
    assert recipe.splits == ("train", "test")
    assert recipe.augmentation == dataclasses.replace(DEFAULT, noise=0.25, snr_db=(10.0, 20.5))
    assert load_recipe(written(tmp_path, "")) == Recipe()


def test_recipe_survives_a_dictionary() -> None:
    for recipe in (Recipe(), Recipe(None), Recipe(DEFAULT, ("test",))):
        assert Recipe.from_dict(recipe.to_dict()) == recipe


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("[augmentation]\nnoice = 0.5", "'noise'"),
        ("[augmentatoin]\nnoise = 0.5", "'augmentation'"),
        ("[augmentation]\nnoise = 1.5", "0 to 1"),
        ("[augmentation]\nnoise = true", "number"),
        ("[augmentation]\nsnr_db = [20, 10]", "range"),
        ("[augmentation]\nsnr_db = 10", "range"),
        ("[augmentation]\nrt60_s = [0, 1]", "above 0"),
        ("[augmentation]\ncompression = [0.5, 1.5]", "within 0 and 1"),
        ('splits = ["training"]', "train, validation, test"),
        ("augmentation = 3", "table"),
        ("[augmentation", "docs/corpus.md"),
    ],
)
def test_mistakes_are_told(tmp_path: Path, text: str, part: str) -> None:
    with pytest.raises(UsageError, match=re.escape(part)):
        load_recipe(written(tmp_path, text))


def test_documented_defaults_are_the_real_ones(repository: Path, tmp_path: Path) -> None:
    document = (repository / "docs" / "corpus.md").read_text()
    block = re.search(r"```toml\n(.*?)```", document, re.DOTALL)
    assert block is not None
    recipe = load_recipe(written(tmp_path, block[1]))
    assert recipe == Recipe()
    for field in dataclasses.fields(DEFAULT):
        assert re.search(rf"^{field.name} = ", block[1], re.MULTILINE), field.name
