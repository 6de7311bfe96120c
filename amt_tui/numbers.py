"""Options that are numbers: "nan" and "inf" can be typed for one, and pass every bound."""

from __future__ import annotations

import math

from transcriber.errors import UsageError


def check_finite(**options: float | None) -> None:
    """Refuses what is no finite number; None, for an option that was not given, passes.

    Args:
        options: By their names, with underscores for dashes.

    Raises:
        UsageError: One of them is not finite.
    """
    for name, value in options.items():
        if value is not None and not math.isfinite(value):
            raise UsageError(
                f"--{name.replace('_', '-')} cannot be {value}.", "It is a finite number."
            )
