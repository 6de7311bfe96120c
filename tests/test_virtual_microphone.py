"""End to end through a real sound server: PulseAudio's null sink, recorded by PyAudio.

`scripts/test -m mic` runs it; it needs PyAudio, and the commands of PulseAudio that
`amt_tui.rig.microphone` names.
"""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from amt_tui.demo import FOLDER
from amt_tui.rig.figures import read_screen
from amt_tui.rig.microphone import COMMANDS, VirtualMicrophone
from amt_tui.rig.terminal import Terminal
from transcriber.engine import Engine
from transcriber.events import NoteOn
from transcriber.microphone import MicrophoneSource
from transcriber.model import Model, load_model
from transcriber.snapshot import Snapshot
from transcriber.stream import Transcriber
from transcriber.timing import SAMPLE_RATE

pytestmark = pytest.mark.mic

DEMO = FOLDER / "demo.ogg"
TOLERANCE_S = 0.03  # between a strike heard from the file and through the air of the sound server


@pytest.fixture
def microphone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[VirtualMicrophone]:
    """Start a sound server whose microphone hears what is played to it."""
    pytest.importorskip("pyaudio")
    for command in COMMANDS:
        if shutil.which(command) is None:
            pytest.skip(f"{command} is not installed")
    folder = tmp_path / "home"
    folder.mkdir(mode=0o700)
    with VirtualMicrophone(folder) as started:
        for name, value in started.environment.items():
            monkeypatch.setenv(name, value)
        yield started


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


def await_state(engine: Engine, state: str) -> Snapshot:
    """Wait up to ten seconds for a state of the engine."""
    deadline = time.monotonic() + 10.0
    while (shot := engine.snapshot()).state != state:
        assert time.monotonic() < deadline, f"{shot.state} instead of {state}"
        time.sleep(0.05)
    return shot


def model_to_hear_with() -> Model:
    """Return the bundled model, or the one that AMT_MODEL names."""
    return load_model(os.environ.get("AMT_MODEL", "live"))


def test_what_is_played_is_what_is_transcribed(microphone: VirtualMicrophone) -> None:
    sound, rate = sf.read(DEMO, dtype="float32")
    assert rate == SAMPLE_RATE
    model = model_to_hear_with()
    transcriber = Transcriber(model)
    wanted = strikes_of(transcriber.push(sound) + transcriber.finish())
    engine = Engine(model, MicrophoneSource)
    engine.start()
    try:
        time.sleep(1.0)
        assert microphone.play(DEMO).wait(120) == 0
        time.sleep(1.0)
        shot = engine.snapshot()
    finally:
        engine.stop(10.0)

    found = strikes_of(engine.events())
    assert shot.state == "listening"
    # Resampling twice moves probabilities a little, and with them notes at the threshold.
    assert share_found(wanted, found) > 0.95
    assert share_found(found, wanted) > 0.95
    assert shot.stats.overflows == 0


def test_server_that_dies_is_waited_for_and_heard_again(
    microphone: VirtualMicrophone, lively_model: Model
) -> None:
    engine = Engine(lively_model, MicrophoneSource)
    engine.start()
    try:
        await_state(engine, "listening")
        microphone.unplug()
        shot = await_state(engine, "retrying")
        assert shot.problem
        assert shot.remedy
        with VirtualMicrophone(microphone.folder):
            await_state(engine, "listening")
    finally:
        engine.stop(10.0)


def test_the_screen_shows_what_is_played(microphone: VirtualMicrophone, tmp_path: Path) -> None:
    if shutil.which("tmux") is None:
        pytest.skip("tmux is not installed")
    settings = {**microphone.environment, "AMT_CONFIG": str(tmp_path / "config.toml")}
    command = [Path(sys.executable).with_name("amt"), "live", "--no-keep"]
    with Terminal(command, environment=settings) as terminal:
        terminal.wait(lambda text: "● listening" in text, 20.0)
        microphone.play(DEMO)
        terminal.wait(lambda text: (reading := read_screen(text)) and reading.notes > 20, 20.0)
        reading = read_screen(terminal.text())
        terminal.press("q")
        terminal.wait_for_end(5.0)

    assert reading is not None
    assert reading.lost_ms == 0
    assert reading.event_ms is not None
    assert reading.screen_ms is not None
    assert reading.event_ms <= reading.screen_ms
