"""The training loop: a batch, a step (`learner`), and now and then a validation and a checkpoint.

Everything random is drawn from the run's seed and the step, so 10 steps, a kill and 10 more are the
same as 20.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import torch

from transcriber.atomic import atomic_write, make_folder
from transcriber.errors import UsageError

from . import checkpoint
from .batches import batches
from .config import RunConfig, changes
from .interrupts import StopSignal
from .learner import Learner
from .material import check_same_material, fingerprint, load_source
from .memory.journal import Journal
from .mishaps import deaths_told, nonfinite
from .observers import Beginning, Ending, Observer, Observers, Step, Validation
from .processes import Process
from .provenance import facts
from .validation import load_development, validate

LAST, BEST = "last.safetensors", "best.safetensors"


@dataclass
class Progress:
    """How far a run has come.

    Args:
        step: Optimiser steps done.
        best: Highest validation score.
        stale: Validations since then.
        validated: Step of the last validation.
    """

    step: int = 0
    best: float = 0.0
    stale: int = 0
    validated: int = 0

    def owes_validation(self, config: RunConfig) -> bool:
        """Whether one is due after this step, as after the last, and was not finished."""
        every = config.validate_every
        due = every > 0 and (self.step % every == 0 or self.step >= config.steps)
        return due and self.validated < self.step

    def take(self, score: float) -> bool:
        """Takes in a validation score; whether it is the best so far."""
        self.validated = self.step
        better = score > self.best
        self.best = max(self.best, score)
        self.stale = 0 if better else self.stale + 1
        return better


@dataclass(frozen=True)
class Result:
    """What a call of `train` left behind.

    Args:
        last: The last checkpoint.
        ending: How it ended.
        first: Whether this is rank 0, which alone speaks and writes.
    """

    last: Path
    ending: Ending
    first: bool


def train(
    config: RunConfig,
    run: Path,
    device: str = "cpu",
    observers: Iterable[Observer] = (),
    profile_memory: bool = False,
) -> Result:
    """Trains until `config.steps`, from the run's last checkpoint if it has one.

    Args:
        config: What to do; when resuming, everything but places and pace must equal what the run
            began with.
        run: Folder of the run, made if missing.
        device: "cpu", "cuda", or "auto".
        observers: Are told how it goes on, on rank 0.
        profile_memory: Loader workers report what they keep to the run's memory journal.

    Raises:
        UsageError: The run was begun with another configuration or material, the batch cannot be
            split, or the device is missing.
        InputError: The material is missing or damaged.
        OutputError: The run's folder cannot be written; the last checkpoint is untouched.
        NonFiniteLoss: The loss became infinite or not a number; the last checkpoint is untouched.
        LostProcess: A worker or another process was killed; the last checkpoint is untouched.
        KeyboardInterrupt: A second signal asked to stop at once.
    """
    process = Process.join(device)
    watching = Observers(*observers) if process.rank == 0 else Observers()
    with StopSignal() as stop, closing(watching), deaths_told():
        result = _train(config, run, process, stop, watching, profile_memory)
        process.leave()
    return result


def _train(
    config: RunConfig,
    run: Path,
    process: Process,
    stop: StopSignal,
    watching: Observers,
    profile_memory: bool,
) -> Result:
    if config.batch % process.ranks:
        raise UsageError(
            f"A batch of {config.batch} cannot be split over {process.ranks} processes.",
            "Choose a batch that is a multiple of the number of processes.",
        )
    torch.set_num_threads(config.threads)
    learner = Learner(config, process)
    known = facts(process, fingerprint(config.data))
    progress = _begin(learner, run / LAST, known["material"])
    source = load_source(config, run.parent / "cache")
    development = load_development(config) if config.validate_every else None
    if process.rank == 0:
        make_folder(run)
        # When resuming too: whoever resumes next is to find things where they lie now.
        atomic_write(run / "config.json", config.to_json().encode())
    watching.begin(Beginning(run, config, progress.step, progress.best, known))

    def keep(name: str) -> None:
        if process.rank == 0:
            meta = {"config": config.to_json(), **vars(progress)}
            learner.save(run / name, {**meta, "git": known["git"], "material": known["material"]})

    def look() -> bool:
        """Validates where that is due, also where an earlier start was stopped while it did;
        whether it was.
        """
        if development is None or not progress.owes_validation(config):
            return False
        keep(LAST)  # whoever wants the machine back may not wait for the end of a validation
        began = time.monotonic()
        scores = validate(learner.average.state, config, development, process)
        better = progress.take(scores["onset_f1"])
        if better:
            keep(BEST)
        seconds = time.monotonic() - began
        watching.validation(Validation(progress.step, scores, better, seconds))
        return True

    owed = look()
    reason = _reason(progress, config)
    if owed and reason:
        keep(LAST)  # or the next start would validate once more
    journal = Journal(run) if profile_memory else None
    with closing(batches(source, config, progress.step, process, journal)) as served:
        while not reason:
            asked = time.monotonic()
            batch = next(served)
            began = time.monotonic()
            outcome = learner.step(progress.step, batch, stop)
            if outcome.nonfinite:
                raise nonfinite(run, process, progress.step, batch, outcome)
            progress.step += 1
            done = time.monotonic()
            watching.step(
                Step(
                    progress.step,
                    outcome.losses,
                    outcome.norm,
                    outcome.rate,
                    done - began,
                    began - asked,
                    config.step_s,
                )
            )
            look()
            if progress.step % config.epoch_steps == 0:
                watching.epoch(progress.step // config.epoch_steps)
            reason = _reason(progress, config) or ("stopped" if outcome.stop else "")
            if reason or progress.step % config.checkpoint_every == 0:
                keep(LAST)
        stop.over = True
    ending = Ending(progress.step, reason)
    watching.finish(ending)
    return Result(run / LAST, ending, process.rank == 0)


def _reason(progress: Progress, config: RunConfig) -> str:
    """Why a run has come to its end; empty where it has not."""
    if progress.step >= config.steps:
        return "finished"
    return "early" if 0 < config.patience <= progress.stale else ""


def _begin(learner: Learner, last: Path, material: dict[str, str]) -> Progress:
    """Puts the learner where the run's last checkpoint says, or at the start."""
    # Read by rank 0 alone: its machine may be the only one that has the file.
    stored = learner.process.first(lambda: checkpoint.load(last) if last.exists() else None)
    if stored is None:
        if learner.config.initial:
            checkpoint.start_from(learner.network, Path(learner.config.initial))
        return Progress()
    if changed := changes(learner.config, stored.config):
        raise UsageError(
            f"The run was begun with another configuration: {', '.join(changed)} differ.",
            "Resume with the run's own config.json, or name a new run folder with -o.",
        )
    if "material" in stored.meta:
        check_same_material(material, stored.meta["material"])
    learner.load(stored)
    meta = {"validated": stored.meta["step"], "stale": 0, **stored.meta}
    if _heard_in_validation(learner.config) != _heard_in_validation(stored.config):
        meta |= {"best": 0.0, "stale": 0}  # scores of other music cannot be compared
    return Progress(meta["step"], meta["best"], meta["stale"], meta["validated"])


def _heard_in_validation(config: RunConfig) -> tuple[float, int]:
    return config.validate_seconds, config.validate_pieces
