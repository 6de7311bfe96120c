"""Banks that are written are banks that can be read."""

import json
from pathlib import Path

import numpy as np
import pytest

from corpus.banks import bank_paths, load_bank
from corpus.sampling import About, Sample, bank_name, write_bank
from transcriber.errors import AmtError, InputError

ABOUT = About("toy", "Toy piano", "CC0", "made up")


def tone(pitch: int, level: float, seconds: float = 2.0, before: int = 3000) -> np.ndarray:
    t = np.arange(round(16_000 * seconds)) / 16_000
    hz = 440.0 * 2.0 ** ((pitch - 69) / 12.0)
    sound = level * np.exp(-3.0 * t) * np.cos(2 * np.pi * hz * t)
    return np.concatenate([np.zeros(before), sound]).astype(np.float32)


def test_what_is_written_is_read_with_its_levels_and_attacks(tmp_path: Path) -> None:
    samples = [
        Sample(tone(60, level), 60, (21, 108), span)
        for level, span in ((0.01, (1, 63)), (0.4, (64, 127)))
    ]
    path = write_bank(tmp_path, ABOUT, samples)
    assert bank_paths(tmp_path) == [path]
    zones = json.loads(path.read_text())["zones"]
    assert [z["onset_ms"] for z in zones] == [20.0, 20.0]
    assert zones[1]["rms500_dbfs"] - zones[0]["rms500_dbfs"] == pytest.approx(32.04, abs=0.05)
    assert zones[1]["peak_dbfs"] == pytest.approx(20 * np.log10(0.4), abs=0.01)
    assert zones[1]["t20"] == pytest.approx(20 / (3.0 * 8.686), abs=0.06)
    bank = load_bank(path)
    assert bank.licence == "CC0"
    assert [(z.low_velocity, z.high_velocity) for z in bank.strikes[40]] == [(1, 63), (64, 127)]
    assert all(z.onset == 320 for z in bank.strikes[40])


def test_both_channels_are_kept(tmp_path: Path) -> None:
    left, right = tone(60, 0.5), tone(60, 0.1)
    stereo = Sample(np.stack([left, right], 1), 60, (21, 108), (1, 127))
    release = Sample(tone(60, 0.01, 0.2), 60, (60, 60), (1, 127), "release")
    bank = load_bank(write_bank(tmp_path, ABOUT, [stereo, release]))
    assert bank.samples.shape[0] == 2
    zone = bank.strikes[0][0]
    assert zone.levels_db[0] - zone.levels_db[1] == pytest.approx(20 * np.log10(5), abs=0.05)
    assert zone.levels_db[2] - zone.levels_db[1] == pytest.approx(20 * np.log10(3), abs=0.05)
    thump = bank.releases[60 - 21]
    assert thump is not None
    assert np.array_equal(*bank.samples[:, thump.start : thump.stop])  # mono: the same in both


def test_a_tail_of_silence_is_left_out(tmp_path: Path) -> None:
    sound = np.concatenate([tone(60, 0.5, 1.0), np.zeros(80_000, np.float32)])
    write_bank(tmp_path, ABOUT, [Sample(sound, 60, (21, 108), (1, 127))])
    (zone,) = json.loads((tmp_path / "toy.json").read_text())["zones"]
    assert 1.0 <= zone["dur"] <= 1.15


def test_nothing_is_overwritten_and_silence_is_no_bank(tmp_path: Path) -> None:
    silent = Sample(np.zeros(16_000, np.float32), 60, (21, 108), (1, 127))
    with pytest.raises(InputError, match="has no sound in it"):
        write_bank(tmp_path, ABOUT, [silent])
    assert not bank_paths(tmp_path)
    sample = Sample(tone(60, 0.5), 60, (21, 108), (1, 127))
    write_bank(tmp_path, ABOUT, [sample, silent])
    with pytest.raises(AmtError, match="There is a bank"):
        write_bank(tmp_path, ABOUT, [sample])


def test_names_are_file_names() -> None:
    assert bank_name("Yamaha C5 (Grand) / ö") == "yamaha_c5_grand"
    assert bank_name("//") == "piano"
