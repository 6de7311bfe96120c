"""Curves of one line, made of block characters."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

BLOCKS = "▁▂▃▄▅▆▇█"


class Trace:
    """All values of a figure so far, in few numbers.

    Neighbours are meaned when there are too many, so that the whole run stays in sight.

    Args:
        capacity: Most numbers kept, even.
    """

    def __init__(self, capacity: int = 256) -> None:
        self._capacity = capacity
        self._means: list[float] = []
        self._stride = 1
        self._sum, self._count = 0.0, 0

    def add(self, value: float) -> None:
        """Takes one value in."""
        self._sum += value
        self._count += 1
        if self._count < self._stride:
            return
        self._means.append(self._sum / self._count)
        self._sum, self._count = 0.0, 0
        if len(self._means) >= self._capacity:
            pairs = zip(self._means[::2], self._means[1::2], strict=True)
            self._means = [(a + b) / 2 for a, b in pairs]
            self._stride *= 2

    def values(self) -> list[float]:
        """Means of equally long stretches, oldest first."""
        return [*self._means, *([self._sum / self._count] if self._count else [])]


def sparkline(
    values: Sequence[float], width: int, *, logarithmic: bool = False, least_span: float = 0.0
) -> str:
    """Values as `width` blocks at most, from the lowest to the highest of them.

    Args:
        values: Finite numbers, oldest first.
        width: Characters.
        logarithmic: Show ratios instead of differences, for losses; takes positive values only.
        least_span: Smallest distance from the lowest block to the highest, lest a ripple look like
            a rise.
    """
    if not values or width < 1:
        return ""
    if logarithmic and min(values) > 0.0:
        values = [math.log(value) for value in values]
    if len(values) > width:
        edges = [len(values) * i // width for i in range(width + 1)]
        values = [sum(values[a:b]) / (b - a) for a, b in pairwise(edges)]
    low, span = min(values), max(max(values) - min(values), least_span)
    if span <= 0.0:
        return BLOCKS[0] * len(values)
    top = len(BLOCKS) - 1
    return "".join(BLOCKS[round((value - low) / span * top)] for value in values)
