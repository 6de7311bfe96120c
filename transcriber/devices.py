"""Which microphones there are, through PortAudio.

PyAudio is imported here and in `microphone` only, when somebody asks for a device: everything else
works without it. PortAudio makes its list when it is initialised, and where it is already, a second
start only counts up: a microphone plugged in meanwhile is found as long as no other is open. Nor
may two threads start or end it at once. A list beside an open microphone is a matter for another
process.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from .resampling import HIGHEST_RATE, LOWEST_RATE
from .sources import SourceError

_KEPT: list[Any] = []  # callbacks handed to C must outlive the libraries that call them
_MOST_CHANNELS = 2  # a "32-channel" ALSA plug-in is a pair with silence behind it


class MicrophoneError(SourceError):
    """A microphone that cannot be used now."""


@dataclass(frozen=True, slots=True)
class Device:
    """One device that records.

    Args:
        index: PortAudio's number; it changes when devices come and go.
        name: As the system calls it.
        host: The sound system it is reached through, such as `ALSA` or `Core Audio`.
        channels: Most it records.
        rate: Its own sample rate in Hz.
        latency_ms: What its driver says it holds back when asked to hurry.
        is_default: The system's choice.
    """

    index: int
    name: str
    host: str
    channels: int
    rate: int
    latency_ms: float
    is_default: bool

    @property
    def channels_used(self) -> int:
        """Channels to open it with."""
        return min(self.channels, _MOST_CHANNELS)

    @property
    def titles(self) -> tuple[str, str, str]:
        """What it may be called, each telling more than the one before."""
        more = f"{self.name} ({self.host}"
        return self.name, f"{more})", f"{more}, {self.index})"


@contextmanager
def port_audio() -> Iterator[Any]:
    """A `pyaudio.PyAudio`, closed at the end.

    Raises:
        MicrophoneError: PyAudio or PortAudio is not installed, or does not start.
    """
    audio = open_port_audio()
    try:
        yield audio
    finally:
        audio.terminate()


def open_port_audio() -> Any:
    """As `port_audio`; the caller terminates it."""
    try:
        import pyaudio
    except ImportError as error:
        # Two cases: the package is missing, or the library beneath it.
        below = "portaudio" in str(error).lower() and not isinstance(error, ModuleNotFoundError)
        remedy = (
            "Install it: apt-get install libportaudio2, or brew install portaudio."
            if below
            else f"Install it: {sys.executable} -m pip install pyaudio "
            "(on Linux first: apt-get install portaudio19-dev gcc python3-dev)."
        )
        missing = "PortAudio" if below else "PyAudio"
        raise MicrophoneError(
            f"A microphone needs {missing}, which is not installed.", remedy
        ) from error
    _hush()
    try:
        return pyaudio.PyAudio()
    except OSError as error:
        raise MicrophoneError(
            f"The sound system does not start: {error}.", "Check that a sound server is running."
        ) from error


def list_devices() -> tuple[Device, ...]:
    """All devices that record, in PortAudio's order.

    Raises:
        MicrophoneError: As `port_audio`.
    """
    with port_audio() as audio:
        return devices_of(audio)


def devices_of(audio: Any) -> tuple[Device, ...]:
    """The devices that an initialised `pyaudio.PyAudio` knows.

    Raises:
        MicrophoneError: PortAudio does not tell, as when a device goes while it is asked.
    """
    try:
        return _recording(audio)
    except OSError as error:
        raise MicrophoneError(
            f"The sound system does not say what microphones there are: {error}.",
            "Check their plugs, and that a sound server is running.",
        ) from error


def _recording(audio: Any) -> tuple[Device, ...]:
    default = -1
    with suppress(OSError):
        default = int(audio.get_default_input_device_info()["index"])
    found = []
    for index in range(audio.get_device_count()):
        about = audio.get_device_info_by_index(index)
        rate = round(about["defaultSampleRate"])
        if about["maxInputChannels"] < 1 or not LOWEST_RATE <= rate <= HIGHEST_RATE:
            continue
        host = audio.get_host_api_info_by_index(about["hostApi"])["name"]
        found.append(
            Device(
                index,
                _text(about["name"]),
                _text(host),
                int(about["maxInputChannels"]),
                rate,
                1000.0 * max(float(about["defaultLowInputLatency"]), 0.0),
                index == default,
            )
        )
    return tuple(found)


def title(device: Device, devices: Sequence[Device]) -> str:
    """The shortest title by which `choose` tells a device from the others.

    Windows lists a microphone once for each of its sound systems, under the same name.
    """
    others = {name for other in devices if other.index != device.index for name in other.titles}
    return next(name for name in device.titles if name not in others)


def choose(devices: Sequence[Device], wanted: str = "") -> Device:
    """Finds the device a user means.

    Args:
        devices: What there is.
        wanted: Its number, one of its titles, a part of its name in any case, or nothing for the
            default.

    Raises:
        MicrophoneError: There is no device, or none like that, or more than one.
    """
    if not devices:
        raise MicrophoneError(
            "No microphone was found.", "Plug one in, or allow this terminal to use it."
        )
    if not wanted:
        return next((device for device in devices if device.is_default), devices[0])
    alike = (
        [device for device in devices if wanted == str(device.index)]
        or [device for device in devices if wanted in device.titles]
        or [device for device in devices if wanted.lower() in device.name.lower()]
    )
    if len(alike) == 1:
        return alike[0]
    if alike:
        names = ", ".join(f"{device.index} ({device.name}, {device.host})" for device in alike)
        raise MicrophoneError(
            f"{wanted} may mean several microphones: {names}.", "Give the number."
        )
    raise MicrophoneError(
        f"There is no microphone called {wanted}.", "`amt devices` lists those there are."
    )


@contextmanager
def own_stderr() -> Iterator[None]:
    """Gives Python's standard error a descriptor of its own, and lets descriptor 2 lead nowhere.

    PortAudio writes to descriptor 2 when a device dies under it ("Expression ... failed"), and
    offers no way to stop it. What this program prints, and what Textual draws, passes.
    """
    if sys.__stderr__ is None:
        yield
        return
    before, plain = sys.__stderr__, sys.stderr is sys.__stderr__
    before.flush()
    with (
        open(os.dup(2), "w", encoding=before.encoding, errors=before.errors, buffering=1) as ours,
        open(os.devnull, "wb") as nowhere,
    ):
        os.dup2(nowhere.fileno(), 2)
        sys.__stderr__ = ours  # type: ignore[misc]
        if plain:
            sys.stderr = ours
        try:
            yield
        finally:
            ours.flush()
            os.dup2(ours.fileno(), 2)
            sys.__stderr__ = before  # type: ignore[misc]
            if plain:
                sys.stderr = before


def _text(name: str | bytes) -> str:
    """PyAudio hands out bytes where a name is not UTF-8."""
    return name.decode(errors="replace") if isinstance(name, bytes) else name.strip()


def _hush() -> None:
    """Keeps ALSA and JACK from writing to standard error, once and for good.

    Their hundred lines about devices that nobody asked for would land in the middle of the screen.
    They are given silent error functions. Turning descriptor 2 away while PortAudio starts would
    be simpler, but the screen draws there, and a retry happens while it does.
    """
    if _KEPT or not sys.platform.startswith("linux"):
        return
    os.environ.setdefault("JACK_NO_START_SERVER", "1")
    with suppress(OSError, AttributeError):
        alsa = ctypes.CDLL("libasound.so.2")
        # file, line, function, error number, format; what follows is variadic and stays unread.
        signature = ctypes.CFUNCTYPE(
            None, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p
        )
        silent = signature(lambda *_: None)
        alsa.snd_lib_error_set_handler(silent)
        _KEPT.append((alsa, silent))
    with suppress(OSError, AttributeError):
        jack = ctypes.CDLL("libjack.so.0")
        speech = ctypes.CFUNCTYPE(None, ctypes.c_char_p)
        mute = speech(lambda _: None)
        jack.jack_set_error_function(mute)
        jack.jack_set_info_function(mute)
        _KEPT.append((jack, mute))
