"""Runs an evaluation, piece by piece. One broken piece is reported and the others go on.

Recordings are streamed, as a microphone is, but a second at a time: which notes are heard and when
they are decided does not depend on the size of the blocks (tests/transcriber/test_stream.py).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from transcriber.errors import AmtError, InputError
from transcriber.timing import SAMPLE_RATE

from .progress import AudioBars, print_error
from .rehearsal import listen
from .score_tables import changes
from .verdict import Silence, Verdict

if TYPE_CHECKING:
    from trainer.evaluation import Result
    from trainer.pieces import AnyPiece, Collection

Heard = Callable[[float], None]


class Judge:
    """Fills verdicts.

    Args:
        console: Standard error: bars, where it is a terminal, and sentences about what went wrong.
        quiet: Show no bars.
    """

    def __init__(self, console: Console, *, quiet: bool = False) -> None:
        self._console = console
        self._moves = console.is_terminal and not quiet
        self._noted: set[Path] = set()

    def load(self, verdict: Verdict, model: str, threshold: float | None) -> None:
        """Loads the model to be judged.

        Raises:
            ModelError: It cannot be used.
        """
        from transcriber.model import load_model

        verdict.model = load_model(model)
        settings = verdict.model.info.decoder
        if threshold is not None:
            # A probability is never quite 0 or 1, and the decoder refuses a threshold that is.
            settings = replace(settings, onset_threshold=min(max(threshold, 1e-6), 1 - 1e-6))
        verdict.settings = settings

    def score_model(self, verdict: Verdict, split: str | None, excerpts: Path | None) -> None:
        """Lets the model hear every piece.

        Raises:
            InputError: The folder or the list of excerpts cannot be used.
            UsageError: The split is not known.
        """
        from trainer.evaluation import judge

        model, degradation = verdict.model, verdict.degradation
        assert model is not None

        def score(piece: AnyPiece, heard: Heard) -> Result:
            samples = piece.samples()
            length_s = len(samples) / SAMPLE_RATE
            truth = piece.truth(length_s)
            window = _window(verdict, piece, length_s)
            if window is not None:
                truth = truth.cut(*window)
                samples = samples[round(window[0] * SAMPLE_RATE) : round(window[1] * SAMPLE_RATE)]
            if degradation is not None:
                samples = degradation.apply(samples, piece.name)
                truth = truth.faster(degradation.speed)
            rehearsal = listen(samples, model, verdict.settings, heard, SAMPLE_RATE)
            return judge(piece.name, truth, rehearsal.transcript, rehearsal.decision_ms)

        self._score(verdict, self._pieces(verdict, split, excerpts), score)

    def score_transcripts(
        self, verdict: Verdict, folder: Path, split: str | None, excerpts: Path | None
    ) -> None:
        """Scores transcripts that some program made; raises like `score_model`."""
        from trainer.evaluation import judge
        from trainer.pieces import read_transcript

        if not os.path.isdir(folder):
            raise InputError(f"{folder} is no folder.", "Pass the one that holds the MIDI files.")
        verdict.transcripts = folder
        collection = self._pieces(verdict, split, excerpts)

        def score(piece: AnyPiece, heard: Heard) -> Result:
            estimate = read_transcript(folder, piece, collection)
            length_s = piece.duration_s()
            truth = piece.truth(length_s)
            window = _window(verdict, piece, length_s)
            if window is not None:
                truth, estimate = truth.cut(*window), estimate.cut(*window)
            return judge(piece.name, truth, estimate)

        self._score(verdict, collection, score)

    def hear_silence(self, verdict: Verdict, folder: Path, minutes: float, seed: int) -> None:
        """Lets the model hear noise in which no piano plays.

        Raises:
            InputError: The folder holds no noises.
            UsageError: scipy is not installed.
        """
        from trainer.degradation import load_noises, noise_only

        assert verdict.model is not None
        samples = noise_only(load_noises(folder), 60.0 * minutes, seed)
        with self._bar() as open_bar:
            try:
                heard = open_bar("noise", 60.0 * minutes)
                rehearsal = listen(samples, verdict.model, verdict.settings, heard, SAMPLE_RATE)
            except KeyboardInterrupt:
                verdict.interrupted = True
                return
        verdict.silence = Silence(minutes, len(rehearsal.transcript.notes))

    def _pieces(self, verdict: Verdict, split: str | None, excerpts: Path | None) -> Collection:
        from trainer.peers import read_peers
        from trainer.pieces import find_pieces

        assert verdict.data is not None
        collection = find_pieces(verdict.data, split)
        verdict.passed_over = collection.without_truth
        if excerpts is not None:
            verdict.excerpts = read_peers(excerpts)
            collection = collection.named(list(verdict.excerpts.starts_s))
        return collection

    def _score(
        self,
        verdict: Verdict,
        collection: Collection,
        score: Callable[[AnyPiece, Heard], Result],
    ) -> None:
        words = changes(verdict.degradation) if verdict.degradation is not None else []
        kind = f"{', '.join(words)}: " if words else ""
        try:
            with self._bar() as open_bar:
                for number, piece in enumerate(collection.pieces, start=1):
                    label = f"{kind}{number}/{len(collection.pieces)} {Path(piece.name).name}"
                    try:
                        length_s = piece.duration_s() if self._moves else None
                        if verdict.excerpts is not None:
                            length_s = verdict.excerpts.length_s
                        verdict.results.append(score(piece, open_bar(label, length_s)))
                    except AmtError as error:
                        verdict.failed.append((piece.name, error))
                        print_error(error, self._console)
        except KeyboardInterrupt:
            verdict.interrupted = True
        for path in verdict.passed_over:
            if path in self._noted:
                continue
            self._noted.add(path)
            note = f"{path} has no MIDI file beside it and was passed over."
            self._console.print(Text.assemble(("Note: ", "yellow"), note), soft_wrap=True)

    @contextmanager
    def _bar(self) -> Iterator[Callable[[str, float | None], Heard]]:
        """Opens one bar after the other; without a terminal they are not shown."""
        if not self._moves:
            yield lambda label, length_s: lambda seconds: None
            return
        with AudioBars(self._console) as bars:

            def open_bar(label: str, length_s: float | None) -> Heard:
                for task in bars.task_ids:
                    bars.remove_task(task)
                task = bars.add_task(label, total=length_s)
                return lambda seconds: bars.update(task, completed=seconds)

            yield open_bar


def _window(verdict: Verdict, piece: AnyPiece, length_s: float) -> tuple[float, float] | None:
    """Start and end of the excerpt in seconds, None for the whole piece.

    Raises:
        InputError: The recording ends before its excerpt does.
    """
    if verdict.excerpts is None:
        return None
    start_s = verdict.excerpts.starts_s[Path(piece.name).name]
    end_s = start_s + verdict.excerpts.length_s
    if end_s > length_s:
        raise InputError(
            f"{piece.name} lasts {length_s:.1f} s; its excerpt ends at {end_s:g} s.",
            "Use the recordings that the excerpts were taken from.",
        )
    return start_s, end_s
