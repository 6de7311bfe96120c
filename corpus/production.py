"""Turns works into clips: reads or renders the sound, augments it, and says how.

Every clip is decided by the seed of the corpus and its own name: the same bytes in any process and
any order.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import islice
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
from .banks import Bank
from .cuts import chances, cut, passages
from .instruments import Instrument
from .maps import combined, parse_table, uncombined
from .material import draw_material
from .packing import pack_notes, pack_pedals
from .performances import Performance
from .pianos import load_pianos
from .plans import Plan, Settings, Task
from .rendering import render_labelled
from .shards import Clip
from .shelves import Shelf, open_shelf
from .works import Work

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
"""Shorter recordings are not used."""

MISTOLD_S = 30.0
"""A performance may be so much shorter than its manifest says, or a tenth of it, before silence
would be rendered; a longer one is cut.
"""

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
        banks = load_pianos(Path(settings.pianos)) if settings.pianos else []
        acoustics = Acoustics((), ())
        if settings.acoustics:
            acoustics = load_acoustics(Path(settings.acoustics), settings.free_only)
        return cls(settings, tuple(banks), acoustics)

    def chances(self, name: str) -> np.random.Generator:
        """The generator that decides the item called `name`."""
        return chances(self.settings.seed, name)


def clips(plan: Plan, task: Task, workshop: Workshop) -> Iterator[Clip]:
    """The clips of a task; raises like `dries`."""
    work = plan.work(task)
    for dry in dries(plan, task, workshop):
        yield finished(plan, work, task, dry, workshop)


def dries(plan: Plan, task: Task, workshop: Workshop) -> Iterator[Dry]:
    """The clips of a task before augmentation.

    Raises:
        InputError: Its files cannot be used. Of a recording this may be found out at its end, when
            some clips have been yielded.
    """
    work = plan.work(task)
    source = plan.sources[task.source]
    name = plan.name(task)
    match work.kind:
        case "recording":
            shelf = open_shelf(Path(source.path))
            yield from _recording(shelf, work, name, workshop, task.clips)
        case "performance":
            found = _performance(open_shelf(Path(source.path)), work, name, workshop)
            yield from islice(found, task.clips or None)
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
        transcript, lead_s = transcript.faster(chain.speed), lead_s / chain.speed
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
    rng = workshop.chances(f"{dry.name} sound")
    return draw(recipe.augmentation, workshop.acoustics, rng, piano=work.kind != "noise")


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


def _recording(
    shelf: Shelf, work: Work, name: str, workshop: Workshop, wanted: int
) -> Iterator[Dry]:
    assert work.audio is not None
    label = shelf.path / work.audio
    transcript = _labels(shelf, work)
    with (
        shelf.file(work.audio) as path,
        _called(path, label),
        AudioReader(path) as reader,
    ):
        start_s = 0.0
        whole = round(workshop.settings.clip_s * SAMPLE_RATE)
        for number, audio in enumerate(cut(reader, whole)):
            if 0 < wanted <= number:
                continue  # not wanted, but read: whether a file is sound is known at its end
            stop_s = start_s + len(audio) / SAMPLE_RATE
            near = Transcript(
                tuple(n for n in transcript.notes if n.onset_s < stop_s and n.offset_s > start_s),
                tuple(p for p in transcript.pedals if p.onset_s < stop_s and p.offset_s > start_s),
            )
            drawn = {"from_s": start_s}
            yield Dry(f"{name}@{number}", audio, near, start_s, drawn, work.piano, (work.licence,))
            start_s = stop_s
        _check_sound(label, reader)
        _check_match(label, reader.position_s, transcript)


@contextmanager
def _called(path: Path, label: Path) -> Iterator[None]:
    """Calls a file in errors what the user calls it: a member of a zip is read from a copy."""
    try:
        yield
    except InputError as error:
        raise InputError(error.problem.replace(str(path), str(label)), error.remedy) from error


def _check_sound(label: Path, reader: AudioReader) -> None:
    """Refuses a recording that turned out to be damaged, silent or next to nothing."""
    if reader.warnings:
        raise InputError(reader.warnings[0], "Copy it again.")
    if reader.peak < _QUIETEST:
        raise InputError(f"{label} is silent.", "Copy it again.")
    if reader.position_s < SHORTEST_S:
        raise InputError(f"{label} lasts {reader.position_s:.2f} s.", "Leave it out.")


def _labels(shelf: Shelf, work: Work) -> Transcript:
    table = None
    if work.table is not None:
        table = parse_table(str(shelf.path / work.table), shelf.read(work.table))
    if work.midi is not None:
        played = parse_midi(str(shelf.path / work.midi), shelf.read(work.midi))
        if table is not None:
            played = combined(table, played)
    else:
        played = uncombined(table or [])
    if not played.notes:
        file = shelf.path / (work.midi or work.table or "")
        raise InputError(f"{file} has no notes in it.", "Get it again.")
    return played


def _check_match(path: Path, length_s: float, transcript: Transcript) -> None:
    last_s = max(note.onset_s for note in transcript.notes)
    end_s = max(note.offset_s for note in transcript.notes)
    if last_s > length_s + LATE_S or length_s - end_s > max(UNPLAYED_S, 0.1 * length_s):
        raise InputError(
            f"{path} lasts {length_s:.1f} s, but its notes end at {end_s:.1f} s: they do not "
            "belong together.",
            "Check the pair.",
        )


def _performance(shelf: Shelf, work: Work, name: str, workshop: Workshop) -> Iterator[Dry]:
    performance = Performance.of(work.id, _labels(shelf, work))
    settings = workshop.settings
    told_s, real_s = work.seconds, performance.duration_s
    if told_s - real_s > max(MISTOLD_S, 0.1 * told_s):
        raise InputError(
            f"{shelf.path}/{work.midi} lasts {real_s:.1f} s, but its manifest says {told_s:.1f} s.",
            "Get both again.",
        )
    for passage in passages(name, told_s, settings.clip_s, settings.seed):
        instrument = _instrument(workshop, passage.rng)
        lead_s = LEAD_S / passage.style.tempo
        played = performance.window(passage.from_s, passage.until_s, lead_s, passage.style)
        audio, heard = render_labelled(played, instrument, passage.samples, LEAD_S)
        drawn = {
            "from_s": passage.from_s,
            "style": asdict(passage.style),
            "instrument": instrument.described(),
        }
        licences = (work.licence, *instrument.licences)
        yield Dry(passage.name, audio, heard, LEAD_S, drawn, instrument.name, licences)


def _exercise(work: Work, name: str, workshop: Workshop) -> Dry:
    rng = workshop.chances(name)
    clip_s = workshop.settings.clip_s
    played = draw_material(LEAD_S + clip_s, rng)
    instrument = _instrument(workshop, rng)
    audio, heard = render_labelled(played, instrument, round(clip_s * SAMPLE_RATE), LEAD_S)
    drawn = {"instrument": instrument.described()}
    licences = (work.licence, *instrument.licences)
    return Dry(name, audio, heard, LEAD_S, drawn, instrument.name, licences)


def _instrument(workshop: Workshop, rng: np.random.Generator) -> Instrument:
    if not workshop.banks:
        raise AmtError("There is no piano to render on.", "Name sample banks with --pianos.")
    bank = workshop.banks[int(rng.integers(len(workshop.banks)))]
    return Instrument.draw(bank, rng, workshop.banks)
