"""`amt corpus`: builds what a network learns from, and shows what is in it.

Exit codes of `build`:
    0    every file was used
    2    options that contradict each other, another corpus in the folder, a piece in two splits
    4    a source cannot be read; or the corpus is complete, but some files were skipped
    5    the disk is full or cannot be written
    130  interrupted; the same command goes on
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from transcriber.atomic import make_folder
from transcriber.errors import UsageError

from .numbers import check_finite

if TYPE_CHECKING:
    from corpus.store import Corpus

SOME_SKIPPED = 4
INTERRUPTED = 130

app = typer.Typer(
    name="corpus",
    help="Build and look at the corpus a network learns from.",
    no_args_is_help=True,
    rich_markup_mode="rich",
)

Place = Annotated[
    str,
    typer.Argument(
        metavar="DIR", help="A corpus: its folder, or a URL as build knows.", show_default=False
    ),
]


@app.command(no_args_is_help=True)
def build(
    sources: Annotated[
        list[str],
        typer.Argument(
            metavar="SOURCE[:WEIGHT]",
            help="MAESTRO or MAPS (folder or zip), recordings with MIDI beside them, MIDI files to "
            "render, or the words exercises and noise. A weight takes more or less of it.",
            show_default=False,
        ),
    ],
    output: Annotated[
        str,
        typer.Option(
            "--output", "-o", help="Folder of the corpus, or a URL that fsspec knows: s3://…"
        ),
    ],
    pianos: Annotated[
        Path | None,
        typer.Option(
            help="What MIDI is rendered on: a folder of sample banks, a soundfont (.sf2, .sf3), or "
            "a library (.sfz)."
        ),
    ] = None,
    acoustics: Annotated[
        Path | None, typer.Option(help="Folder of recorded rooms and noises.")
    ] = None,
    hours: Annotated[
        float | None,
        typer.Option(
            min=0.001,
            help="Length of the corpus, shared among the sources by weight.",
            show_default="each source, weight times",
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Decides everything random.")] = 1,
    recipe: Annotated[
        Path | None, typer.Option(help="TOML file that configures augmentation.")
    ] = None,
    augmentation: Annotated[
        bool, typer.Option("--augmentation/--no-augmentation", help="Augment the training split.")
    ] = True,
    clip: Annotated[
        float, typer.Option(min=5.0, max=600.0, help="Length of an item in seconds.")
    ] = 30.0,
    held_out: Annotated[
        float,
        typer.Option(
            min=0.0,
            max=0.9,
            help="Share of pieces for validation and test, where a source does not say.",
        ),
    ] = 0.1,
    trust_splits: Annotated[
        bool, typer.Option("--trust-splits", help="Accept a piece in two splits.")
    ] = False,
    licence: Annotated[
        str, typer.Option(help="Licence of sources that do not name their own.")
    ] = "unknown",
    free_noise: Annotated[
        bool, typer.Option("--free-noise", help="Leave out noises whose licence is not free.")
    ] = False,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes.", show_default="all cores")
    ] = None,
    scheduler: Annotated[
        str | None,
        typer.Option(
            metavar="tcp://HOST:PORT",
            help="Let the workers of this Dask cluster build, not processes of this machine.",
        ),
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Stop at the first file that cannot be used.")
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Delete another corpus that lies in DIR.")
    ] = False,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run", help="Show what would be built, and how long it would take here."
        ),
    ] = False,
) -> None:
    """Build a corpus.

    Stopped at any moment, even by a power cut, the same command goes on where it stopped. Files
    that cannot be used are named, skipped and counted.
    """
    from rich.console import Console
    from rich.markup import escape

    from corpus.plans import Settings, make_plan
    from corpus.recipes import Recipe, load_recipe
    from corpus.sources import parse_sources

    check_finite(hours=hours, clip=clip, held_out=held_out)
    chosen = load_recipe(recipe) if recipe else Recipe()
    if not augmentation:
        if recipe:
            raise UsageError("--recipe and --no-augmentation exclude each other.", "Choose one.")
        chosen = Recipe(None)
    if pianos is not None and not pianos.exists():
        raise UsageError(f"There is no {pianos}.", "docs/corpus.md says what --pianos may name.")
    if acoustics is not None and not acoustics.is_dir():
        raise UsageError(f"There is no folder {acoustics}.", "docs/corpus.md describes it.")
    settings = Settings(
        seed=seed,
        clip_s=clip,
        hours=hours,
        held_out=held_out,
        trust_splits=trust_splits,
        pianos=str(pianos.resolve()) if pianos else "",
        acoustics=str(acoustics.resolve()) if acoustics else "",
        free_only=free_noise,
        recipe=chosen,
    )
    console = Console(stderr=True)
    plan = make_plan(parse_sources(sources, licence), settings)
    from corpus.executors import cluster, cores, processes

    count = workers or cores()
    if dry_run:
        from corpus.estimates import estimate

        from .corpus_reports import estimate_line, plan_table

        for loss in plan.skipped:
            line = f"[yellow]Skipped:[/] {escape(f'{loss.file}: {loss.reason}')}"
            console.print(line, highlight=False, soft_wrap=True)
        Console().print(plan_table(plan))
        if plan.shards:
            line = estimate_line(estimate(plan), sum(plan.seconds), count)
            Console().print(line, highlight=False, soft_wrap=True)
        return

    from corpus.builds import build as build_corpus
    from corpus.depots import open_depot

    from .corpus_progress import BuildDisplay
    from .corpus_reports import closing_line

    display = BuildDisplay(console, open_depot(output).free_bytes)
    try:
        about = build_corpus(
            output,
            plan,
            lambda: cluster(scheduler) if scheduler else processes(count),
            display,
            overwrite=overwrite,
            strict=strict,
        )
    except KeyboardInterrupt:
        display.stop()
        console.print("Interrupted. The same command goes on from here.", highlight=False)
        raise typer.Exit(INTERRUPTED) from None
    finally:
        display.stop()
    console.print(closing_line(about, display, output), highlight=False, soft_wrap=True)
    raise typer.Exit(SOME_SKIPPED if about["skipped"] else 0)


@app.command(no_args_is_help=True)
def bank(
    library: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="SF2, SF3, SFZ, or modelled:NUMBER.", show_default=False
        ),
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder of sample banks.")],
    preset: Annotated[
        str, typer.Option(metavar="[BANK:]PROGRAM", help="Piano of a soundfont, as its own list.")
    ] = "0:0",
    name: Annotated[str, typer.Option(help="Name of the bank.", show_default="the library's")] = "",
    licence: Annotated[
        str, typer.Option(help="What the sounds may be used for; goes into every corpus.")
    ] = "unknown",
) -> None:
    """Make a sample bank of a soundfont or an SFZ library, or of a piano that is only computed.

    Soundfonts are played by FluidSynth (apt install fluidsynth), which takes half a minute.
    """
    from corpus.pianos import make_bank

    numbers = preset.rpartition(":")
    try:
        chosen = int(numbers[0] or 0), int(numbers[2])
    except ValueError:
        raise UsageError(f"{preset} is no preset.", "For example: --preset 0:3") from None
    typer.echo(str(make_bank(library, output, chosen, name, licence)))


def _open(place: str, *, anew: bool = False) -> Corpus:
    """Opens a corpus in a folder or behind a URL."""
    from corpus.mirrors import open_corpus

    return open_corpus(place, anew=anew)


@app.command(no_args_is_help=True)
def info(place: Place) -> None:
    """Show hours, notes, histograms, splits and licences."""
    from rich.console import Console

    corpus = _open(place)
    from corpus.census import take_census

    from .corpus_reports import census_report

    Console().print(census_report(corpus, take_census(corpus)))


@app.command(no_args_is_help=True)
def verify(place: Place) -> None:
    """Compare every byte with what was built."""
    from rich.console import Console
    from rich.progress import Progress

    corpus = _open(place, anew=True)
    from corpus.verification import verify as compare

    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bars:
        task = bars.add_task("Verifying", total=len(corpus))
        faults = compare(corpus, lambda items: bars.advance(task, items))
    for fault in faults:
        items = f": {', '.join(fault.items)}" if fault.items else ""
        file = fault.file.replace(str(corpus.folder), corpus.place, 1)
        Console().print(f"{file} {fault.reason}{items}", soft_wrap=True, highlight=False)
    if faults:
        console.print(
            f"{len(faults)} file(s) are damaged. Delete their shards and build again: only what is "
            "missing is made.",
            soft_wrap=True,
            highlight=False,
        )
        raise typer.Exit(SOME_SKIPPED)
    Console().print(
        f"{len(corpus)} items in {len(corpus.about['sha256']['shards'])} shards are as built; "
        f"fingerprint {corpus.about['fingerprint'][:16]}.",
        soft_wrap=True,
        highlight=False,
    )


@app.command(no_args_is_help=True)
def listen(
    place: Place,
    number: Annotated[int, typer.Argument(metavar="N", help="Number of the item, from 0.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder to write into.")] = Path(),
) -> None:
    """Write item N as WAV and MIDI, before and after augmentation."""
    corpus = _open(place)
    from corpus.listening import listen as write

    heard = write(corpus, number, output)
    typer.echo(f"Item {number} is {heard.name}.")
    for path in heard.files:
        typer.echo(f"  {path}")
    if heard.same is None:
        typer.echo("Its sources are gone: only what is stored was written.", err=True)
    elif not heard.same:
        typer.echo("Its sources or this program have changed: they give other bytes now.", err=True)


@app.command(no_args_is_help=True)
def plot(
    place: Place,
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder of the pictures.")] = Path(
        "corpus-plots"
    ),
    items: Annotated[int, typer.Option(min=0, help="Spectrograms to draw.")] = 4,
) -> None:
    """Draw the distributions, and spectrograms of a few items with their labels."""
    from corpus.census import take_census
    from corpus.pictures import draw_census, draw_item

    corpus = _open(place)
    make_folder(output)
    paths = [output / "distributions.png"]
    draw_census(take_census(corpus), paths[0])
    for i in range(min(items, len(corpus))):
        # Spread over the corpus, whose order is shuffled.
        number = i * len(corpus) // min(items, len(corpus))
        paths.append(output / f"item-{number:06d}.png")
        draw_item(corpus, number, paths[-1])
    for path in paths:
        typer.echo(str(path))
