"""The microphone: PortAudio calls back, this keeps the clock right.

The device is opened as it is: its own rate, up to two channels, 16-bit integers or, where it has
none, floats. Asking sound cards for 16 kHz is what makes other programs fail. The callback only
puts bytes into a queue; conversion happens in the engine's thread.

Loss. PortAudio says that samples were lost, not how many. Their number is read off its own clock:
the time stamp of a block against that of the block before plus its length. Where a driver gives no
time stamps, arrival times serve. A queue that nobody empties loses whole blocks, which are counted
exactly.
"""

from __future__ import annotations

import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from threading import Condition, Thread
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .devices import Device, MicrophoneError, choose, devices_of, open_port_audio, title
from .resampling import Resampler
from .sources import Block, Clock, SourceInfo, clipped
from .timing import SAMPLE_RATE
from .wav import WavFormat, decode

BLOCK_MS = 10.0
"""Length of the blocks asked for."""

QUEUE_S = 4.0
"""Sound that may wait for the engine; older sound is dropped and counted."""

SILENCE_S = 2.0
"""Without a callback for so long, the device counts as gone."""

CLOSE_S = 0.5
"""A device that takes longer to close is left behind."""

_INPUT_OVERFLOW = 2  # paInputOverflow
_MOST_DELAY_S = 1.0  # a larger answer from a driver is an error of the driver


@dataclass(frozen=True, slots=True)
class _Heard:
    """What one callback brought."""

    data: bytes
    frames: int
    arrived_s: float
    device_s: float
    began_s: float
    """Time stamp of the first sample on PortAudio's clock; 0 where the driver gives none."""
    overflow: bool


