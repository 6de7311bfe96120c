"""Where live sound comes from: one small interface, and the source that is an array.

A source hands out `Block`s in order. It does its own resampling and never interprets: what was lost
is counted in the block after the gap, and the engine moves the clock by it. The other sources are
`microphone`, `playback` (a file paced in real time) and `pipe` (standard input).

Two instants go with every block, both on the clock given to the source and the engine:

    captured_s   when the last of its samples was sound in the room
    arrived_s    when it was handed to this program

Between them lies what the sound card holds back (`device_s`), and what the resampler does.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from .errors import AmtError
from .timing import SAMPLE_RATE

Clock = Callable[[], float]
"""Seconds on a clock that never jumps; `time.monotonic` unless a test brings its own."""

CLIPPED = 0.999
"""Magnitude from which a sample counts as clipped: a 16-bit converter ends at 0.99997."""

BLOCK = SAMPLE_RATE // 100
"""Samples in the blocks of sources that choose it themselves: 10 ms."""


class SourceError(AmtError):
    """The source is not there, or not there any more; it may come back, so the engine tries again.

    Errors that no waiting mends (a file that is no recording) are other `AmtError`s.
    """

    exit_code = 4


@dataclass(frozen=True, slots=True)
class Block:
    """Consecutive samples of a source.

    Args:
        samples: float32 [n], mono at `SAMPLE_RATE`, full scale 1.0, n >= 0.
        captured_s: When the last sample was sound.
        arrived_s: When the block came to this program.
        device_s: Seconds the newest sound of it spent in the sound card and its driver.
        lost: Samples at `SAMPLE_RATE` missing before this block.
        overflows: How often the device or this program reported loss since the block before.
        clipped: Samples at full scale in any channel, before mixing.
        jumped: What follows is not the continuation of what came before (a file was wound).
    """

    samples: NDArray[np.float32]
    captured_s: float
    arrived_s: float
    device_s: float = 0.0
    lost: int = 0
    overflows: int = 0
    clipped: int = 0
    jumped: bool = False


def gap_between(before: Block, after: Block) -> int:
    """Samples in which nobody listened, between the last block of a source and the first of the
    next.
    """
    gap_s = after.captured_s - len(after.samples) / SAMPLE_RATE - before.captured_s
    return max(0, round(gap_s * SAMPLE_RATE))


@dataclass(frozen=True, slots=True)
class SourceInfo:
    """What a source is, for people.

    Args:
        name: The device, file or pipe.
        sample_rate: As delivered by it, in Hz.
        channels: As delivered by it.
        format: Such as `16-bit`.
        duration_s: Length of a recording, None where there is no end.
    """

    name: str
    sample_rate: int = SAMPLE_RATE
    channels: int = 1
    format: str = "32-bit float"
    duration_s: float | None = None


class Source(Protocol):
    """What the engine listens to. All methods are called from the engine's thread.

    Attributes:
        info: What it is.
        ended: Nothing will follow.
    """

    info: SourceInfo
    ended: bool

    def read(self, timeout_s: float) -> Block | None:
        """Waits for sound, no longer than `timeout_s`; None if there was none.

        Raises:
            SourceError: It went away.
            AmtError: It cannot be read on.
        """

    def close(self) -> None:
        """Lets go of device and threads; may be called twice."""


class ArraySource:
    """An array, at once or in real time; with whatever misfortune a test asks for.

    Args:
        samples: float32 [n], mono at `SAMPLE_RATE`.
        block: Samples per block.
        paced: Deliver each block when its last sample would have been played; else at once.
        lost: Samples lost before blocks, by the number of the block. They are missing from what is
            delivered as they would be from a sound card's: taken out of `samples`.
        dies_at: Number of the block instead of which `SourceError` is raised.
        stalls: Seconds of nothing before blocks, by the number of the block.
        clock: Tells the time.
        sleep: Waits; a fake clock brings its own.
    """

    def __init__(
        self,
        samples: NDArray[np.float32],
        *,
        block: int = BLOCK,
        paced: bool = False,
        lost: Mapping[int, int] | None = None,
        dies_at: int | None = None,
        stalls: Mapping[int, float] | None = None,
        clock: Clock = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.info = SourceInfo("array", duration_s=len(samples) / SAMPLE_RATE)
        self.ended = len(samples) == 0
        self._samples, self._size, self._paced = samples, block, paced
        self._lost, self._dies_at, self._stalls = dict(lost or {}), dies_at, dict(stalls or {})
        self._clock, self._sleep = clock, sleep
        self._at = self._number = 0
        self._began: float | None = None
        self._stalled_s = 0.0

    def read(self, timeout_s: float) -> Block | None:
        """The next block, when it is due."""
        if self.ended:
            return None
        if self._number == self._dies_at:
            raise SourceError("The array source has died.", "It was told to.")
        now = self._clock()
        if self._began is None:
            self._began = now
        lost = self._lost.get(self._number, 0)
        start = self._at + lost
        end = min(start + self._size, len(self._samples))
        stall_s = self._stalls.get(self._number, 0.0)
        due = now if not (self._paced or stall_s) else self._due_s(end, stall_s)
        if due > now + timeout_s:
            self._sleep(timeout_s)
            return None
        if due > now:
            self._sleep(due - now)
        self._stalled_s += self._stalls.pop(self._number, 0.0)
        self._at = end
        self._number += 1
        self.ended = end == len(self._samples)
        samples = self._samples[start:end]
        return Block(
            samples, due, due, lost=lost, overflows=int(lost > 0), clipped=clipped(samples)
        )

    def close(self) -> None:
        """Nothing is held."""
        self.ended = True

    def _due_s(self, end: int, stall_s: float) -> float:
        assert self._began is not None
        played_s = end / SAMPLE_RATE if self._paced else 0.0
        return self._began + played_s + self._stalled_s + stall_s


def clipped(samples: NDArray[np.float32]) -> int:
    """Number of samples at full scale, in an array of any shape."""
    return int(np.count_nonzero(np.abs(samples) >= CLIPPED))
