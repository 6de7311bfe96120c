"""Where a run comes from: what is written beside its figures so that it can be repeated."""

from __future__ import annotations

import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

import torch

from .processes import Process


def facts(process: Process, material: dict[str, str]) -> dict[str, Any]:
    """JSON-able facts about this part of a run.

    Args:
        process: This process and the others.
        material: Fingerprints, see `material.fingerprint`.
    """
    device = process.device
    return {
        "git": revision(),
        "material": material,
        "processes": process.ranks,
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu",
        "host": platform.node(),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "command": sys.argv,
    }


def revision() -> str:
    """What `git describe` says about this code; empty where it is no checkout."""
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
