"""What can befall a training, told in a sentence each; the last checkpoint is untouched by all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import save_file

from transcriber.errors import AmtError

from .batches import Batch
from .learner import Outcome
from .processes import Process


class NonFiniteLoss(AmtError):
    """The loss or its gradient is not a number any more; the batch that did it was saved."""


class LostProcess(AmtError):
    """A loader worker or another training process is gone."""


def nonfinite(
    run: Path, process: Process, step: int, batch: Batch, outcome: Outcome
) -> NonFiniteLoss:
    """Saves this process's batch for inspection and says what happened."""
    name = f"nonfinite-{step}.safetensors"
    if process.ranks > 1:
        name = f"nonfinite-{step}-rank{process.rank}.safetensors"
    saved = "the batch could not be saved"
    with suppress(OSError, SafetensorError):
        save_file(dict(zip(("frames", "target"), batch, strict=True)), run / name)
        saved = f"the batch is saved in {run / name}"
    if not all(bool(part.isfinite().all()) for part in batch):
        return NonFiniteLoss(
            f"The data of step {step} holds values that are not numbers; {saved}.",
            "Find the recording or sample bank they come from, repair or --set data.exclude it, "
            "and begin another run.",
        )
    return NonFiniteLoss(
        f"The loss of step {step} is {outcome.losses['total']}, its gradient {outcome.norm}; "
        f"{saved}.",
        f"Begin another run with a lower learning_rate and --set initial={run}/last.safetensors.",
    )


_EXHAUSTED = (
    (
        "out of memory",
        "The accelerator's memory is full.",
        "Lower --set batch or seconds, or end what else runs there",
    ),
    (
        "shared memory",
        "The shared memory that loader workers hand batches over in is full.",
        "Give a container more (docker run --shm-size 8g), or lower --set workers",
    ),
    (
        "Too many open files",
        "This process may open no more files.",
        "Raise the limit (ulimit -n 65536), or lower --set workers",
    ),
)
"""What torch says where something ran out, and what to say and to do instead."""


@contextmanager
def deaths_told() -> Iterator[None]:
    """Turns what torch says of dead workers, of lost peers and of what ran out into a sentence."""
    killed = LostProcess(
        "A loader worker was killed, as the system does where memory runs out.",
        "Make room, or lower --set workers or batch; the same command goes on from the last "
        "checkpoint.",
    )
    try:
        yield
    except (ConnectionError, EOFError) as error:  # it died while handing over a batch
        raise killed from error
    except RuntimeError as error:
        text = str(error)
        for words, problem, remedy in _EXHAUSTED:
            if words in text:
                raise LostProcess(
                    problem, f"{remedy}; the same command goes on from the last checkpoint."
                ) from error
        if "DataLoader worker" in text or "Pin memory thread" in text:
            raise killed from error
        if "gloo" in text or isinstance(error, torch.distributed.DistError):
            raise LostProcess(
                "Another process of this training is gone.",
                "See what it said; the same command goes on from the last checkpoint.",
            ) from error
        raise
