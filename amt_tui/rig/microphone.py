"""A virtual microphone: a sound server of its own, whose microphone hears what is played to it.

PulseAudio's null sink plays to nobody, and its monitor records that. Programs started with
`environment` see the monitor as the default microphone. Linux only: pulseaudio, pactl, pacat and
paplay have to be installed (Debian: pulseaudio pulseaudio-utils libasound2-plugins).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path

from transcriber.errors import InputError

COMMANDS = ("pulseaudio", "pactl", "pacat", "paplay")

_STARTS_S = 10.0
_ENDS_S = 5.0
_SETTLES_S = 2.5  # before that, the sink's clock runs in jumps


class VirtualMicrophone:
    """A microphone from `with` to its end.

    Args:
        folder: An empty folder for the server's socket and state.
        rate: Sample rate of the microphone in Hz.

    Attributes:
        folder: As given.
        environment: For programs that are to hear it.

    Raises:
        InputError: A command is missing, or the server does not start.
    """

    def __init__(self, folder: Path, rate: int = 48_000) -> None:
        missing = [command for command in COMMANDS if shutil.which(command) is None]
        if missing:
            raise InputError(
                f"A virtual microphone needs {', '.join(missing)}.",
                "On Debian: apt-get install pulseaudio pulseaudio-utils libasound2-plugins.",
            )
        self.folder, self._rate = folder, rate
        self._socket = folder / "native"
        self.environment = {
            "HOME": str(folder),
            "XDG_RUNTIME_DIR": str(folder),
            "PULSE_SERVER": f"unix:{self._socket}",
        }
        self._processes: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> VirtualMicrophone:
        """Starts the server, and waits until its clock runs evenly."""
        try:
            self._start(
                *("pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1"),
                *("-L", f"module-native-protocol-unix socket={self._socket}"),
                *("-L", f"module-null-sink sink_name=piano rate={self._rate} channels=1"),
            )
            deadline = time.monotonic() + _STARTS_S
            while not self._socket.exists():
                if time.monotonic() > deadline:
                    raise InputError("PulseAudio does not start.", "Start it alone to see why.")
                time.sleep(0.05)
            self._run("pactl", "set-default-source", "piano.monitor")
            # Without a player that never stops, the null sink's clock runs in jumps.
            self._start(
                *("pacat", "-p", "--latency-msec=10", f"--rate={self._rate}", "--channels=1"),
                "/dev/zero",
            )
            time.sleep(_SETTLES_S)
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """Stops the server."""
        self.close()

    def play(self, recording: Path) -> subprocess.Popen[bytes]:
        """Begins to play a WAV, FLAC or OGG; the process ends with it, or at `close`."""
        return self._start("paplay", str(recording))

    def unplug(self) -> None:
        """Ends the server under whoever listens."""
        self._run("pactl", "exit")

    def close(self) -> None:
        """Stops everything that was started."""
        for process in reversed(self._processes):
            process.terminate()
        for process in self._processes:
            try:
                process.wait(_ENDS_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._processes.clear()

    def _start(self, *command: str) -> subprocess.Popen[bytes]:
        self._processes = [one for one in self._processes if one.poll() is None]
        process = subprocess.Popen(
            command,
            env={**os.environ, **self.environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._processes.append(process)
        return process

    def _run(self, *command: str) -> None:
        environment = {**os.environ, **self.environment}
        subprocess.run(command, check=True, timeout=10, env=environment)
