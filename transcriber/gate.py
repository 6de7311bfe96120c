"""The noise gate, and the ear that sets it: three seconds of the room with nobody playing.

Under the threshold, sound is replaced by silence before the network hears it, so that a fan or the
street cannot become notes. The gate opens at the very sample that reaches the threshold, with no
delay, and stays open for `HOLD_S` after the last: a note dies away under its own hold, and what is
cut off is no louder than the room.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .errors import AmtError
from .levels import FLOOR_DB, amplitude, decibels
from .timing import SAMPLE_RATE

HOLD_S = 0.5
"""Seconds the gate stays open after the last sample over the threshold."""

LISTEN_S = 3.0
"""Seconds a calibration listens to the room."""

MARGIN_DB = 6.0
"""Set so far above the loudest moment of the room: noise has louder moments than three seconds."""

LOUDEST_DB = -20.0
"""No gate is set above this: it would swallow soft notes. A mezzo-forte tone peaks near it."""

_HOLD = round(HOLD_S * SAMPLE_RATE)
_MOMENT = SAMPLE_RATE // 20  # 50 ms
_STEADY_DB = 20.0  # between a usual and the loudest moment of a room where nothing happens


@dataclass(frozen=True, slots=True)
class GateState:
    """Samples since the last one over the threshold; a stream starts long after any."""

    quiet: int = _HOLD

    @property
    def is_open(self) -> bool:
        """Whether sound passes."""
        return self.quiet < _HOLD


class NoiseGate:
    """`step(samples, state) -> (samples, state)`; the way of cutting a stream changes nothing.

    Args:
        threshold_db: In dB under full scale; None leaves the gate open.
    """

    def __init__(self, threshold_db: float | None = None) -> None:
        self.threshold_db = threshold_db

    def step(
        self, samples: NDArray[np.float32], state: GateState | None
    ) -> tuple[NDArray[np.float32], GateState]:
        """Silences what is under the threshold; samples that all pass are handed on as they are."""
        state = state or GateState()
        if self.threshold_db is None or not len(samples):
            return samples, GateState(0) if self.threshold_db is None else state
        at = np.arange(len(samples))
        loud = np.abs(samples) >= amplitude(self.threshold_db)
        last = np.maximum.accumulate(np.where(loud, at, -1 - state.quiet))
        quiet = at - last
        after = GateState(min(int(quiet[-1]), _HOLD))
        passes = quiet < _HOLD
        if passes.all():
            return samples, after
        return np.where(passes, samples, np.float32(0.0)), after


class CalibrationError(AmtError):
    """The room was not quiet, or is too loud."""


class RoomCalibration:
    """Listens to the room and finds the gate's threshold.

    Args:
        listen_s: Seconds to listen.
    """

    def __init__(self, listen_s: float = LISTEN_S) -> None:
        self._wanted = round(listen_s * SAMPLE_RATE)
        self._heard = 0
        self._rest = np.zeros(0, np.float32)
        self._peaks: list[float] = []

    @property
    def progress(self) -> float:
        """Share that has been heard, 0..1."""
        return min(self._heard / self._wanted, 1.0)

    @property
    def done(self) -> bool:
        """Whether enough has been heard."""
        return self._heard >= self._wanted

    def push(self, samples: NDArray[np.float32]) -> None:
        """Hears samples as they came in, before any gate."""
        self._heard += len(samples)
        sound = np.concatenate([self._rest, samples])
        whole = len(sound) // _MOMENT * _MOMENT
        moments = np.abs(sound[:whole]).reshape(-1, _MOMENT)
        self._peaks += moments.max(axis=1).tolist()
        self._rest = sound[whole:]

    def verdict(self) -> tuple[float | None, str]:
        """The gate's threshold, None where there is no right one, and what to say of it."""
        try:
            threshold_db = self.threshold_db()
        except CalibrationError as error:
            return None, f"{error.problem} {error.remedy}"
        return threshold_db, f"The gate is set to {threshold_db:.0f} dB."

    def threshold_db(self) -> float:
        """The gate's threshold, `MARGIN_DB` over the loudest 50 ms of the room.

        Raises:
            CalibrationError: Something happened in the room, or it is louder than soft notes.
        """
        usual_db = decibels(float(np.median(self._peaks)))
        loudest_db = decibels(max(self._peaks))
        # A muted microphone has no usual level to compare with.
        if usual_db > FLOOR_DB + MARGIN_DB and loudest_db - usual_db > _STEADY_DB:
            raise CalibrationError(
                "The room was not quiet: something sounded while it was measured.",
                "Measure again while nobody plays or speaks.",
            )
        threshold_db = loudest_db + MARGIN_DB
        if threshold_db > LOUDEST_DB:
            raise CalibrationError(
                f"The room is too loud for a gate: its noise reaches {loudest_db:.0f} dB.",
                "Move the microphone closer to the piano, or turn its level down.",
            )
        return threshold_db
