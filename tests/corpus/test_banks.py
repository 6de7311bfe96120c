"""Sample banks: zones where they belong, levels as they are heard."""

from __future__ import annotations

import json
import shutil
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soundfile

from corpus.banks import Bank, load_bank
from transcriber.errors import InputError


@pytest.fixture(scope="module")
def bank(toy_data: Path) -> Bank:
    return load_bank(toy_data / "pianos" / "toy.json")


@pytest.fixture
def folder(toy_data: Path, tmp_path: Path) -> Path:
    """A bank of one's own, to be broken."""
    return Path(shutil.copytree(toy_data / "pianos", tmp_path / "pianos"))


def edit(folder: Path, **changes: object) -> Path:
    """Change the first zone of the description."""
    path = folder / "toy.json"
    table = json.loads(path.read_text())
    table["zones"][0] |= changes
    path.write_text(json.dumps(table))
    return path


def test_every_key_has_its_layers_from_soft_to_loud(bank: Bank) -> None:
    assert len(bank.strikes) == 88
    for key, zones in enumerate(bank.strikes):
        assert [z.high_velocity for z in zones] == [63, 127]
        assert zones[0].low_velocity == 1
        assert abs(zones[0].root - (21 + key)) <= 6 or zones[0].root == 99  # the last one


def test_zones_lie_behind_each_other_and_begin_just_before_the_attack(bank: Bank) -> None:
    zones = sorted({z for strikes in bank.strikes for z in strikes}, key=lambda z: z.start)
    assert zones[0].start == 0
    for zone, following in pairwise(zones):
        assert zone.stop == following.start
        assert zone.onset == 160  # 10 ms: less than what is kept before an attack
        attack = np.flatnonzero(bank.samples[0, zone.start : zone.stop])[0]
        assert attack == zone.onset


def test_levels_are_measured_on_what_is_kept(bank: Bank) -> None:
    zone = bank.strikes[39][1]
    attack = zone.start + zone.onset
    head = bank.samples[0, attack : attack + 8000] / 32768.0
    assert zone.levels_db[-1] == pytest.approx(10 * np.log10(np.mean(head**2)), abs=0.01)


def test_releases_only_near_their_keys(bank: Bank) -> None:
    there = [21 + key for key, zone in enumerate(bank.releases) if zone is not None]
    assert there == [61, 62, 63, 64, 65]


def test_a_low_pass_unfolds_a_zone_into_brighter_ones(folder: Path) -> None:
    path = edit(folder, root=69, lokey=21, hikey=108, lovel=0, hivel=127, lowpass_hz=500.0)
    table = json.loads(path.read_text())
    path.write_text(json.dumps(table | {"zones": table["zones"][:1]}))
    bank = load_bank(path)
    ranges = [(z.low_velocity, z.high_velocity) for z in bank.strikes[0]]
    assert ranges == [(1, 42), (43, 85), (86, 127)]

    def brightness(zone: object) -> float:
        sound = bank.samples[0, zone.start : zone.start + 4000].astype(float)
        spectrum = np.abs(np.fft.rfft(sound)) ** 2
        return float((spectrum * np.arange(len(spectrum))).sum() / spectrum.sum())

    shades = [brightness(zone) for zone in bank.strikes[0]]
    assert shades == sorted(shades)


def test_broken_banks_get_a_sentence(folder: Path) -> None:
    with pytest.raises(InputError, match="does not describe a sample bank"):
        load_bank(folder / "none.json")
    for text in ("{}", "[]", '{"name": "x", "licence": "CC0", "zones": []}', '{"zones": [7]}'):
        (folder / "bad.json").write_text(text)
        with pytest.raises(InputError, match="does not describe a sample bank"):
            load_bank(folder / "bad.json")
    with pytest.raises(InputError, match=r"The sample .*none\.flac cannot be read"):
        load_bank(edit(folder, file="none.flac"))
    soundfile.write(folder / "toy" / "other.flac", np.zeros(4410), 44_100)
    with pytest.raises(InputError, match="is not 16000 Hz mono or stereo"):
        load_bank(edit(folder, file="other.flac"))
