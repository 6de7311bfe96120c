from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import pytest

from amt_tui.devices import devices_apart
from transcriber import devices
from transcriber.devices import Device, MicrophoneError

FOUND = (
    Device(0, "Built-in [Audio]", "ALSA", 2, 44_100, 8.7, False),
    Device(3, "USB", "ALSA", 1, 48_000, 10.0, True),
)


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "list_devices", lambda: FOUND)


@pytest.mark.usefixtures("found")
def test_devices_are_listed_with_the_default_marked(amt: Callable) -> None:
    lines = [line.split() for line in amt("devices").out.splitlines()]

    assert ["0", "Built-in", "[Audio]", "ALSA", "2", "44100", "Hz", "9", "ms"] in lines
    assert ["3", "USB", "default", "ALSA", "1", "48000", "Hz", "10", "ms"] in lines


@pytest.mark.usefixtures("found")
def test_devices_as_json(amt: Callable) -> None:
    listed = json.loads(amt("devices", "--json").out)

    assert [one["name"] for one in listed] == ["Built-in [Audio]", "USB"]
    assert [one["is_default"] for one in listed] == [False, True]
    assert listed[1]["rate"] == 48_000


def test_no_device_is_a_sentence(amt: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "list_devices", tuple)

    assert "No microphone was found." in amt("devices").out
    assert amt("devices", "--json").out == "[]\n"


def test_missing_library_is_a_sentence(amt: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise MicrophoneError("A microphone needs PyAudio.", "Install it.")

    monkeypatch.setattr(devices, "list_devices", fail)

    run = amt("devices")
    assert run.code == 4
    assert run.err == "Error: A microphone needs PyAudio.\nInstall it.\n"


def program(text: str) -> list[str]:
    return [sys.executable, "-c", text]


def test_devices_are_listed_by_another_process() -> None:
    listing = json.dumps([asdict(device) for device in FOUND])
    noise = "print('ALSA lib pcm.c:2664: Unknown PCM', file=__import__('sys').stderr)"

    assert devices_apart(program(f"{noise}; print({listing!r})")) == FOUND
    assert devices_apart(program("print('[]')")) == ()


def test_what_the_other_process_says_is_said() -> None:
    said = r"ALSA lib: Unknown PCM\nError: A microphone needs PyAudio.\nInstall it.\n"
    failing = program(f"import sys; sys.stderr.write('{said}'); sys.exit(4)")

    with pytest.raises(MicrophoneError) as caught:
        devices_apart(failing)
    assert (caught.value.problem, caught.value.remedy) == (
        "A microphone needs PyAudio.",
        "Install it.",
    )


@pytest.mark.parametrize(
    "text",
    ["import os; os.abort()", "print('what?')", "print('[{}]')", "import time; time.sleep(9)"],
)
def test_a_process_that_does_not_list_them_is_a_sentence(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if "sleep" in text:
        monkeypatch.setattr("amt_tui.devices.LISTING_S", 0.1)
    with pytest.raises(MicrophoneError, match="cannot be listed"):
        devices_apart(program(text))
    with pytest.raises(MicrophoneError, match="cannot be listed"):
        devices_apart(["/nowhere/python"])


def test_the_real_process_runs_nothing_that_lies_around(tmp_path: Path) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit('another program')")
    said = ""
    try:
        assert all(isinstance(device, Device) for device in devices_apart())
    except MicrophoneError as error:
        said = error.problem
    assert said == "" or "needs" in said or "does not start" in said
