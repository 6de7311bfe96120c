"""Augmentation: sound changes, time does not."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from corpus.acoustics import Acoustics, load_acoustics
from corpus.augmentation import Augmentation, AugmentationConfig, apply, draw

CLICK = 20_000
WITHIN = 32
"""2 ms."""

OFF = AugmentationConfig(
    equaliser=0.0, device=0.0, room=0.0, noise=0.0, clipping=0.0, level_dbfs=(0.0, 0.0)
)


@pytest.fixture(scope="module")
def acoustics(toy_data: Path) -> Acoustics:
    return load_acoustics(toy_data / "acoustics")


@pytest.fixture
def chain(rng: np.random.Generator, acoustics: Acoustics) -> Augmentation:
    """A chain that does nothing but bring the peak to full scale."""
    return draw(OFF, acoustics, rng)


def click() -> np.ndarray:
    sound = np.zeros(48_000, np.float32)
    sound[CLICK] = 1.0
    return sound


def arrival(sound: np.ndarray) -> int:
    """First sample within 12 dB of the peak, as the direct sound of a room is defined."""
    level = np.abs(sound)
    return int(np.argmax(level >= 0.25 * level.max()))


def test_off_is_the_same_bits(
    chain: Augmentation, acoustics: Acoustics, rng: np.random.Generator
) -> None:
    sound = rng.uniform(-1, 1, 48_000).astype(np.float32)
    sound[7] = 1.0
    assert np.array_equal(apply(sound, chain, acoustics), sound)


TRANSFORMS: dict[str, dict[str, Any]] = {
    "equaliser": {"peaks": ((60.0, 0.5, 6.0), (400.0, 2.0, -10.0), (7000.0, 1.0, 6.0))},
    "device": {"band_hz": (250.0, 3500.0)},
    "recorded room": {"room": 0},
    "recorded room with leading silence": {"room": 1},
    "recorded room, far away": {"room": 1, "room_wet_db": 4.0},
    "simulated room": {"room": -1, "rt60_s": 1.0},
    "coloured noise": {"noises": (("coloured", 1.0),)},
    "recorded noise": {"noises": (("recorded:0", 1.0),)},
    "hum": {"noises": (("hum", 1.0),)},
    "babble": {"noises": (("babble", 1.0),)},
    "clipping": {"overdrive_db": 6.0},
    "quiet": {"peak_dbfs": -36.0},
}


@pytest.mark.parametrize("name", TRANSFORMS)
def test_no_transform_moves_a_click(name: str, chain: Augmentation, acoustics: Acoustics) -> None:
    drawn = dataclasses.replace(chain, **({"room_wet_db": -6.0} | TRANSFORMS[name]))
    heard = apply(click(), drawn, acoustics)
    assert abs(arrival(heard) - CLICK) <= WITHIN
    changed = name == "clipping" or not np.array_equal(heard, click())
    assert changed


def test_drawn_chains_do_not_move_a_click(acoustics: Acoustics) -> None:
    config = AugmentationConfig(equaliser=1.0, device=0.5, room=1.0, noise=0.0, clipping=0.5)
    for seed in range(60):
        drawn = draw(config, acoustics, np.random.default_rng(seed))
        assert abs(arrival(apply(click(), drawn, acoustics)) - CLICK) <= WITHIN


@pytest.mark.parametrize("name", ["equaliser", "recorded room", "simulated room"])
def test_level_is_kept_before_noise_is_added(
    name: str,
    chain: Augmentation,
    acoustics: Acoustics,
    rng: np.random.Generator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Seen where the noise is measured against the sound: its RMS is the sound's before."""
    from corpus import augmentation

    seen = []

    def listen(chain: Augmentation, acoustics: Acoustics, audio: np.ndarray) -> np.ndarray:
        seen.append(float(np.sqrt(np.mean(audio.astype(float) ** 2))))
        return np.zeros(len(audio), np.float32)

    monkeypatch.setattr(augmentation, "_noise", listen)
    sound = (0.1 * rng.standard_normal(48_000)).astype(np.float32)
    apply(
        sound,
        dataclasses.replace(chain, noises=(("hum", 1.0),), **TRANSFORMS[name]),
        acoustics,
    )
    assert seen == [pytest.approx(np.sqrt(np.mean(sound.astype(float) ** 2)), rel=1e-3)]


@pytest.mark.parametrize("snr_db", [0.0, 20.0, 40.0])
def test_all_noises_together_have_the_drawn_level(
    snr_db: float, chain: Augmentation, acoustics: Acoustics
) -> None:
    t = np.arange(48_000) / 16_000
    sound = np.sin(2 * np.pi * 1000 * t).astype(np.float32)
    noises = (("coloured", 0.3), ("recorded:1", 1.0), ("babble", 0.5))
    drawn = dataclasses.replace(chain, noises=noises, snr_db=snr_db, peak_dbfs=-12.0)
    heard = apply(sound, drawn, acoustics).astype(float)
    # What of the sound is left is found by projection; the rest is noise.
    part = heard @ sound / (sound @ sound)
    noise = heard - part * sound
    ratio = 10 * np.log10(np.mean((part * sound) ** 2) / np.mean(noise**2))
    assert ratio == pytest.approx(snr_db, abs=0.5)


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


def test_a_drawn_chain_replays_to_the_bit(acoustics: Acoustics) -> None:
    config = AugmentationConfig(equaliser=1, device=1, room=1, noise=1, clipping=1)
    for seed in range(5):
        first, again = (draw(config, acoustics, np.random.default_rng(seed)) for _ in range(2))
        assert first == again
        sound = np.random.default_rng(seed).uniform(-1, 1, 16_000).astype(np.float32)
        heard = apply(sound, first, acoustics)
        assert np.array_equal(heard, apply(sound, again, acoustics))
        assert heard.dtype == np.float32
        assert np.abs(heard).max() <= 1.0
        assert not np.array_equal(heard, sound)


def test_without_recorded_rooms_and_noises_they_are_made(rng: np.random.Generator) -> None:
    nothing = Acoustics((), ())
    config = AugmentationConfig(room=1.0, noise=1.0)
    for _ in range(30):
        chain = draw(config, nothing, rng)
        assert chain.room == -1
        assert not any(kind.startswith("recorded") for kind, _ in chain.noises)
        apply(click(), chain, nothing)
