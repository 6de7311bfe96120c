"""`amt memory`: what a training run did with memory, shown again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .sparklines import sparkline

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType

    from trainer.memory.heap import HeapReport
    from trainer.memory.journal import Life
    from trainer.memory.leaks import Verdict

_CURVE_WIDTH = 30
_LINES = 10


def memory(
    run: Annotated[Path, typer.Argument(help="Folder of the run, running or ended.")],
    picture: Annotated[
        Path | None,
        typer.Option(help="Draw it again, .png or .svg.", show_default=False),
    ] = None,
    json_: Annotated[bool, typer.Option("--json", help="The verdict and its figures.")] = False,
) -> None:
    """Say whether a training run leaks memory, how much, and in which line of the source.

    Every run is watched; source lines are known after `amt train --profile-memory`.
    """
    from trainer.memory.journal import read_journal
    from trainer.memory.leaks import judge, longest

    lives = read_journal(run)
    verdict = judge(lives)
    if picture is not None:
        from trainer.memory.picture import draw

        draw(lives, picture)
    if json_:
        import json

        typer.echo(json.dumps(_document(verdict, longest(lives)), indent=1))
        return
    from rich.console import Console
    from rich.text import Text

    console = Console()
    colour = "bold red" if verdict.leaking else "bold"
    console.print(Text.assemble((f"{run}: ", "cyan"), (str(verdict), colour)), soft_wrap=True)
    life = longest(lives)
    if len(lives) > 1:
        console.print(f"{len(lives)} stretches between stops; the longest one is judged.")
    if life.samples:
        console.print(process_table(life, verdict))
    if any(heap.lines for heap in life.last_heaps().values()):
        console.print(line_table(life.last_heaps()))


def process_table(life: Life, verdict: Verdict) -> RenderableType:
    """Each process as it was last, in MB, its growth, and its curve from the first reading on.

    Of a GPU, RSS is what torch has reserved and held is what tensors take.
    """
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    from trainer.memory.leaks import GPU, TOTAL

    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 2, 0, 0))
    for heading in ("process", "RSS", "USS", "PSS", "held", "MB/epoch", "held over time"):
        left = heading in ("process", "held over time")
        table.add_column(heading, justify="left" if left else "right", no_wrap=True)
    last = life.samples[-1]
    for reading in last.processes:
        curve = [r.held_mb for s in life.samples for r in s.processes if r.name == reading.name]
        table.add_row(
            reading.name,
            *(f"{mb:,.0f}" for mb in (reading.rss_mb, reading.uss_mb, reading.pss_mb)),
            f"{reading.held_mb:,.0f}",
            _growth(verdict, reading.name),
            _curve(curve),
        )
    if len(last.processes) > 1:
        curve = [sample.held_mb for sample in life.samples]
        table.add_row(
            "together",
            "",
            "",
            f"{last.total_mb:,.0f}",
            "",
            _growth(verdict, TOTAL),
            _curve(curve),
            style="bold",
        )
    if last.gpu is not None:
        gpu = [sample.gpu.allocated_mb for sample in life.samples if sample.gpu]
        table.add_row(
            last.gpu.name,
            f"{last.gpu.reserved_mb:,.0f}",
            "",
            "",
            f"{last.gpu.allocated_mb:,.0f}",
            _growth(verdict, GPU),
            _curve(gpu),
        )
    return table


def line_table(heaps: dict[str, HeapReport]) -> RenderableType:
    """The source lines whose memory grew most, over all processes."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    grown = [(line, name) for name, heap in heaps.items() for line in heap.lines]
    grown.sort(key=lambda pair: pair[0].fastest, reverse=True)
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("allocated in", overflow="fold")
    table.add_column("process", no_wrap=True)
    for heading in ("MB/epoch", "MB now", "tensors"):
        table.add_column(heading, justify="right", no_wrap=True)
    for line, name in grown[:_LINES]:
        size = line.gpu_mb if line.gpu_mb_per_epoch > line.mb_per_epoch else line.mb
        table.add_row(
            line.at, name, f"{line.fastest:+.2f}", f"{size:,.1f}", str(line.tensors or "")
        )
    return table


def _curve(sizes: Sequence[float]) -> str:
    """Over at least a tenth of the size: what is flat shall look flat."""
    return sparkline(sizes, _CURVE_WIDTH, least_span=0.1 * max(sizes))


def _growth(verdict: Verdict, name: str) -> str:
    slope = verdict.slopes.get(name)
    return "" if slope is None else f"{slope.mb_per_epoch:+.2f}"


def _document(verdict: Verdict, life: Life) -> dict[str, Any]:
    from dataclasses import asdict

    ends: Sequence[Any] = life.samples[-1:]
    return {
        **asdict(verdict),
        "verdict": str(verdict),
        "last": ends[0].record() if ends else None,
        "heaps": {name: heap.record() for name, heap in life.last_heaps().items()},
    }
