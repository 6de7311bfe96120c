"""A stage without a trained model: one note per sounding second, at a pitch that counts up."""

from __future__ import annotations

import errno
import importlib.util
import io
import json
import os
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile as sf

from amt_tui import batch, rehearsal
from amt_tui.main import main
from transcriber import model
from transcriber.decoder import DecoderSettings
from transcriber.events import Event, NoteOff, NoteOn, PedalOff, PedalOn
from transcriber.features import FeatureConfig
from transcriber.timing import SAMPLE_RATE

MISSING = {name for name in ("numba", "matplotlib") if importlib.util.find_spec(name) is None}
"""Commands ask for these; where they are really absent, there is nothing to test."""


class SecondsTranscriber:
    """Decides, at the end of each second that is not silent, one note of half that second."""

    used_settings: DecoderSettings | None = None

    def __init__(self, model: object, settings: DecoderSettings | None = None) -> None:
        type(self).used_settings = settings
        self.samples = 0
        self._second = np.zeros(0, np.float32)

    def push(self, samples: np.ndarray) -> list[Event]:
        events: list[Event] = []
        self.samples += len(samples)
        self._second = np.concatenate([self._second, samples])
        while len(self._second) >= SAMPLE_RATE:
            heard, self._second = np.split(self._second, [SAMPLE_RATE])
            if np.abs(heard).max() > 0.01:
                end = self.samples - len(self._second)
                start = end - SAMPLE_RATE
                pitch = 60 + start // SAMPLE_RATE % 12
                events.append(NoteOn(start, end, pitch, 80, 0.9))
                events.append(PedalOn(start, end))
                events.append(NoteOff(start + SAMPLE_RATE // 2, end, pitch))
                events.append(PedalOff(start + SAMPLE_RATE // 2, end))
        return events

    def finish(self) -> list[Event]:
        return []


@pytest.fixture(autouse=True)
def stage(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> type[SecondsTranscriber]:
    """Put the stand-in where the commands look, and an empty folder under their feet."""
    info = SimpleNamespace(
        name="live",
        version="9.9",
        licence="CC0",
        lookahead_ms=120.0,
        features=FeatureConfig(),
        delay=4,
        decoder=DecoderSettings(),
        trained_on="nothing",
        provenance={"steps": 3000, "audio_hours": 80.0},
    )
    loaded = SimpleNamespace(info=info, path=Path(__file__))
    monkeypatch.setattr(model, "load_model", lambda name="live": loaded)
    monkeypatch.setattr(model, "read_info", lambda name: info)
    monkeypatch.setattr(model, "bundled_models", lambda: ("live",))
    monkeypatch.setattr(batch, "Transcriber", SecondsTranscriber)
    monkeypatch.setattr(rehearsal, "Transcriber", SecondsTranscriber)
    monkeypatch.chdir(tmp_path)
    return SecondsTranscriber


@dataclass(frozen=True)
class Run:
    code: int
    out: str
    err: str


@pytest.fixture
def amt(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Run]:
    """Run a command line in this process and return what it left behind."""

    def run(*arguments: str | Path, stdin: bytes = b"") -> Run:
        monkeypatch.setattr(sys, "argv", ["amt", *map(str, arguments)])
        # A real pipe has a buffer below and is no terminal.
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        with pytest.raises(SystemExit) as stop:
            main()
        out, err = capsys.readouterr()
        code = stop.value.code
        asked = re.search(r"needs (\w+), which is not installed", err)
        if asked is not None and asked[1] in MISSING:
            pytest.skip(f"{asked[1]} is not installed")
        return Run(code if isinstance(code, int) else int(code is not None), out, err)

    return run


@pytest.fixture
def sing(tmp_path: Path) -> Callable[..., Path]:
    """Write a recording of a plain tone."""

    def write(name: str, seconds: float = 2.0, level: float = 0.3) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        t = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
        sf.write(path, level * np.sin(2 * np.pi * 440.0 * t), SAMPLE_RATE)
        return path

    return write


@pytest.fixture
def refuse(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, int], None]:
    """Make opening paths that contain a text fail, as permissions do for all but root."""

    def install(text: str, code: int) -> None:
        opened = os.open

        def guarded(path: object, flags: int, *rest: int, **named: int | None) -> int:
            if text in str(path):
                raise OSError(code, os.strerror(code), str(path))
            return opened(path, flags, *rest, **named)  # type: ignore[arg-type]

        monkeypatch.setattr(os, "open", guarded)

    return install


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every file take eight bytes and no more."""

    def write_bytes(path: Path, data: bytes) -> int:
        with path.open("wb") as file:
            file.write(data[:8])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))

    monkeypatch.setattr(Path, "write_bytes", write_bytes)


@pytest.fixture
def acoustics(tmp_path: Path) -> Path:
    """Write a folder of acoustics that holds a noise alone."""
    folder = tmp_path / "acoustics"
    folder.mkdir()
    rng = np.random.default_rng(5)
    sf.write(folder / "hiss.wav", 0.1 * rng.standard_normal(2 * SAMPLE_RATE), SAMPLE_RATE)
    item = {"kind": "noise", "file": "hiss.wav", "licence": "CC0"}
    (folder / "manifest.json").write_text(json.dumps({"items": [item]}))
    return folder


@pytest.fixture
def write_peers(tmp_path: Path) -> Callable[[str, float, float], Path]:
    """Write the scores of a program that reached half of everything on one excerpt."""

    def write(name: str, start_s: float, seconds: float) -> Path:
        keys = ("onset_precision", "onset_recall", "onset_f1", "onset_offset_f1")
        half = dict.fromkeys((*keys, "onset_offset_velocity_f1", "frame_f1"), 0.5)
        document = {
            "what": "made up",
            "excerpt_start_s": {name: start_s},
            "excerpt_s": seconds,
            "programs": {"Another": {"mean": half}},
        }
        path = tmp_path / "peers.json"
        path.write_text(json.dumps(document))
        return path

    return write
