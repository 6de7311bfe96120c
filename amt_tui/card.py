"""An evaluation as Markdown, for the model card: each kind of evaluation has a part of its own."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from .pages import replace_part
from .score_tables import changes

if TYPE_CHECKING:
    from trainer.evaluation import Summary
    from trainer.faults import Bands
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
            ("pitch", verdict.degradation.cents != 0.0),
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
    parts = [f"    {command}", f"{verdict.title}."]
    if verdict.degradation is not None and (changed := changes(verdict.degradation)):
        parts.append(f"Recordings changed: {', '.join(changed)}.")
    summary = verdict.summary()
    if summary is not None:
        parts.append(scores_text(summary))
        if verdict.excerpts is not None:
            parts.append(peers_text(summary, verdict.excerpts, verdict.title))
    if verdict.silence is not None:
        heard = verdict.silence
        parts.append(
            f"In {heard.minutes:g} minutes of noise without a piano: {heard.notes} notes, "
            f"{heard.notes_per_minute:.2f} per minute."
        )
    return "\n\n".join(parts)


def scores_text(summary: Summary) -> str:
    """Scores, timing, latency, and what is missed where."""
    faults = summary.faults
    return "\n\n".join(
        (
            _measures(summary),
            _details(summary),
            _bands("Octave", faults.register),
            _bands("Velocity", faults.velocity),
            _bands("Notes sounding", faults.polyphony),
        )
    )


def peers_text(summary: Summary, peers: Peers, ours: str) -> str:
    """Our means beside those of other programs on the same excerpts; `ours` is our name."""
    from trainer.peers import FIGURES, own_figures

    figures = {ours: own_figures(summary), **peers.programs}
    title = f"Mean of {len(peers.starts_s)} excerpts of {peers.length_s:g} s"
    heads = ("Onset P", "R", "F1", "+ end F1", "+ velocity F1", "Frame F1")
    rows = [(name, *(f"{values[key]:.3f}" for key in FIGURES)) for name, values in figures.items()]
    return markdown_table((title, *heads), rows)


def markdown_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table whose first column is text and whose others are figures."""

    def line(cells: Sequence[str]) -> str:
        return f"| {' | '.join(cells)} |"

    return "\n".join((line(head), "|---|" + "---:|" * (len(head) - 1), *map(line, rows)))


def _measures(summary: Summary) -> str:
    from trainer.evaluation import MEASURES

    rows = []
    for name, title in MEASURES.items():
        mean, pooled = summary.mean[name], summary.pooled[name]
        values = () if mean is None else (mean.precision, mean.recall, mean.f1)
        cells = [f"{value:.3f}" for value in values] or ["-"] * 3
        rows.append((title, *cells, f"{pooled.f1:.3f}"))
    pieces = f"Mean of {len(summary.results)} pieces, {summary.faults.seconds / 60:.1f} min"
    return markdown_table((pieces, "Precision", "Recall", "F1", "Pooled F1"), rows)


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


def _bands(title: str, bands: Bands) -> str:
    rows = bands.rows()
    return markdown_table(
        (title, *(band for band, _, _ in rows)),
        [
            ("Played", *(str(played) for _, _, played in rows)),
            ("Missed", *(f"{missed / played:.1%}" for _, missed, played in rows)),
            ("Onset F1", *(f"{score.f1:.3f}" for _, score in bands.scores())),
        ],
    )
