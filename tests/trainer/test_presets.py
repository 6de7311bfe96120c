"""Configurations: presets, files, single settings, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from trainer.config import DataConfig, RunConfig, changes, material
from trainer.presets import PRESETS, configure, preset
from transcriber.errors import UsageError

BASE = RunConfig()


@pytest.mark.parametrize("name", PRESETS)
def test_presets_survive_json(name: str) -> None:
    config = preset(name, DataConfig(corpus="c"))
    assert config.data.corpus == "c"
    assert RunConfig.from_json(config.to_json()) == config


def test_the_network_must_fit_the_features() -> None:
    with pytest.raises(
        UsageError, match=r"network\.mels and network\.long_mels must be 229 and 128"
    ):
        configure(BASE, None, ["features.long_window=8192"])
    fitting = configure(BASE, None, ["features.long_window=8192", "network.long_mels=128"])
    assert fitting.network.columns == fitting.features.columns


def test_an_unknown_preset() -> None:
    with pytest.raises(UsageError, match="no preset named huge"):
        preset("huge", DataConfig())


def test_settings_win_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text("steps = 7\nseed = 3\n[network]\nhidden = 99\nchannels = [4, 4]\n"
                    "strides = [2, 2]\n")  # fmt: skip
    config = configure(BASE, file, ["steps=8", "data.corpus=somewhere", "learning_rate=1"])
    assert (config.steps, config.seed, config.network.hidden) == (8, 3, 99)
    assert config.network.channels == (4, 4)
    assert config.data.corpus == "somewhere"
    assert config.learning_rate == 1
    assert config.batch == BASE.batch


@pytest.mark.parametrize(
    ("setting", "sentence"),
    [
        ("steps", "not of the form"),
        ("paces=3", "names paces, which no run has"),
        ("network.wide=3", "names wide, which no run has"),
        ("steps=many", 'steps cannot be "many"'),
        ("steps=1.5", "steps cannot be 1.5"),
        ("data.free_only=1", "free_only cannot be 1"),
        ("network=3", "network cannot be 3"),
        ("steps=0", "steps must be more than 0"),
        ("learning_rate=-1.0", "learning_rate must not be negative"),
        ("learning_rate=nan", "learning_rate must not be negative"),
        ("ema=1.5", "ema must lie between 0 and 1"),
        ("precision=fp8", "precision must be bf16 or fp32"),
        ("network.strides=[1]", "must have the same length"),
        ("features.hop=256", "hop 256 does not divide"),
        ("seed=-1", "seed must not be negative"),
        ("clip=-1.0", "clip must be more than 0"),
        ("onset_width=0", "onset_width must be more than 0"),
        ("validate_pieces=0", "validate_pieces must be more than 0"),
        ("data.corpus=2024-05-01", 'corpus cannot be "2024-05-01"'),
        ("data.corpus_share=3.0", "corpus_share must lie between 0 and 1"),
        ("network.dropout=1.5", "dropout must lie between 0 and 1"),
        ("mix.performances=-1.0", r"mix\.performances must not be negative"),
        ("mix.augmentation.noise=1.5", "noise = 1.5 cannot be, it takes a probability"),
        ("mix.augmentation.snr_db=[5.0]", "snr_db = .* it takes a range"),
        ("mix.augmentation.rt60_s=[0.0,1.0]", "it takes a range above 0"),
        ("mix.augmentation.codecs=['mp4']", "it takes a list of simulated"),
    ],
)
def test_settings_that_make_no_run(setting: str, sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        configure(BASE, settings=[setting])


@pytest.mark.parametrize("text", ["steps = ", "[1, 2]"])
def test_files_that_cannot_be_read(tmp_path: Path, text: str) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(text)
    with pytest.raises(UsageError):
        configure(BASE, file)
    with pytest.raises(UsageError, match="cannot be read"):
        configure(BASE, tmp_path / "none.toml")
    (tmp_path / "list.json").write_text("[1, 2]")
    with pytest.raises(UsageError, match="it holds no table of settings"):
        configure(BASE, tmp_path / "list.json")


def test_what_decides_a_run_and_what_does_not() -> None:
    moved = configure(BASE, settings=["data.corpus=elsewhere", "workers=3", "patience=2"])
    assert changes(moved, BASE) == []
    other = configure(BASE, settings=["data.corpus_share=0.1", "mix.silence=0.5", "seed=2"])
    assert changes(other, BASE) == ["data.corpus_share", "mix.silence", "seed"]


def test_material_of_two_kinds(tmp_path: Path) -> None:
    (tmp_path / "pianos").mkdir()
    data = material(tmp_path, tmp_path / "c")
    assert (data.corpus, data.banks) == (str(tmp_path / "c"), str(tmp_path / "pianos"))
    assert data.rendered
    assert not material(None, tmp_path).rendered
