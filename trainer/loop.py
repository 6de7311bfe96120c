"""The training loop: read it from top to bottom, it is all there is.

A step: a batch, one pass in mixed precision, a check that the loss is finite, gradients clipped,
the optimiser, the average. Everything random is drawn from numbers that the checkpoint holds, so 10
steps, a kill and 10 more are the same as 20.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from transcriber.errors import AmtError, UsageError

from . import checkpoint
from .averaging import Average
from .config import RunConfig
from .material import batches, load_source
from .network import Network
from .targets import losses
from .validation import Development, load_development, validate


class NonFiniteLoss(AmtError):
    """The loss is not a number any more; the batch that did it was saved."""


@dataclass
class Process:
    """This process among those that train together; alone unless started by torchrun."""

    rank: int = 0
    ranks: int = 1
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))

    @classmethod
    def join(cls, device: str) -> Process:
        """Joins the group that torchrun's environment describes."""
        ranks = int(os.environ.get("WORLD_SIZE", "1"))
        rank, local = int(os.environ.get("RANK", "0")), int(os.environ.get("LOCAL_RANK", "0"))
        if device == "cuda" and not torch.cuda.is_available():
            raise UsageError(
                "There is no usable CUDA device on this machine.", "Train with --device cpu."
            )
        where = torch.device("cuda", local) if device == "cuda" else torch.device("cpu")
        if ranks > 1:
            dist.init_process_group("nccl" if device == "cuda" else "gloo")
        return cls(rank, ranks, where)


def train(config: RunConfig, run: Path, device: str = "cpu") -> Path:
    """Trains until `config.steps`, from the run's last checkpoint if it has one.

    Args:
        config: What to do; when resuming, everything but the data's place must equal what the run
            began with.
        run: Folder of the run, made if missing.
        device: "cpu" or "cuda".

    Returns:
        Path of the last checkpoint.

    Raises:
        UsageError: The run was begun with another configuration, or the batch cannot be split.
        NonFiniteLoss: The loss became infinite or not a number; the last checkpoint is untouched.
    """
    with _StopSignal() as stop:
        return _train(config, run, Process.join(device), stop)


def _train(config: RunConfig, run: Path, process: Process, stop: _StopSignal) -> Path:
    if config.batch % process.ranks:
        raise UsageError(
            f"A batch of {config.batch} cannot be split over {process.ranks} processes.",
            "Choose a batch that is a multiple of the number of processes.",
        )
    torch.set_num_threads(config.threads)
    torch.manual_seed(config.seed)
    run.mkdir(parents=True, exist_ok=True)
    last = run / "last.safetensors"

    network = Network(config.network).to(process.device)
    network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimizer = torch.optim.AdamW(
        network.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay
    )
    if config.initial and not last.exists():
        checkpoint.start_from(network, Path(config.initial))
    average = Average(network, config.ema)
    step, best = 0, 0.0
    if last.exists():
        stored = checkpoint.load(last)
        _check_same(config, RunConfig.from_json(stored.meta["config"]))
        network.load_state_dict(stored.part("network"))
        average.load(stored.part("average"))
        checkpoint.restore_optimizer(optimizer, stored)
        torch.set_rng_state(stored.tensors["random"])
        step, best = stored.meta["step"], stored.meta["best"]
    elif process.rank == 0:
        (run / "config.json").write_text(config.to_json())
    model: nn.Module = network
    if process.ranks > 1:
        model = DistributedDataParallel(network)

    source = load_source(config, run.parent / "cache")
    development = load_development(config) if process.rank == 0 and config.validate_every else None
    log = _Log(run / "metrics.jsonl", process.rank == 0)

    def keep(name: str) -> None:
        meta = {"config": config.to_json(), "step": step, "best": best, "git": _revision()}
        checkpoint.save(run / name, network, average.state, optimizer, meta)

    waiting = time.monotonic()
    for frames, target in batches(source, config, step, process.rank, process.ranks):
        started = time.monotonic()
        frames, target = frames.to(process.device), target.to(process.device)
        for group in optimizer.param_groups:
            group["lr"] = config.learning_rate * rate(step, config)
        model.train()
        with torch.autocast(
            process.device.type, torch.bfloat16, enabled=config.precision == "bf16"
        ):
            raw, _ = model(frames)
        parts = losses(raw, target, config.loss)
        if not torch.isfinite(parts["total"]):
            _save_batch(run, step, frames, target)
            raise NonFiniteLoss(
                f"The loss of step {step} is {parts['total'].item()}.",
                f"Look at the batch saved in {run}, lower the learning rate, and run again.",
            )
        optimizer.zero_grad(set_to_none=True)
        parts["total"].backward()
        norm = nn.utils.clip_grad_norm_(network.parameters(), config.clip)
        optimizer.step()
        step += 1
        average.update(network, step)
        done = time.monotonic()
        log.step(step, parts, norm, done - started, started - waiting, config)
        if config.validate_every and step % config.validate_every == 0:
            best = _validate_and_keep_best(config, average, development, log, step, best, keep)
        stopping = stop.agreed(process)
        if process.rank == 0 and (
            step % config.checkpoint_every == 0 or stopping or step == config.steps
        ):
            keep("last.safetensors")
        if stopping:
            break
        waiting = time.monotonic()
    if process.ranks > 1:
        dist.destroy_process_group()
    return last


