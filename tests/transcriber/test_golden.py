"""What the bundled model hears in the demo recording, kept note by note.

After a change that is meant to change it (new weights, new thresholds), write it anew and look at
the difference:

    scripts/test tests/transcriber/test_golden.py --update-golden
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from transcriber.model import Model, load_model
from transcriber.notes import Transcript, TranscriptBuilder
from transcriber.scores import score
from transcriber.stream import Transcriber
from transcriber.tables import read_json, write_json

GOLDEN = Path(__file__).parent / "golden" / "demo.json"

ONSET_S = 0.002
"""Processors differ in the last bit of a sum, and so in the last samples of an onset."""

VELOCITY = 2


def transcribe(model: Model, sound: np.ndarray) -> Transcript:
    transcriber, builder = Transcriber(model), TranscriptBuilder()
    for start in range(0, len(sound), 320):
        builder.add(transcriber.push(sound[start : start + 320]))
    builder.add(transcriber.finish())
    return builder.finish(len(sound))


def test_the_demo_is_heard_as_before(
    bundled_model: Model, demo_sound: np.ndarray, request: pytest.FixtureRequest
) -> None:
    heard = transcribe(bundled_model, demo_sound)
    if request.config.getoption("--update-golden"):
        GOLDEN.parent.mkdir(exist_ok=True)
        info = bundled_model.info
        write_json(heard, GOLDEN, model={"name": info.name, "version": info.version})
    golden = read_json(GOLDEN)
    assert len(golden.notes) > 50
    # By key first: notes of a chord may change places in time.
    ours, theirs = (sorted(t.notes, key=lambda n: (n.pitch, n.onset_s)) for t in (heard, golden))
    assert [n.pitch for n in ours] == [n.pitch for n in theirs]
    for now, before in zip(ours, theirs, strict=True):
        assert abs(now.onset_s - before.onset_s) <= ONSET_S
        assert abs(now.velocity - before.velocity) <= VELOCITY
    # Ends and presses may be a frame apart, where a probability meets its threshold by a hair.
    same = score(golden, heard)
    assert min(same.offset.f1, same.frame.f1, same.pedal.f1) > 0.97


def test_the_example_of_the_readme_runs(
    bundled_model: Model, repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    readme = (repository / "README.md").read_text()
    (example,) = re.findall(r"```python\n(.*?)```", readme, re.DOTALL)
    exec(example.replace("take.wav", str(repository / "amt_tui/demo/demo.ogg")), {})
    printed = capsys.readouterr().out.splitlines()
    strikes = [line for line in printed if line.startswith("NoteOn(sample=")]
    assert len(strikes) == len(read_json(GOLDEN).notes)


def test_the_free_model_hears_the_demo_and_names_its_licence(
    bundled_model: Model, demo_sound: np.ndarray
) -> None:
    free = load_model("free")
    assert free.info.licence == "CC-BY-4.0"
    assert bundled_model.info.licence == "CC-BY-NC-SA-4.0"
    heard = transcribe(free, demo_sound)
    golden = read_json(GOLDEN)
    assert score(golden, heard).onset.f1 > 0.9
