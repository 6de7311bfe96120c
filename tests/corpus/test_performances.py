"""Performances: which are learnt from, and how they are changed."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.performances import SOFT, SOFTEST, Performance, Repertoire, Style, read_zip
from transcriber.errors import InputError
from transcriber.notes import Note, Pedal, Transcript

MUSIC = Transcript.of(
    [Note(1.0, 3.0, 60, 64, 1.5), Note(2.0, 2.5, 62, 100), Note(6.0, 7.0, 107, 20)],
    [Pedal(1.2, 3.0)],
)


def test_held_out_pieces_and_broken_files_are_left_out(toy_data: Path) -> None:
    found = dict(read_zip(toy_data / "midi" / "performances.zip"))
    assert set(found) == {"a/one.mid", "b/three.mid"}
    assert len(found["a/one.mid"].notes) == 48


def test_without_a_manifest_nothing_is_held_out(toy_data: Path, tmp_path: Path) -> None:
    copy = shutil.copy(toy_data / "midi" / "performances.zip", tmp_path)
    assert len(list(read_zip(Path(copy)))) == 3


@pytest.mark.parametrize("manifest", ['{"licences": {}}', '{"items": [{"file": "x"}]}'])
def test_a_manifest_may_say_less(toy_data: Path, tmp_path: Path, manifest: str) -> None:
    copy = shutil.copy(toy_data / "midi" / "performances.zip", tmp_path)
    (tmp_path / "manifest.json").write_text(manifest)
    assert len(list(read_zip(Path(copy)))) == 3


def test_the_manifest_of_a_build_holds_out_the_same(toy_data: Path, tmp_path: Path) -> None:
    """`path` and `split` are what `amt corpus build` takes besides."""
    copy = shutil.copy(toy_data / "midi" / "performances.zip", tmp_path)
    (tmp_path / "manifest.json").write_text('{"items": [{"path": "a/one.mid", "split": "test"}]}')
    assert set(dict(read_zip(Path(copy)))) == {"a/two.mid", "b/three.mid"}


def test_maestro_holds_out_by_its_own_index(toy_data: Path, tmp_path: Path) -> None:
    path = Path(shutil.copy(toy_data / "midi" / "performances.zip", tmp_path))
    rows = ["canonical_composer,canonical_title,split,midi_filename,audio_filename"]
    rows += ["Bach,Air,validation,one.mid,one.wav", "Bach,Aria,train,two.midi,two.wav"]
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("a/maestro-v3.0.0.csv", "\n".join(rows))
    assert set(dict(read_zip(path))) == {"a/two.mid", "b/three.mid"}
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("maestro-v3.0.0.csv", "nothing")
    with pytest.raises(InputError, match=r"maestro-v3\.0\.0\.csv lists nothing"):
        list(read_zip(path))


@pytest.mark.parametrize("manifest", ["[]", '{"items": [7]}', "7"])
def test_a_manifest_that_is_another_thing(toy_data: Path, tmp_path: Path, manifest: str) -> None:
    copy = shutil.copy(toy_data / "midi" / "performances.zip", tmp_path)
    (tmp_path / "manifest.json").write_text(manifest)
    with pytest.raises(InputError, match=r"The manifest .* cannot be read"):
        list(read_zip(Path(copy)))


def test_a_damaged_manifest(toy_data: Path, tmp_path: Path) -> None:
    copy = shutil.copy(toy_data / "midi" / "performances.zip", tmp_path)
    (tmp_path / "manifest.json").write_text('{"items": [')
    with pytest.raises(InputError, match=r"The manifest .* cannot be read"):
        list(read_zip(Path(copy)))


def test_no_zip(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(b"no zip")
    for path in (tmp_path / "a.zip", tmp_path / "none.zip"):
        with pytest.raises(InputError, match=r"The performances .* cannot be read"):
            list(read_zip(path))
    with pytest.raises(InputError, match="no performances to learn from"):
        Repertoire.of([])


def test_packing_loses_nothing(tmp_path: Path) -> None:
    other = Transcript.of([Note(0.5, 1.0, 21, 1)])
    packed = Repertoire.of([("a", MUSIC), ("b", other), ("c", MUSIC)])
    packed.save(tmp_path / "r.npz")
    again = Repertoire.load(tmp_path / "r.npz")
    assert again.names == ("a", "b", "c")
    for repertoire in (packed, again):
        assert len(repertoire) == 3
        for index, expected in enumerate((MUSIC, other, MUSIC)):
            played = repertoire[index].window(0.0, 100.0, 0.0)
            assert [(n.onset_s, n.offset_s, n.pitch, n.velocity) for n in played.notes] == [
                (n.onset_s, n.offset_s, n.pitch, n.velocity) for n in expected.notes
            ]
            assert played.pedals == expected.pedals
            assert repertoire[index].duration_s == expected.duration_s


def test_a_window_counts_from_its_lead() -> None:
    part = Performance.of("x", MUSIC).window(2.0, 5.0, lead_s=1.5)
    assert [(n.onset_s, n.offset_s, n.pitch) for n in part.notes] == [
        (0.5, 2.5, 60),
        (1.5, 2.0, 62),
    ]
    assert part.pedals == (Pedal(1.2 - 0.5, 2.5),)


def test_tempo_scales_all_times() -> None:
    part = Performance.of("x", MUSIC).window(0.0, 10.0, 0.0, Style(tempo=2.0))
    assert part.notes[0] == Note(2.0, 6.0, 60, 64, 3.0)
    assert part.pedals == (Pedal(2.4, 6.0),)


def test_transposition_drops_what_leaves_the_keyboard() -> None:
    part = Performance.of("x", MUSIC).window(0.0, 10.0, 0.0, Style(transpose=3))
    assert [n.pitch for n in part.notes] == [63, 65]


def test_without_pedal_notes_end_with_their_keys() -> None:
    part = Performance.of("x", MUSIC).window(0.0, 10.0, 0.0, Style(pedal=False))
    assert part.pedals == ()
    assert [n.offset_s for n in part.notes] == [1.5, 2.5, 7.0]


@given(st.integers(0, 2**32 - 1))
def test_drawn_styles_stay_within_what_players_do(seed: int) -> None:
    style = Style.draw(np.random.default_rng(seed))
    assert 0.75 < style.tempo < 1.3
    assert -6 <= style.transpose <= 6
    velocities = [style.velocity(v) for v in range(1, 128)]
    assert velocities == sorted(velocities)
    assert velocities[0] >= 1
    assert velocities[-1] <= 127
    assert velocities[-1] - velocities[0] > 50


def test_soft_notes_are_pressed_together_and_not_heaped() -> None:
    soft = Style(velocity_gain=1.0, velocity_offset=-30.0)
    assert [soft.velocity(v) for v in (60, 80, 127)] == [30, 50, 97]  # above, as the curve says
    pressed = [soft.velocity(v) for v in range(20, 61)]
    assert min(pressed) > SOFTEST
    assert max(pressed) == SOFT
    assert np.bincount(pressed).max() <= 12  # of 41; the curve alone would take half under 10
    # What was played more softly than that stays as it was; nothing is made louder.
    assert [soft.velocity(v) for v in range(1, 16)] == list(range(1, 16))
    assert [Style().velocity(v) for v in range(1, 128)] == list(range(1, 128))
