"""An evaluation as Markdown, for the model card: each kind of evaluation has a part of its own."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from .pages import replace_part
from .score_tables import changes, subject

if TYPE_CHECKING:
    from trainer.evaluation import Summary
    from trainer.faults import Misses
    from trainer.peers import Peers

    from .verdict import Verdict


def write_card(verdict: Verdict, page: Path) -> None:
    """Writes an evaluation into its part of a page; raises like `pages.replace_part`."""
    command = shlex.join(["amt", *sys.argv[1:]])
    replace_part(page, f"amt evaluate {part_name(verdict)}", card_text(verdict, command))


def part_name(verdict: Verdict) -> str:
    """What was evaluated, in a word or two: `recordings`, `excerpts`, `noise`, `room level`…"""
    words = []
    if verdict.degradation is not None:
        asked = (
            ("room", verdict.degradation.rt60_s is not None),
            ("noise", verdict.degradation.noise_snr_db is not None),
            ("level", verdict.degradation.gain_db != 0.0),
        )
        words += [word for word, was_asked in asked if was_asked]
    if verdict.excerpts is not None:
        words.append("excerpts")
    if not words and verdict.data is not None:
        words.append("recordings")
    if verdict.silence is not None:
        words.append("silence")
    return " ".join(words)


def card_text(verdict: Verdict, command: str) -> str:
    """The command, and everything there are figures for."""
    parts = [f"    {command}", f"{subject(verdict)}."]
    if verdict.degradation is not None and (changed := changes(verdict.degradation)):
        parts.append(f"Recordings changed: {', '.join(changed)}.")
    summary = verdict.summary()
    if summary is not None:
        parts += [_measures(summary), _details(summary)]
        faults = summary.faults
        parts += [
            _misses("Octave", faults.register),
            _misses("Velocity", faults.velocity),
            _misses("Notes sounding", faults.polyphony),
        ]
        if verdict.excerpts is not None:
            parts.append(_peers(summary, verdict.excerpts, subject(verdict)))
    if verdict.silence is not None:
        heard = verdict.silence
        parts.append(
            f"In {heard.minutes:g} minutes of noise without a piano: {heard.notes} notes, "
            f"{heard.notes_per_minute:.2f} per minute."
        )
    return "\n\n".join(parts)


def _measures(summary: Summary) -> str:
    from trainer.evaluation import MEASURES

    rows = []
    for name, title in MEASURES.items():
        mean, pooled = summary.mean[name], summary.pooled[name]
        values = ("-",) * 3 if mean is None else (mean.precision, mean.recall, mean.f1)
        rows.append((title, *values, pooled.f1))
    pieces = f"Mean of {len(summary.results)} pieces, {summary.faults.seconds / 60:.1f} min"
    return _table((pieces, "Precision", "Recall", "F1", "Pooled F1"), rows)


def _details(summary: Summary) -> str:
    faults, lines = summary.faults, []
    if summary.timing is not None:
        timing = summary.timing
        lines.append(
            f"Onset error: {timing.median_ms:.1f} ms median, {timing.p95_ms:.1f} ms p95, "
            f"{timing.bias_ms:+.1f} ms bias."
        )
    if summary.latency is not None:
        latency = summary.latency
        lines.append(
            f"Decided after the strike, computing not counted: {latency.p50_ms:.0f} ms median, "
            f"{latency.p95_ms:.0f} ms p95, {latency.p99_ms:.0f} ms p99."
        )
    lines.append(
        f"Extra notes: {faults.extras_per_minute:.1f} per minute of recording; "
        f"{faults.octave_errors} of {faults.extras} are octave errors."
    )
    return "\n".join(f"- {line}" for line in lines)


def _misses(title: str, misses: Misses) -> str:
    rows = misses.rows()
    shares = ("Missed", *(f"{missed / played:.1%}" for _, missed, played in rows))
    played = ("Played", *(str(played) for _, _, played in rows))
    return _table((title, *(band for band, _, _ in rows)), [shares, played])


def _peers(summary: Summary, peers: Peers, ours: str) -> str:
    from trainer.peers import FIGURES, own_figures

    figures = {ours: own_figures(summary), **peers.programs}
    title = f"Mean of {len(peers.starts_s)} excerpts of {peers.length_s:g} s"
    heads = ("Onset P", "R", "F1", "+ end F1", "+ velocity F1", "Frame F1")
    rows: list[list[str | float]] = [
        [name, *(values[key] for key in FIGURES)] for name, values in figures.items()
    ]
    return _table((title, *heads), rows)


def _table(head: Sequence[str], rows: Iterable[Sequence[str | float]]) -> str:
    def line(cells: Sequence[str | float]) -> str:
        words = (cell if isinstance(cell, str) else f"{cell:.3f}" for cell in cells)
        return f"| {' | '.join(words)} |"

    return "\n".join((line(head), "|---|" + "---:|" * (len(head) - 1), *map(line, rows)))
