"""Growth per epoch, told from noise.

numpy and nothing larger: scipy.stats has all this too, but takes seconds and tens of MB to import,
in the very process whose memory is being measured.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

WARM_UP = 2
"""Epochs that fill caches, pools and queues: growth is measured from the end of the second on."""

LEAST_EPOCHS = 4
"""Epoch ends, warm-up left out, before anything is said: chance orders four of them upwards once
in 24 times.
"""

FEW_EPOCHS = 8
"""Below so many a pool that finds its size looks like a leak, unless it stood still at the end."""

LEAST_MB = 0.5
"""Growth per epoch that is called a leak, in MB."""

LEAST_Z = 2.0
"""Standard deviations by which rising pairs must outnumber falling ones (Mann-Kendall)."""


@dataclass(frozen=True, slots=True)
class Slope:
    """Growth of one series.

    Args:
        mb_per_epoch: Median of the slopes between all pairs of epochs.
        epochs: Epochs it was measured over.
        leaking: Whether it is large, more than chance, and still going on.
        later_mb_per_epoch: The same of the later half.
        later_epochs: Epochs of that half.
    """

    mb_per_epoch: float
    epochs: int
    leaking: bool
    later_mb_per_epoch: float
    later_epochs: int


def measure(
    epochs: Sequence[int], sizes_mb: Sequence[float], warm_up: int = WARM_UP
) -> Slope | None:
    """Judges a series of sizes at epoch ends; None while it is too short.

    A leak is a rise of at least `LEAST_MB` per epoch that chance does not explain and that the
    later half still shows: what rose once and stays is a pool that found its size. Where there are
    few epochs the last must be the largest.

    Args:
        epochs: Their numbers [N].
        sizes_mb: Sizes at their ends [N].
        warm_up: Epochs at the start that may grow, 1 for a series that begins where they end.
    """
    first = warm_up - 1  # the end of the warm-up is where growth begins
    x, y = np.asarray(epochs[first:]), np.asarray(sizes_mb[first:])
    if len(x) < LEAST_EPOCHS:
        return None
    half = len(x) // 2
    whole, later = theil_sen(x, y), theil_sen(x[half:], y[half:])
    going_on = later >= LEAST_MB / 2
    if len(y) < FEW_EPOCHS:
        going_on = going_on and y[-1] - y[:-1].max() >= LEAST_MB / 2
    leaking = whole >= LEAST_MB and going_on and mann_kendall(y) >= LEAST_Z
    return Slope(whole, int(x[-1] - x[0]), leaking, later, int(x[-1] - x[half]))


def theil_sen(x: ArrayLike, y: ArrayLike) -> float:
    """Median slope between all pairs of points, 0 for fewer than two.

    Unmoved by up to 29 % of wild points (Sen, JASA 1968).

    Args:
        x: Positions [N], strictly rising.
        y: Values [N].
    """
    rises, runs = _pairs(y), _pairs(x)
    return float(np.median(rises / runs)) if len(runs) else 0.0


def mann_kendall(y: ArrayLike) -> float:
    """Surplus of rising over falling pairs, in standard deviations of what chance gives.

    Args:
        y: Values [N] in their order, N >= 2.
    """
    n = len(np.asarray(y))
    spread = math.sqrt(n * (n - 1) * (2 * n + 5) / 18.0)
    return float(np.sign(_pairs(y)).sum()) / spread


def _pairs(values: ArrayLike) -> NDArray[np.float64]:
    """Later value less the earlier one, of all pairs."""
    array = np.asarray(values, np.float64)
    earlier, later = np.triu_indices(len(array), 1)
    return array[later] - array[earlier]
