"""Folders and zips read alike; names that climb out are never touched."""

from __future__ import annotations

import unicodedata
import zipfile
from pathlib import Path

import pytest

from corpus.shelves import Shelf, ZipShelf, open_shelf
from transcriber.errors import InputError


def test_folder_and_zip_list_the_same(tmp_path: Path) -> None:
    folder = tmp_path / "a"
    for name in ("x/one.wav", "two.mid", ".hidden/three.mid", "__MACOSX/x/._one.wav"):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for path in folder.rglob("*"):
            archive.write(path, path.relative_to(folder))
    assert list(Shelf(folder).sizes) == list(ZipShelf(tmp_path / "a.zip").sizes)
    assert list(Shelf(folder).sizes) == ["two.mid", "x/one.wav"]
    assert Shelf(folder).inventory == ZipShelf(tmp_path / "a.zip").inventory


@pytest.mark.parametrize(
    "name", ["../out.mid", "a/../../out.mid", "/etc/out.mid", "C:/out.mid", "..\\out.mid"]
)
def test_names_that_climb_out_are_refused(tmp_path: Path, name: str) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(name, b"evil")
        archive.writestr("good.mid", b"good")
    shelf = ZipShelf(tmp_path / "a.zip")
    assert list(shelf.sizes) == ["good.mid"]
    assert shelf.refused == (name,)


def test_accents_are_found_in_either_form(tmp_path: Path) -> None:
    decomposed = unicodedata.normalize("NFD", "Étude.mid")
    (tmp_path / decomposed).write_bytes(b"x")
    assert Shelf(tmp_path).find(unicodedata.normalize("NFC", "Étude.mid")) == decomposed
    assert Shelf(tmp_path).find("Etude.mid") is None


def test_damaged_member_is_an_input_error(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("one.mid", b"0123456789" * 10)
    data = bytearray(path.read_bytes())
    data[data.index(b"0123456789") + 5] ^= 1
    path.write_bytes(data)
    shelf = ZipShelf(path)
    with pytest.raises(InputError, match=r"one\.mid"):
        shelf.read("one.mid")
    with pytest.raises(InputError, match=r"one\.mid"), shelf.file("one.mid"):
        pass


def test_neither_folder_nor_zip(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(b"no zip")
    with pytest.raises(InputError, match="no zip"):
        open_shelf(tmp_path / "a.zip")
    with pytest.raises(InputError, match="does not exist"):
        open_shelf(tmp_path / "b")
