"""An evaluation as tables: ruled and coloured in a terminal, plain columns elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from trainer.degradation import Degradation
    from trainer.evaluation import Summary, Timing
    from trainer.faults import Bands
    from trainer.peers import Peers
    from transcriber.scores import Score

    from .verdict import Verdict

PLAIN_CELLS = 140
"""Width of plain text: wide enough that no row is folded."""

WIDE_CELLS = 112
"""Width of a terminal from which on the table of pieces has all its columns."""

MOST_PIECES = 50
"""Pieces with a row of their own; splits of a corpus can have thousands."""

_PEER_HEADINGS = ("Onset P", "R", "F1", "+ end", "+ vel", "Frame")


def print_verdict(verdict: Verdict, console: Console) -> None:
    """Prints every table that there are figures for."""
    if not console.is_terminal:
        console = Console(file=console.file, width=PLAIN_CELLS, highlight=False)
    for line in _headings(verdict):
        console.print(Text(line, style="bold"), soft_wrap=True)
    summary = verdict.summary()
    if summary is not None:
        wide = console.width >= WIDE_CELLS
        tables = [pieces_table(summary, wide=wide), measures_table(summary)]
        tables += [details_table(summary), misses_table(summary)]
        if verdict.excerpts is not None:
            tables.append(peers_table(summary, verdict.excerpts, verdict.title))
        for table in tables:
            if not console.is_terminal:
                table.box = None
            console.print()
            console.print(table)
    if verdict.silence is not None:
        heard = verdict.silence
        console.print()
        console.print(
            f"Noise without a piano: {heard.notes} notes in {heard.minutes:g} minutes, "
            f"{heard.notes_per_minute:.2f} per minute"
        )


def pieces_table(summary: Summary, *, wide: bool = True) -> Table:
    """One row per piece, then the mean and the pooled scores; only the scores unless `wide`."""
    from trainer.evaluation import Timing

    table = _table("Piece")
    counts, faults = (("Played", "Found"), ("Late by", "Extra/min")) if wide else ((), ())
    scores = ("Onset P", "R", "F1", "+ end", "+ vel", "Frame", "Pedal")
    for heading in (*counts, *scores, *faults):
        table.add_column(heading, justify="right", min_width=5)

    def add(
        title: Text,
        notes: tuple[int, int],
        found: Sequence[Score | None],
        timing: Timing | None,
        extras_per_minute: float,
        style: str = "",
    ) -> None:
        cells = [*_onset(found[0]), *(_f1(score) for score in found[1:])]
        if wide:
            cells = [*map(str, notes), *cells, _bias(timing), f"{extras_per_minute:.1f}"]
        table.add_row(title, *cells, style=style)

    for result in summary.results[:MOST_PIECES]:
        s = result.scores
        found = (s.onset, s.offset, s.velocity, s.frame, s.pedal if result.pedalled else None)
        add(
            Text(Path(result.name).name),
            (result.played, result.found),
            found,
            Timing.of(s.onset_errors_s),
            result.faults.extras_per_minute,
        )
    if len(summary.results) > MOST_PIECES:
        table.add_row(f"and {len(summary.results) - MOST_PIECES} more (--json)")
    table.add_section()
    all_notes = (sum(r.played for r in summary.results), sum(r.found for r in summary.results))
    for title, scores_of in (("Mean of pieces", summary.mean), ("Pooled", summary.pooled)):
        add(
            Text(title),
            all_notes,
            [scores_of[name] for name in ("onset", "offset", "velocity", "frame", "pedal")],
            summary.timing,
            summary.faults.extras_per_minute,
            style="bold",
        )
    return table


def measures_table(summary: Summary) -> Table:
    """Precision, recall and F1 of every measure."""
    from trainer.evaluation import MEASURES

    table = _table("Mean of pieces")
    for heading in ("Precision", "Recall", "F1", "Pooled F1"):
        table.add_column(heading, justify="right")
    for name, title in MEASURES.items():
        mean = summary.mean[name]
        cells = ("-",) * 3 if mean is None else _onset(mean)
        table.add_row(title, *cells, _f1(summary.pooled[name]))
    return table


def details_table(summary: Summary) -> Table:
    """Timing, latency, and what was heard that was not played."""
    faults, timing, latency = summary.faults, summary.timing, summary.latency
    table = _table("All notes")
    table.add_column("")
    if timing is not None:
        side = "late" if timing.bias_ms >= 0 else "early"
        table.add_row(
            "Onset error",
            f"{timing.median_ms:.1f} ms median, {timing.p95_ms:.1f} ms p95, "
            f"{abs(timing.bias_ms):.1f} ms {side} overall",
        )
    if latency is not None:
        table.add_row(
            "Decided after the strike",
            f"{latency.p50_ms:.0f} ms median, {latency.p95_ms:.0f} ms p95, "
            f"{latency.p99_ms:.0f} ms p99",
        )
    table.add_row(
        "Extra notes", f"{faults.extras} ({faults.extras_per_minute:.1f} per minute of recording)"
    )
    share = faults.octave_errors / faults.extras if faults.extras else 0.0
    table.add_row("Octave errors", f"{faults.octave_errors} ({share:.0%} of the extra notes)")
    return table


def misses_table(summary: Summary) -> Table:
    """Share of notes missed, by octave, velocity and number of notes sounding."""
    table = _table("Octave")
    table.add_column("Missed", justify="right")
    for heading in ("Velocity", "Notes sounding"):
        table.add_column(heading)
        table.add_column("Missed", justify="right")
    faults = summary.faults
    columns = [_shares(m) for m in (faults.register, faults.velocity, faults.polyphony)]
    for row in range(max(len(column) for column in columns)):
        cells: list[str] = []
        for column in columns:
            cells += column[row] if row < len(column) else ("", "")
        table.add_row(*cells)
    return table


def peers_table(summary: Summary, peers: Peers, title: str) -> Table:
    """Our means beside those of other programs on the same excerpts."""
    from trainer.peers import FIGURES, own_figures

    table = _table(f"Mean of {len(peers.starts_s)} excerpts of {peers.length_s:g} s")
    for heading in _PEER_HEADINGS:
        table.add_column(heading, justify="right", min_width=5)
    ours = own_figures(summary)
    table.add_row(Text(title), *(f"{ours[key]:.3f}" for key in FIGURES), style="bold")
    for program, figures in peers.programs.items():
        table.add_row(Text(program), *(f"{figures[key]:.3f}" for key in FIGURES))
    return table


def _table(first: str) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(first, overflow="fold")
    return table


def _headings(verdict: Verdict) -> list[str]:
    lines = [verdict.title]
    if verdict.data is not None:
        lines[0] += f" on {verdict.data}"
    if verdict.degradation is not None and (words := changes(verdict.degradation)):
        lines.append(f"Recordings changed: {', '.join(words)}")
    return lines


def changes(degradation: Degradation) -> list[str]:
    """What was done to the recordings, in words."""
    words = []
    if degradation.rt60_s is not None:
        words.append(f"room with RT60 {degradation.rt60_s:g} s")
    if degradation.noise_snr_db is not None:
        words.append(f"noise {degradation.noise_snr_db:g} dB below")
    if degradation.gain_db:
        words.append(f"level {degradation.gain_db:+g} dB")
    if degradation.cents:
        words.append(f"pitch {degradation.cents:+g} cents")
    return words


def _onset(score: Score | None) -> tuple[str, str, str]:
    if score is None:
        return "-", "-", "-"
    return f"{score.precision:.3f}", f"{score.recall:.3f}", f"{score.f1:.3f}"


def _f1(score: Score | None) -> str:
    return "-" if score is None else f"{score.f1:.3f}"


def _bias(timing: Timing | None) -> str:
    return "-" if timing is None else f"{timing.bias_ms:+.1f} ms"


def _shares(bands: Bands) -> list[tuple[str, str]]:
    return [(band, f"{missed / played:.1%} of {played}") for band, missed, played in bands.rows()]
