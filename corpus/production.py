"""Turns works into clips: reads or renders the sound, augments it, and says how.

Every clip is decided by the seed of the corpus and its own name: the same bytes in any process and
any order.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from transcriber.audio import AudioReader
from transcriber.errors import AmtError, InputError
from transcriber.midi import parse_midi
from transcriber.notes import Transcript
from transcriber.timing import SAMPLE_RATE

from .acoustics import Acoustics, load_acoustics
from .augmentation import Augmentation, apply, draw
from .banks import Bank, load_bank
from .maps import combined, parse_table
from .material import draw_material
from .performances import Performance, Style
from .plans import Plan, Settings, Task
from .rendering import Instrument, render
from .shards import Clip, pack_notes, pack_pedals
from .shelves import Shelf, open_shelf
from .transmission import retimed
from .works import Skipped, Work

FloatArray = NDArray[np.float32]

LEAD_S = 5.0
"""Music rendered before a clip, so that it starts in the middle of sounding notes."""

LATE_S = 0.05
"""A note may be labelled so long after the end of its recording before both are called
mismatched.
"""

UNPLAYED_S = 15.0
"""Longest silence, or a tenth of the recording, allowed after the last note. MAESTRO's recordings
end within seconds of the music.
"""

SHORTEST_S = 1.0
"""Shorter clips are not kept."""

_QUIETEST = 1e-4  # -80 dBFS: a recording of notes below it is a broken one


@dataclass(frozen=True)
class Dry:
    """A clip before augmentation: float32 audio, and notes whose time 0 lies `lead_s` before it."""

    name: str
    audio: FloatArray
    transcript: Transcript
    lead_s: float
    drawn: dict[str, Any]
    piano: str
    licences: tuple[str, ...]


@dataclass(frozen=True)
class Workshop:
    """What works are made into clips with; built once per process."""

    settings: Settings
    banks: tuple[Bank, ...]
    acoustics: Acoustics

    @classmethod
    def of(cls, settings: Settings) -> Workshop:
        """Loads pianos, rooms and noises.

        Raises:
            InputError: One of them cannot be read.
        """
        banks: list[Bank] = []
        if settings.pianos:
            descriptions = sorted(Path(settings.pianos).glob("*.json"))
            banks = [load_bank(path) for path in descriptions if path.stem != "manifest"]
            if not banks:
                raise InputError(
                    f"{settings.pianos} holds no sample banks.", "docs/corpus.md describes them."
                )
        acoustics = Acoustics((), ())
        if settings.acoustics:
            acoustics = load_acoustics(Path(settings.acoustics), settings.free_only)
        return cls(settings, tuple(banks), acoustics)

    def chances(self, name: str) -> np.random.Generator:
        """The generator that decides the item called `name`."""
        digest = hashlib.sha256(name.encode()).digest()
        return np.random.default_rng([self.settings.seed, *np.frombuffer(digest, "<u4").tolist()])


def clips(plan: Plan, task: Task, workshop: Workshop, skipped: list[Skipped]) -> Iterator[Clip]:
    """All clips of a task; what cannot be read is added to `skipped` instead."""
    work = plan.work(task)
    try:
        for dry in dries(plan, task, workshop):
            yield finished(plan, work, task, dry, workshop)
    except InputError as error:
        path = plan.sources[task.source].path
        file = f"{path}/{work.audio or work.midi}"
        skipped.append(Skipped(file, f"{error.problem}"))


def dries(plan: Plan, task: Task, workshop: Workshop) -> Iterator[Dry]:
    """The clips of a task before augmentation.

    Raises:
        InputError: Its files cannot be used. Nothing has been yielded then.
    """
    work = plan.work(task)
    source = plan.sources[task.source]
    name = f"{source.label}/{work.id}" + (f"#{task.take + 1}" if task.take else "")
    match work.kind:
        case "recording":
            yield from _recording(open_shelf(Path(source.path)), work, name, workshop)
        case "performance":
            yield from _performance(open_shelf(Path(source.path)), work, name, workshop)
        case "exercise":
            yield _exercise(work, name, workshop)
        case _:
            length = round(workshop.settings.clip_s * SAMPLE_RATE)
            silence = np.zeros(length, np.float32)
            yield Dry(name, silence, Transcript(), 0.0, {}, "", (work.licence,))


def finished(plan: Plan, work: Work, task: Task, dry: Dry, workshop: Workshop) -> Clip:
    """Augments a clip where the recipe says so, and packs it."""
    chain = drawn_chain(work, dry, workshop)
    audio, transcript, lead_s = dry.audio, dry.transcript, dry.lead_s
    drawn = dict(dry.drawn)
    licences = set(dry.licences)
    if chain is not None:
        audio = apply(audio, chain, workshop.acoustics)
        transcript, lead_s = retimed(transcript, chain.speed), lead_s / chain.speed
        drawn["augmentation"] = asdict(chain)
        licences |= _borrowed(chain, workshop.acoustics)
    about = {
        "item": dry.name,
        "source": plan.sources[task.source].label,
        "kind": work.kind,
        "split": work.split,
        "piece": work.piece,
        "piano": dry.piano,
        "licences": sorted(licences),
        "drawn": drawn,
        "task": list(dataclasses.astuple(task)),
    }
    return Clip(
        about,
        to_int16(audio),
        pack_notes(transcript.notes, lead_s, len(audio)),
        pack_pedals(transcript.pedals, lead_s, len(audio)),
    )


def drawn_chain(work: Work, dry: Dry, workshop: Workshop) -> Augmentation | None:
    """The augmentation of a clip, None for none."""
    recipe = workshop.settings.recipe
    if recipe.augmentation is None or work.split not in recipe.splits:
        return None
    chain = draw(recipe.augmentation, workshop.acoustics, workshop.chances(f"{dry.name} sound"))
    if work.kind == "noise" and not chain.noises:
        chain = replace(chain, noises=(("coloured", 1.0),))
    return chain


def to_int16(audio: FloatArray) -> NDArray[np.int16]:
    """Rounds samples within +-1 to 16 bits; beyond, they are clipped."""
    return np.round(np.clip(audio, -1.0, 1.0) * 32767.0).astype(np.int16)


def _borrowed(chain: Augmentation, acoustics: Acoustics) -> set[str]:
    """Licences of the recorded rooms and noises in a chain."""
    found = set()
    if chain.room is not None and chain.room >= 0 and acoustics.room_licences:
        found.add(acoustics.room_licences[chain.room])
    for kind, _ in chain.noises:
        if kind.startswith("recorded:") and acoustics.noise_licences:
            found.add(acoustics.noise_licences[int(kind.split(":")[1])])
    return found


def _recording(shelf: Shelf, work: Work, name: str, workshop: Workshop) -> Iterator[Dry]:
    assert work.audio is not None
    with shelf.file(work.audio) as path:
        audio = read_audio(path, str(shelf.path / work.audio))
    transcript = _labels(shelf, work)
    _check_match(shelf.path / work.audio, audio, transcript)
    whole = round(workshop.settings.clip_s * SAMPLE_RATE)
    for number, (start, stop) in enumerate(_cuts(len(audio), whole)):
        start_s, stop_s = start / SAMPLE_RATE, stop / SAMPLE_RATE
        near = Transcript(
            tuple(n for n in transcript.notes if n.onset_s < stop_s and n.offset_s > start_s),
            tuple(p for p in transcript.pedals if p.onset_s < stop_s and p.offset_s > start_s),
        )
        drawn = {"from_s": start_s}
        label = f"{name}@{number}"
        yield Dry(label, audio[start:stop], near, start_s, drawn, work.piano, (work.licence,))


def read_audio(path: Path, name: str) -> FloatArray:
    """A whole recording as float32 [S] at `SAMPLE_RATE`, mono.

    Raises:
        InputError: It is damaged, cut off or silent.
    """
    with AudioReader(path) as reader:
        audio = np.concatenate(list(reader))
        if reader.warnings:
            raise InputError(reader.warnings[0].replace(str(path), name), "Copy it again.")
        if reader.peak < _QUIETEST:
            raise InputError(f"{name} is silent.", "Copy it again.")
    return audio


def _labels(shelf: Shelf, work: Work) -> Transcript:
    assert work.midi is not None
    midi = parse_midi(str(shelf.path / work.midi), shelf.read(work.midi))
    if work.table is not None:
        table = parse_table(str(shelf.path / work.table), shelf.read(work.table))
        midi = combined(table, midi)
    if not midi.notes:
        raise InputError(f"{shelf.path / work.midi} has no notes in it.", "Get it again.")
    return midi


def _check_match(path: Path, audio: FloatArray, transcript: Transcript) -> None:
    length_s = len(audio) / SAMPLE_RATE
    last_s = max(note.onset_s for note in transcript.notes)
    end_s = max(note.offset_s for note in transcript.notes)
    if last_s > length_s + LATE_S or length_s - end_s > max(UNPLAYED_S, 0.1 * length_s):
        raise InputError(
            f"{path} lasts {length_s:.1f} s, but its notes end at {end_s:.1f} s: they do not "
            "belong together.",
            "Check the pair.",
        )


def _cuts(samples: int, whole: int) -> Iterator[tuple[int, int]]:
    """Consecutive pieces of `whole` samples; a rest under half of that joins the one before."""
    count = max(1, round(samples / whole))
    for number in range(count):
        stop = samples if number == count - 1 else (number + 1) * whole
        if stop - number * whole >= SHORTEST_S * SAMPLE_RATE:
            yield number * whole, stop


def _performance(shelf: Shelf, work: Work, name: str, workshop: Workshop) -> Iterator[Dry]:
    performance = Performance.of(work.id, _labels(shelf, work))
    settings = workshop.settings
    start_s, number = 0.0, 0
    while start_s < performance.duration_s - 0.5 or number == 0:
        label = f"{name}@{number}"
        rng = workshop.chances(label)
        style = Style.draw(rng)
        bank, instrument = _instrument(workshop, rng)
        left_s = (performance.duration_s - start_s) * style.tempo + 1.0
        # A rest under half a clip joins the one before.
        length_s = left_s if left_s < 1.5 * settings.clip_s else settings.clip_s
        stop_s = start_s + length_s / style.tempo
        played = performance.window(start_s, stop_s, LEAD_S / style.tempo, style)
        audio = render(played, instrument, round(length_s * SAMPLE_RATE), LEAD_S)
        drawn = {
            "from_s": start_s,
            "style": asdict(style),
            "instrument": _described(instrument),
        }
        licences = (work.licence, bank.licence)
        yield Dry(label, audio, played, LEAD_S, drawn, bank.name, licences)
        start_s, number = stop_s, number + 1


def _exercise(work: Work, name: str, workshop: Workshop) -> Dry:
    rng = workshop.chances(name)
    clip_s = workshop.settings.clip_s
    played = draw_material(LEAD_S + clip_s, rng)
    bank, instrument = _instrument(workshop, rng)
    audio = render(played, instrument, round(clip_s * SAMPLE_RATE), LEAD_S)
    drawn = {"instrument": _described(instrument)}
    return Dry(name, audio, played, LEAD_S, drawn, bank.name, (work.licence, bank.licence))


def _instrument(workshop: Workshop, rng: np.random.Generator) -> tuple[Bank, Instrument]:
    if not workshop.banks:
        raise AmtError("There is no piano to render on.", "Name sample banks with --pianos.")
    bank = workshop.banks[int(rng.integers(len(workshop.banks)))]
    return bank, Instrument.draw(bank, rng)


def _described(instrument: Instrument) -> dict[str, Any]:
    """The numbers of an instrument that are no arrays; those follow from the seed."""
    values = {
        f.name: getattr(instrument, f.name)
        for f in dataclasses.fields(instrument)
        if f.name not in ("bank", "tuning_cents", "level_db", "resonance")
    }
    return {
        "bank": instrument.bank.name,
        "mean_cents": round(float(instrument.tuning_cents.mean()), 3),
        **values,
    }
