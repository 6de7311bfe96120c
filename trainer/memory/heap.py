"""What one process keeps at the end of an epoch, said by source line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

SHOWN = 10
"""Most lines in a report."""


@dataclass(frozen=True, slots=True)
class LineGrowth:
    """What was allocated in one line and is still there.

    Args:
        at: FILE:LINE.
        mb: Main memory kept now.
        mb_per_epoch: Growth per epoch.
        gpu_mb: GPU memory kept now.
        gpu_mb_per_epoch: Growth per epoch.
        tensors: Tensors made there and alive now.
    """

    at: str
    mb: float
    mb_per_epoch: float
    gpu_mb: float = 0.0
    gpu_mb_per_epoch: float = 0.0
    tensors: int = 0

    @property
    def fastest(self) -> float:
        """The larger of the two growths."""
        return max(self.mb_per_epoch, self.gpu_mb_per_epoch)


@dataclass(frozen=True, slots=True)
class HeapReport:
    """One process at the end of an epoch.

    Args:
        pid: The process.
        epoch: Number of the epoch that ended.
        python_mb: Python's heap, numpy's arrays included.
        tensors: Tensors alive.
        tensor_mb: Main memory they and their graphs keep.
        gpu_mb: GPU memory they keep.
        lines: Lines that grew most, greatest first; empty while the process warms up.
    """

    pid: int
    epoch: int
    python_mb: float
    tensors: int
    tensor_mb: float
    gpu_mb: float
    lines: tuple[LineGrowth, ...]

    @property
    def main_mb(self) -> float:
        """All that is known of in main memory."""
        return self.python_mb + self.tensor_mb

    def record(self) -> dict[str, Any]:
        """Form kept in the journal."""
        return asdict(self)

    @classmethod
    def of_record(cls, record: Mapping[str, Any]) -> HeapReport:
        """Reads what `record` made.

        Raises:
            KeyError: Something is missing.
            TypeError: Something has another form.
        """
        lines = tuple(LineGrowth(**line) for line in record["lines"])
        return cls(**{**record, "lines": lines})
