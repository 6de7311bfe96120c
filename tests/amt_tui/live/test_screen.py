"""From the command line to the app: what is saved, chosen and remembered."""

from __future__ import annotations

import errno
import io
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import soundfile as sf

from amt_tui import live_screen
from amt_tui.live_screen import Choices, Saving, keep, keyboard, known_view, tell, write_settings
from amt_tui.live_setup import LiveOptions, Stage
from amt_tui.settings import Settings, load_settings, save_settings
from transcriber.devices import Device
from transcriber.errors import UsageError
from transcriber.journal import Journal, audio_path
from transcriber.midi import read_midi
from transcriber.notes import Note, Transcript
from transcriber.snapshot import Marker, Snapshot
from transcriber.sources import SourceError
from transcriber.timing import SAMPLE_RATE

SONG = Transcript.of([Note(0.5, 1.0, 60, 80), Note(1.0, 1.5, 64, 90)])


@dataclass
class StubEngine:
    shot: Snapshot = field(
        default_factory=lambda: Snapshot(
            "listening", model="live 9.9", markers=(Marker(8000, "A"),)
        )
    )
    listened: list[object] = field(default_factory=list)
    hangs: bool = False
    model: Any = None

    def stop(self, timeout_s: float = 1.0) -> None:
        if self.hangs:
            raise SourceError("The sound device does not let go.", "Unplug it.")

    def snapshot(self) -> Snapshot:
        return self.shot

    def transcript(self) -> Transcript:
        return SONG

    def listen_to(self, open_source: object) -> None:
        self.listened.append(open_source)


@pytest.fixture
def set_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("AMT_CONFIG", str(tmp_path / "config.toml"))

    def build(journal: Journal | None = None, **options: Any) -> Stage:
        info = SimpleNamespace(name="live", version="9.9", licence="CC0")
        engine: Any = StubEngine(model=SimpleNamespace(info=info))
        return Stage(engine, journal, LiveOptions(**options))

    return build


def test_saving_writes_the_notes_played_so_far(set_up: Any, tmp_path: Path) -> None:
    target = tmp_path / "take.mid"
    said = Saving(set_up(save=target))()
    assert said == f"2 notes saved: {target}"
    assert [(n.pitch, n.velocity) for n in read_midi(target).notes] == [(60, 80), (64, 90)]


