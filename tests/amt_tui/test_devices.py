from __future__ import annotations

import json
from collections.abc import Callable

import pytest

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
