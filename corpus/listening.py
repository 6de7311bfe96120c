"""Makes one item heard: as it was before augmentation, and as it is stored."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from transcriber.atomic import atomic_path, make_folder
from transcriber.errors import InputError
from transcriber.midi import write_midi
from transcriber.notes import Transcript
from transcriber.timing import SAMPLE_RATE

from .builds import load_plan
from .packing import pack_notes, pack_pedals, unpack
from .plans import Task
from .production import Dry, Workshop, dries, finished, to_int16
from .store import Corpus


@dataclass(frozen=True)
class Heard:
    """What was written, and whether the sources still give the stored bytes."""

    files: tuple[Path, ...]
    name: str
    same: bool | None


def listen(corpus: Corpus, number: int, folder: Path) -> Heard:
    """Writes item `number` as WAV and MIDI, before and after augmentation.

    What it was before is made again from the sources; where these are gone, only what is stored is
    written, and `same` is None.

    Raises:
        InputError: There is no such item.
        OutputError: The folder cannot be written.
    """
    if not 0 <= number < len(corpus):
        raise InputError(
            f"There is no item {number}.", f"Items are numbered 0 to {len(corpus) - 1}."
        )
    about, item = corpus.describe(number), corpus[number]
    files = _write(folder / f"{number:06d}-after", np.asarray(item.audio), item.transcript)
    made = _made_again(corpus, about["item"], Task(*about["task"]))
    if made is None:
        return Heard(tuple(files), about["item"], None)
    dry, after = made
    samples = len(dry.audio)
    before = unpack(
        pack_notes(dry.transcript.notes, dry.lead_s, samples),
        pack_pedals(dry.transcript.pedals, dry.lead_s, samples),
        0,
        samples,
        0,
    )
    files += _write(folder / f"{number:06d}-before", to_int16(dry.audio), before)
    return Heard(tuple(files), about["item"], bool(np.array_equal(after, item.audio)))


def _made_again(corpus: Corpus, name: str, task: Task) -> tuple[Dry, np.ndarray] | None:
    plan = load_plan(corpus.folder)
    try:
        workshop = Workshop.of(plan.settings)
        dry = next(dry for dry in dries(plan, task, workshop) if dry.name == name)
    except (InputError, StopIteration):
        return None
    return dry, finished(plan, plan.work(task), task, dry, workshop).audio


def _write(stem: Path, audio: np.ndarray, transcript: Transcript) -> list[Path]:
    make_folder(stem.parent)
    wav, midi = stem.with_suffix(".wav"), stem.with_suffix(".mid")
    with atomic_path(wav) as draft:
        soundfile.write(draft, audio, SAMPLE_RATE, subtype="PCM_16")
    write_midi(transcript, midi, text="written by amt corpus listen")
    return [wav, midi]
