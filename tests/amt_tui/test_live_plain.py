"""`amt live` without a screen, with the lively model in place of the bundled one."""

from __future__ import annotations

import errno
import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from amt_tui import live_plain
from transcriber import model
from transcriber.engine import Engine
from transcriber.midi import read_midi
from transcriber.model import Model
from transcriber.session import list_sessions
from transcriber.sources import SourceError
from transcriber.timing import SAMPLE_RATE

REPOSITORY = Path(__file__).resolve().parents[2]
LONG_S = 60.0


@pytest.fixture(autouse=True)
def quarters(
    stage: type, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, lively_model: Model
) -> Path:
    """Give each test its own settings and sessions, and the model; return the sessions' folder."""
    monkeypatch.setattr(model, "load_model", lambda name="live": lively_model)
    monkeypatch.setenv("AMT_CONFIG", str(tmp_path / "config.toml"))
    (tmp_path / "config.toml").write_text(f'sessions = "{tmp_path / "kept"}"\n')
    return tmp_path / "kept"


@pytest.fixture
def recording(tmp_path: Path, strike_sound: Callable) -> Path:
    path = tmp_path / "take.wav"
    sf.write(path, strike_sound(1.0), SAMPLE_RATE, subtype="FLOAT")
    return path


def objects(text: str) -> list[dict]:
    return [json.loads(line) for line in text.splitlines()]


def test_json_tells_start_events_and_end(amt: Callable, recording: Path, quarters: Path) -> None:
    run = amt("live", "--input", recording, "--json")

    lines = objects(run.out)
    assert run.code == 0
    assert run.err == ""
    assert lines[0]["event"] == "start"
    assert lines[0]["source"] == "take.wav"
    end = lines[-1]
    assert end["event"] == "end"
    assert end["duration"] == 1.0
    strikes = [line for line in lines if line["event"] == "note_on"]
    assert end["notes"] == len(strikes) > 5
    assert all(strike["decided"] >= strike["time"] for strike in strikes)
    assert {"pitch", "name", "velocity", "confidence"} <= strikes[0].keys()
    (session,) = list_sessions(quarters)
    assert session.finished
    assert session.notes == end["notes"]
    assert end["session"] == str(session.path)


def test_plain_prints_a_line_per_note_and_saves(
    amt: Callable, recording: Path, tmp_path: Path
) -> None:
    run = amt("live", "-i", recording, "--plain", "--save", tmp_path / "out.mid", "--no-keep")

    assert run.code == 0
    assert "Listening to take.wav (16000 Hz)." in run.err
    assert f"Kept: {tmp_path / 'out.mid'}" in run.err
    assert len(run.out.splitlines()) >= len(read_midi(tmp_path / "out.mid").notes) > 5
    assert not (tmp_path / "kept").exists()


def test_missing_recording_is_an_error_at_once(amt: Callable, quarters: Path) -> None:
    run = amt("live", "--input", "none.wav", "--plain")

    assert run.code == 4
    assert run.err.startswith("Error: none.wav does not exist.")
    assert not quarters.exists()


@pytest.mark.parametrize(
    "options",
    [
        ("--plain", "--json"),
        ("--replay", "last", "--input", "x.wav"),
        ("--input", "-", "--loop"),
        ("--input", "-", "--format", "mp3"),
        ("--replay", "last", "--start", "nan"),
    ],
)
def test_contradictions_are_refused(amt: Callable, options: tuple[str, ...]) -> None:
    assert amt("live", *options).code == 2


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="has no terminals that close")
def test_what_nohup_ignores_stays_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with live_plain.interruptible():
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
            assert signal.getsignal(signal.SIGTERM) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_session_that_is_not_kept_has_no_name(amt: Callable, recording: Path) -> None:
    run = amt("live", "--input", recording, "--json", "--no-keep", "--save", "x.mid")
    assert objects(run.out)[-1]["session"] is None


