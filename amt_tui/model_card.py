"""The parts of a model card that an examination writes; what stands around them is written by hand.

amt evaluate model         what the model file says about itself, and what it cost
amt evaluate examination   every figure, with its command, its bar, and where the model fails
"""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from .bar_tables import (
    MARK_HEAD,
    PUBLISHED_HEAD,
    TRIAL_HEAD,
    mark_rows,
    published_rows,
    trial_rows,
)
from .card import markdown_table, peers_text, scores_text
from .examining import EXCERPTS, RECORDINGS
from .pages import replace_part

if TYPE_CHECKING:
    from trainer.evaluation import Summary
    from transcriber.model import Model, ModelInfo

    from .examining import Finding

PART_MODEL, PART_EXAMINATION = "amt evaluate model", "amt evaluate examination"

FEWEST_NOTES = 30
"""Bands in which fewer notes were played are too small to be called a weakness."""

MUCH_WORSE = 1.5
"""A band is called a weakness where this many times the average share of its notes is missed."""


def write_model_card(finding: Finding, page: Path) -> None:
    """Writes both parts into a page; raises like `pages.replace_part`."""
    model = finding.trials[RECORDINGS].model
    assert model is not None
    replace_part(page, PART_MODEL, model_text(model))
    replace_part(page, PART_EXAMINATION, examination_text(finding, sys.argv[1:]))


def model_text(model: Model) -> str:
    """What a model file says about itself, as a table."""
    info, provenance = model.info, model.info.provenance
    parameters = provenance.get("parameters")
    size = f"{model.path.stat().st_size / 1e6:.1f} MB"
    decoder = info.decoder
    thresholds = (
        f"onset {decoder.onset_threshold:g}, frame {decoder.frame_threshold:g}, "
        f"offset {decoder.offset_threshold:g}, pedal {decoder.pedal_threshold:g}"
    )
    if calibrated_on := provenance.get("calibrated_on"):
        thresholds += f"; chosen on {', '.join(calibrated_on)}"
    rows = [
        ("look-ahead", _lookahead(info)),
        ("size", f"{parameters / 1e6:.1f} M parameters, {size}" if parameters else size),
        ("trained on", info.trained_on or "not stated"),
        ("cost of the run", training_cost(info)),
        ("thresholds", thresholds),
        ("made from", f"git {git}" if (git := provenance.get("git")) else "not recorded"),
        ("licence of the weights", info.licence),
    ]
    if blended := provenance.get("blended_with"):
        rows.insert(4, ("mean of weights", f"{blended}, the rest of this run"))
    return "\n".join((f"| {info.name} {info.version} | |", "|---|---|", *map(_row, rows)))


def _row(cells: tuple[str, str]) -> str:
    return f"| {cells[0]} | {cells[1]} |"


def _lookahead(info: ModelInfo) -> str:
    ms = 1000.0 / info.features.sample_rate
    right, hop = info.features.right * ms, info.features.hop * ms
    return (
        f"{info.lookahead_ms:.0f} ms: {right:.0f} ms of window, {info.delay * hop:.0f} ms of "
        f"delay, {hop:.0f} ms of block"
    )


def training_cost(info: ModelInfo) -> str:
    """Steps, sound heard, and time and machine where the file tells them."""
    provenance = info.provenance
    words = []
    if "steps" in provenance:
        words.append(f"{provenance['steps']:,} steps")
    if "audio_hours" in provenance:
        words.append(f"{provenance['audio_hours']:g} hours of sound heard")
    if "training_hours" in provenance:
        words.append(f"{provenance['training_hours']:.1f} hours")
    if "device" in provenance:
        words.append(f"on {provenance.get('processes', 1)} x {provenance['device']}")
    return ", ".join(words) or "not recorded"


def examination_text(finding: Finding, arguments: list[str]) -> str:
    """Every figure of an examination, the command that makes them first."""
    clean = finding.summary()
    parts = [f"    {shlex.join(['amt', *arguments])}", f"{finding.title}."]
    parts.append(markdown_table(MARK_HEAD, mark_rows(finding)))
    parts.append(markdown_table(TRIAL_HEAD, trial_rows(finding)))
    excerpts = finding.trials.get(EXCERPTS)
    heard = finding.summary(EXCERPTS)
    if heard is not None and excerpts is not None and excerpts.excerpts is not None:
        parts += [
            "### Beside other programs, on the same sound",
            peers_text(heard, excerpts.excerpts, finding.title),
        ]
    if clean is not None:
        parts += ["### Recordings as they are", scores_text(clean)]
        parts += ["### Where it fails", "\n".join(f"- {line}" for line in weaknesses(clean))]
    parts += [
        "### Reported by others, on other data",
        "Not comparable figure by figure: other recordings, and in the case of MAESTRO the pianos "
        "that most of these systems were trained on.",
        markdown_table(PUBLISHED_HEAD, published_rows()),
    ]
    return "\n\n".join(parts)


def weaknesses(summary: Summary) -> list[str]:
    """Sentences about the bands in which most is missed, and about what is heard in vain."""
    faults = summary.faults
    played, missed = faults.register.played.total(), faults.register.missed.total()
    average = missed / played if played else 0.0
    lines = []
    for title, bands in (
        ("Octave", faults.register),
        ("Velocity", faults.velocity),
        ("Notes sounding at once:", faults.polyphony),
    ):
        lines += [
            f"{title} {band}: {lost / notes:.0%} of {notes} notes missed, {average:.0%} of all."
            for band, lost, notes in bands.rows()
            if notes >= FEWEST_NOTES and lost / notes > MUCH_WORSE * average
        ]
    worst = min(summary.results, key=lambda result: result.scores.onset.f1)
    lines.append(f"Worst recording: {worst.name}, onset F1 {worst.scores.onset.f1:.3f}.")
    share = faults.octave_errors / faults.extras if faults.extras else 0.0
    lines.append(
        f"{faults.extras_per_minute:.0f} notes a minute are heard that were not played; "
        f"{share:.0%} of them lie one or two octaves from one that was."
    )
    return lines
