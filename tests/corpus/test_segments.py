"""Segments: each decided by its number alone, and labelled where it sounds."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from corpus import segments
from corpus.acoustics import Acoustics, load_acoustics
from corpus.augmentation import AugmentationConfig
from corpus.banks import load_bank
from corpus.instruments import draw_pitch
from corpus.performances import Repertoire, read_zip
from corpus.recordings import Recording, load_recordings
from corpus.segments import Mix, Segment, SegmentSource
from transcriber.errors import InputError
from transcriber.notes import Transcript

DRY = AugmentationConfig(equaliser=0, device=0, room=0, noise=0, clipping=0, level_dbfs=(-6, -6))
NOTHING = Mix(0, 0, 0, 0, augmentation=DRY)


def source_of(root: Path, mix: Mix | None = None, seed: int = 5) -> SegmentSource:
    return SegmentSource(
        Repertoire.of(read_zip(root / "midi" / "performances.zip")),
        [load_bank(root / "pianos" / "toy.json")],
        load_recordings(root / "maps_software_pianos"),
        load_acoustics(root / "acoustics"),
        mix or Mix(),
        2.0,
        seed,
    )


@pytest.fixture(scope="module")
def source(toy_data: Path) -> SegmentSource:
    return source_of(toy_data)


def digest(segment: Segment) -> str:
    text = segment.audio.tobytes() + repr((segment.transcript, segment.lead_s)).encode()
    return hashlib.sha256(text).hexdigest()


NUMBERS = (0, 2, 3, 15, 17, 1_000_000)
"""In 2 and 15, strings sound along."""

OTHER_PROCESS = """
import runpy, sys
from pathlib import Path
test = runpy.run_path(sys.argv[1])
source = test["source_of"](Path(sys.argv[2]))
for number in reversed(test["NUMBERS"]):
    print(test["digest"](source.draw(number)))
