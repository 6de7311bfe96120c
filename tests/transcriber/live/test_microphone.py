"""The microphone against a PortAudio made of Python: its callback is called by hand."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from threading import Event
from threading import enumerate as enumerate_threads
from types import SimpleNamespace

import numpy as np
import pytest

from transcriber.devices import Device, MicrophoneError, choose, devices_of, list_devices, title
from transcriber.microphone import CLOSE_S, QUEUE_S, SILENCE_S, MicrophoneSource
from transcriber.timing import SAMPLE_RATE

RATE = 48_000
FRAMES = 480


class FakePortAudio:
    """Two inputs and an output; `open` keeps the callback, or raises what it was told to."""

    refusal: Exception | None = None
    close = staticmethod(lambda: None)
    opened: dict | None = None
    terminated = 0

    def get_device_count(self) -> int:
        return 3

    def get_default_input_device_info(self) -> dict:
        return {"index": 2}

    def get_host_api_info_by_index(self, _: int) -> dict:
        return {"name": "ALSA"}

    def get_device_info_by_index(self, index: int) -> dict:
        names = ["Speakers", "Built-in Audio", "USB Microphone"]
        return {
            "name": names[index],
            "hostApi": 0,
            "maxInputChannels": [0, 2, 32][index],
            "defaultSampleRate": float(RATE),
            "defaultLowInputLatency": 0.008,
        }

    def open(self, **options: object) -> SimpleNamespace:
        if self.refusal is not None:
            raise self.refusal
        type(self).opened = options
        return SimpleNamespace(close=self.close)

    def terminate(self) -> None:
        type(self).terminated += 1


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> type[FakePortAudio]:
    fake = type("Fake", (FakePortAudio,), {})
    module = SimpleNamespace(PyAudio=fake, paInt16=8, paFloat32=1)
    monkeypatch.setitem(sys.modules, "pyaudio", module)
    return fake


@pytest.fixture
def hear(port: type[FakePortAudio], clock) -> Callable[..., MicrophoneSource]:
    """Open the microphone, with `call(...)` as PortAudio's callback."""

    def make() -> tuple[MicrophoneSource, Callable[..., None]]:
        microphone = MicrophoneSource(clock=clock)
        assert port.opened is not None
        callback = port.opened["stream_callback"]

        def call(value: int = 0, *, at_s: float = 0.0, flags: int = 0, age_s: float = 0.0) -> None:
            data = np.full((FRAMES, 2), value, "<i2").tobytes()
            times = {"input_buffer_adc_time": at_s, "current_time": at_s + FRAMES / RATE + age_s}
            assert callback(data, FRAMES, times, flags) == (None, 0)

        return microphone, call

    return make  # type: ignore[return-value]


def drain(microphone: MicrophoneSource) -> list:
    blocks = []
    while (block := microphone.read(0.0)) is not None:
        blocks.append(block)
    return blocks


def test_device_is_opened_as_it_is(port: type[FakePortAudio], clock) -> None:
    microphone = MicrophoneSource("usb", clock=clock)

    assert port.opened is not None
    assert (port.opened["rate"], port.opened["channels"]) == (RATE, 2)
    assert port.opened["input_device_index"] == 2
    assert microphone.info.name == "USB Microphone"
    microphone.close()
    microphone.close()
    assert port.terminated == 1


def test_sound_is_mixed_and_resampled(hear: Callable) -> None:
    microphone, call = hear()
    for number in range(100):
        call(8192, at_s=1.0 + number * FRAMES / RATE)

    sound = np.concatenate([block.samples for block in drain(microphone)])

    held = 100 * FRAMES * SAMPLE_RATE / RATE - len(sound)
    assert 0 < held < 0.015 * SAMPLE_RATE
    np.testing.assert_allclose(sound[2000:], 0.25, atol=1e-3)


def test_capture_is_arrival_less_device_and_resampler(hear: Callable, clock) -> None:
    microphone, call = hear()
    call(at_s=5.0, age_s=0.006)

    block = microphone.read(0.0)

    assert block is not None
    held_s = FRAMES / RATE - len(block.samples) / SAMPLE_RATE
    assert block.device_s == pytest.approx(0.006)
    assert block.captured_s == pytest.approx(clock.now - 0.006 - held_s)


def test_overflow_moves_the_clock_by_what_the_time_stamps_say(hear: Callable) -> None:
    microphone, call = hear()
    call(at_s=1.0)
    call(at_s=1.0 + FRAMES / RATE + 0.25, flags=2)

    blocks = drain(microphone)

    assert sum(block.lost for block in blocks) == round(0.25 * SAMPLE_RATE)
    assert sum(block.overflows for block in blocks) == 1


def test_overflow_without_time_stamps_goes_by_arrival(hear: Callable, clock) -> None:
    microphone, call = hear()
    call()
    clock.now += FRAMES / RATE + 0.1
    call(flags=2)

    assert sum(block.lost for block in drain(microphone)) == round(0.1 * SAMPLE_RATE)


def test_queue_that_nobody_empties_drops_the_oldest_and_counts(hear: Callable) -> None:
    microphone, call = hear()
    whole = round(QUEUE_S * RATE / FRAMES)
    for number in range(whole + 50):
        call(at_s=1.0 + number * FRAMES / RATE)

    blocks = drain(microphone)

    assert sum(block.lost for block in blocks) == 50 * FRAMES * SAMPLE_RATE // RATE
    assert sum(block.overflows for block in blocks) == 50


def test_device_that_falls_silent_counts_as_gone(hear: Callable, clock) -> None:
    microphone, call = hear()
    call()
    drain(microphone)
    clock.now += 3.0

    with pytest.raises(MicrophoneError, match="stopped sending"):
        microphone.read(0.0)


