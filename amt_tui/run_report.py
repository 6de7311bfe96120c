"""`amt runs RUN`: one run in full: losses, validations, starts and memory."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from transcriber.errors import AmtError

from .sparklines import sparkline
from .training_panels import PARTS, SCORES, score_text

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from trainer.history import History


def print_report(history: History, console: Console) -> None:
    """Prints everything that the run's folder tells."""
    console.print()
    console.print(_losses(history, max(10, console.width - 36)))
    if history.validations:
        console.print(_validations(history))
    console.print(f"Waited for data {100.0 * _waiting(history):.1f} % of the time.")
    for number, begin in enumerate(history.begins):
        began = time.strftime("%Y-%m-%d %H:%M", time.localtime(begin.get("time", 0.0)))
        verb = "Went on" if number else "Began"
        processes = begin.get("processes", 1)
        console.print(
            f"{verb} at step {begin['step']:,} on {began}: {processes} "
            f"process{'es' if processes > 1 else ''} on {begin.get('device', 'cpu')}"
            + (f", code {begin['git']}" if begin.get("git") else "")
        )
    console.print(f"Memory: {_memory(history)}")


def _losses(history: History, width: int) -> Table:
    table = _table("Loss", "first", "last")
    table.add_column("over the run, logarithmic", no_wrap=True, overflow="crop")
    for name in (*PARTS, "rate", "norm"):
        values = [line[name] for line in history.steps if name in line]
        if values:
            digits = ".2e" if name == "rate" else ".4f"
            curve = sparkline(values, width, logarithmic=name != "rate")
            table.add_row(name, f"{values[0]:{digits}}", f"{values[-1]:{digits}}", curve)
    return table


def _validations(history: History) -> Table:
    table = _table("Validation", *(heading for _, heading in SCORES))
    for line in history.validations:
        is_best = line is history.best
        table.add_row(
            f"{line['step']:,}{' ★' if is_best else ''}",
            *(score_text(name, line["validation"].get(name)) for name, _ in SCORES),
            style="bold green" if is_best else "",
        )
    return table


def _table(first: str, *others: str) -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column(first, no_wrap=True)
    for heading in others:
        table.add_column(heading, justify="right", overflow="fold")
    return table


def _waiting(history: History) -> float:
    """Share of the time spent on steps."""
    lines = [line for line in history.steps if "waiting" in line]
    seconds = sum(line["seconds"] for line in lines)
    return sum(line["waiting"] * line["seconds"] for line in lines) / seconds if seconds else 0.0


def _memory(history: History) -> str:
    from trainer.memory.journal import read_journal
    from trainer.memory.leaks import judge

    try:
        return str(judge(read_journal(history.run)))
    except AmtError as error:
        return error.problem
