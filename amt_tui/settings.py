"""What `amt live` remembers: one small TOML file at the platform's place, written by the program
or by hand.
"""

from __future__ import annotations

import json
import os
import re
import tomllib
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import typer

from transcriber.errors import UsageError

PROFILES = {"tight": 5.0, "normal": 10.0, "safe": 40.0}
"""Milliseconds of sound per block asked of the microphone: earlier notes against fewer losses."""

_RANGES = {"sensitivity": (-8, 8), "gate_db": (-96.0, -20.0)}


@dataclass(frozen=True)
class Settings:
    """What is remembered between sessions.

    Args:
        device: Name of the microphone, empty for the system's default.
        model: Name or path of the model.
        profile: Of `PROFILES`.
        sensitivity: Steps from the model's own threshold, -8..8.
        gate_db: Noise gate in dB under full scale, -96 for none, up to -20.
        record_audio: Keep the sound of sessions too.
        sessions: Folder of the sessions, empty for the platform's place.
        view: How the roll is drawn: `scrolling` or `falling`.
        palette: Colours of the roll.
    """

    device: str = ""
    model: str = "live"
    profile: str = "normal"
    sensitivity: int = 0
    gate_db: float = -96.0
    record_audio: bool = False
    sessions: str = ""
    view: str = "scrolling"
    palette: str = "velocity"

    @property
    def gate(self) -> float | None:
        """Threshold of the noise gate as the engine takes it."""
        return None if self.gate_db <= -96.0 else self.gate_db

    @property
    def block_ms(self) -> float:
        """Length of the microphone's blocks."""
        return PROFILES[self.profile]

    @property
    def sessions_folder(self) -> Path:
        """Where sessions are kept."""
        if self.sessions:
            return Path(self.sessions).expanduser()
        from platformdirs import user_data_path

        return user_data_path("amt", appauthor=False) / "sessions"


def settings_path() -> Path:
    """Where the settings lie; `AMT_CONFIG` names another file."""
    if named := os.environ.get("AMT_CONFIG"):
        return Path(named)
    from platformdirs import user_config_path

    return user_config_path("amt", appauthor=False) / "config.toml"


def load_settings() -> Settings:
    """The settings; the usual ones where there is no file.

    Raises:
        UsageError: The file is no TOML, or holds something that is no setting.
    """
    path = settings_path()
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Settings()
    except OSError as error:
        raise UsageError(
            f"{path} cannot be read: {error.strerror}.", "Check its rights."
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is not TOML: {error}.", "Mend the line, or delete it.") from error
    settings = Settings()
    for name, value in values.items():
        settings = changed(settings, name, value, f" in {path}")
    return settings


def save_settings(settings: Settings) -> None:
    """Writes what differs from the usual.

    Raises:
        OutputError: It cannot be written.
        UsageError: A name in it is no text.
    """
    from transcriber.atomic import atomic_write, make_folder

    path = settings_path()
    usual = asdict(Settings())
    lines = [
        # A JSON string, number or truth value is one of TOML, too, but for this character.
        f"{name} = {json.dumps(value, ensure_ascii=False)}\n".replace("\x7f", "\\u007f")
        for name, value in asdict(settings).items()
        if value != usual[name]
    ]
    try:
        text = "".join(lines).encode()
    except UnicodeEncodeError as error:
        raise UsageError(
            "The settings hold a name that is no text and cannot be kept.", "Name another."
        ) from error
    make_folder(path.parent, "Name another file with AMT_CONFIG.")
    atomic_write(path, text)


def changed(settings: Settings, name: str, value: Any, where: str = "") -> Settings:
    """The settings with one of them changed; texts are read as what the setting is.

    Raises:
        UsageError: There is no such setting, or it cannot have that value.
    """
    kinds: dict[str, type] = {key: type(usual) for key, usual in asdict(Settings()).items()}
    if name not in kinds:
        raise UsageError(f"There is no setting {name}{where}.", f"Settings: {', '.join(kinds)}.")
    kind = kinds[name]
    fit: Any = None
    if kind is bool:
        fit = {"true": True, "false": False}.get(str(value).lower())
    elif kind is str:
        fit = value if isinstance(value, str) else None
    elif not isinstance(value, bool):
        with suppress(TypeError, ValueError):
            number = float(value)
            fit = kind(number) if kind is float or number.is_integer() else None
    low, high = _RANGES.get(name, (None, None))
    out = low is not None and high is not None and fit is not None and not low <= fit <= high
    if fit is None or out or (name == "profile" and fit not in PROFILES):
        expected = {
            "profile": " or ".join(PROFILES),
            "sensitivity": "a whole number from -8 to 8",
            "gate_db": "a number from -96 (no gate) to -20",
            "record_audio": "true or false",
        }.get(name, "a text")
        raise UsageError(f"{name} cannot be {value}{where}.", f"It is {expected}.")
    result: Settings = replace(settings, **{name: fit})
    return result


def config(
    name: Annotated[
        str | None, typer.Argument(help="A setting to change.", show_default=False)
    ] = None,
    value: Annotated[str | None, typer.Argument(help="Its new value.", show_default=False)] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the settings as JSON.")] = False,
) -> None:
    """Show where the settings of amt live are, and what they are; or change one.

    For example: amt config profile tight
    """
    # Numbers may be negative, so that the parser lets everything with a dash pass.
    for word in (name, value):
        if word is not None and re.match(r"-+[^\W\d]", word):
            raise UsageError(f"There is no option {word}.", "See: amt config --help")
    settings = load_settings()
    if name is not None:
        if value is None:
            raise UsageError(f"What should {name} be?", f"For example: amt config {name} VALUE")
        if name == "sessions" and value:
            value = os.path.abspath(os.path.expanduser(value))  # wherever amt is started next
        settings = changed(settings, name, value)
        save_settings(settings)
    values = asdict(settings)
    if as_json:
        print(json.dumps({"path": str(settings_path()), **values}, ensure_ascii=False))
        return
    print(f"# {settings_path()}")
    for key, one in values.items():
        note = f"  # {settings.sessions_folder}" if key == "sessions" and not one else ""
        print(f"{key} = {json.dumps(one, ensure_ascii=False)}{note}")