def test_device_that_takes_long_to_open_is_waited_for(
    port: type[FakePortAudio], clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def open_slowly(self: FakePortAudio, **_: object) -> SimpleNamespace:
        clock.now += 2 * SILENCE_S
        return SimpleNamespace(close=self.close)

    monkeypatch.setattr(port, "open", open_slowly)
    microphone = MicrophoneSource(clock=clock)
    clock.now += 0.05

    assert microphone.read(0.0) is None


def test_device_that_never_closes_is_left_behind(port: type[FakePortAudio], clock) -> None:
    let_go = Event()
    port.close = staticmethod(let_go.wait)
    microphone = MicrophoneSource(clock=clock)
    began = time.monotonic()
    microphone.close()
    assert time.monotonic() - began < 2 * CLOSE_S
    assert not port.terminated
    let_go.set()
    for thread in enumerate_threads():
        if thread.name == "amt-close":
            thread.join(5.0)
    assert port.terminated == 1


@pytest.mark.parametrize(
    ("refusal", "words"),
    [
        (OSError(-9985, "Device unavailable"), "busy"),
        (OSError(13, "Permission denied"), "may not be used"),
        (OSError(-9999, "Unanticipated host error"), "does not open"),
    ],
)
def test_refusal_is_a_sentence(port: type[FakePortAudio], refusal: OSError, words: str) -> None:
    port.refusal = refusal

    with pytest.raises(MicrophoneError, match=words) as caught:
        MicrophoneSource()

    assert caught.value.remedy
    assert port.terminated == 1


def test_list_knows_inputs_rates_and_the_default(port: type[FakePortAudio]) -> None:
    devices = list_devices()

    assert [device.name for device in devices] == ["Built-in Audio", "USB Microphone"]
    assert [device.is_default for device in devices] == [False, True]
    assert devices[0].rate == RATE
    assert devices[1].channels_used == 2


def test_sound_system_that_does_not_list_is_a_sentence_and_waited_out(
    port: type[FakePortAudio], monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(self: FakePortAudio, index: int) -> dict:
        raise OSError(-9996, "Invalid device")

    monkeypatch.setattr(port, "get_device_info_by_index", gone)
    for ask in (list_devices, MicrophoneSource):
        with pytest.raises(MicrophoneError, match="Invalid device"):
            ask()
    assert port.terminated == 2


@pytest.mark.parametrize(
    ("wanted", "index"), [("", 2), ("1", 1), ("built", 1), ("USB Microphone", 2)]
)
def test_device_is_found_by_number_name_or_part(wanted: str, index: int) -> None:
    assert choose(devices_of(FakePortAudio()), wanted).index == index


@pytest.mark.parametrize("wanted", ["trumpet", "i"])
def test_wrong_or_ambiguous_device_is_a_sentence(wanted: str) -> None:
    with pytest.raises(MicrophoneError, match=wanted):
        choose(devices_of(FakePortAudio()), wanted)


# As on Windows, where each of its sound systems lists the microphones anew.
ALIKE = tuple(
    Device(index, name, host, 1, RATE, 10.0, False)
    for index, name, host in [
        (0, "USB Mic", "MME"),
        (3, "USB Mic", "Windows WASAPI"),
        (4, "Line", "Windows WASAPI"),
        (5, "Twin", "ALSA"),
        (6, "Twin", "ALSA"),
    ]
)


def test_devices_of_one_name_have_titles_by_which_they_are_chosen() -> None:
    titles = [title(device, ALIKE) for device in ALIKE]

    assert titles == [
        "USB Mic (MME)", "USB Mic (Windows WASAPI)", "Line", "Twin (ALSA, 5)", "Twin (ALSA, 6)"
    ]  # fmt: skip
    assert [choose(ALIKE, name) for name in titles] == list(ALIKE)


@pytest.mark.parametrize("wanted", ["USB Mic", "usb", "Twin", "Twin (ALSA)"])
def test_name_of_several_devices_asks_for_the_number(wanted: str) -> None:
    with pytest.raises(MicrophoneError, match="several microphones") as caught:
        choose(ALIKE, wanted)

    numbers = ("5 (Twin, ALSA)", "6 (Twin, ALSA)")
    if wanted.startswith(("USB", "usb")):
        numbers = ("0 (USB Mic, MME)", "3 (USB Mic, Windows WASAPI)")
    assert ", ".join(numbers) in caught.value.problem
    assert caught.value.remedy == "Give the number."


def test_source_has_the_title_by_which_its_device_was_chosen(
    port: type[FakePortAudio], monkeypatch: pytest.MonkeyPatch, clock
) -> None:
    monkeypatch.setattr("transcriber.microphone.devices_of", lambda _: ALIKE)

    assert MicrophoneSource("3", clock=clock).info.name == "USB Mic (Windows WASAPI)"
    assert MicrophoneSource("Line", clock=clock).info.name == "Line"


def test_no_device_is_a_sentence() -> None:
    with pytest.raises(MicrophoneError, match="No microphone"):
        choose(())


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ModuleNotFoundError("No module named 'pyaudio'"), "PyAudio"),
        (ImportError("libportaudio.so.2: cannot open shared object file"), "PortAudio"),
    ],
)
def test_missing_library_is_a_sentence(
    monkeypatch: pytest.MonkeyPatch, error: ImportError, words: str
) -> None:
    class Missing:
        def find_spec(self, name: str, *_: object) -> None:
            if name == "pyaudio":
                raise error

    monkeypatch.delitem(sys.modules, "pyaudio", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Missing(), *sys.meta_path])

    with pytest.raises(MicrophoneError, match=f"needs {words}"):
        list_devices()
