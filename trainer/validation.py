"""Validation while training: whole recordings through the averaged network, the streaming decoder,
and mir_eval.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from corpus.recordings import Recording, load_recordings
from corpus.store import Corpus
from transcriber.decoder import DecoderSettings, NoteDecoder
from transcriber.errors import InputError
from transcriber.notes import Transcript, TranscriptBuilder
from transcriber.outputs import Activations
from transcriber.pedal import PedalDecoder
from transcriber.scores import Score, Scores, score
from transcriber.timing import FrameClock

from .config import RunConfig
from .evaluation import MEASURES, Timing, means
from .frontend import LogMelBatch
from .network import Network, probabilities
from .processes import Process
from .stored import StoredPiece

THRESHOLDS = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)
"""Onset thresholds tried at each validation."""


@dataclass(frozen=True)
class Development:
    """Recordings to choose and calibrate by, never to train on."""

    recordings: list[Recording]


def load_development(config: RunConfig) -> Development | None:
    """The recordings a run names for it, or else the validation split of its corpus.

    Each is cut to `validate_seconds`; of a split, `validate_pieces` items are taken, evenly spread.
    None where there are neither.

    Raises:
        InputError: What is named cannot be read, or no recording in it has its notes and pedal.
    """
    if config.data.development:
        recordings = load_recordings(Path(config.data.development))
        if not recordings:
            raise InputError(
                f"No recording in {config.data.development} has its MIDI file beside it.",
                "Add what is missing, or name no folder: --set data.development=''",
            )
    elif config.data.corpus:
        recordings = _from_split(Corpus(Path(config.data.corpus)), config.validate_pieces)
    else:
        recordings = []
    cut = []
    for recording in recordings:
        samples = round(config.validate_seconds * config.features.sample_rate)
        audio = recording.audio[:samples]
        transcript = recording.transcript.cut(0.0, len(audio) / config.features.sample_rate)
        cut.append(Recording(recording.name, recording.piano, audio, transcript))
    return Development(cut) if cut else None


def _from_split(corpus: Corpus, most: int) -> list[Recording]:
    numbers = corpus.numbers("validation")
    if len(numbers) > most:
        numbers = numbers[np.linspace(0, len(numbers) - 1, most).astype(int)]
    pieces = (StoredPiece(str(number), corpus, number) for number in numbers.tolist())
    return [
        Recording(piece.name, "", corpus[piece.number].audio, piece.truth(piece.duration_s()))
        for piece in pieces
    ]


@torch.no_grad()
def activations(state: dict[str, Tensor], config: RunConfig, audio: np.ndarray) -> Activations:
    """Answers of a network with weights `state` for a whole int16 recording, from a fresh stream
    on.
    """
    network = Network(config.network)
    network.load_state_dict(state)
    network.eval()
    sound = torch.from_numpy(audio.astype(np.float32) / 32768.0)
    tail = torch.zeros((config.delay + 2) * config.features.hop)
    frames = LogMelBatch(config.features)(torch.cat([sound, tail])[None])
    rows, memory = [], None
    for piece in frames.split(1000, 1):
        raw, memory = network(piece, memory)
        rows.append(probabilities(raw[0]))
    return Activations(torch.cat(rows).numpy())


def decode(
    answers: Activations, settings: DecoderSettings, clock: FrameClock, samples: int
) -> Transcript:
    """Decodes whole activations with the streaming decoders."""
    builder = TranscriptBuilder(clock.sample_rate)
    notes = NoteDecoder(settings, clock)
    events, state = notes.step(answers, None)
    builder.add(events)
    builder.add(notes.finish(state, samples))
    pedal = PedalDecoder(settings.pedal_threshold, clock)
    presses, pedal_state = pedal.step(answers, None)
    builder.add(presses)
    builder.add(pedal.finish(pedal_state, samples))
    return builder.finish(samples)


def validate(
    state: dict[str, Tensor],
    config: RunConfig,
    development: Development,
    process: Process | None = None,
) -> dict[str, float]:
    """Scores the averaged weights on the development recordings, at the best of `THRESHOLDS`.

    Args:
        state: Weights and statistics, the same in every process.
        config: The run.
        development: All recordings; several processes share the work.
        process: This process among those that take part.

    Returns:
        Mean over recordings of each score, the threshold, and the median absolute onset error in
        ms; the same in every process.
    """
    process = process or Process()
    own = development.recordings[process.rank :: process.ranks]
    parts = process.gather([_score_at_thresholds(state, config, r) for r in own])
    scores = [one for part in parts for one in part]
    found = {t: means([one[t] for one in scores]) for t in THRESHOLDS}
    best = max(THRESHOLDS, key=lambda t: or_none_right(found[t]["onset"]).f1)
    result = {"threshold": best}
    for name in MEASURES:
        mean = or_none_right(found[best][name])
        result[f"{name}_f1"] = round(mean.f1, 4)
        if name == "onset":
            result["onset_precision"] = round(mean.precision, 4)
            result["onset_recall"] = round(mean.recall, 4)
    timing = Timing.of(np.concatenate([one[best].onset_errors_s for one in scores]))
    result["onset_error_ms"] = round(timing.median_ms, 2) if timing is not None else 0.0
    result["onset_bias_ms"] = round(timing.bias_ms, 2) if timing is not None else 0.0
    return result


def _score_at_thresholds(
    state: dict[str, Tensor], config: RunConfig, recording: Recording
) -> dict[float, Scores]:
    answers = activations(state, config, recording.audio)
    return {
        threshold: score(
            recording.transcript,
            decode(
                answers,
                DecoderSettings(onset_threshold=threshold),
                config.clock,
                len(recording.audio),
            ),
        )
        for threshold in THRESHOLDS
    }


def or_none_right(score: Score | None) -> Score:
    """Recordings in which nothing is played tell nothing, and a log wants a number."""
    return score if score is not None else Score(0.0, 0.0, 0.0)
