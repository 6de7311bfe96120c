"""`amt train` from the command line: what a run leaves behind, and what is refused."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import psutil
import pytest

torch = pytest.importorskip("torch")

from corpus.segments import Segment, SegmentSource  # noqa: E402
from trainer import checkpoint  # noqa: E402
from transcriber.model import read_info  # noqa: E402

pytestmark = pytest.mark.usefixtures("quiet_torch")

SMALL = """
steps = 12
batch = 2
seconds = 1.0
warmup = 4
precision = "fp32"
validate_every = 6
validate_seconds = 3.0
checkpoint_every = 5
epoch_steps = 5
workers = 0
[features]
window = 1024
mels = 32
[network]
mels = 32
channels = [4, 4]
strides = [2, 2]
features = 16
hidden = 8
layers = 1
"""


@pytest.fixture
def train(amt: Callable, toy_data: Path, tmp_path: Path) -> Callable:
    """Run `amt train` on the toy data without the export, which alone takes seconds."""
    (tmp_path / "small.toml").write_text(SMALL)

    def run(*arguments: str | int, data: tuple[str | Path, ...] = ("--synth", toy_data)) -> object:
        options = ("-o", "run", "--config", "small.toml", "--no-export")
        return amt("train", *data, *options, *arguments)

    return run


@pytest.fixture
def saved(tmp_path: Path) -> Callable[[], int]:
    """Step of the last checkpoint, read back whole."""
    return lambda: checkpoint.load(tmp_path / "run/last.safetensors").meta["step"]


def change_segments(
    monkeypatch: pytest.MonkeyPatch, change: Callable[[int, Segment], Segment]
) -> None:
    honest = SegmentSource.draw
    monkeypatch.setattr(
        SegmentSource, "draw", lambda self, index: change(index, honest(self, index))
    )


def test_a_run_leaves_all_that_is_needed_to_trust_it(
    train: Callable, tmp_path: Path, saved: Callable[[], int]
) -> None:
    done = train()
    assert done.code == 0, done.err
    assert "step 12/12" in done.err
    assert "Finished at step 12." in done.err
    run = tmp_path / "run"
    assert json.loads((run / "config.json").read_text())["network"]["hidden"] == 8
    begin, *_, end = [json.loads(x) for x in (run / "metrics.jsonl").read_text().splitlines()]
    assert set(begin["material"]) == {"performances", "banks", "recordings", "acoustics"}
    assert begin["git"] == checkpoint.load(run / "last.safetensors").meta["git"]
    assert end["reason"] == "finished"
    assert saved() == 12

    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(run / "tensorboard")).Reload()
    tags = set(events.Tags()["scalars"])
    assert {"loss/total", "loss/onset", "speed/waiting", "validation/onset_f1"} <= tags
    assert [e.step for e in events.Scalars("validation/onset_f1")] == [6, 12]
    (diagrams,) = events.PluginTagToContent("custom_scalars")
    assert b"validation/.*_f1" in events.Tensors(diagrams)[0].tensor_proto.string_val[0]
    for picture in ("curves.png", "memory.png"):
        assert (run / picture).stat().st_size > 10_000

    again = train(data=())  # the run's folder alone is enough
    assert again.code == 0, again.err
    assert saved() == 12


@pytest.mark.slow
def test_a_model_is_made_where_the_material_has_moved(
    train: Callable, toy_data: Path, tmp_path: Path
) -> None:
    first = shutil.copytree(toy_data / "real", tmp_path / "first")
    assert train("--set", f"data.development={first}").code == 0
    moved = first.rename(tmp_path / "moved")
    done = train("--set", f"data.development={moved}", "--export")
    assert done.code == 0, done.err
    assert read_info(str(tmp_path / "run/model.onnx")).provenance["calibrated_on"] == ["one"]


@pytest.mark.slow
def test_the_exported_model_is_ready_to_use(train: Callable, tmp_path: Path) -> None:
    done = train("--export")
    assert done.code == 0, done.err
    info = read_info(str(tmp_path / "run/model.onnx"))
    assert info.name == "run"
    assert info.provenance["steps"] in (6, 12)
    assert info.provenance["calibrated_on"] == ["one"]


def test_training_ends_early_and_stays_so(train: Callable, saved: Callable[[], int]) -> None:
    changes = ("--set", "patience=1", "--set", "learning_rate=0.0")  # nothing is ever heard
    first = train(*changes)
    assert first.code == 0, first.err
    assert "Ended early" in first.err
    assert saved() == 6
    train(*changes)
    assert saved() == 6


def test_a_corpus_alone_and_in_a_mix(amt: Callable, train: Callable, toy_data: Path) -> None:
    built = amt("corpus", "build", "noise:0.02", "-o", "c", "--workers", 1, "--clip", 5)
    assert built.code == 0, built.err
    alone = train("-o", "alone", data=("--corpus", "c"))
    assert alone.code == 0, alone.err
    mixed = train("-o", "mixed", data=("--corpus", "c", "--synth", toy_data))
    assert mixed.code == 0, mixed.err

    other = amt("corpus", "build", "noise:0.02", "-o", "c", "--seed", 2, "--overwrite")
    assert other.code == 0, other.err
    refused = train("-o", "alone", data=("--corpus", "c"))
    assert refused.code == 2
    assert "The material of this run has changed: corpus had the fingerprint" in refused.err


def test_a_dry_run_lists_the_material_and_trains_nothing(train: Callable, tmp_path: Path) -> None:
    every = train("--dry-run")
    assert every.code == 0, every.err
    assert "theirs (CC BY-NC-SA 4.0)" in every.out
    assert "12 steps of 2 segments of 1 s: 0.0 hours heard." in every.out
    free = train("--dry-run", "--free")
    assert free.code == 0, free.err
    assert "CC0" in free.out
    assert "CC BY" not in free.out
    assert "All rooms are simulated." in free.out
    assert not (tmp_path / "run").exists()


def test_a_corpus_is_free_or_refused(amt: Callable, train: Callable, toy_data: Path) -> None:
    for name, source in (("noise", "noise:0.02"), ("mixed", toy_data / "maps_software_pianos")):
        amt("corpus", "build", source, "-o", name, "--workers", 1, "--no-augmentation")
        assert Path(name, "corpus.json").exists()
    free = train("--free", "--dry-run", data=("--corpus", "noise"))
    assert (free.code, "CC0 (amt)" in free.out) == (0, True), free.err
    refused = train("--free", "--dry-run", data=("--corpus", "mixed"))
    assert refused.code == 2
    assert "mixed holds material that is not free" in refused.err


def test_plain_sound_is_augmented_while_training(amt: Callable, tmp_path: Path) -> None:
    from trainer.config import DataConfig, RunConfig
    from trainer.material import load_source

    for name, option in (("plain", "--no-augmentation"), ("done", "--augmentation")):
        built = amt("corpus", "build", "noise:0.02", "-o", name, "--workers", 1, option)
        assert built.code == 0, built.err
    config = RunConfig(data=DataConfig(corpus="plain"))
    assert load_source(config, tmp_path).augmentation == config.mix.augmentation
    config = RunConfig(data=DataConfig(corpus="done"))
    assert load_source(config, tmp_path).augmentation is None


def test_nothing_to_train_on(amt: Callable, train: Callable, tmp_path: Path) -> None:
    assert "There is nothing to train on" in amt("train", "-o", "run").err
    elsewhere = train("--set", "data.banks=moved")
    assert (elsewhere.code, "There is no moved to train on" in elsewhere.err) == (4, True)
    missing = train(data=("--corpus", "nowhere"))
    assert (missing.code, "There is no folder nowhere" in missing.err) == (2, True)
    (tmp_path / "half").mkdir()
    empty = train(data=("--corpus", "half"))
    assert (empty.code, "half holds no corpus" in empty.err) == (4, True)
    (tmp_path / "half/plan.json").write_text("{}")
    unfinished = train(data=("--corpus", "half"))
    assert (unfinished.code, "half holds an unfinished corpus" in unfinished.err) == (4, True)


def test_another_configuration(train: Callable, saved: Callable[[], int]) -> None:
    train()
    refused = train("--set", "seed=9")
    assert refused.code == 2
    assert "begun with another configuration: seed differ" in refused.err
    assert saved() == 12


def test_no_cuda(train: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    refused = train("--device", "cuda")
    assert refused.code == 2
    assert refused.err.startswith("Error: There is no CUDA device that this torch can use.")


def test_a_full_disk_leaves_the_checkpoint_before(
    train: Callable, saved: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    count, honest = 0, os.fsync

    def sync(handle: int) -> None:
        nonlocal count
        count += 1
        if count == 2:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        honest(handle)

    monkeypatch.setattr(os, "fsync", sync)
    stopped = train("--set", "validate_every=0")
    assert stopped.code == 5
    assert "run/last.safetensors cannot be written: the disk is full." in stopped.err
    assert "Traceback" not in stopped.err
    assert saved() == 5
    assert train("--set", "validate_every=0").code == 0
    assert saved() == 12


def test_values_that_are_no_numbers(
    train: Callable, saved: Callable[[], int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def poison(index: int, segment: Segment) -> Segment:
        if index == 15:
            segment.audio[100] = np.nan
        return segment

    change_segments(monkeypatch, poison)
    stopped = train()
    assert stopped.code == 1
    assert "The data of step 7 holds values that are not numbers" in stopped.err
    assert (tmp_path / "run/nonfinite-7.safetensors").exists()
    assert saved() == 6  # before the validation


def test_a_worker_that_the_system_kills(
    train: Callable, saved: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    trainer = os.getpid()

    def die(index: int, segment: Segment) -> Segment:
        if index == 23 and os.getpid() != trainer:
            os.kill(os.getpid(), signal.SIGKILL)
        return segment

    change_segments(monkeypatch, die)
    stopped = train(
        "--set", "workers=1", "--set", "validate_every=0", "--set", "checkpoint_every=2"
    )
    assert stopped.code == 1
    assert "A loader worker was killed" in stopped.err
    assert "Traceback" not in stopped.err
    assert 2 <= saved() < 12


@pytest.mark.parametrize(("signals", "code", "said"), [(1, 0, "Stopped and saved at step 8."),
                                                      (2, 130, "Stopped at once")])  # fmt: skip
def test_interrupted_once_and_twice(
    train: Callable,
    saved: Callable[[], int],
    monkeypatch: pytest.MonkeyPatch,
    signals: int,
    code: int,
    said: str,
) -> None:
    def interrupt(index: int, segment: Segment) -> Segment:
        if index == 15:
            for _ in range(signals):
                os.kill(os.getpid(), signal.SIGINT)
        return segment

    change_segments(monkeypatch, interrupt)
    stopped = train()
    assert stopped.code == code
    assert said in stopped.err
    assert saved() == (8 if signals == 1 else 6)


def descendants(pid: int) -> list[psutil.Process]:
    """Processes below one, in whatever session; none where it has ended."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return psutil.Process(pid).children(recursive=True)
    return []


