"""`amt train` and `amt export`: from material to a model file."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Any

import typer

from transcriber.errors import UsageError

from .numbers import check_finite

if TYPE_CHECKING:
    from trainer.config import RunConfig

WEIGHTS_LICENCE = "CC-BY-NC-SA-4.0"
"""Licence of weights trained on the full mix, because of MAPS and ASAP (LICENSE_weights)."""


def train(
    synth: Annotated[
        Path | None,
        typer.Option(
            "--synth",
            "--data",
            metavar="DIR",
            help="Render segments on the fly from a folder with midi/ and pianos/, which it needs, "
            "and soundfonts/, maps_software_pianos/, acoustics/ and real/, if it has them.",
            show_default=False,
        ),
    ] = None,
    corpus: Annotated[
        str | None,
        typer.Option(
            metavar="DIR",
            help="Draw segments from a corpus that `amt corpus build` made; with --synth, half of "
            "them (--set data.corpus_share=0.5). One behind a URL is copied to the cache first.",
            show_default=False,
        ),
    ] = None,
    run: Annotated[
        Path,
        typer.Option("--output", "-o", help="Folder of the run; one that exists is resumed."),
    ] = Path("runs/run"),
    preset: Annotated[str, typer.Option(help="tiny, laptop or gpu.")] = "laptop",
    config: Annotated[
        Path | None,
        typer.Option(help="TOML or JSON file with any of the run's settings.", show_default=False),
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="One setting, as in config.json.",
            show_default=False,
        ),
    ] = None,
    free: Annotated[
        bool,
        typer.Option(
            "--free",
            help="Only material that is CC0, in the public domain, CC BY or MIT, and simulated "
            "rooms.",
        ),
    ] = False,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Load the material, list it with its licences, and stop."),
    ] = False,
    device: Annotated[str, typer.Option(help="cpu, cuda, or auto for cuda where it is.")] = "auto",
    plain: Annotated[
        bool, typer.Option("--plain", help="Lines instead of a screen, also in a terminal.")
    ] = False,
    wandb: Annotated[
        str | None,
        typer.Option(
            metavar="PROJECT", help="Also send figures to Weights & Biases.", show_default=False
        ),
    ] = None,
    wandb_offline: Annotated[
        bool, typer.Option("--wandb-offline", help="Keep them here, for `wandb sync`.")
    ] = False,
    export_: Annotated[
        bool, typer.Option("--export/--no-export", help="Write RUN/model.onnx at the end.")
    ] = True,
    profile_memory: Annotated[
        bool,
        typer.Option(
            "--profile-memory",
            help="Find the source lines that memory grows by, in loader workers too; slower. "
            "`amt memory RUN` tells.",
        ),
    ] = False,
) -> None:
    """Train a network on a corpus, on material rendered on the fly, or on both.

    Ctrl-C stops after the current step and saves; twice, at once. The same command goes on from
    there, and so does amt train -o RUN alone. Several processes train together under torchrun:
    torchrun --nproc-per-node 2 -m amt_tui train …
    """
    from corpus.mirrors import local_folder

    stored = None if corpus is None else local_folder(corpus)
    for folder in (synth, stored):
        if folder is not None and not folder.is_dir():
            raise UsageError(f"There is no folder {folder}.", "Name the folder of the material.")
    begun = run / "config.json"
    going_on = synth is None and corpus is None and begun.exists()
    if synth is None and corpus is None and config is None and not going_on:
        raise UsageError(
            "There is nothing to train on.",
            "Name a corpus with --corpus, or material to render with --synth.",
        )
    from rich.console import Console

    from trainer.boards import TensorBoard, WeightsAndBiases
    from trainer.config import RunConfig, material
    from trainer.loop import train as run_training
    from trainer.memory.monitor import MemoryMonitor
    from trainer.metrics import Curves, MetricsLog
    from trainer.observers import Observer
    from trainer.presets import configure
    from trainer.presets import preset as find_preset

    from .training_lines import TrainingLines
    from .training_screen import TrainingScreen

    base = (
        configure(RunConfig(), begun) if going_on else find_preset(preset, material(synth, stored))
    )
    settings = configure(base, config, [*(set_ or []), *(["data.free_only=true"] if free else [])])
    if dry_run:
        _list_material(settings, run)
        return
    console = Console(stderr=True)
    memory = MemoryMonitor(run, profile_memory)
    observers: list[Observer] = [MetricsLog(), TensorBoard(), memory, Curves()]
    if wandb is not None:
        observers.append(WeightsAndBiases(wandb, offline=wandb_offline))
    if console.is_terminal and not plain:
        observers.append(TrainingScreen(console, memory))
    else:
        observers.append(TrainingLines(console, memory))
    try:
        result = run_training(settings, run, device, observers, profile_memory)
    except KeyboardInterrupt:
        typer.echo("Stopped at once; the same command goes on from the last checkpoint.", err=True)
        raise typer.Exit(130) from None
    if result.first and export_ and result.ending.reason != "stopped":
        _export_run(run, settings)


def _list_material(settings: RunConfig, run: Path) -> None:
    from rich.console import Console

    from trainer.inventory import inventory
    from trainer.material import load_source

    from .training_material import print_material

    source = load_source(settings, run.parent / "cache")
    print_material(inventory(source, settings.data), settings, Console())


def _export_run(run: Path, config: RunConfig) -> None:
    """Writes the run's best weights, or its last, as a model calibrated on its development set.

    Material may have moved since they were saved: `config` knows where it lies now.
    """
    from trainer.calibration import calibrate
    from trainer.checkpoint import load
    from trainer.export import Label
    from trainer.export import export as write
    from trainer.validation import load_development
    from transcriber.decoder import DecoderSettings

    best = run / "best.safetensors"
    source = best if best.exists() else run / "last.safetensors"
    stored = load(source)
    development = load_development(config)
    settings, provenance = DecoderSettings(), {"material": stored.meta["material"]}
    if development is not None:
        settings = calibrate(source, development.recordings)
        provenance["calibrated_on"] = [recording.name for recording in development.recordings]
    data = config.data
    heard = [Path(path).name for path in (data.corpus, data.performances, data.recordings) if path]
    label = Label(run.resolve().name, "0", "unknown: that of the material", ", ".join(heard))
    write(source, run / "model.onnx", label, settings, provenance)
    typer.echo(
        f"{run / 'model.onnx'}: from {source.name}, onset threshold {settings.onset_threshold}",
        err=True,
    )


def export(
    checkpoint: Annotated[
        Path,
        typer.Argument(
            help="A run folder, or a checkpoint (.safetensors); with --with-features also a "
            "bundled model, or a model file (.onnx)."
        ),
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="Model file to write, .onnx.")],
    calibrate_on: Annotated[
        Path | None,
        typer.Option(
            "--calibrate",
            help="Folder of recordings the network was not trained on, to choose thresholds by.",
        ),
    ] = None,
    name: Annotated[str, typer.Option(help="Short name of the model.")] = "live",
    version: Annotated[str, typer.Option(help="Version of the weights.")] = "1.0.0",
    licence: Annotated[str, typer.Option(help="Licence of the weights.")] = WEIGHTS_LICENCE,
    weights: Annotated[
        Path | None,
        typer.Option(help="Also write the weights alone (.safetensors), to train on from."),
    ] = None,
    trained_on: Annotated[
        str, typer.Option(help="What the network was trained on, in one sentence.")
    ] = "",
    blend_with: Annotated[
        Path | None,
        typer.Option(
            "--blend",
            help="Weights (.safetensors) to take the mean with, such as those it went on from.",
        ),
    ] = None,
    share: Annotated[float, typer.Option(min=0.0, max=1.0, help="Of --blend in the mean.")] = 0.5,
    with_features: Annotated[
        bool,
        typer.Option(
            "--with-features",
            help="Write a graph that hears samples, for the phone: the front end inside, and the "
            "weights in half precision.",
        ),
    ] = False,
) -> None:
    """Write a run's averaged weights as a model file, with thresholds and provenance sealed in."""
    from transcriber.model import SUFFIX, bundled_models

    if with_features and (checkpoint.suffix == SUFFIX or str(checkpoint) in bundled_models()):
        _put_features_in_front(str(checkpoint), output)
        return

    from corpus.recordings import load_recordings
    from trainer.calibration import calibrate
    from trainer.checkpoint import blend, load, save_weights
    from trainer.export import Label
    from trainer.export import export as write
    from trainer.history import training_cost
    from transcriber.decoder import DecoderSettings

    check_finite(share=share)
    source = checkpoint / "last.safetensors" if checkpoint.is_dir() else checkpoint
    settings = DecoderSettings()
    provenance: dict[str, Any] = {}
    with TemporaryDirectory() as folder:
        if blend_with is not None:
            mean = Path(folder) / "blended.safetensors"
            blend(source, blend_with, share, mean)
            provenance |= training_cost(source.parent)  # no log lies beside the mean
            source = mean
            provenance["blended_with"] = f"{share:g} of {blend_with.name}"
        if calibrate_on is not None:
            recordings = load_recordings(calibrate_on)
            settings = calibrate(source, recordings)
            provenance["calibrated_on"] = [recording.name for recording in recordings]
        if weights is not None:
            save_weights(weights, load(source))
        label = Label(name, version, licence, trained_on)
        info = write(source, output, label, settings, provenance)
    typer.echo(
        f"{output}: {info.name} {info.version}, look-ahead {info.lookahead_ms:.0f} ms, "
        f"onset threshold {settings.onset_threshold}",
        err=True,
    )
    if with_features:
        _put_features_in_front(str(output), output)


def _put_features_in_front(model: str, output: Path) -> None:
    from trainer.soundgraph import export_with_features

    info = export_with_features(model, output)
    typer.echo(f"{output}: {info.name} {info.version}, hears samples", err=True)
