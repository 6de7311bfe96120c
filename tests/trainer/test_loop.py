"""The training loop on a toy: resumable to the bit, and careful with what it has."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from trainer import checkpoint, learner, loop
from trainer.config import RunConfig, default_data
from trainer.learner import rate
from trainer.loop import train
from trainer.mishaps import NonFiniteLoss
from trainer.network import NetworkConfig
from trainer.observers import Observer, Step, Validation
from transcriber.errors import ModelError, UsageError
from transcriber.features import FeatureConfig

pytestmark = pytest.mark.usefixtures("quiet_torch")


@pytest.fixture
def config(toy_data: Path) -> RunConfig:
    """Twenty steps of a network that learns nothing in them; dropout needs the random state."""
    return RunConfig(
        data=default_data(toy_data),
        features=FeatureConfig(window=1024, mels=32),
        network=NetworkConfig(32, (4, 4), (2, 2), features=16, hidden=8, layers=1, dropout=0.3),
        steps=20,
        batch=2,
        seconds=1.0,
        warmup=4,
        precision="fp32",
        validate_every=0,
        checkpoint_every=1000,
        workers=0,
    )


@pytest.fixture
def after_step(monkeypatch: pytest.MonkeyPatch) -> Callable[[int, Callable[..., object]], None]:
    """Call something with the loss parts of the step of a number, before they are used."""

    def install(number: int, do: Callable[..., object]) -> None:
        honest, count = learner.losses, 0

        def counted(*arguments: object) -> dict[str, torch.Tensor]:
            nonlocal count
            count += 1
            parts = honest(*arguments)
            if count == number:
                do(parts)
            return parts

        monkeypatch.setattr(learner, "losses", counted)

    return install


def stop(_: object) -> None:
    os.kill(os.getpid(), signal.SIGTERM)


def same(a: Path, b: Path) -> bool:
    ours, theirs = load_file(a), load_file(b)
    assert set(ours) == set(theirs)
    return all(torch.equal(ours[name], theirs[name]) for name in ours)


@pytest.mark.parametrize("workers", [0, 1])
def test_ten_steps_a_stop_and_ten_more_are_twenty(
    config: RunConfig, tmp_path: Path, after_step: Callable, workers: int
) -> None:
    config = replace(config, workers=workers)
    whole = train(config, tmp_path / "whole").last
    after_step(10, stop)
    half = train(config, tmp_path / "halves").last
    assert checkpoint.load(half).meta["step"] == 10
    assert not same(whole, half)
    resumed = train(config, tmp_path / "halves").last
    assert checkpoint.load(resumed).meta["step"] == 20
    assert same(whole, resumed)


def test_what_a_kill_leaves_is_gone_on_with(config: RunConfig, tmp_path: Path) -> None:
    config = replace(config, checkpoint_every=8)
    whole = train(config, tmp_path / "whole").last

    class Kill(Observer):
        def step(self, step: Step) -> None:
            if step.number == 12:
                os.kill(os.getpid(), signal.SIGKILL)

    context = multiprocessing.get_context("fork")
    doomed = context.Process(target=train, args=(config, tmp_path / "halves", "cpu", [Kill()]))
    doomed.start()
    doomed.join(60)
    assert doomed.exitcode == -signal.SIGKILL
    assert checkpoint.load(tmp_path / "halves/last.safetensors").meta["step"] == 8
    assert same(whole, train(config, tmp_path / "halves").last)


def test_a_validation_that_was_cut_off_costs_no_step_and_is_made_up_for(
    config: RunConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = replace(config, validate_every=10, validate_seconds=2.0)

    class Seen(Observer):
        def __init__(self) -> None:
            self.validations: list[Validation] = []

        def validation(self, validation: Validation) -> None:
            self.validations.append(replace(validation, seconds=0.0))

    undisturbed, resumed = Seen(), Seen()
    whole = train(config, tmp_path / "whole", observers=[undisturbed]).last

    def cut_off(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(loop, "validate", cut_off)
        with pytest.raises(KeyboardInterrupt):
            train(config, tmp_path / "halves")
    assert checkpoint.load(tmp_path / "halves/last.safetensors").meta["step"] == 10
    assert same(whole, train(config, tmp_path / "halves", observers=[resumed]).last)
    assert resumed.validations == undisturbed.validations
    assert [validation.step for validation in resumed.validations] == [10, 20]


def test_the_last_steps_are_validated_too(config: RunConfig, tmp_path: Path) -> None:
    config = replace(config, steps=5, validate_every=2, validate_seconds=1.0)

    class Seen(Observer):
        def __init__(self) -> None:
            self.steps: list[int] = []

        def validation(self, validation: Validation) -> None:
            self.steps.append(validation.step)

    seen, never, again = Seen(), Seen(), Seen()
    last = train(config, tmp_path / "run", observers=[seen]).last
    assert seen.steps == [2, 4, 5]
    assert checkpoint.load(last).meta["validated"] == 5
    last = train(replace(config, validate_every=0), tmp_path / "never", observers=[never]).last
    assert never.steps == []
    # Resumed where nothing is left to do, what is owed is made up for, once.
    for _ in range(2):
        train(config, tmp_path / "never", observers=[again])
    assert again.steps == [5]


@pytest.mark.parametrize(("seconds", "best"), [(2.0, 0.9), (3.0, 0.5)])
def test_best_is_found_anew_where_other_music_is_scored(
    config: RunConfig,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    after_step: Callable,
    seconds: float,
    best: float,
) -> None:
    config = replace(config, steps=4, validate_every=2, validate_seconds=2.0)
    scores = iter([0.9, 0.5])
    monkeypatch.setattr(loop, "validate", lambda *_: {"onset_f1": next(scores)})
    after_step(2, stop)
    train(config, tmp_path)
    last = train(replace(config, validate_seconds=seconds), tmp_path).last
    assert checkpoint.load(last).meta["best"] == best


def test_a_run_depends_on_its_seed(config: RunConfig, tmp_path: Path) -> None:
    config = replace(config, steps=2)
    one, again = (train(config, tmp_path / name).last for name in ("one", "again"))
    other = train(replace(config, seed=2), tmp_path / "other").last
    assert same(one, again)
    assert not same(one, other)


def test_signals_are_given_back(config: RunConfig, tmp_path: Path) -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    train(replace(config, steps=1), tmp_path / "run")
    assert [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)] == before


def test_a_changed_configuration_is_refused(config: RunConfig, tmp_path: Path) -> None:
    config = replace(config, steps=2)
    last = train(config, tmp_path).last
    before = last.read_bytes()
    with pytest.raises(UsageError, match="another configuration: learning_rate, seed differ"):
        train(replace(config, seed=2, learning_rate=1.0), tmp_path)
    assert last.read_bytes() == before
    train(replace(config, threads=1, checkpoint_every=5), tmp_path)


def test_places_changed_on_resuming_are_remembered(
    config: RunConfig, toy_data: Path, tmp_path: Path
) -> None:
    config = replace(config, steps=1)
    train(config, tmp_path / "run")
    moved = shutil.copytree(toy_data / "pianos", tmp_path / "elsewhere")
    elsewhere = replace(config, data=replace(config.data, banks=str(moved)))
    train(elsewhere, tmp_path / "run")
    assert RunConfig.from_json((tmp_path / "run/config.json").read_text()) == elsewhere
    with pytest.raises(UsageError):
        train(replace(config, seed=2), tmp_path / "run")
    assert RunConfig.from_json((tmp_path / "run/config.json").read_text()) == elsewhere


def test_a_truncated_checkpoint_is_refused(config: RunConfig, tmp_path: Path) -> None:
    last = train(replace(config, steps=1), tmp_path).last
    last.write_bytes(last.read_bytes()[:-100])
    with pytest.raises(ModelError, match="cannot be read"):
        train(replace(config, steps=1), tmp_path)


def test_a_loss_that_is_no_number_saves_the_batch_and_leaves_the_checkpoint(
    config: RunConfig, tmp_path: Path, after_step: Callable
) -> None:
    config = replace(config, steps=4, checkpoint_every=1)
    seen: dict[str, bytes] = {}

    def poison(parts: dict[str, torch.Tensor]) -> None:
        seen["last"] = (tmp_path / "last.safetensors").read_bytes()
        parts["total"] = parts["total"] * float("nan")

    after_step(3, poison)
    with pytest.raises(NonFiniteLoss, match=r"The loss of step 2 is nan.*saved in"):
        train(config, tmp_path)
    assert (tmp_path / "last.safetensors").read_bytes() == seen["last"]
    batch = load_file(tmp_path / "nonfinite-2.safetensors")
    assert batch["frames"].shape == (2, 50, 32)
    assert batch["target"].shape == (2, 50, 441)
    assert checkpoint.load(train(config, tmp_path).last).meta["step"] == 4


def test_a_batch_that_cannot_be_split(
    config: RunConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop.Process, "join", lambda device: loop.Process(0, 3))
    with pytest.raises(UsageError, match="batch of 2 cannot be split over 3"):
        train(config, tmp_path)


def test_a_machine_without_git_trains_too(
    config: RunConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    last = train(replace(config, steps=1), tmp_path / "run").last
    assert checkpoint.load(last).meta["git"] == ""


def test_learning_rate_rises_stays_and_falls() -> None:
    config = RunConfig(steps=100, warmup=10, decay=0.5)
    rates = [rate(step, config) for step in range(100)]
    assert rates[0] == pytest.approx(0.1)
    assert rates[4] == pytest.approx(0.5)
    assert rates[9:51] == [1.0] * 42
    assert rates[75] == pytest.approx(0.5)
    assert rates[99] == pytest.approx(0.02)
    assert rate(100, config) == 0.0


def test_the_configuration_survives_json(config: RunConfig) -> None:
    assert RunConfig.from_json(config.to_json()) == config
