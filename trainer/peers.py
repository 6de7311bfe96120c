"""What other programs reach on given excerpts of given recordings.

Read from a JSON file such as `../shared/data/peers.json`: `excerpt_start_s` by piece, `excerpt_s`,
and `programs` with the mean of each score.

The recalls in that file leave out notes struck in the last 0.2 s of an excerpt; here they count.
Basic Pitch 0.4.0, run again on its excerpts and scored here, comes to an onset F1 of 0.701 where
the file says 0.707, with equal precision: ours are not flattered by the comparison.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from transcriber.errors import InputError
from transcriber.inputs import read_input

from .evaluation import Summary

FIGURES = {
    "onset_precision": ("onset", "precision"),
    "onset_recall": ("onset", "recall"),
    "onset_f1": ("onset", "f1"),
    "onset_offset_f1": ("offset", "f1"),
    "onset_offset_velocity_f1": ("velocity", "f1"),
    "frame_f1": ("frame", "f1"),
}
"""Keys of a program's mean scores, and where an evaluation keeps the same figure."""


@dataclass(frozen=True, slots=True)
class Peers:
    """Excerpts, and what programs reached on them.

    Args:
        what: How the figures were taken, for people.
        starts_s: Start of the excerpt by piece, in seconds.
        length_s: Length of every excerpt in seconds.
        programs: Mean of each of `FIGURES` over the excerpts, by program.
    """

    what: str
    starts_s: dict[str, float]
    length_s: float
    programs: dict[str, dict[str, float]]


def read_peers(path: Path) -> Peers:
    """Reads such a file.

    Raises:
        InputError: It is missing or not of this form.
    """
    data = read_input(path, "a file of peers")
    try:
        document: dict[str, Any] = json.loads(data)
        peers = Peers(
            str(document.get("what", "")),
            {name: float(start) for name, start in document["excerpt_start_s"].items()},
            float(document["excerpt_s"]),
            {
                program: {key: float(found["mean"][key]) for key in FIGURES}
                for program, found in document["programs"].items()
            },
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"{path} does not list excerpts and programs ({error!r}).",
            "It needs excerpt_start_s, excerpt_s and programs, as peers.json of the data folder.",
        ) from error
    if not peers.starts_s or peers.length_s <= 0 or min(peers.starts_s.values()) < 0:
        raise InputError(f"{path} lists no excerpts.", "Name at least one, with its start.")
    return peers


def own_figures(summary: Summary) -> dict[str, float]:
    """Our mean scores under the keys of `FIGURES`.

    Raises:
        InputError: Nothing is played in any excerpt.
    """
    if summary.mean["onset"] is None:
        raise InputError("Nothing is played in the excerpts.", "Choose others.")
    return {
        key: float(getattr(summary.mean[measure], part)) for key, (measure, part) in FIGURES.items()
    }
