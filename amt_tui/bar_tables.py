"""An examination as tables: what each trial came to, every figure beside its bar, and others' ones.

The same rows go into a terminal (`rich`) and into a model card (Markdown).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from .examining import EXCERPTS, RECORDINGS
from .score_tables import PLAIN_CELLS, changes, peers_table

if TYPE_CHECKING:
    from trainer.bars import Mark

    from .examining import Finding
    from .verdict import Verdict

Rows = list[tuple[str, ...]]

TRIAL_HEAD = (
    "Trial",
    "Onset P",
    "R",
    "F1",
    "Lost",
    "+ end",
    "+ vel",
    "Frame",
    "Pedal",
    "Extra/min",
)
"""Columns of the table of trials; `Lost` is onset F1 against the recordings as they are."""

MARK_HEAD = ("Figure", "Measured", "Bar", "")
"""Columns of the table of bars."""

PUBLISHED_HEAD = ("System", "Answers after", "Data", "Onset", "+ end", "+ vel", "Frame", "Source")
"""Columns of the table of published results."""


def print_finding(finding: Finding, console: Console) -> None:
    """Prints trials, excerpts with peers, and bars."""
    if not console.is_terminal:
        console = Console(file=console.file, width=PLAIN_CELLS, highlight=False)
    clean = finding.trials[RECORDINGS]
    console.print(Text(f"{finding.title} on {clean.data}", style="bold"), soft_wrap=True)
    tables = [_table(TRIAL_HEAD, trial_rows(finding))]
    summary = finding.summary(EXCERPTS)
    peers = finding.trials[EXCERPTS].excerpts if summary is not None else None
    if summary is not None and peers is not None:
        tables.append(peers_table(summary, peers, finding.title))
    tables.append(_table(MARK_HEAD, mark_rows(finding)))
    for table in tables:
        print_table(table, console)


def print_published(console: Console) -> None:
    """Prints what other systems have been reported to reach."""
    if not console.is_terminal:
        console = Console(file=console.file, width=PLAIN_CELLS, highlight=False)
    print_table(
        _table(PUBLISHED_HEAD, published_rows(), "Reported by others, on other data"), console
    )


def print_table(table: Table, console: Console) -> None:
    """Prints a table after an empty line, without rules where there is no terminal."""
    if not console.is_terminal:
        table.box = None
    console.print()
    console.print(table)


def trial_rows(finding: Finding) -> Rows:
    """One row per trial, means over recordings; noise without a piano has only its extras."""
    clean = finding.summary(RECORDINGS)
    rows: Rows = []
    for verdict in finding.trials.values():
        summary = verdict.summary()
        if verdict.silence is not None:
            heard = f"{verdict.silence.notes_per_minute:.1f}"
            title = f"Noise without a piano, {verdict.silence.minutes:g} min"
            rows.append((title, *("-",) * (len(TRIAL_HEAD) - 2), heard))
        if summary is None or clean is None:
            continue
        onset, before = summary.mean["onset"], clean.mean["onset"]
        if onset is None or before is None:
            continue
        is_strain = verdict.degradation is not None
        means = (summary.mean[name] for name in ("offset", "velocity", "frame", "pedal"))
        rows.append(
            (
                trial_title(verdict),
                *(f"{value:.3f}" for value in (onset.precision, onset.recall, onset.f1)),
                f"{before.f1 - onset.f1:+.3f}" if is_strain else "-",
                *("-" if mean is None else f"{mean.f1:.3f}" for mean in means),
                f"{summary.faults.extras_per_minute:.1f}",
            )
        )
    return rows


def trial_title(verdict: Verdict) -> str:
    """What a trial does to the recordings, in words."""
    if verdict.excerpts is not None:
        excerpts = verdict.excerpts
        return f"{len(excerpts.starts_s)} excerpts of {excerpts.length_s:g} s"
    if verdict.degradation is None:
        return "Recordings as they are"
    words = ", ".join(changes(verdict.degradation))
    return words[:1].upper() + words[1:]


def mark_rows(finding: Finding) -> Rows:
    """Every figure beside its bar."""
    from trainer.bars import marks

    examination = finding.examination()
    return [_mark_row(mark) for mark in marks(examination)] if examination else []


def _mark_row(mark: Mark) -> tuple[str, ...]:
    unit = f" {mark.unit}" if mark.unit else ""
    digits = 1 if unit else 3
    if 0.0 < abs(mark.margin) < 0.5 * 10.0**-digits:
        digits += 2  # a bar missed by 0.000 would be a riddle
    bar = f"{mark.bar:g}{unit}" if unit else f"{mark.bar:.3f}"
    by = f"by {abs(mark.margin):.{digits}f}{unit}" if mark.margin else "exactly"
    if mark.is_goal:
        verdict = f"goal, passed {by}" if mark.met else f"goal, short {by}"
    else:
        verdict = f"met {by}" if mark.met else f"MISSED {by}"
    sign = "≥" if mark.at_least else "≤"
    return mark.title, f"{mark.value:.{digits}f}{unit}", f"{sign} {bar}", verdict


def published_rows() -> Rows:
    """What other systems have been reported to reach."""
    from trainer.published import PUBLISHED

    return [
        (
            one.system,
            one.answers,
            one.data,
            *(_figure(value) for value in (one.onset, one.offset, one.velocity, one.frame)),
            one.source,
        )
        for one in PUBLISHED
    ]


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _table(head: tuple[str, ...], rows: Rows, title: str | None = None) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 2, 0, 0), title=title)
    for heading in head:
        numeric = heading not in (head[0], "", "Source", "Data", "Answers after")
        table.add_column(heading, justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row))
    return table
