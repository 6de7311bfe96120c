"""How long a build will take on this machine, from making a little of it."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass

from transcriber.errors import InputError
from transcriber.timing import SAMPLE_RATE

from .executors import memory_bytes
from .plans import Plan
from .production import Workshop, clips
from .works import Skipped

PROBE_S = 10.0
"""Processor time spent on finding out."""


@dataclass(frozen=True)
class Estimate:
    """What was measured on the first works of a plan.

    Args:
        works: How many were made.
        audio_s: Their length.
        cpu_s: Processor time they took.
        memory_bytes: Most that the process was seen to have.
        skipped: Those that could not be used.
    """

    works: int
    audio_s: float
    cpu_s: float
    memory_bytes: int
    skipped: tuple[Skipped, ...]

    def hours(self, audio_s: float, workers: int) -> float:
        """Hours in which so many processes make `audio_s`."""
        return audio_s * self.cpu_s / max(self.audio_s, 1e-9) / workers / 3600.0


def estimate(plan: Plan) -> Estimate:
    """Makes the first works of a plan, which are a random choice, and throws them away.

    Args:
        plan: With at least one task.

    Raises:
        InputError: A piano, room or noise cannot be read.
    """
    workshop = Workshop.of(plan.settings)
    tasks = [task for shard in plan.shards for task in shard]
    with suppress(InputError):
        next(clips(plan, tasks[0], workshop), None)  # what is compiled or loaded on first use
    skipped: list[Skipped] = []
    works, audio_s, most = 0, 0.0, 0
    began = time.thread_time()
    for task in tasks:
        try:
            for clip in clips(plan, task, workshop):
                audio_s += len(clip.audio) / SAMPLE_RATE
                most = max(most, memory_bytes())
        except InputError as error:
            skipped.append(Skipped(plan.file(task), error.problem))
        works += 1
        if time.thread_time() - began > PROBE_S:
            break
    cpu_s = time.thread_time() - began
    return Estimate(works, audio_s, cpu_s, most, tuple(sorted(skipped)))
