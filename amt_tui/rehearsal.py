"""A recording pushed through as a microphone would, with a stopwatch on each push."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from transcriber.audio import AudioReader
from transcriber.decoder import DecoderSettings
from transcriber.events import NoteOn
from transcriber.model import Model
from transcriber.notes import Transcript, TranscriptBuilder
from transcriber.stream import Transcriber
from transcriber.timing import SAMPLE_RATE

BLOCK = SAMPLE_RATE // 50
"""Samples per push: 20 ms, what the microphone of `amt live` delivers."""


@dataclass(frozen=True)
class Rehearsal:
    """What was heard, and how long everything took.

    Args:
        transcript: The notes.
        duration_s: Length of the recording.
        decision_ms: Float64 [notes], per note the audio that had arrived after its strike when the
            note was decided, in milliseconds. Computing comes on top.
        step_ms: Float64 [pushes], milliseconds of computing per push of `BLOCK` samples.
    """

    transcript: Transcript
    duration_s: float
    decision_ms: NDArray[np.float64]
    step_ms: NDArray[np.float64]

    @property
    def speed(self) -> float:
        """Seconds of audio per second of computing."""
        return self.duration_s / (float(self.step_ms.sum()) / 1000.0)


def rehearse(recording: Path, model: Model) -> Rehearsal:
    """Transcribes a recording in blocks of 20 ms, without waiting between them.

    Raises:
        InputError: The recording cannot be read.
    """
    with AudioReader(recording) as reader:
        samples = np.concatenate(list(reader))
    return listen(samples, model)


def listen(
    samples: NDArray[np.float32],
    model: Model,
    settings: DecoderSettings | None = None,
    heard: Callable[[float], None] | None = None,
    block: int = BLOCK,
) -> Rehearsal:
    """The same for samples already in memory.

    Args:
        samples: float32 [S], mono, at `SAMPLE_RATE`.
        model: Any loaded model.
        settings: Decoder settings; the model's own when None.
        heard: Told once per second of audio how many seconds have been heard.
        block: Samples per push. Notes, and when they are decided, do not depend on it, only the
            computing does: a second at once needs a sixth of it.
    """
    transcriber, builder = Transcriber(model, settings), TranscriptBuilder()
    decision_ms, step_ms = [], []
    for start in range(0, len(samples), block):
        began = time.perf_counter()
        events = transcriber.push(samples[start : start + block])
        step_ms.append(1000.0 * (time.perf_counter() - began))
        builder.add(events)
        decision_ms += [
            1000.0 * (event.decided - event.sample) / SAMPLE_RATE
            for event in events
            if isinstance(event, NoteOn)
        ]
        if heard is not None and start % SAMPLE_RATE == 0:
            heard(start / SAMPLE_RATE)
    builder.add(transcriber.finish())
    return Rehearsal(
        builder.finish(transcriber.samples),
        len(samples) / SAMPLE_RATE,
        np.array(decision_ms, np.float64),
        np.array(step_ms, np.float64),
    )
