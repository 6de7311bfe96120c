"""Every layout is recognised by what lies there; what cannot be used is named."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from corpus.maps import combined, parse_table, uncombined
from corpus.shelves import open_shelf
from corpus.sources import list_source, parse_sources
from corpus.works import Listing, Work, check_splits, with_splits
from transcriber.errors import InputError, UsageError
from transcriber.midi import read_midi, write_midi
from transcriber.notes import Transcript


def listed(path: Path, held_out: float = 0.1) -> Listing:
    open_shelf.cache_clear()
    return list_source(parse_sources([str(path)])[0], held_out)


@pytest.mark.parametrize("version", [1, 2, 3])
@pytest.mark.parametrize("kind", ["csv", "json"])
@pytest.mark.parametrize("zipped", [False, True])
def test_maestro_of_every_version(
    maestro: Callable[..., Path], version: int, kind: str, zipped: bool
) -> None:
    listing = listed(maestro(version, kind, zipped=zipped))
    assert not listing.skipped
    assert [work.split for work in listing.works] == ["train", "train", "validation", "test"]
    chopin = listing.works[0]
    assert chopin.id == "2004/MIDI-Unprocessed_00_R1"
    assert chopin.piece == "frederic chopin ballade no 1 in g minor op 23 odd"
    assert chopin.seconds == 8.5
    assert "BY-NC-SA" in chopin.licence


def test_maestro_reports_what_is_missing(maestro: Callable[..., Path]) -> None:
    root = maestro(3)
    (root / "2006/MIDI-Unprocessed_01_R1.wav").unlink()
    (root / "2018/MIDI-Unprocessed_03_R1.midi").unlink()
    listing = listed(root)
    assert [work.id[:4] for work in listing.works] == ["2004", "2008"]
    assert {loss.reason.split("'")[1] for loss in listing.skipped} == {
        "2006/MIDI-Unprocessed_01_R1.wav",
        "2018/MIDI-Unprocessed_03_R1.midi",
    }


def test_maestro_finds_midi_under_the_other_ending(maestro: Callable[..., Path]) -> None:
    root = maestro(3)
    for path in root.rglob("*.midi"):
        path.rename(path.with_suffix(".mid"))
    assert len(listed(root).works) == 4


def test_maestro_reports_an_unknown_column(maestro: Callable[..., Path]) -> None:
    root = maestro(3)
    index = root / "maestro-v3.0.0.csv"
    head, *rest = index.read_text().splitlines()
    index.write_text("\n".join([head + ",mood", *(line + ",sad" for line in rest)]))
    listing = listed(root)
    assert len(listing.works) == 4
    assert "'mood'" in listing.skipped[0].reason


def test_maestro_without_a_needed_column_falls_back_to_json(maestro: Callable[..., Path]) -> None:
    root = maestro(3, "json")
    (root / "maestro-v3.0.0.csv").write_text("composer,title\nA,B\n")
    listing = listed(root)
    assert len(listing.works) == 4
    assert "no column" in listing.skipped[0].reason
    (root / "maestro-v3.0.0.json").unlink()
    with pytest.raises(InputError, match="no column"):
        listed(root)


def test_maestro_index_cannot_climb_out(maestro: Callable[..., Path], tmp_path: Path) -> None:
    root = maestro(3)
    (tmp_path / "sources" / "outside.wav").write_bytes(b"secret")
    index = root / "maestro-v3.0.0.csv"
    text = index.read_text().replace("2006/MIDI-Unprocessed_01_R1.wav", "../outside.wav")
    index.write_text(text)
    listing = listed(root)
    assert len(listing.works) == 3
    assert "../outside.wav" in listing.skipped[0].reason


def test_maps_tests_on_the_disklavier_and_keeps_its_pieces_out(maps: Path) -> None:
    listing = listed(maps)
    assert not listing.skipped
    found = {work.id: work.split for work in listing.works}
    assert found == {
        "ISOL/NO_F_S0_M60_AkPnBcht": "train",
        "MUS/alb_se3_AkPnBcht": "train",
        "MUS/bach_846_SptkBGCl": "train",
        "MUS/chpn-p7_ENSTDkCl": "test",
    }
    assert all(8.4 < work.seconds < 8.6 for work in listing.works)


def test_maps_reports_a_text_without_midi(maps: Path) -> None:
    (maps / "AkPnBcht/MUS/MAPS_MUS-alb_se3_AkPnBcht.mid").unlink()
    listing = listed(maps)
    assert len(listing.works) == 3
    assert "no MIDI" in listing.skipped[0].reason


def test_maps_of_flac_and_tsv_in_folders_of_their_own(maps: Path) -> None:
    found = maps / "SptkBGCl/MUS/MAPS_MUS-bach_846_SptkBGCl"
    for ending, folder in ((".flac", "flac"), (".tsv", "tsv/matched")):
        target = maps.parent / "repacked" / folder / f"{found.name}{ending}"
        target.parent.mkdir(parents=True)
        target.write_bytes(Path(f"{found}{ending}").read_bytes())
    listing = listed(maps.parent / "repacked")
    (work,) = listing.works
    assert not listing.skipped
    assert (work.midi, work.table) == (None, f"tsv/matched/{found.name}.tsv")
    notes = uncombined(parse_table("x", Path(f"{found}.tsv").read_bytes())).notes
    assert {note.key_offset_s for note in notes} == {None}


def test_maps_of_wav_and_midi_alone(maps: Path) -> None:
    (maps / "AkPnBcht/MUS/MAPS_MUS-alb_se3_AkPnBcht.txt").unlink()
    listing = listed(maps)
    assert not listing.skipped
    assert [work.table for work in listing.works if "alb_se3" in work.id] == [None]


def test_maps_text_takes_velocity_and_pedal_from_midi(maps: Path) -> None:
    stem = maps / "AkPnBcht/MUS/MAPS_MUS-alb_se3_AkPnBcht"
    text = stem.with_suffix(".txt").read_bytes()
    midi = read_midi(stem.with_suffix(".mid"))
    joined = combined(parse_table("x", text), midi)
    assert [n.velocity for n in joined.notes] == [n.velocity for n in midi.notes]
    assert joined.pedals == midi.pedals
    held = [n for n in joined.notes if n.offset_s > (n.key_offset_s or 0.0)]
    assert len(held) == 2  # released under the pedal between 1 and 2 s


def test_table_with_a_broken_line_is_refused() -> None:
    with pytest.raises(InputError, match="Line 2"):
        parse_table("x.txt", b"OnsetTime\tOffsetTime\tMidiPitch\n1.0\t0.5\t60\n")


def test_pairs_report_what_has_no_partner(maps: Path, tmp_path: Path) -> None:
    folder = tmp_path / "pairs"
    (folder / "sub").mkdir(parents=True)
    source = maps / "AkPnBcht/MUS/MAPS_MUS-alb_se3_AkPnBcht"
    for name, ending in (("a.wav", ".wav"), ("a.MID", ".mid"), ("sub/a.wav", ".wav")):
        (folder / name).write_bytes(source.with_suffix(ending).read_bytes())
    (folder / "b.mid").write_bytes(source.with_suffix(".mid").read_bytes())
    listing = listed(folder)
    assert [(work.id, work.midi) for work in listing.works] == [("a", "a.MID")]
    assert {Path(loss.file).name for loss in listing.skipped} == {"a.wav", "b.mid"}


@pytest.mark.parametrize("ending", [".wav", ".flac"])
def test_lengths_in_a_zip_come_from_the_headers(
    performances: Path, tmp_path: Path, ending: str
) -> None:
    sound = np.random.default_rng(1).normal(0.0, 0.1, (20 * 22_050, 2))
    soundfile.write(tmp_path / f"take{ending}", sound, 22_050)
    with zipfile.ZipFile(tmp_path / "takes.zip", "w") as archive:
        archive.write(tmp_path / f"take{ending}", f"take{ending}")
        archive.write(next(performances.glob("*.mid")), "take.mid")
    (work,) = listed(tmp_path / "takes.zip").works
    assert work.seconds == pytest.approx(20.0)


def test_players_of_one_piece_stay_together(performances: Path) -> None:
    works = listed(performances, held_out=0.6).works
    assert len(works) == 16
    assert {work.split for work in works} > {"train"}
    check_splits(works)
    for first, second in zip(works[::2], works[1::2], strict=True):
        assert first.split == second.split


def test_midi_without_notes_or_broken_is_reported(performances: Path) -> None:
    write_midi(Transcript(), performances / "empty.mid")
    (performances / "broken.mid").write_bytes(b"MThd but no more")
    listing = listed(performances)
    assert len(listing.works) == 16
    assert {Path(loss.file).name for loss in listing.skipped} == {"empty.mid", "broken.mid"}


def test_manifest_beside_a_zip_tells_splits_and_lengths(performances: Path) -> None:
    import shutil

    path = Path(shutil.make_archive(str(performances.parent / "set"), "zip", performances))
    items = [
        {
            "arc": f"Étude {i}_p01.mid",
            "dur": 99.0,
            "composer": "X",
            "title": f"t{i}",
            "maestro_split": "test" if i else None,
            "collection": "c",
        }
        for i in range(8)
    ]
    table = {"zip": "set.zip", "licences": {"c": "CC BY"}, "items": items}
    (path.parent / "manifest.json").write_text(json.dumps(table))
    told = [work for work in listed(path, 0.0).works if work.seconds == 99.0]
    assert len(told) == 8
    assert sorted({str(work.split) for work in told}) == ["test", "train"]
    assert {work.licence for work in told} == {"CC BY"}


def test_weights_and_words() -> None:
    sources = parse_sources(["exercises:2.5", "noise"])
    assert [(s.label, s.weight, s.path) for s in sources] == [
        ("exercises", 2.5, ""),
        ("noise", 1.0, ""),
    ]
    with pytest.raises(UsageError, match="not positive"):
        parse_sources(["noise:0"])
    with pytest.raises(InputError, match="does not exist"):
        parse_sources(["nowhere:2"])


def test_same_names_get_different_labels(performances: Path) -> None:
    labels = [source.label for source in parse_sources([str(performances)] * 3)]
    assert len(set(labels)) == 3


def test_empty_folder_is_no_source(tmp_path: Path) -> None:
    (tmp_path / "readme.txt").write_text("nothing")
    with pytest.raises(InputError, match="neither"):
        listed(tmp_path)


def test_piece_in_two_splits_is_refused_by_name() -> None:
    works = [
        Work("a", "recording", "train", "bach chaconne"),
        Work("b", "recording", "test", "bach chaconne"),
        Work("c", "recording", "test", ""),
        Work("d", "recording", "train", ""),
    ]
    with pytest.raises(UsageError, match=r"'bach chaconne' in test \(b\) and train \(a\)"):
        check_splits(works)
    check_splits(works[1:])


def test_allotted_splits_follow_the_share() -> None:
    works = [Work(str(i), "recording", piece=f"piece {i}") for i in range(2000)]
    splits = [work.split for work in with_splits(works, 0.2)]
    assert splits.count("validation") == pytest.approx(200, abs=50)
    assert splits.count("test") == pytest.approx(200, abs=50)
    assert with_splits(works[:50], 0.2) == with_splits(works, 0.2)[:50]
