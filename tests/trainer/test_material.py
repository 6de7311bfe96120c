"""A run's material: mixes, fingerprints, and batches that arrive or say why not."""

from __future__ import annotations

import shutil
import signal
import time
from dataclasses import replace
from multiprocessing import active_children
from pathlib import Path

import numpy as np
import pytest
import torch

from corpus.segments import Segment
from trainer import material
from trainer.batches import batches
from trainer.config import DataConfig, RunConfig, default_data
from trainer.material import (
    MixedSource,
    check_same_material,
    fingerprint,
    load_repertoire,
    load_source,
)
from trainer.processes import Process
from trainer.validation import load_development
from transcriber.errors import InputError, UsageError
from transcriber.notes import Transcript


class Hum:
    """Segments of one level, longer by their number."""

    def __init__(self, level: float) -> None:
        self.level = level

    def draw(self, index: int) -> Segment:
        return Segment(np.full(16_000, self.level, np.float32), Transcript(), 0.0)


class Broken:
    """Draws three segments, then finds its file damaged."""

    def draw(self, index: int) -> Segment:
        if index >= 3:
            raise InputError("The shard 7 is damaged.", "Build it again.")
        return Hum(0.1).draw(index)


def test_a_mix_keeps_its_share_and_is_decided_by_the_number() -> None:
    mix = MixedSource(Hum(1.0), Hum(0.0), 0.3, seed=5)
    levels = [mix.draw(i).audio[0] for i in range(400)]
    assert 0.25 < np.mean(levels) < 0.35
    again = MixedSource(Hum(1.0), Hum(0.0), 0.3, seed=5)
    assert [again.draw(i).audio[0] for i in reversed(range(400))] == levels[::-1]
    other = MixedSource(Hum(1.0), Hum(0.0), 0.3, seed=6)
    assert [other.draw(i).audio[0] for i in range(400)] != levels


@pytest.mark.parametrize("workers", [0, 1])
def test_an_error_in_a_worker_arrives_as_its_two_sentences(workers: int) -> None:
    config = RunConfig(batch=2, seconds=1.0, workers=workers, steps=10)
    served = batches(Broken(), config, 0, Process())
    frames, rows = next(served)
    assert frames.shape[:2] == rows.shape[:2] == (2, 50)
    with pytest.raises(InputError) as raised:
        next(served)
    assert (raised.value.problem, raised.value.remedy) == (
        "The shard 7 is damaged.",
        "Build it again.",
    )


def test_a_worker_that_hangs_is_ended_with_its_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    class Stuck(Hum):
        def draw(self, index: int) -> Segment:
            if index >= 2:
                time.sleep(3600.0)
            return super().draw(index)

    # What torch waits for a worker before it asks it to end by a signal, which ours ignore.
    monkeypatch.setattr(torch.utils.data._utils, "MP_STATUS_CHECK_INTERVAL", 0.2)
    before = set(active_children())
    served = batches(Stuck(0.1), RunConfig(batch=2, seconds=1.0, workers=1), 0, Process())
    next(served)
    (worker,) = set(active_children()) - before
    served.close()
    assert worker.exitcode == -signal.SIGKILL


def test_shares_of_the_processes_make_up_the_batch() -> None:
    class Numbers:
        def draw(self, index: int) -> Segment:
            return Segment(np.full(8_000, index / 100, np.float32), Transcript(), 0.0)

    config = RunConfig(batch=4, seconds=0.5, workers=0, steps=3)

    def heard(first: int, process: Process) -> list[float]:
        got = [frames.mean((1, 2)) for frames, _ in batches(Numbers(), config, first, process)]
        return [float(value) for batch in got for value in batch]

    whole = heard(0, Process())
    halves = [heard(0, Process(rank, 2)) for rank in (0, 1)]
    assert len(whole) == 12
    assert [*halves[0][:2], *halves[1][:2], *halves[0][2:4], *halves[1][2:4]] == whole[:8]
    assert heard(1, Process()) == whole[4:]


def test_fingerprints_tell_changed_material(toy_data: Path, tmp_path: Path) -> None:
    before = fingerprint(default_data(toy_data))
    assert set(before) == {"performances", "banks", "recordings", "acoustics"}
    assert fingerprint(default_data(toy_data)) == before
    moved = tmp_path / "moved.zip"
    moved.write_bytes((toy_data / "midi/performances.zip").read_bytes() + b"x")
    after = before | fingerprint(DataConfig(performances=str(moved)))
    check_same_material(before, dict(before))
    with pytest.raises(UsageError, match="run has changed: performances had"):
        check_same_material(after, before)
    with pytest.raises(UsageError, match=r"banks had .* and none now"):
        check_same_material({k: v for k, v in before.items() if k != "banks"}, before)


@pytest.mark.parametrize("missing", ["performances", "banks"])
def test_material_that_is_missing(toy_data: Path, tmp_path: Path, missing: str) -> None:
    data = replace(default_data(toy_data), **{missing: ""})
    with pytest.raises(InputError, match="to render training segments from"):
        load_source(RunConfig(data=data), tmp_path)


def test_a_run_without_a_bank_does_not_train_on_noise(toy_data: Path, tmp_path: Path) -> None:
    data = replace(default_data(toy_data), exclude=("toy",))
    with pytest.raises(InputError, match=r"No sample bank is left in .*pianos"):
        load_source(RunConfig(data=data), tmp_path)


def test_development_recordings_that_cannot_serve(toy_data: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(toy_data / "real", tmp_path / "real"))
    (folder / "one.mid").unlink()
    data = replace(default_data(toy_data), development=str(folder))
    with pytest.raises(InputError, match=r"No recording in .* has its MIDI file beside it"):
        load_development(RunConfig(data=data))
    assert load_development(RunConfig(data=replace(data, development=""))) is None


def test_soundfonts_alone_will_do(toy_data: Path, tmp_path: Path) -> None:
    data = default_data(toy_data)
    data = replace(data, banks="", soundfonts=data.banks, recordings="")
    source = load_source(RunConfig(data=data, seconds=1.0), tmp_path)
    assert any(source.draw(number).transcript.notes for number in range(5))


def test_performances_are_read_anew_by_another_manifest_or_reader(
    toy_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Path(shutil.copytree(toy_data / "midi", tmp_path / "midi"))
    data = DataConfig(performances=str(folder / "performances.zip"))
    assert set(load_repertoire(data, tmp_path).names) == {"a/one.mid", "b/three.mid"}
    (folder / "manifest.json").write_text('{"items": []}')
    assert len(load_repertoire(data, tmp_path).names) == 3
    assert len(list(tmp_path.glob("*.npz"))) == 2
    load_repertoire(data, tmp_path)
    assert len(list(tmp_path.glob("*.npz"))) == 2
    monkeypatch.setattr(material, "READER", material.READER + 1)
    load_repertoire(data, tmp_path)
    assert len(list(tmp_path.glob("*.npz"))) == 3