@pytest.mark.slow
def test_torchrun_passes_on_what_asks_to_stop(
    toy_data: Path, tmp_path: Path, repository: Path, saved: Callable[[], int]
) -> None:
    (tmp_path / "small.toml").write_text(SMALL)
    run, log = tmp_path / "run", tmp_path / "log"
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node=2", "-m", "amt_tui"]
    command += ["train", "--synth", toy_data, "-o", run, "--config", tmp_path / "small.toml"]
    command += ["--set", "steps=100000", "--set", "validate_every=0", "--no-export", "--plain"]
    with log.open("w") as written:
        launcher = subprocess.Popen(command, cwd=repository, stdout=written, stderr=written)
    family = [psutil.Process(launcher.pid)]
    try:
        until = time.monotonic() + 90.0
        # A second line comes after ten seconds, when all is compiled that steps need.
        while log.read_text().count("\nstep ") < 2 and time.monotonic() < until:
            time.sleep(0.2)
        family += descendants(launcher.pid)
        launcher.terminate()
        launcher.wait(60.0)
        assert not psutil.wait_procs(family[1:], timeout=10.0)[1]
    finally:
        for process in (*family, *descendants(launcher.pid)):
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        launcher.wait()
    stopped = re.search(r"Stopped and saved at step (\d+)", log.read_text())
    assert stopped is not None, log.read_text()
    assert saved() == int(stopped[1]) < 100_000
