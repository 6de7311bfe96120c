"""Where the notes of each recording are written: one file per format, and never two on one path."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from transcriber.errors import UsageError

from .recordings import Recording

FORMATS = ("mid", "json", "csv")
"""What notes can be written as, by file ending."""

PICTURES = ("png", "svg")
"""What `--plot` can draw, by file ending."""

_ENDINGS = {".mid": "mid", ".midi": "mid", ".json": "json", ".csv": "csv"}


@dataclass(frozen=True, slots=True)
class Job:
    """One recording and what is to be written for it.

    Args:
        recording: The input.
        files: Format (one of `FORMATS`) to path, in the order asked for.
        picture: Path of the picture, its ending one of `PICTURES`; None draws none.
    """

    recording: Recording
    files: dict[str, Path]
    picture: Path | None = None

    @property
    def paths(self) -> list[Path]:
        """Everything the job writes."""
        return [*self.files.values(), *([self.picture] if self.picture else [])]

    @property
    def is_done(self) -> bool:
        """Whether all of it exists; files appear whole or not at all, so that means finished."""
        return all(os.path.exists(path) for path in self.paths)


def parse_formats(text: str | None, output: Path | None) -> tuple[str, ...]:
    """Reads `--format`; without it, the ending of `--output`, else MIDI.

    Raises:
        UsageError: A format is unknown, or contradicts the ending of `output`.
    """
    named = _named_format(output)
    if text is None:
        return (named or "mid",)
    formats = tuple(dict.fromkeys(part.strip().lower() for part in text.split(",") if part.strip()))
    unknown = [name for name in formats if name not in FORMATS]
    if unknown or not formats:
        raise UsageError(
            f"--format {text!r} is not understood.", f"Choose from {', '.join(FORMATS)}."
        )
    if named is not None and formats != (named,):
        raise UsageError(
            f"--output {output} ends like one {named} file, but --format asks for {text}.",
            "Name a folder instead.",
        )
    return formats


def plan_jobs(
    recordings: Sequence[Recording],
    output: Path | None,
    formats: Sequence[str],
    plot: str | None = None,
) -> list[Job]:
    """Gives every recording its output paths.

    Args:
        recordings: Inputs.
        output: A folder; or a file ending like a format, for exactly one recording; None writes
            next to each recording.
        formats: Some of `FORMATS`.
        plot: `png`, `svg`, or the picture's path for exactly one recording.

    Raises:
        UsageError: A file is named for several recordings, or `plot` is not understood.
    """
    picture, ending = _picture(plot)
    for option, path in (
        ("--output", output if _named_format(output) else None),
        ("--plot", picture),
    ):
        if path is not None and len(recordings) != 1:
            raise UsageError(
                f"{option} {path} is one file, but there are {len(recordings)} recordings.",
                "Name a folder instead." if option == "--output" else "Use --plot png.",
            )
    if output is not None and _named_format(output):
        drawn = output.with_suffix(f".{ending}") if ending else None
        return [Job(recordings[0], {formats[0]: output}, picture or drawn)]
    jobs = []
    for recording, base in zip(recordings, _bases(recordings, output), strict=True):
        files = {name: _beside(base, name) for name in formats}
        jobs.append(Job(recording, files, picture or (_beside(base, ending) if ending else None)))
    return jobs


def _named_format(output: Path | None) -> str | None:
    """Format of an output that names a file, None for a folder."""
    if output is None or os.path.isdir(output):
        return None
    return _ENDINGS.get(output.suffix.lower())


def _picture(plot: str | None) -> tuple[Path | None, str]:
    """Path of the picture if one was named, and else the ending to give to pictures."""
    if plot is None:
        return None, ""
    if plot.lower() in PICTURES:
        return None, plot.lower()
    path = Path(plot)
    if path.suffix.lower().lstrip(".") not in PICTURES:
        raise UsageError(
            f"--plot {plot!r} is not understood.", "Use png, svg, or a file that ends like one."
        )
    return path, ""


def _bases(recordings: Sequence[Recording], output: Path | None) -> list[Path]:
    """Output paths without ending, all different.

    The first of these names that no other recording shares: the plain one (take), the one with its
    ending (take.wav), the one below the folder that the rivals have in common (monday/take.wav).
    """

    def folder(recording: Recording) -> Path:
        if output is not None:
            return output / recording.below.parent
        return Path() if recording.is_stdin else Path(recording.path).parent

    def stem(recording: Recording) -> str:
        return recording.below.name if recording.is_stdin else recording.below.stem

    bases: list[Path] = [Path()] * len(recordings)
    plain = [folder(r) / stem(r) for r in recordings]
    full = [folder(r) / r.below.name for r in recordings]
    for i, rivals in _rivals(plain):
        bases[i] = full[i] if rivals else plain[i]
    if output is not None:
        for i, rivals in _rivals(bases):
            if rivals:
                where = [os.path.abspath(recordings[j].path) for j in rivals]
                shared = os.path.commonpath([os.path.dirname(path) for path in where])
                below = os.path.relpath(os.path.abspath(recordings[i].path), shared)
                bases[i] = output / below
    for i, rivals in _rivals(bases, exactly=True):
        if rivals:
            other = recordings[next(j for j in rivals if j != i)]
            raise UsageError(
                f"{recordings[i].path} and {other.path} would be written as one file.",
                "Transcribe them separately.",
            )
    return bases


def _rivals(paths: Sequence[Path], *, exactly: bool = False) -> list[tuple[int, list[int]]]:
    """Each index, and the indices with the same path where there are others (itself among them).

    Some file systems do not tell Take from take. So they are rivals, unless told apart `exactly`:
    two recordings with such names in one folder prove that theirs does.
    """
    same: defaultdict[str, list[int]] = defaultdict(list)
    for i, path in enumerate(paths):
        name = os.path.normpath(path)
        same[name if exactly else name.casefold()].append(i)
    return [(i, group if len(group) > 1 else []) for group in same.values() for i in group]


def _beside(base: Path, ending: str) -> Path:
    """The base with a format's ending; endings of the base that are part of its name stay."""
    return base.with_name(f"{base.name}.{ending}")