@pytest.mark.parametrize(("seconds", "text"), [(59.9996, "1:00.000"), (3.5, "0:03.500")])
def test_times_are_rounded_whole(seconds: float, text: str) -> None:
    assert live_plain._clock_time(seconds) == text


def test_replay_prints_what_was_kept(amt: Callable, recording: Path) -> None:
    live = objects(amt("live", "--input", recording, "--json").out)

    replayed = objects(amt("live", "--replay", "last", "--json").out)

    events = ("note_on", "note_off", "pedal_on", "pedal_off")
    told = [(e["event"], e["time"]) for e in live if e["event"] in events]
    again = [(e["event"], e["time"]) for e in replayed if e["event"] in events]
    assert again == told


def test_sessions_are_listed_and_exported(
    amt: Callable, recording: Path, tmp_path: Path, quarters: Path
) -> None:
    assert "No session is kept" in amt("sessions").out
    amt("live", "--input", recording, "--plain", "--record-audio")

    (listed,) = json.loads(amt("sessions", "--json").out)
    export = amt("sessions", "export", "last")

    assert listed["audio"]
    assert listed["finished"]
    assert listed["name"] in amt("sessions").out
    assert export.code == 0
    assert read_midi(tmp_path / f"{listed['name']}.mid").notes
    assert len(sf.read(tmp_path / f"{listed['name']}.wav")[0]) == SAMPLE_RATE
    assert amt("sessions", "export", "last").code == 0  # amt may replace what it wrote
    sf.write(tmp_path / "mine.wav", np.zeros(100), SAMPLE_RATE)
    assert amt("sessions", "export", "last", "-o", "mine.wav").code == 5
    assert amt("sessions", "export", "1999").code == 4
    assert amt("sessions", "export", "last", "-o", "x.txt").code == 2


class Broken(io.StringIO):
    """Standard output on which nothing can be printed, or nothing any more."""

    def __init__(self, path: Path, code: int) -> None:
        super().__init__()
        self.code = code
        self._file = path.open("wb")

    def write(self, text: str) -> int:
        if self.code:
            raise OSError(self.code, os.strerror(self.code))
        return len(text)

    def fileno(self) -> int:
        return self._file.fileno()

    def close(self) -> None:
        self._file.close()
        super().close()


@pytest.mark.parametrize(("reason", "code"), [(errno.ENOSPC, 5), (errno.EIO, 0), (errno.EPIPE, 0)])
def test_what_cannot_be_printed_is_kept(
    amt: Callable,
    recording: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    quarters: Path,
    reason: int,
    code: int,
) -> None:
    with Broken(tmp_path / "out.txt", reason) as out:
        monkeypatch.setattr(sys, "stdout", out)
        run = amt("live", "--input", recording, "--json", "--save", "x.mid")

    assert run.code == code
    assert ("Error: The notes can no longer be printed" in run.err) == (code > 0)
    assert (tmp_path / "x.mid").exists()
    assert list_sessions(quarters)[0].finished


@pytest.mark.parametrize("reason", [errno.EIO, errno.EPIPE])
def test_reader_that_goes_with_ctrl_c_costs_no_file(
    amt: Callable, recording: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reason: int
) -> None:
    with Broken(tmp_path / "out.txt", 0) as out:

        def interrupted(feed: Engine, *_: object) -> None:
            while not feed.snapshot().sounding:
                time.sleep(0.005)
            out.code = reason
            raise KeyboardInterrupt

        monkeypatch.setattr(live_plain, "print_live", interrupted)
        monkeypatch.setattr(sys, "stdout", out)
        run = amt("live", "--input", recording, "--json", "--no-keep", "--save", "x.mid")

    assert run.code == 0
    assert run.err == ""
    assert read_midi(tmp_path / "x.mid").notes


