"""What both decoders must say: scenes of activations, and what Python makes of them.

Vitest holds the phone's decoder to the same files (phone/tests/golden.test.ts). Neither side can
drift alone: here the files must be what Python says today, there the page must say the same bytes.
`scripts/test tests/phone --update-golden` writes them anew; look at the diff.
"""

from __future__ import annotations

import gzip
import json
import struct
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pytest

from amt_tui.keys import velocity_colour
from transcriber.decoder import REARM, DecoderSettings
from transcriber.events import Event, NoteOff, NoteOn, PedalOff, PedalOn
from transcriber.features import FeatureConfig
from transcriber.midi import write_midi
from transcriber.model import Model, ModelInfo
from transcriber.notes import TranscriptBuilder
from transcriber.outputs import FRAME, OFFSET, ONSET, PEDAL, SHIFT, VELOCITY, WIDTH, Activations
from transcriber.stream import Transcriber

GOLDEN = Path(__file__).resolve().parents[2] / "phone" / "tests" / "golden"

SCENES = {
    "default": DecoderSettings(),
    # Thresholds that float32 makes smaller: comparing in the wrong precision shows.
    "rounded": DecoderSettings(
        onset_threshold=0.7,
        frame_threshold=0.45,
        offset_threshold=0.9,
        pedal_threshold=0.45,
        min_velocity=20,
    ),
}
FRAMES = 240
SAMPLES = FRAMES * 320 - 3000
"""The last strikes are decided by `finish`, some of them after the end of the sound."""

BUSY_KEYS = range(30, 48)
"""Few keys, all of them busy; the others keep the files small."""


@dataclass
class Recited:
    """A network that answers from a book, whatever it hears."""

    rows: np.ndarray

    def step(self, frames: np.ndarray, state: int | None) -> tuple[Activations, int]:
        at = state or 0
        return Activations(self.rows[at : at + len(frames)]), at + len(frames)


