"""Augmentation: sound changes, time does not."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from corpus.acoustics import Acoustics, load_acoustics
from corpus.augmentation import Augmentation, AugmentationConfig, apply, draw
from corpus.noises import KINDS
from corpus.transmission import CODECS

CLICK = 20_000
WITHIN = 32
"""2 ms."""

OFF = AugmentationConfig(equaliser=0.0, device=0.0, room=0.0, noise=0.0, clipping=0.0, level=0.0)
FULL_SCALE = dataclasses.replace(OFF, level=1.0, level_dbfs=(0.0, 0.0))
EVERYTHING = AugmentationConfig(
    equaliser=1, device=1, room=1, noise=1, foley=0.5, tones=0.5, clipping=1, detune=1, codec=1,
    codecs=CODECS,
)  # fmt: skip


@pytest.fixture(scope="module")
def acoustics(toy_data: Path) -> Acoustics:
    return load_acoustics(toy_data / "acoustics")


@pytest.fixture
def chain(rng: np.random.Generator, acoustics: Acoustics) -> Augmentation:
    """A chain that does nothing but bring the peak to full scale."""
    return draw(FULL_SCALE, acoustics, rng)


def click() -> np.ndarray:
    sound = np.zeros(48_000, np.float32)
    sound[CLICK] = 1.0
    return sound


def arrival(sound: np.ndarray) -> int:
    """First sample within 12 dB of the peak, as the direct sound of a room is defined."""
    level = np.abs(sound)
    return int(np.argmax(level >= 0.25 * level.max()))


def rms(sound: np.ndarray) -> float:
    return float(np.sqrt(np.mean(sound.astype(float) ** 2)))


def test_off_is_the_same_bits(acoustics: Acoustics, rng: np.random.Generator) -> None:
    for level in (1.0, 0.3, 1e-5):
        sound = (level * rng.uniform(-1, 1, 48_000)).astype(np.float32)
        before = sound.copy()
        assert np.array_equal(apply(sound, draw(OFF, acoustics, rng), acoustics), before)
        assert np.array_equal(sound, before)


TRANSFORMS: dict[str, dict[str, Any]] = {
    "equaliser": {"peaks": ((60.0, 0.5, 6.0), (400.0, 2.0, -10.0), (7000.0, 1.0, 6.0))},
    "device": {"band_hz": (250.0, 3500.0), "resonances": ((300.0, 2.0, 8.0), (5000.0, 2.0, -8.0))},
    "recorded room": {"room": 0},
    "recorded room with leading silence": {"room": 1},
    "recorded room, far away": {"room": 1, "room_wet_db": 4.0},
    "simulated room": {"room": -1, "rt60_s": 1.0},
    "equaliser and room": {"peaks": ((60.0, 0.5, 6.0), (900.0, 2.0, -10.0)), "room": -1},
    "clipping": {"overdrive_db": 6.0},
    "quiet": {"peak_dbfs": -36.0},
} | {kind: {"noises": ((kind, 1.0),)} for kind in ("recorded:0", "hum", *KINDS)}


@pytest.mark.parametrize("name", TRANSFORMS)
def test_no_transform_moves_a_click(name: str, chain: Augmentation, acoustics: Acoustics) -> None:
    # Noise is measured against the louder half of the blocks, of which the click is a fifteenth.
    quiet = {"room_wet_db": -6.0, "snr_db": 25.0}
    heard = apply(click(), dataclasses.replace(chain, **(quiet | TRANSFORMS[name])), acoustics)
    assert abs(arrival(heard) - CLICK) <= WITHIN
    assert name == "clipping" or not np.array_equal(heard, click())


def test_drawn_chains_move_a_click_with_its_label_alone(acoustics: Acoustics) -> None:
    config = dataclasses.replace(EVERYTHING, noise=0.0, codecs=("simulated",))
    labels = []
    for seed in range(40):
        drawn = draw(config, acoustics, np.random.default_rng(seed))
        labels.append(round(CLICK / drawn.speed))
        assert abs(arrival(apply(click(), drawn, acoustics)) - labels[-1]) <= WITHIN
    assert max(labels) - min(labels) > 4 * WITHIN


@pytest.mark.parametrize("name", ["equaliser", "recorded room", "simulated room"])
@pytest.mark.parametrize("noise", ["hum", "babble"])
def test_signal_to_noise_ratio_holds_in_rooms_too(
    name: str, noise: str, chain: Augmentation, acoustics: Acoustics, rng: np.random.Generator
) -> None:
    """The sound keeps its RMS, and noise at 6 dB adds a quarter to its power, in a room or not."""
    sound = (0.1 * rng.standard_normal(48_000)).astype(np.float32)
    plain = dataclasses.replace(chain, peak_dbfs=None, **TRANSFORMS[name])
    assert rms(apply(sound, plain, acoustics)) == pytest.approx(rms(sound), rel=1e-3)
    noisy = dataclasses.replace(plain, noises=((noise, 1.0),), snr_db=6.0)
    expected = rms(sound) * np.sqrt(1.0 + 10**-0.6)
    assert rms(apply(sound, noisy, acoustics)) == pytest.approx(expected, rel=0.05)


@pytest.mark.parametrize("snr_db", [0.0, 20.0, 40.0])
def test_all_noises_together_have_the_drawn_level(
    snr_db: float, chain: Augmentation, acoustics: Acoustics
) -> None:
    t = np.arange(48_000) / 16_000
    sound = np.sin(2 * np.pi * 1000 * t).astype(np.float32)
    noises = (("coloured", 0.3), ("recorded:1", 1.0), ("babble", 0.5), ("foley", 0.5))
    drawn = dataclasses.replace(chain, noises=noises, snr_db=snr_db, peak_dbfs=-12.0)
    heard = apply(sound, drawn, acoustics).astype(float)
    # What of the sound is left is found by projection; the rest is noise.
    part = heard @ sound / (sound @ sound)
    ratio = 20 * np.log10(rms(part * sound) / rms(heard - part * sound))
    assert ratio == pytest.approx(snr_db, abs=0.7)


def test_peaks_and_clipping(chain: Augmentation, acoustics: Acoustics) -> None:
    t = np.arange(16_000) / 16_000
    sound = (0.3 * np.sin(2 * np.pi * 440 * t)).astype(np.float32)
    quiet = apply(sound, dataclasses.replace(chain, peak_dbfs=-20.0), acoustics)
    assert np.abs(quiet).max() == pytest.approx(0.1, rel=1e-4)
    flat = apply(sound, dataclasses.replace(chain, overdrive_db=6.0), acoustics)
    assert (np.abs(flat) > 0.5).mean() > 0.6
    assert np.abs(flat).max() == pytest.approx(10 ** (-6 / 20), rel=1e-4)


def test_silence_stays_silent_and_is_not_blown_up(
    chain: Augmentation, acoustics: Acoustics
) -> None:
    assert not apply(np.zeros(16_000, np.float32), chain, acoustics).any()
    whisper = np.full(16_000, 1e-6, np.float32)
    assert np.abs(apply(whisper, chain, acoustics)).max() < 2e-3


def test_recorded_parameters_replay_to_the_bit(acoustics: Acoustics) -> None:
    for seed in range(6):
        drawn = draw(EVERYTHING, acoustics, np.random.default_rng(seed))
        sound = np.random.default_rng(seed).uniform(-1, 1, 16_000).astype(np.float32)
        heard = apply(sound, drawn, acoustics)
        again = Augmentation.from_dict(json.loads(json.dumps(dataclasses.asdict(drawn))))
        assert again == drawn
        assert np.array_equal(heard, apply(sound, again, acoustics))
        assert heard.dtype == np.float32
        assert np.abs(heard).max() <= 1.0


def digests(acoustics: Acoustics, seeds: list[int]) -> list[str]:
    """Of chains with everything in them, and of noises alone."""
    found = []
    for seed in seeds:
        rng = np.random.default_rng(seed)
        sound = rng.uniform(-1, 1, 16_000).astype(np.float32) * (seed % 2)
        drawn = draw(EVERYTHING, acoustics, rng, piano=bool(seed % 2))
        found.append(hashlib.sha256(apply(sound, drawn, acoustics).tobytes()).hexdigest())
    return found


OTHER_PROCESS = """
import runpy, sys
from pathlib import Path
test = runpy.run_path(sys.argv[1])
acoustics = test["load_acoustics"](Path(sys.argv[2]))
print(*test["digests"](acoustics, list(range(8))[::-1]))
"""


def test_the_same_seed_gives_the_same_bytes_in_another_process_and_order(
    acoustics: Acoustics, toy_data: Path, repository: Path
) -> None:
    there = subprocess.run(
        [sys.executable, "-c", OTHER_PROCESS, __file__, str(toy_data / "acoustics")],
        cwd=repository, capture_output=True, text=True, timeout=240, check=True,
    )  # fmt: skip
    here = digests(acoustics, list(range(8)))
    assert there.stdout.split()[::-1] == here
    assert len(set(here)) == 8


def test_without_recorded_rooms_and_noises_they_are_made(rng: np.random.Generator) -> None:
    nothing = Acoustics((), ())
    config = AugmentationConfig(room=1.0, noise=1.0)
    for _ in range(30):
        chain = draw(config, nothing, rng)
        assert chain.room == -1
        assert not any(kind.startswith("recorded") for kind, _ in chain.noises)
        apply(click(), chain, nothing)


def test_kinds_are_drawn_as_often_as_the_config_says(acoustics: Acoustics) -> None:
    config = AugmentationConfig(noise=1.0, hum=0.3, tones=0.0)
    rng = np.random.default_rng(1)
    counts = Counter(
        kind.split(":")[0] for _ in range(2000) for kind, _ in draw(config, acoustics, rng).noises
    )
    assert set(counts) == {"hum", "recorded", *KINDS} - {"tones"}
    for kind, count in counts.items():
        assert count / 2000 == pytest.approx(getattr(config, kind), abs=0.05)


def test_without_a_piano_there_is_always_noise_of_any_kind(acoustics: Acoustics) -> None:
    counts: Counter[str] = Counter()
    for seed in range(400):
        rng = np.random.default_rng(seed)
        chain = draw(AugmentationConfig(noise=0.0), acoustics, rng, piano=False)
        *drawn, floor = chain.noises
        assert floor[0] == "coloured"
        counts.update(kind.split(":")[0] for kind, _ in drawn)
        if seed < 40:
            assert apply(np.zeros(16_000, np.float32), chain, acoustics).any()
    assert set(counts) == {"hum", "recorded", *KINDS}
    recorded = counts.pop("recorded")
    assert min(counts.values()) > 0.5 * max(counts.values())
    assert recorded > 2 * max(counts.values())
