"""Pictures of a corpus: its distributions, and a few items with their labels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from transcriber.atomic import atomic_path
from transcriber.timing import LOWEST_PITCH, PITCHES, SAMPLE_RATE

from .census import Census
from .store import Corpus

_WINDOW, _HOP = 2048, 320
_SHOWN_S = 10.0
_FLOOR_DB = -80.0


def draw_census(census: Census, path: Path) -> None:
    """Writes histograms of pitch, velocity and polyphony, and the hours of each source.

    Raises:
        OutputError: `path` cannot be written.
    """
    figure = Figure(figsize=(12, 7), layout="constrained")
    pitch, velocity, voices, hours = np.ravel(figure.subplots(2, 2))
    pitch.bar(np.arange(LOWEST_PITCH, LOWEST_PITCH + PITCHES), census.pitches, 1.0)
    pitch.set(title="Notes by pitch", xlabel="MIDI pitch", ylabel="notes")
    velocity.bar(np.arange(128), census.velocities, 1.0)
    velocity.set(title="Notes by velocity", xlabel="velocity", ylabel="notes")
    voices.bar(np.arange(len(census.polyphony)), census.polyphony / 3600.0, 1.0)
    voices.set(title="Time by notes sounding", xlabel="notes sounding", ylabel="hours")
    names = sorted(census.sources, key=lambda name: census.sources[name].seconds)
    hours.barh(names, [census.sources[name].seconds / 3600.0 for name in names])
    hours.set(title="Hours by source", xlabel="hours")
    _save(figure, path)


def draw_item(corpus: Corpus, number: int, path: Path) -> None:
    """Writes the spectrogram of the first seconds of an item with its notes and pedal drawn in.

    Raises:
        OutputError: `path` cannot be written.
    """
    item, about = corpus[number], corpus.describe(number)
    audio = np.asarray(item.audio[: round(_SHOWN_S * SAMPLE_RATE)], np.float32) / 32767.0
    figure = Figure(figsize=(14, 8), layout="constrained")
    axes: Axes = figure.subplots()
    _spectrogram(axes, audio)
    for onset, offset, _, pitch, velocity in item.notes.tolist():
        if onset < len(audio):
            # Dark where struck hard; a mark where it is struck, none where it rings over.
            shade = 0.35 + 0.65 * velocity / 127.0
            left = max(onset, 0) / SAMPLE_RATE
            right = min(offset, len(audio)) / SAMPLE_RATE
            axes.hlines(pitch, left, right, color="cyan", alpha=shade, lw=1.5)
            if onset >= 0:
                axes.plot(left, pitch, "o", color="white", ms=3)
    for onset, offset in item.pedals.tolist():
        if onset < len(audio):
            axes.hlines(19.0, max(onset, 0) / SAMPLE_RATE, offset / SAMPLE_RATE, color="red", lw=3)
    axes.set(
        title=f"{number}: {about['item']} ({about['split']}, {about['piano'] or 'no piano'})",
        xlabel="seconds",
        ylabel="MIDI pitch; red: pedal",
        xlim=(0, len(audio) / SAMPLE_RATE),
        ylim=(18, 120),
    )
    _save(figure, path)


def _spectrogram(axes: Axes, audio: np.ndarray) -> None:
    """Draws levels over time and pitch, so that a note's fundamental lies behind its line."""
    padded = np.pad(audio, _WINDOW // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, _WINDOW)[::_HOP]
    power = np.abs(np.fft.rfft(frames * np.hanning(_WINDOW), axis=1)) ** 2
    pitches = np.arange(18.0, 120.0, 0.25)
    bins = 440.0 * 2.0 ** ((pitches - 69.0) / 12.0) * _WINDOW / SAMPLE_RATE
    nearest = np.minimum(np.round(bins).astype(int), power.shape[1] - 1)
    levels = 10.0 * np.log10(power[:, nearest].T + 1e-12)
    levels -= levels.max()
    axes.imshow(
        np.maximum(levels, _FLOOR_DB),
        origin="lower",
        aspect="auto",
        cmap="magma",
        extent=(0.0, len(audio) / SAMPLE_RATE, 18.0, 120.0),
    )


def _save(figure: Figure, path: Path) -> None:
    FigureCanvasAgg(figure)
    with atomic_path(path) as draft:
        figure.savefig(draft, dpi=110)
