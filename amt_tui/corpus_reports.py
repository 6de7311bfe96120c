"""Tables and sentences about a corpus."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from transcriber.pitches import pitch_name
from transcriber.timing import LOWEST_PITCH, SAMPLE_RATE

if TYPE_CHECKING:
    from corpus.census import Census, Tally
    from corpus.estimates import Estimate
    from corpus.plans import Plan
    from corpus.store import Corpus

    from .corpus_progress import BuildDisplay

_GB_PER_HOUR = 0.1166
"""Disk: int16 at 16 kHz, and the labels."""

_BLOCKS = " ▁▂▃▄▅▆▇█"
_KEYS_PER_BLOCK = 2
_VELOCITIES_PER_BLOCK = 4


def plan_table(plan: Plan) -> RenderableType:
    """What would be built: hours of each source and split."""
    table = Table(title="Plan", title_justify="left")
    for column in ("source", "split", "works", "hours"):
        table.add_column(column, justify="left" if column in ("source", "split") else "right")
    cells: dict[tuple[str, str], list[float]] = {}
    for shard in plan.shards:
        for task in shard:
            work = plan.work(task)
            key = (plan.sources[task.source].label, work.split or "")
            cell = cells.setdefault(key, [0.0, 0.0])
            cell[0] += 1
            cell[1] += task.seconds
    for (source, split), (count, seconds) in sorted(cells.items()):
        table.add_row(source, split, f"{count:.0f}", f"{seconds / 3600.0:.2f}")
    hours = sum(plan.seconds) / 3600.0
    end = f"{hours:.2f} h in {len(plan.shards)} shards, about {hours * _GB_PER_HOUR:.1f} GB."
    return Group(table, Text(end))


def estimate_line(measured: Estimate, audio_s: float, workers: int) -> str:
    """How long a build would take here."""
    if not measured.audio_s:
        return (
            f"None of the first {measured.works} works could be used: see what is wrong with them."
        )
    hours = measured.hours(audio_s, workers)
    took = f"{hours:.1f} hours" if hours > 2.0 else f"{60.0 * hours:.1f} minutes"
    return (
        f"About {took} on {workers} core(s) of this machine, {measured.memory_bytes / 1e9:.1f} GB "
        f"of memory each: {measured.audio_s / measured.cpu_s:.0f} audio-hours per core-hour, "
        f"measured just now on {measured.works} of its works ({measured.audio_s / 60.0:.0f} "
        "minutes of audio)."
    )


def closing_line(about: Mapping[str, Any], display: BuildDisplay, folder: str) -> str:
    """What was built, and how quickly."""
    hours = about["samples"] / SAMPLE_RATE / 3600.0
    text = f"{folder}: {about['items']} items, {hours:.2f} h"
    if display.cpu_s:
        text += (
            f"; {display.new_s / 3600.0:.2f} h of them now, "
            f"{display.new_s / display.cpu_s:.0f} audio-hours per core-hour, {display.memory}"
        )
    if about["skipped"]:
        text += f"; {about['skipped']} file(s) skipped, see {folder}/skipped.jsonl"
    return f"{text}. Fingerprint {about['fingerprint'][:16]}."


def census_report(corpus: Corpus, census: Census) -> RenderableType:
    """The whole report of `amt corpus info`."""
    total = census.total
    head = Text(
        f"{corpus.place}: {total.seconds / 3600.0:.2f} h, {total.items:,} items, "
        f"{total.notes:,} notes, {census.pieces:,} pieces, fingerprint "
        f"{corpus.about['fingerprint'][:16]}"
    )
    tallies = {
        "split": _by_length(census.splits),
        "kind": _by_length(census.kinds),
        "source": _by_length(census.sources),
        "piano": _by_length(census.pianos, most=15),
        "licence": _by_length(census.licences),
    }
    parts: list[RenderableType] = [head, _tally_table(tallies)]
    pitches = _binned(census.pitches.tolist(), _KEYS_PER_BLOCK)
    velocities = _binned(census.velocities.tolist(), _VELOCITIES_PER_BLOCK)
    last = pitch_name(LOWEST_PITCH + len(census.pitches) - 1)
    sounding_s = census.polyphony.sum()
    pedal = 100.0 * census.pedal_s / total.seconds if total.seconds else 0.0
    parts += [
        Text(f"pitch      {pitch_name(LOWEST_PITCH)} {bars(pitches)} {last}"),
        Text(f"velocity   0 {bars(velocities)} 127"),
        Text(f"polyphony  0 {bars(census.polyphony.tolist())} {len(census.polyphony) - 1}"),
        Text(
            f"silent {100.0 * census.polyphony[0] / max(sounding_s, 1e-9):.0f} % of the time, "
            f"pedal down {pedal:.0f} %, {census.skipped} file(s) skipped"
        ),
    ]
    return Group(*parts)


def bars(counts: Sequence[float]) -> str:
    """A histogram in one line; what is not empty shows at least a little."""
    most = max(counts, default=0.0)
    if most <= 0:
        return _BLOCKS[0] * len(counts)
    steps = len(_BLOCKS) - 1
    return "".join(
        _BLOCKS[0] if count <= 0 else _BLOCKS[max(1, round(steps * count / most))]
        for count in counts
    )


def _binned(counts: Sequence[float], width: int) -> list[float]:
    return [float(sum(counts[i : i + width])) for i in range(0, len(counts), width)]


def _by_length(tallies: Mapping[str, Tally], most: int = 1000) -> dict[str, Tally]:
    """The longest ones first; those beyond `most` together, such as the many pairs of pianos."""
    ordered = sorted(tallies.items(), key=lambda pair: -pair[1].seconds)
    shown, rest = dict(ordered[:most]), [tally for _, tally in ordered[most:]]
    if rest:
        shown[f"{len(rest)} others"] = replace(
            rest[0],
            items=sum(tally.items for tally in rest),
            seconds=sum(tally.seconds for tally in rest),
            notes=sum(tally.notes for tally in rest),
        )
    return shown


def _tally_table(groups: Mapping[str, Mapping[str, Tally]]) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("", style="dim")
    table.add_column("", overflow="fold")
    for column in ("items", "hours", "notes"):
        table.add_column(column, justify="right")
    for title, tallies in groups.items():
        label = title
        for name, tally in tallies.items():
            hours = f"{tally.seconds / 3600.0:.2f}"
            table.add_row(label, Text(name), f"{tally.items:,}", hours, f"{tally.notes:,}")
            label = ""
        table.add_section()
    return table