class MicrophoneSource:
    """A recording device.

    Args:
        wanted: Its number, name or part of it; empty for the default.
        block_ms: Length of the blocks asked for. Shorter ones come earlier and cost more.
        clock: Tells the time.

    Raises:
        MicrophoneError: There is no such device, it is busy or forbidden, or PortAudio is missing.
    """

    def __init__(
        self, wanted: str = "", *, block_ms: float = BLOCK_MS, clock: Clock = time.monotonic
    ) -> None:
        self.ended = False
        self._clock = clock
        self._ready = Condition()
        self._queue: deque[_Heard] = deque()
        self._waiting = self._dropped = self._drops = 0  # frames waiting, frames and times dropped
        self._stamps = _Stamps()
        self._carry = 0.0  # fraction of a sample lost but not yet counted
        self._audio = open_port_audio()
        self._stream: Any = None
        try:
            devices = devices_of(self._audio)
            self._device = device = choose(devices, wanted)
            self._stream, self._coding = self._open(device, block_ms)
        except BaseException:
            self.close()
            raise
        self._last_s = clock()  # a Bluetooth headset may take longer to open than `SILENCE_S`
        self._resampler = Resampler(device.rate, steady=True)
        kind = "float" if self._coding.floating else "integer"
        self.info = SourceInfo(
            title(device, devices),
            device.rate,
            device.channels_used,
            f"{8 * self._coding.sample_bytes}-bit {kind}",
        )

    def read(self, timeout_s: float) -> Block | None:
        """Everything that has come since the last call, up to the next loss."""
        with self._ready:
            if not self._queue:
                self._ready.wait(timeout_s)
            pieces: list[_Heard] = []
            while self._queue and not (pieces and self._queue[0].overflow):
                pieces.append(self._queue.popleft())
            self._waiting = sum(piece.frames for piece in self._queue)
            dropped, drops = self._dropped, self._drops
            self._dropped = self._drops = 0
        if not pieces:
            if self._clock() - self._last_s > SILENCE_S:
                raise MicrophoneError(
                    f"{self._device.name} has stopped sending sound.",
                    "Check its plug; it is tried again every second.",
                )
            return None
        lost = float(dropped)
        if dropped:
            self._stamps = _Stamps()  # the gap in the time stamps is known already
        for piece in pieces:
            lost += self._stamps.lost(piece, self._device.rate)
        return self._block(pieces, lost, drops)

    def close(self) -> None:
        """Closes the device; may be called twice.

        PortAudio may wait for ever for a device whose sound server has died. It is left to do so:
        what follows is heard through another instance of it.
        """
        self.ended = True
        audio, stream = self._audio, self._stream
        self._audio = self._stream = None
        if audio is not None:
            closing = Thread(target=_close, args=(audio, stream), name="amt-close", daemon=True)
            closing.start()
            closing.join(CLOSE_S)
            if closing.is_alive() and stream is not None:
                del self._resampler  # this object is now held to the end, where soxr complains

    def _block(self, pieces: list[_Heard], lost: float, drops: int) -> Block:
        raw = decode(b"".join(piece.data for piece in pieces), self._coding)
        frames = raw.reshape(-1, self._coding.channels)
        samples: NDArray[np.float32] = self._resampler.push(frames.mean(axis=1, dtype=np.float32))
        self._carry += lost * SAMPLE_RATE / self._device.rate
        whole = max(round(self._carry), 0)
        self._carry -= whole
        newest = pieces[-1]
        self._last_s = newest.arrived_s
        return Block(
            samples,
            newest.arrived_s - newest.device_s - self._resampler.held_s,
            newest.arrived_s,
            newest.device_s,
            whole,
            drops + sum(piece.overflow for piece in pieces),
            clipped(frames),
        )

    def _open(self, device: Device, block_ms: float) -> tuple[Any, WavFormat]:
        """Opens the device in the first format it takes."""
        import pyaudio

        trouble: Exception | None = None
        for coding, size, floating in ((pyaudio.paInt16, 2, False), (pyaudio.paFloat32, 4, True)):
            try:
                stream = self._audio.open(
                    rate=device.rate,
                    channels=device.channels_used,
                    format=coding,
                    input=True,
                    input_device_index=device.index,
                    frames_per_buffer=max(1, round(device.rate * block_ms / 1000.0)),
                    stream_callback=self._hear,
                )
            except (OSError, ValueError) as error:
                trouble = error
                continue
            return stream, WavFormat(device.rate, device.channels_used, size, floating, None)
        assert trouble is not None
        raise _refusal(device, trouble) from trouble

    def _hear(self, data: bytes, frames: int, times: dict[str, float], flags: int) -> Any:
        """PortAudio's callback, in its thread: no work, no waiting."""
        arrived_s = self._clock()
        began_s, now_s = times["input_buffer_adc_time"], times["current_time"]
        age_s = now_s - began_s - frames / self._device.rate if began_s > 0.0 else 0.0
        device_s = min(max(age_s, 0.0), _MOST_DELAY_S)
        overflow = bool(flags & _INPUT_OVERFLOW)
        with self._ready:
            if self._waiting + frames > QUEUE_S * self._device.rate:
                oldest = self._queue.popleft()
                self._waiting -= oldest.frames
                self._dropped += oldest.frames
                self._drops += 1
            self._queue.append(_Heard(data, frames, arrived_s, device_s, began_s, overflow))
            self._waiting += frames
            self._ready.notify()
        return None, 0  # paContinue


class _Stamps:
    """How many samples are missing between one callback and the next."""

    def __init__(self) -> None:
        self._before: _Heard | None = None

    def lost(self, now: _Heard, rate: int) -> float:
        """Frames lost before `now`; 0 unless an overflow was reported."""
        before, self._before = self._before, now
        if before is None or not now.overflow:
            return 0.0
        if now.began_s > 0.0 and before.began_s > 0.0:
            gap_s = now.began_s - before.began_s - before.frames / rate
        else:
            gap_s = now.arrived_s - before.arrived_s - now.frames / rate
        return max(gap_s, 0.0) * rate


def _close(audio: Any, stream: Any) -> None:
    # A device that was unplugged fails here in as many ways as there are drivers.
    with suppress(OSError):
        if stream is not None:
            stream.close()
    audio.terminate()


def _refusal(device: Device, trouble: Exception) -> MicrophoneError:
    text = str(trouble).lower()
    if "unavailable" in text or "busy" in text or "-9985" in text:
        return MicrophoneError(
            f"{device.name} is busy: another program is using it.",
            "Close that program, or choose another microphone; it is tried again every second.",
        )
    if "permission" in text or "denied" in text:
        return MicrophoneError(
            f"{device.name} may not be used by you.",
            "Allow this terminal to use the microphone; on Linux join the group audio.",
        )
    return MicrophoneError(
        f"{device.name} does not open: {trouble}.",
        "Check its plug or choose another microphone; it is tried again every second.",
    )
