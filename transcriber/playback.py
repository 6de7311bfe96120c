"""A recording played to the engine as if it were sounding now: paced, wound, repeated."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from .audio import AudioReader
from .sources import BLOCK, Block, Clock, SourceInfo, clipped
from .timing import SAMPLE_RATE


class FileSource:
    """A file, delivered block by block when each has been played.

    A block arrives when its last sample would have left the loudspeaker, so that latency figures
    mean the same as with a microphone that has no delay of its own. An engine that falls behind
    finds every block it missed: nothing is lost.

    Args:
        path: A recording that `AudioReader` reads, not standard input.
        paced: In real time; else as fast as it is asked for.
        loop: Begin again at the end.
        start_s: Where to begin, in seconds.
        clock: Tells the time.
        sleep: Waits.

    Raises:
        InputError: The recording cannot be read.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        paced: bool = True,
        loop: bool = False,
        start_s: float = 0.0,
        clock: Clock = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._path, self._paced, self._loop = path, paced, loop
        self._clock, self._sleep = clock, sleep
        self.ended = False
        self._reader = AudioReader(path, block_s=0.5)
        about = self._reader.info
        self.info = SourceInfo(
            # A name that is no text would be refused by the journal and by every terminal.
            os.fsencode(os.path.basename(about.path)).decode("utf-8", "replace"),
            about.sample_rate,
            about.channels,
            about.format,
            about.duration_s,
        )
        self._blocks: Iterator[NDArray[np.float32]] = iter(self._reader)
        self._ready = np.zeros(0, np.float32)
        self._position = 0
        self._ahead = 0  # samples that a wind has yet to pass over; the position is its aim
        self._origin_s: float | None = None  # when sample 0 of the file was, or would have been
        self._jumped = False
        self._wanted_s: float | None = start_s or None

    @property
    def position_s(self) -> float:
        """Where in the file it plays, or is being wound to, in seconds."""
        return self._position / SAMPLE_RATE

    def seek(self, seconds: float) -> None:
        """Winds to an instant of the file, clipped to its length; any thread may ask."""
        length_s = self.info.duration_s
        self._wanted_s = min(max(seconds, 0.0), math.inf if length_s is None else length_s)

    def read(self, timeout_s: float) -> Block | None:
        """The next 10 ms, when they have been played; None too while it winds."""
        if self._wanted_s is not None:
            wanted_s, self._wanted_s = self._wanted_s, None
            self._rewind(round(wanted_s * SAMPLE_RATE))
        if self._ahead and not self._wind(timeout_s):
            return None
        if not self._fill(BLOCK) and self._loop and self._position:
            self._rewind(0)
            self._fill(BLOCK)
        samples = self._ready[:BLOCK]
        if not len(samples):
            self.ended = True
            return None
        now = self._clock()
        end_s = (self._position + len(samples)) / SAMPLE_RATE
        if self._origin_s is None or not self._paced:
            self._origin_s = now - (self.position_s if self._paced else end_s)
        due = self._origin_s + end_s
        if due > now + timeout_s:
            self._sleep(timeout_s)
            return None
        if due > now:
            self._sleep(due - now)
        self._ready = self._ready[len(samples) :]
        self._position += len(samples)
        jumped, self._jumped = self._jumped, False
        return Block(samples, due, due, clipped=clipped(samples), jumped=jumped)

    def close(self) -> None:
        """Closes the file."""
        self._reader.close()
        self.ended = True

    def _fill(self, wanted: int) -> bool:
        """Reads on until `wanted` samples are ready; whether there is any sample."""
        while len(self._ready) < wanted:
            block = next(self._blocks, None)
            if block is None:
                break
            self._ready = np.concatenate([self._ready, block])
        return len(self._ready) > 0

    def _rewind(self, target: int) -> None:
        """Goes to the start, from where `_wind` leads to sample `target`: exact in every format."""
        self._position = self._ahead = target  # at once: whoever winds on does so from here
        self._reader.close()
        self._reader = AudioReader(self._path, block_s=0.5)
        self._blocks = iter(self._reader)
        self._ready = np.zeros(0, np.float32)
        self._origin_s = None
        self._jumped = True

    def _wind(self, timeout_s: float) -> bool:
        """Passes over what lies before the aim, for about `timeout_s`; whether it is there.

        Far into a long file takes seconds, in which the engine must go on obeying.
        """
        until_s = self._clock() + timeout_s
        while self._ahead and self._fill(1):
            step = min(self._ahead, len(self._ready))
            self._ready = self._ready[step:]
            self._ahead -= step
            if self._ahead and self._clock() > until_s:
                return False
        self._position -= self._ahead  # of a file that ends before
        self._ahead = 0
        return True
