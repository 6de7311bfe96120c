"""`amt train` and `amt export`: from material to a model file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from transcriber.errors import UsageError

WEIGHTS_LICENCE = "CC-BY-NC-SA-4.0"
"""Licence of weights trained on the full mix, because of MAPS and ASAP (LICENSE_weights)."""


def train(
    data: Annotated[
        Path,
        typer.Option(
            help="Folder with midi/, pianos/, maps_software_pianos/, acoustics/ and real/; "
            "what is missing in it is not used."
        ),
    ],
    run: Annotated[
        Path,
        typer.Option("--output", "-o", help="Folder of the run; one that exists is resumed."),
    ] = Path("runs/run"),
    preset: Annotated[str, typer.Option(help="tiny, laptop or gpu.")] = "laptop",
    config: Annotated[
        Path | None, typer.Option(help="TOML or JSON file with any of the run's settings.")
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="One setting, as in config.json."),
    ] = None,
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
) -> None:
    """Train a network on material rendered on the fly.

    Stops and saves after the current step on Ctrl-C; the same command goes on from there. Several
    processes train together under torchrun: torchrun --nproc-per-node 2 -m amt_tui train …
    """
    if not data.is_dir():
        raise UsageError(f"There is no folder {data}.", "Name the folder of training material.")
    if device not in ("cpu", "cuda"):
        raise UsageError(f"There is no device named {device}.", "Choose cpu or cuda.")
    from trainer.config import default_data
    from trainer.loop import train as run_training
    from trainer.presets import configure

    last = run_training(configure(preset, default_data(data), config, set_), run, device)
    typer.echo(f"Checkpoint: {last}", err=True)


def export(
    checkpoint: Annotated[
        Path, typer.Argument(help="A run folder, or a checkpoint (.safetensors).")
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
) -> None:
    """Write a run's averaged weights as a model file, with thresholds and provenance sealed in."""
    from corpus.recordings import load_recordings
    from trainer.calibration import calibrate
    from trainer.checkpoint import load, save_weights
    from trainer.export import Label
    from trainer.export import export as write
    from transcriber.decoder import DecoderSettings

    source = checkpoint / "last.safetensors" if checkpoint.is_dir() else checkpoint
    settings, provenance = DecoderSettings(), {}
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