"""


def test_a_number_gives_the_same_bytes_in_any_process_and_order(
    source: SegmentSource, toy_data: Path, repository: Path
) -> None:
    here = [digest(source.draw(number)) for number in NUMBERS]
    assert len(set(here)) == len(NUMBERS)
    # BLAS sums in another order with another number of threads.
    there = subprocess.run(
        [sys.executable, "-c", OTHER_PROCESS, __file__, str(toy_data)],
        env={**os.environ, "OPENBLAS_NUM_THREADS": "2"},
        cwd=repository, capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    assert there.stdout.split()[::-1] == here


def test_recordings_shorter_than_a_segment_have_no_share(toy_data: Path) -> None:
    (recording,) = load_recordings(toy_data / "maps_software_pianos")
    short = replace(recording, audio=recording.audio[: 16_000 * 2 - 1])

    def made(recording: Recording, mix: Mix) -> SegmentSource:
        bank = load_bank(toy_data / "pianos" / "toy.json")
        none = Repertoire.of(read_zip(toy_data / "midi" / "performances.zip"))
        return SegmentSource(none, [bank], [recording], Acoustics((), ()), mix, 2.0, 5)

    source = made(short, replace(NOTHING, recordings=0.5, silence=0.5))
    assert not any(source.draw(number).transcript.notes for number in range(8))
    with pytest.raises(InputError, match="Nothing is left to draw segments from"):
        made(short, replace(NOTHING, recordings=1.0))
    exactly = replace(recording, audio=recording.audio[: 16_000 * 2])
    assert made(exactly, replace(NOTHING, recordings=1.0)).draw(0).transcript.notes


def test_another_seed_is_another_corpus(source: SegmentSource, toy_data: Path) -> None:
    assert digest(source_of(toy_data, seed=6).draw(0)) != digest(source.draw(0))


def test_segments_are_what_a_network_can_take(source: SegmentSource) -> None:
    for number in range(30):
        segment = source.draw(number)
        assert segment.audio.shape == (32_000,)
        assert segment.audio.dtype == np.float32
        assert np.abs(segment.audio).max() <= 1.0
        assert segment.audio.any()


def test_all_kinds_are_drawn_as_often_as_the_mix_says(toy_data: Path) -> None:
    source = source_of(toy_data, Mix(0.4, 0.3, 0.2, 0.1, augmentation=DRY))
    drawn: dict[str, int] = {}
    for name in ("_performance", "_recording", "_exercise", "_silence"):

        def count(_: np.random.Generator, name: str = name) -> Segment:
            drawn[name] = drawn.get(name, 0) + 1
            return Segment(np.zeros(32_000, np.float32), Transcript(), 0.0)

        setattr(source, name, count)
    for number in range(1000):
        source.draw(number)
    shares = [drawn[k] / 1000 for k in ("_performance", "_recording", "_exercise", "_silence")]
    assert shares == pytest.approx([0.4, 0.3, 0.2, 0.1], abs=0.05)


@pytest.mark.parametrize("kind", ["performances", "exercises"])
def test_labels_lie_where_the_sound_starts(toy_data: Path, kind: str) -> None:
    """The level rises at the labels, and not 15 ms before or after them."""
    source = source_of(toy_data, replace(NOTHING, **{kind: 1.0}))
    rises: dict[float, list[float]] = {-0.015: [], 0.0: [], 0.015: []}
    for number in range(30):
        segment = source.draw(number)
        power = np.cumsum(np.square(segment.audio, dtype=np.float64))
        for note in segment.transcript.notes:
            for shift, found in rises.items():
                at = round((note.onset_s - segment.lead_s + shift) * 16_000)
                if 400 < at < 31_600:
                    before, after = power[at] - power[at - 128], power[at + 128] - power[at]
                    found.append(10 * np.log10((after + 1e-9) / (before + 1e-9)))
    assert len(rises[0.0]) > 100
    early, exact, late = (float(np.mean(found)) for found in rises.values())
    assert exact > 3.0
    assert exact > 2 * max(early, late)  # chords are spread by some 10 ms


def test_recordings_keep_their_own_time(toy_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segments, "draw_pitch", lambda rng, mistuned: 0.0)
    source = source_of(toy_data, replace(NOTHING, recordings=1.0, bodies=0.0))
    (recording,) = source.recordings
    for number in range(5):
        segment = source.draw(number)
        start = round(segment.lead_s * 16_000)
        played = recording.audio[start : start + 32_000] / 32768.0
        scale = np.abs(segment.audio).max() / np.abs(played).max()
        assert np.allclose(segment.audio, played * scale, atol=1e-4)
        inside = [n for n in recording.transcript.notes if 0 <= n.onset_s - segment.lead_s < 2]
        assert set(inside) <= set(segment.transcript.notes)


@pytest.mark.parametrize("cents", [-35.0, 35.0])
def test_labels_of_mistuned_recordings_lie_where_their_clicks_do(
    toy_data: Path, monkeypatch: pytest.MonkeyPatch, cents: float
) -> None:
    monkeypatch.setattr(segments, "draw_pitch", lambda rng, mistuned: cents)
    source = source_of(toy_data, replace(NOTHING, recordings=1.0, bodies=0.0))
    (recording,) = source.recordings
    clicks = np.zeros_like(recording.audio)
    for note in recording.transcript.notes:
        clicks[round(note.onset_s * 16_000)] = 20_000
    source._pianos = {"toy": [replace(recording, audio=clicks)]}
    found = 0
    for number in range(5):
        segment = source.draw(number)
        for note in segment.transcript.notes:
            at = round((note.onset_s - segment.lead_s) * 16_000)
            if 100 < at < 31_900:
                assert abs(int(np.abs(segment.audio[at - 100 : at + 100]).argmax()) - 100) <= 1
                found += 1
    assert found > 10


def test_pianos_are_as_far_from_440_hz_as_they_are_in_life() -> None:
    rng = np.random.default_rng(0)
    drawn = np.abs([draw_pitch(rng) for _ in range(4000)])
    tuned = np.abs([draw_pitch(rng, 0.0) for _ in range(4000)])

    assert drawn.max() <= 35.0
    assert np.mean(drawn > 12.0) == pytest.approx(0.5 * 23 / 35 + 0.5 * 0.046, abs=0.03)
    assert np.mean(tuned > 12.0) == pytest.approx(0.046, abs=0.02)


def test_silence_holds_noise_and_no_notes(toy_data: Path) -> None:
    source = source_of(toy_data, replace(NOTHING, silence=1.0))
    segment = source.draw(0)
    assert segment.audio.any()
    assert segment.transcript.notes == ()


def test_what_is_not_there_is_not_drawn(toy_data: Path) -> None:
    bank = load_bank(toy_data / "pianos" / "toy.json")
    nothing = np.zeros((0, 3))
    repertoire = Repertoire(
        (),
        nothing,
        np.zeros((0, 2), np.int16),
        nothing[:, :2],
        *(np.zeros(0, int),) * 2,
        np.zeros(0),
    )
    source = SegmentSource(repertoire, [bank], [], Acoustics((), ()), Mix(), 2.0, 1)
    assert all(source.draw(number).audio.any() for number in range(30))