def rate(step: int, config: RunConfig) -> float:
    """Share of the highest learning rate at a step: linear warm-up, plateau, linear fall to
    zero.
    """
    warm = min(1.0, (step + 1) / max(1, config.warmup))
    fall = (config.steps - step) / max(1.0, config.decay * config.steps)
    return warm * min(1.0, fall)


def _validate_and_keep_best(
    config: RunConfig,
    average: Average,
    development: Development | None,
    log: _Log,
    step: int,
    best: float,
    keep: Any,
) -> float:
    if development is None:
        return best
    scores = validate(average.state, config, development)
    log.write({"step": step, "validation": scores})
    if scores["onset_f1"] > best:
        best = scores["onset_f1"]
        keep("best.safetensors")
    return best


def _check_same(new: RunConfig, old: RunConfig) -> None:
    a, b = json.loads(new.to_json()), json.loads(old.to_json())
    free = ("data", "workers", "threads", "validate_every", "checkpoint_every", "validate_seconds")
    changed = [k for k in a if k not in free and a[k] != b.get(k)]
    if changed:
        raise UsageError(
            f"The run was begun with another configuration: {', '.join(changed)} differ.",
            "Resume with the run's own config.json, or name a new run folder.",
        )


def _save_batch(run: Path, step: int, frames: Tensor, target: Tensor) -> None:
    from safetensors.torch import save_file

    save_file(
        {"frames": frames.cpu(), "target": target.cpu()}, run / f"nonfinite-{step}.safetensors"
    )


def _revision() -> str:
    try:
        found = subprocess.run(
            ["git", "describe", "--always", "--dirty"],
            cwd=Path(__file__).parent,
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError:  # a machine without git trains as well
        return ""
    return found.stdout.strip()


class _StopSignal:
    """Ctrl-C or SIGTERM once: finish the step and save. Twice: stop at once."""

    def __init__(self) -> None:
        self.asked = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> _StopSignal:
        for number in (signal.SIGINT, signal.SIGTERM):
            self._before[number] = signal.signal(number, self._handle)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _handle(self, number: int, _: FrameType | None) -> None:
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True

    def agreed(self, process: Process) -> bool:
        """Whether any process was asked to stop; all learn it in the same step."""
        if process.ranks == 1:
            return self.asked
        asked = torch.tensor(float(self.asked))
        dist.all_reduce(asked)
        return bool(asked.item())


class _Log:
    """One JSON line per interval, and one line for people."""

    EVERY = 20

    def __init__(self, path: Path, active: bool) -> None:
        self.path, self.active = path, active
        self.sums: dict[str, float] = {}
        self.count, self.busy, self.idle = 0, 0.0, 0.0

    def step(
        self,
        step: int,
        parts: dict[str, Tensor],
        norm: Tensor,
        busy_s: float,
        idle_s: float,
        config: RunConfig,
    ) -> None:
        if not self.active:
            return
        for name, value in {**parts, "norm": norm}.items():
            self.sums[name] = self.sums.get(name, 0.0) + float(value.detach())
        self.count += 1
        self.busy += busy_s
        self.idle += idle_s
        if step % self.EVERY:
            return
        seconds = self.busy + self.idle
        line: dict[str, Any] = {
            "step": step,
            **{k: round(v / self.count, 5) for k, v in self.sums.items()},
            "rate": config.learning_rate * rate(step, config),
            "audio_per_s": round(self.count * config.batch * config.seconds / seconds, 1),
            "waiting": round(self.idle / seconds, 3),
        }
        self.sums, self.count, self.busy, self.idle = {}, 0, 0.0, 0.0
        self.write(line)

    def write(self, line: dict[str, Any]) -> None:
        if not self.active:
            return
        line = {"time": round(time.time(), 1), **line}
        with self.path.open("a") as file:
            file.write(json.dumps(line) + "\n")
        print(" ".join(f"{k}={v}" for k, v in line.items() if k != "time"), flush=True)
