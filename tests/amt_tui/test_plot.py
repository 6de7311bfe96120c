"""The picture: notes where they were played, over the spectrogram they were heard in."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from amt_tui.plot import MOST_PIXELS, draw
from amt_tui.spectrogram import MOST_COLUMNS, Spectrogram
from transcriber.errors import OutputError
from transcriber.features import FeatureConfig
from transcriber.notes import Note, Pedal, Transcript
from transcriber.timing import LOWEST_PITCH, SAMPLE_RATE

SVG = "{http://www.w3.org/2000/svg}"
TRANSCRIPT = Transcript.of(
    [Note(2.0, 4.0, 69, 20), Note(6.0, 7.0, 57, 110)], [Pedal(1.0, 3.0)], duration_s=10.0
)


def tone(hz: float, seconds: float, of_s: float) -> np.ndarray:
    """Silence with a tone in its middle part: [n] float32 of `of_s` seconds."""
    samples = np.zeros(round(of_s * SAMPLE_RATE), np.float32)
    start = round((of_s - seconds) / 2 * SAMPLE_RATE)
    t = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    samples[start : start + len(t)] = 0.3 * np.sin(2 * np.pi * hz * t)
    return samples


def width_of(path: Path) -> int:
    with Image.open(path) as image:
        return image.size[0]


@pytest.fixture
def heard() -> Spectrogram:
    spectrogram = Spectrogram(FeatureConfig())
    spectrogram.push(tone(440.0, 4.0, of_s=10.0))
    return spectrogram


def test_spectrogram_puts_a_tone_where_it_sounds(heard: Spectrogram) -> None:
    levels = heard.levels()
    assert levels.shape[0] == 88
    assert levels.max() == 1.0
    at = np.array([1.0, 5.0, 9.0]) / heard.column_s
    before, within, after = (levels[:, int(column)] for column in at)
    assert np.argmax(within) == 69 - LOWEST_PITCH
    assert before.max() == 0.0
    assert after.max() == 0.0


def test_spectrogram_does_not_depend_on_how_it_is_pushed(heard: Spectrogram) -> None:
    pieces = Spectrogram(FeatureConfig())
    for piece in np.array_split(tone(440.0, 4.0, of_s=10.0), 37):
        pieces.push(piece)
    assert np.allclose(pieces.levels(), heard.levels(), atol=1e-5)


def test_spectrogram_of_a_long_recording_is_coarser_not_larger() -> None:
    features = FeatureConfig()
    spectrogram = Spectrogram(features)
    whole_s = 2.5 * MOST_COLUMNS * features.hop / SAMPLE_RATE
    for piece in np.array_split(tone(440.0, 20.0, of_s=whole_s), 50):
        spectrogram.push(piece)
    levels = spectrogram.levels()
    assert spectrogram.column_s == pytest.approx(4 * features.hop / SAMPLE_RATE)
    assert levels.shape[1] <= MOST_COLUMNS
    sounding = np.flatnonzero(levels[69 - LOWEST_PITCH] > 0.5) * spectrogram.column_s
    assert sounding.min() == pytest.approx(whole_s / 2 - 10.0, abs=0.2)
    assert sounding.max() == pytest.approx(whole_s / 2 + 10.0, abs=0.3)


def test_empty_spectrogram_is_drawn(tmp_path: Path) -> None:
    draw(Transcript(), Spectrogram(FeatureConfig()), tmp_path / "x.png", "x", "by me")
    assert width_of(tmp_path / "x.png") > 600


def test_svg_has_every_note_in_its_place(heard: Spectrogram, tmp_path: Path) -> None:
    path = tmp_path / "roll.svg"
    draw(TRANSCRIPT, heard, path, "a <b> & c.wav", "by <me>")
    root = ET.parse(path).getroot()
    assert root.findtext(f"{SVG}desc") == "by <me>"
    texts = [element.text for element in root.iter(f"{SVG}text")]
    assert "a <b> & c.wav   2 notes" in texts
    assert {"C4", "0 s", "2 s", "Pedal", "soft", "loud"} <= set(texts)
    titled = {
        element.findtext(f"{SVG}title"): element
        for element in root.iter(f"{SVG}rect")
        if element.find(f"{SVG}title") is not None
    }
    assert list(titled) == [
        "A4, velocity 20, 2.000 to 4.000 s",
        "A3, velocity 110, 6.000 to 7.000 s",
        "pedal 1.000 to 3.000 s",
    ]
    first, second, _ = titled.values()
    left, width = float(first.get("x", "")), float(first.get("width", ""))
    assert float(second.get("x", "")) == pytest.approx(left + 2 * width)
    assert float(second.get("y", "")) > float(first.get("y", ""))
    assert root.find(f"{SVG}image") is not None


def test_png_is_coloured_where_notes_are(heard: Spectrogram, tmp_path: Path) -> None:
    with_notes = tmp_path / "roll.png"
    draw(TRANSCRIPT, heard, with_notes, "x", "by me")
    with Image.open(with_notes) as image:
        assert image.info["Software"] == "by me"
        pixels = np.asarray(image).astype(int)
    # The loud note's orange exists in its second and in no other part of the plot.
    left, width = 56, 800
    warm = (pixels[40:-60, :, 0] > pixels[40:-60, :, 2] + 40) & (pixels[40:-60, :, 0] > 120)
    columns = np.flatnonzero(warm.any(axis=0))
    inside = columns[(columns > left + 0.55 * width)]
    assert inside.min() == pytest.approx(left + 0.6 * width, abs=2)
    assert inside.max() == pytest.approx(left + 0.7 * width, abs=2)


def test_three_hours_stay_within_the_widest_picture(tmp_path: Path) -> None:
    long = Transcript.of([Note(10_000.0, 10_001.0, 60, 60)], duration_s=10_800.0)
    draw(long, Spectrogram(FeatureConfig()), tmp_path / "x.png", "x" * 5000, "by me")
    assert MOST_PIXELS < width_of(tmp_path / "x.png") < MOST_PIXELS + 100


@pytest.mark.parametrize("name", ["x.png", "x.svg"])
def test_unwritable_picture(heard: Spectrogram, tmp_path: Path, name: str) -> None:
    with pytest.raises(OutputError):
        draw(TRANSCRIPT, heard, tmp_path / "no" / "such" / name, "x", "by me")
