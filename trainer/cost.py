"""What a training cost in time and machines, from the run's log (`metrics`)."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

from .history import LOG

PAUSE_S = 600.0
"""Seconds without a line after which nobody was training: the run had been stopped."""


def training_cost(run: Path) -> dict[str, Any]:
    """Cost of a run, for the provenance of its weights.

    Args:
        run: Its folder.

    Returns:
        `training_hours`, pauses left out and steps repeated after a kill included; `processes` and
        `device` of the last start, where the log tells. Empty where there is no log.
    """
    lines = []
    try:
        texts = (run / LOG).read_text(errors="replace").splitlines()
    except OSError:
        return {}
    for text in texts:
        try:
            line = json.loads(text)
            lines.append({**line, "time": float(line["time"])})
        except (ValueError, TypeError, KeyError):
            continue  # half a line, left by a kill
    gaps = (later["time"] - earlier["time"] for earlier, later in pairwise(lines))
    seconds = sum(gap for gap in gaps if 0.0 <= gap <= PAUSE_S)
    cost: dict[str, Any] = {"training_hours": round(seconds / 3600.0, 2)} if seconds else {}
    for line in lines:
        cost |= {key: line[key] for key in ("processes", "device") if key in line}
    return cost
