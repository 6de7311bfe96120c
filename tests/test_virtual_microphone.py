"""End to end through a real sound server: PulseAudio's null sink, recorded by PyAudio.

`scripts/test -m mic` runs it; it needs the commands pulseaudio, pacat and paplay, and PyAudio.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from transcriber.engine import Engine
from transcriber.events import NoteOn
from transcriber.microphone import MicrophoneSource
from transcriber.model import Model, load_model
from transcriber.stream import Transcriber
from transcriber.timing import SAMPLE_RATE

pytestmark = pytest.mark.mic

REPOSITORY = Path(__file__).resolve().parent.parent
TOLERANCE_S = 0.03  # between a strike heard from the file and through the air of the sound server
MOST_OVERHEAD_MS = 40.0


@pytest.fixture
def microphone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Path], None]]:
    """Start a server whose microphone hears what is played; return the player."""
    pytest.importorskip("pyaudio")
    for command in ("pulseaudio", "pacat", "paplay"):
        if shutil.which(command) is None:
            pytest.skip(f"{command} is not installed")
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    socket = home / "native"
    environment = {**os.environ, "HOME": str(home), "XDG_RUNTIME_DIR": str(home)}
    server = subprocess.Popen(
        [
            *("pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1"),
            *("-L", f"module-native-protocol-unix socket={socket}"),
            *("-L", "module-null-sink sink_name=piano rate=48000 channels=1"),
        ],
        env=environment,
        stderr=subprocess.DEVNULL,
    )
    monkeypatch.setenv("PULSE_SERVER", f"unix:{socket}")
    monkeypatch.setenv("HOME", str(home))
    silence: subprocess.Popen[bytes] | None = None
    try:
        deadline = time.monotonic() + 10.0
        while not socket.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        subprocess.run(["pactl", "set-default-source", "piano.monitor"], check=True, timeout=10)
        # Without a player that never stops, the null sink's clock runs in jumps.
        player = "pacat -p --latency-msec=10 --rate=48000 --channels=1 /dev/zero"
        silence = subprocess.Popen(player.split())
        time.sleep(2.5)
        yield lambda path: subprocess.run(["paplay", str(path)], check=True, timeout=120)  # type: ignore[func-returns-value]
    finally:
        for process in (silence, server):
            if process is not None:
                process.terminate()
                process.wait(10)


def strikes_of(events: list) -> np.ndarray:
    """Rows of onset in seconds and pitch, by onset."""
    rows = [(e.sample / SAMPLE_RATE, e.pitch) for e in events if isinstance(e, NoteOn)]
    return np.array(sorted(rows))


def share_found(wanted: np.ndarray, found: np.ndarray) -> float:
    """Share of strikes that have a partner of their pitch, after the best constant offset."""
    pairs = [(f[0] - w[0]) for w in wanted for f in found if w[1] == f[1]]
    counts, edges = np.histogram(pairs, bins=np.arange(-2.0, 40.0, 0.01))
    offset_s = edges[np.argmax(counts)] + 0.005
    hits = [
        any(w[1] == f[1] and abs(f[0] - offset_s - w[0]) < TOLERANCE_S for f in found)
        for w in wanted
    ]
    return float(np.mean(hits))


def model_to_hear_with() -> Model:
    """Return the bundled model, or the one that AMT_MODEL names."""
    return load_model(os.environ.get("AMT_MODEL", "live"))


def test_what_is_played_is_what_is_transcribed(microphone: Callable, tmp_path: Path) -> None:
    sound, rate = sf.read(REPOSITORY / "amt_tui/demo/demo.ogg", dtype="float32")
    assert rate == SAMPLE_RATE
    sf.write(tmp_path / "demo.wav", sound, rate)
    model = model_to_hear_with()
    transcriber = Transcriber(model)
    wanted = strikes_of(transcriber.push(sound) + transcriber.finish())
    engine = Engine(model, MicrophoneSource)
    engine.start()
    try:
        time.sleep(1.0)
        microphone(tmp_path / "demo.wav")
        time.sleep(1.0)
        shot = engine.snapshot()
    finally:
        engine.stop(2.0)

    found = strikes_of(engine.events())
    print(shot.stats)
    assert shot.state == "listening"
    # Resampling twice moves probabilities a little, and with them notes at the threshold.
    assert share_found(wanted, found) > 0.95
    assert share_found(found, wanted) > 0.95
    assert shot.stats.overflows == 0
    assert shot.stats.event.p95_ms < model.info.lookahead_ms + MOST_OVERHEAD_MS


def test_server_that_dies_is_waited_for(microphone: Callable, lively_model: Model) -> None:
    engine = Engine(lively_model, MicrophoneSource)
    engine.start()
    try:
        time.sleep(1.0)
        assert engine.snapshot().state == "listening"
        subprocess.run(["pactl", "exit"], check=True, timeout=10)
        deadline = time.monotonic() + 8.0
        while engine.snapshot().state != "retrying" and time.monotonic() < deadline:
            time.sleep(0.1)
        shot = engine.snapshot()
    finally:
        engine.stop(2.0)

    assert shot.state == "retrying"
    assert shot.problem
    assert shot.remedy
