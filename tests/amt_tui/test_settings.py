from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from amt_tui.settings import Settings, load_settings, save_settings, settings_path
from transcriber.errors import UsageError


@pytest.fixture(autouse=True)
def config_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    path = tmp_path / "deep" / "config.toml"
    monkeypatch.setenv("AMT_CONFIG", str(path))
    return path


def test_without_a_file_all_is_usual() -> None:
    assert load_settings() == Settings()
    assert load_settings().gate is None


def test_settings_survive_with_every_kind_of_value() -> None:
    settings = replace(
        Settings(),
        device='Mic "é" \\ 2',
        sensitivity=-3,
        gate_db=-41.5,
        record_audio=True,
        profile="tight",
    )

    save_settings(settings)

    assert load_settings() == settings
    assert load_settings().gate == -41.5
    assert load_settings().block_ms == 5.0


def test_only_what_is_unusual_is_written(config_file: Path) -> None:
    save_settings(replace(Settings(), sensitivity=2))

    assert config_file.read_text() == "sensitivity = 2\n"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("sensitivity = 9", "from -8 to 8"),
        ("sensitivity = 1.5", "whole number"),
        ("gate_db = 3", "-96"),
        ("gate_db = true", "-96"),
        ('profile = "fast"', "tight or normal or safe"),
        ('record_audio = "maybe"', "true or false"),
        ("device = 3", "a text"),
        ('colour = "red"', "no setting colour"),
        ("device = ", "not TOML"),
    ],
)
def test_what_cannot_be_is_said(config_file: Path, text: str, words: str) -> None:
    config_file.parent.mkdir()
    config_file.write_text(text)

    with pytest.raises(UsageError, match=words):
        load_settings()


def test_path_is_the_platforms(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("AMT_CONFIG")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setattr("sys.platform", "linux")

    assert settings_path().name == "config.toml"
    assert settings_path().parent.name == "amt"


def test_config_shows_the_path_and_the_values(amt: Callable, config_file: Path) -> None:
    run = amt("config")

    assert run.out.startswith(f"# {config_file}\n")
    assert 'profile = "normal"\n' in run.out


def test_config_changes_one_setting(amt: Callable) -> None:
    assert 'profile = "safe"' in amt("config", "profile", "safe").out
    assert json.loads(amt("config", "--json").out)["profile"] == "safe"
    assert "sensitivity = -2" in amt("config", "--", "sensitivity", "-2").out
    assert load_settings().profile == "safe"


def test_config_refuses_what_cannot_be(amt: Callable) -> None:
    run = amt("config", "profile", "fast")

    assert run.code == 2
    assert "profile cannot be fast" in run.err
    assert amt("config", "profile").code == 2


def test_names_that_toml_or_utf8_cannot_hold(amt: Callable) -> None:
    assert amt("config", "device", "a\x7fb").code == 0
    assert load_settings().device == "a\x7fb"
    run = amt("config", "device", "\udcff")
    assert (run.code, "no text" in run.err) == (2, True)
    assert load_settings().device == "a\x7fb"


def test_the_sessions_folder_is_the_same_wherever_amt_is_started(
    amt: Callable, tmp_path: Path
) -> None:
    amt("config", "sessions", "here")
    assert load_settings().sessions_folder == tmp_path / "here"


def test_config_takes_negative_numbers(amt: Callable) -> None:
    assert "gate_db = -40.0" in amt("config", "gate_db", "-40").out
    assert "sensitivity = -2" in amt("config", "sensitivity", "-2").out


@pytest.mark.parametrize(
    "words",
    [("--jsn",), ("-x",), ("device", "--jsn"), ("gate_db", "-inf"), ("gate_db", "-4", "-x")],
)
def test_config_refuses_unknown_options(
    amt: Callable, config_file: Path, words: tuple[str, ...]
) -> None:
    run = amt("config", *words)

    assert run.code == 2
    assert run.err
    assert not config_file.exists()