def test_device_that_does_not_let_go_costs_no_file(
    amt: Callable, recording: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop = Engine.stop

    def hang(engine: Engine, timeout_s: float = 1.0) -> None:
        stop(engine, timeout_s)
        raise SourceError("The sound device does not let go.", "Unplug it.")

    monkeypatch.setattr(Engine, "stop", hang)

    run = amt("live", "--input", recording, "--plain", "--no-keep", "--save", "x.mid")

    assert run.code == 4
    assert "does not let go" in run.err
    assert read_midi(tmp_path / "x.mid").notes


def command(lively_model_path: Path, *options: str) -> list[str]:
    """A real `amt live`, in a process of its own."""
    return [sys.executable, "-m", "amt_tui", "live", "--model", str(lively_model_path), *options]


def test_raw_samples_from_a_pipe(
    lively_model_path: Path, strike_sound: Callable, quarters: Path
) -> None:
    sound = (strike_sound(2.0) * 32767).astype("<i2").tobytes()
    run = subprocess.run(
        command(lively_model_path, "--json", "-i", "-", "--rate", str(SAMPLE_RATE)),
        input=sound,
        capture_output=True,
        timeout=240,
        check=True,
        cwd=REPOSITORY,
    )

    lines = objects(run.stdout.decode())
    assert lines[0]["source"] == "standard input"
    assert lines[-1]["duration"] == 2.0
    assert lines[-1]["notes"] > 5


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupt_ends_cleanly_and_keeps_the_session(
    lively_model_path: Path, tmp_path: Path, strike_sound: Callable, quarters: Path, number: int
) -> None:
    sf.write(tmp_path / "long.wav", strike_sound(LONG_S), SAMPLE_RATE, subtype="FLOAT")
    with subprocess.Popen(
        command(lively_model_path, "--json", "-i", str(tmp_path / "long.wav")),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=REPOSITORY,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        for _ in range(20):
            process.stdout.readline()
        process.send_signal(number)
        began = time.monotonic()
        rest = process.stdout.read()
        assert process.wait(60) == 0
        assert time.monotonic() - began < LONG_S / 2  # not at the end of the recording
        assert process.stderr.read() == ""

    (session,) = list_sessions(quarters)
    assert session.finished
    assert objects(rest)[-1]["notes"] == session.notes


def test_reader_that_goes_away_ends_it(
    lively_model_path: Path, tmp_path: Path, strike_sound: Callable, quarters: Path
) -> None:
    sf.write(tmp_path / "long.wav", strike_sound(LONG_S), SAMPLE_RATE, subtype="FLOAT")
    with subprocess.Popen(
        command(lively_model_path, "--plain", "-i", str(tmp_path / "long.wav")),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=REPOSITORY,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.wait(LONG_S / 2) == 0
        assert "Traceback" not in process.stderr.read()

    assert list_sessions(quarters)[0].finished


def test_live_loads_neither_screen_nor_torch_nor_microphone(
    lively_model_path: Path, recording: Path
) -> None:
    code = (
        "import sys; from amt_tui.main import main\n"
        f"sys.argv = ['amt', *{command(lively_model_path, '--json', '-i', str(recording))[3:]!r}]\n"
        "try:\n    main()\nexcept SystemExit as stop:\n    assert not stop.code\n"
        "print(*{name.split('.')[0] for name in sys.modules})"
    )
    run = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=240,
        check=True,
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
    )

    loaded = set(run.stdout.splitlines()[-1].split())
    assert "onnxruntime" in loaded
    assert not loaded & {"textual", "torch", "pyaudio", "rtmidi", "corpus", "trainer"}


def test_notes_go_to_the_midi_port(
    amt: Callable, recording: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import mido

    sent: list[mido.Message] = []

    class Port:
        def send(self, message: mido.Message) -> None:
            sent.append(message)

        def close(self) -> None:
            pass

    monkeypatch.setattr(mido, "get_output_names", lambda: ["synth"])
    monkeypatch.setattr(mido, "open_output", lambda *_, **__: Port())

    run = amt("live", "--input", recording, "--json", "--midi-out", "synth")

    told = [line["pitch"] for line in objects(run.out) if line["event"] == "note_on"]
    assert [m.note for m in sent if m.type == "note_on"] == told
    assert np.isin([123], [m.control for m in sent if m.type == "control_change"]).all()
