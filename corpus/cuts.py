"""Where works are cut into clips: known before anything is read, so that a plan is exact.

A clip is as long as the corpus is told; a rest of less than half of that stays with the clip before
it. A work shorter than one clip is one clip.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from transcriber.timing import SAMPLE_RATE

from .performances import Style

FloatArray = NDArray[np.float32]

TAIL_S = 1.0
"""Rendered after the last note of a performance."""


def chances(seed: int, name: str) -> np.random.Generator:
    """The generator that decides the item called `name` of a corpus."""
    digest = hashlib.sha256(name.encode()).digest()
    return np.random.default_rng([seed, *np.frombuffer(digest, "<u4").tolist()])


def clip_lengths(samples: int, whole: int) -> list[int]:
    """Samples of each clip of a recording of `samples`."""
    lengths = []
    while 2 * samples >= 3 * whole:
        lengths.append(whole)
        samples -= whole
    return [*lengths, samples] if samples else lengths


def cut(blocks: Iterable[FloatArray], whole: int) -> Iterator[FloatArray]:
    """Cuts a recording as `clip_lengths` does, while it is being read.

    Never holds more than one and a half clips and a block.
    """
    held: list[FloatArray] = []
    count = 0
    for block in blocks:
        held.append(block)
        count += len(block)
        while 2 * count >= 3 * whole:
            audio = np.concatenate(held)
            yield audio[:whole]
            held, count = [audio[whole:]], count - whole
    if count:
        yield np.concatenate(held)


@dataclass(frozen=True)
class Passage:
    """A clip of a performance that is to be rendered.

    Args:
        name: Of the item.
        from_s: Where it begins, in the performance's own time.
        until_s: Where it ends.
        samples: Length once it is rendered in its style.
        style: How it is played.
        rng: The item's generator, from which only the style has been drawn.
    """

    name: str
    from_s: float
    until_s: float
    samples: int
    style: Style
    rng: np.random.Generator


def passages(name: str, seconds: float, clip_s: float, seed: int) -> Iterator[Passage]:
    """Cuts a performance of `seconds` into clips, each played in a style of its own."""
    from_s, number = 0.0, 0
    while from_s < seconds - 0.5 or number == 0:
        label = f"{name}@{number}"
        rng = chances(seed, label)
        style = Style.draw(rng)
        left_s = (seconds - from_s) * style.tempo + TAIL_S
        length_s = left_s if left_s < 1.5 * clip_s else clip_s
        until_s = from_s + length_s / style.tempo
        yield Passage(label, from_s, until_s, round(length_s * SAMPLE_RATE), style, rng)
        from_s, number = until_s, number + 1