def activations(settings: DecoderSettings, seed: int) -> np.ndarray:
    """Return rows that cross thresholds all the time, many of them by nothing or by one bit."""
    rng = np.random.default_rng(seed)
    info = model_of(settings).clock
    rows = np.zeros((FRAMES + info.lookahead // info.hop + 1, WIDTH), np.float32)
    limits = (
        (ONSET, (settings.onset_threshold, settings.onset_threshold * REARM)),
        (FRAME, (settings.frame_threshold,)),
        (OFFSET, (settings.offset_threshold,)),
    )
    for part, levels in limits:
        # A walk in steps of 1/64 stays near the thresholds and often meets one exactly.
        steps = rng.integers(-12, 13, (len(rows), len(BUSY_KEYS)))
        values = np.abs((np.cumsum(steps, axis=0) + 32) % 128 - 64) / 64.0
        edges = np.array([np.float32(level) for level in levels])
        edges = np.concatenate([edges, np.nextafter(edges, np.float32(0))])
        on_edge = rng.random(values.shape) < 0.2
        values = np.where(on_edge, rng.choice(edges, values.shape), values)
        rows[:, part][:, BUSY_KEYS] = values
    # Halves, where rounding to even and rounding up part; and shifts beyond what is believed.
    rows[:, VELOCITY][:, BUSY_KEYS] = rng.integers(-8, 260, (len(rows), len(BUSY_KEYS))) / 256
    rows[:, SHIFT][:, BUSY_KEYS] = rng.integers(-1280, 1281, (len(rows), len(BUSY_KEYS))) / 640
    pedal = np.abs((np.cumsum(rng.integers(-24, 25, len(rows))) + 32) % 128 - 64) / 64.0
    rows[:, PEDAL] = np.where(rng.random(len(rows)) < 0.1, settings.pedal_threshold, pedal)
    return rows


def model_of(settings: DecoderSettings) -> ModelInfo:
    return ModelInfo("golden", "1", "CC0", FeatureConfig(), 4, settings, "nothing")


def heard(settings: DecoderSettings, rows: np.ndarray) -> list[Event]:
    model = Model(model_of(settings), Recited(rows), Path())  # type: ignore[arg-type]
    transcriber = Transcriber(model)
    return transcriber.push(np.zeros(SAMPLES, np.float32)) + transcriber.finish()


def line(event: Event) -> str:
    """Return an event in integers: a number's decimals are written differently in JavaScript."""
    match event:
        case NoteOn(sample, decided, pitch, velocity, confidence):
            bits = struct.unpack("<I", struct.pack("<f", confidence))[0]
            return f"on {sample} {decided} {pitch} {velocity} {bits}"
        case NoteOff(sample, decided, pitch):
            return f"off {sample} {decided} {pitch}"
        case PedalOn(sample, decided):
            return f"down {sample} {decided}"
        case PedalOff(sample, decided):
            return f"up {sample} {decided}"


def scene_files(name: str, tmp_path: Path) -> dict[str, bytes]:
    settings = SCENES[name]
    rows = activations(settings, seed=len(name))
    events = heard(settings, rows)
    builder = TranscriptBuilder()
    builder.add(events)
    midi = tmp_path / "scene.mid"
    write_midi(builder.finish(SAMPLES), midi, text="golden 1")
    info = model_of(settings)
    about = {
        "name": info.name,
        "version": info.version,
        "licence": info.licence,
        "lookahead_ms": info.lookahead_ms,
        "delay": info.delay,
        "features": {"hop": info.features.hop, "right": info.features.right},
        "decoder": asdict(settings),
        "samples": SAMPLES,
    }
    return {
        f"{name}.json": (json.dumps(about, indent=1) + "\n").encode(),
        f"{name}.rows": rows.astype("<f4").tobytes(),
        f"{name}.events": ("\n".join(map(line, events)) + "\n").encode(),
        f"{name}.mid": midi.read_bytes(),
    }


def colour_files() -> dict[str, bytes]:
    colours = [velocity_colour(velocity) for velocity in range(1, 128)]
    return {"velocities.json": (json.dumps(colours) + "\n").encode()}


def stored(name: str) -> bytes:
    if name.endswith(".rows"):
        return gzip.decompress((GOLDEN / f"{name}.gz").read_bytes())
    return (GOLDEN / name).read_bytes()


def store(name: str, data: bytes) -> None:
    if name.endswith(".rows"):
        (GOLDEN / f"{name}.gz").write_bytes(gzip.compress(data, 9, mtime=0))
    else:
        (GOLDEN / name).write_bytes(data)


@pytest.fixture
def check(request: pytest.FixtureRequest) -> Callable[[dict[str, bytes]], None]:
    """Compare with the stored files, or write them where --update-golden asks for it."""

    def compare(files: dict[str, bytes]) -> None:
        assert files
        for name, data in files.items():
            if request.config.getoption("--update-golden"):
                store(name, data)
            assert stored(name) == data, f"{name} is not what Python says"

    return compare


@pytest.mark.parametrize("name", SCENES)
def test_stored_scenes_are_what_python_says(name: str, tmp_path: Path, check: Callable) -> None:
    check(scene_files(name, tmp_path))


@pytest.mark.parametrize("name", SCENES)
def test_scenes_show_everything_a_decoder_can_say(name: str) -> None:
    settings = SCENES[name]
    events = heard(settings, activations(settings, seed=len(name)))
    kinds = [type(event) for event in events]
    assert {kinds.count(kind) > 5 for kind in (NoteOn, NoteOff, PedalOn, PedalOff)} == {True}
    assert kinds.count(NoteOn) > 100
    late = [event for event in events if event.decided > SAMPLES - 2 * 320]
    assert any(isinstance(event, NoteOn) for event in late)


def test_stored_colours_are_the_terminals(check: Callable) -> None:
    check(colour_files())