def test_saving_without_a_name_takes_the_date(
    set_up: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    saving = Saving(set_up())
    saving()
    monkeypatch.setattr(live_screen, "datetime", None)  # again, and however late, the same file
    saving()
    (written,) = tmp_path.glob("amt-*.mid")
    assert len(read_midi(written).notes) == 2


def test_what_is_saved_names_the_model_that_listens(set_up: Any, tmp_path: Path) -> None:
    stage = set_up(save=tmp_path / "take.mid")
    stage.engine.model = SimpleNamespace(info=SimpleNamespace(name="free", version="1.1.0"))
    Saving(stage)()
    assert b"model free 1.1.0" in (tmp_path / "take.mid").read_bytes()


@pytest.fixture
def sounding(tmp_path: Path) -> Iterator[Journal]:
    """A session being kept, with a second of sound so far."""
    journal = Journal(tmp_path / "kept", audio=True)
    journal.sound(np.full(SAMPLE_RATE, 0.25, np.float32), 0)
    journal.tick(SAMPLE_RATE)
    yield journal
    journal.close(2 * SAMPLE_RATE)


RECORDED = Settings(record_audio=True)


def test_saving_sound_leaves_the_recording_that_is_played_alone(
    set_up: Any, tmp_path: Path, sounding: Journal
) -> None:
    (tmp_path / "song.wav").write_bytes(b"what the user recorded")
    target = tmp_path / "song.mid"
    saving = Saving(set_up(sounding, save=target, settings=RECORDED))

    sound = tmp_path / audio_path(sounding.path).name
    for seconds in (1, 2):
        assert saving() == f"2 notes saved: {target}, {sound}"
        assert len(sf.read(sound)[0]) == seconds * SAMPLE_RATE
        sounding.sound(np.full(SAMPLE_RATE, 0.5, np.float32), SAMPLE_RATE)
        sounding.tick(2 * SAMPLE_RATE)
    assert (tmp_path / "song.wav").read_bytes() == b"what the user recorded"


def test_saving_sound_replaces_nothing_but_what_it_saved(
    set_up: Any, tmp_path: Path, sounding: Journal
) -> None:
    sound = tmp_path / audio_path(sounding.path).name
    sound.write_bytes(b"another's")
    saving = Saving(set_up(sounding, settings=RECORDED))

    for _ in range(2):
        assert saving().endswith(f", {sound.stem}-2.wav")
    assert sound.read_bytes() == b"another's"
    assert sorted(path.name for path in tmp_path.glob("*.wav")) == [
        f"{sound.stem}-2.wav",
        sound.name,
    ]


def test_saving_in_the_sessions_folder_lets_the_engine_go_on_writing(
    set_up: Any, monkeypatch: pytest.MonkeyPatch, sounding: Journal
) -> None:
    kept = audio_path(sounding.path)
    monkeypatch.chdir(kept.parent)

    assert Saving(set_up(sounding, settings=RECORDED))().endswith(f", {kept.name}")

    sounding.sound(np.full(SAMPLE_RATE, 0.5, np.float32), SAMPLE_RATE)
    sounding.close(2 * SAMPLE_RATE)
    assert len(sf.read(kept)[0]) == 2 * SAMPLE_RATE
    assert [path.name for path in kept.parent.glob("*.wav")] == [kept.name]


def test_a_device_that_hangs_does_not_cost_the_music(set_up: Any, tmp_path: Path) -> None:
    stage = set_up(save=tmp_path / "take.mid")
    stage.engine.hangs = True
    kept: list[str] = []

    with pytest.raises(SourceError, match="does not let go"):
        keep(stage, {"view": "falling"}, kept)

    assert kept == [str(tmp_path / "take.mid")]
    assert len(read_midi(tmp_path / "take.mid").notes) == 2
    assert load_settings().view == "falling"


def test_what_was_kept_is_told_to_nobody_where_the_terminal_is_gone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    class Gone(io.TextIOWrapper):
        def write(self, text: str) -> int:
            raise OSError(errno.EIO, "Input/output error")

    with Gone((tmp_path / "terminal").open("wb")) as gone:
        monkeypatch.setattr(sys, "stdout", gone)
        tell(["take.mid"])


def test_a_recording_leaves_no_choice_of_microphones(set_up: Any) -> None:
    assert set(Choices(set_up(input="take.wav")).for_microphone()) == {"model"}
    assert set(Choices(set_up()).for_microphone()) == {"model", "device", "profile"}


def test_a_chosen_profile_is_listened_with_at_once(set_up: Any) -> None:
    stage = set_up(settings=Settings(profile="safe"))
    choice = Choices(stage).for_microphone()["profile"]
    assert [offer.name for offer in choice.offers() if offer.current] == ["safe"]
    choice.take("tight")
    assert len(stage.engine.listened) == 1
    assert [offer.name for offer in choice.offers() if offer.current] == ["tight"]
    with pytest.raises(UsageError):
        choice.take("hasty")


def test_microphones_are_offered_with_the_one_in_use(set_up: Any) -> None:
    found = (
        Device(0, "Built-in", "ALSA", 2, 44_100, 8.7, True),
        Device(3, "USB", "ALSA", 1, 48_000, 10.0, False),
    )
    offers = Choices(set_up(), lambda: found).for_microphone()["device"].offers()
    assert [(offer.name, offer.about) for offer in offers] == [
        ("Built-in", "ALSA, 44.1 kHz, the system's choice"),
        ("USB", "ALSA, 48 kHz"),
    ]


def test_what_is_remembered_joins_the_settings(set_up: Any) -> None:
    set_up()
    save_settings(Settings(model="other", palette="ice"))
    write_settings({"view": "falling", "sensitivity": 2, "gate_db": -42.5})
    assert load_settings() == Settings(
        model="other", palette="ice", view="falling", sensitivity=2, gate_db=-42.5
    )


def test_settings_that_cannot_be_written_are_said(
    set_up: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    set_up()

    def refuse(settings: Settings) -> None:
        raise UsageError("The disk is full.", "Make room.")

    monkeypatch.setattr(live_screen, "save_settings", refuse)
    write_settings({"view": "falling"})
    assert capsys.readouterr().err == ("The settings were not kept: The disk is full. Make room.\n")


def test_an_unknown_view_is_the_first() -> None:
    assert known_view("falling") == "falling"
    assert known_view("upside-down") == "scrolling"


def test_keyboard_and_pipe_change_places(monkeypatch: pytest.MonkeyPatch) -> None:
    master, terminal = os.openpty()
    reading, writing = os.pipe()
    usual = os.dup(0)
    opened = os.open
    try:
        os.dup2(reading, 0)
        os.write(writing, b"sound")
        monkeypatch.setattr(sys, "stdin", os.fdopen(0, closefd=False))
        monkeypatch.setattr(
            os, "open", lambda p, *a: os.dup(terminal) if p == "/dev/tty" else opened(p, *a)
        )
        with keyboard():
            assert os.isatty(0)
            assert os.read(sys.stdin.fileno(), 5) == b"sound"
        assert not os.isatty(0)
    finally:
        os.dup2(usual, 0)
        for descriptor in (master, terminal, reading, writing, usual):
            os.close(descriptor)


def test_without_a_terminal_the_screen_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()

    def refuse(path: str, *rest: int) -> int:
        raise OSError(6, "No such device", path)

    with os.fdopen(reading) as stdin, os.fdopen(writing, "w"):
        monkeypatch.setattr(sys, "stdin", stdin)
        monkeypatch.setattr(os, "open", refuse)
        with pytest.raises(UsageError, match="--plain"), keyboard():
            pass
