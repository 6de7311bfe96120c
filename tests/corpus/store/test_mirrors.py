"""A corpus behind a URL is read as one in a folder, and only what is needed of it is fetched."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from corpus.builds import build
from corpus.census import take_census
from corpus.depots import UrlDepot
from corpus.mirrors import local_folder, open_corpus
from corpus.plans import Plan
from corpus.store import StoredSource
from transcriber.errors import InputError

URL = "memory://mirrors/corpus"


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty user's cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_it_is_the_same_and_sound_comes_when_it_is_heard(
    plan: Callable[..., Plan], cache: Path, tmp_path: Path, quiet
) -> None:
    made = plan("noise:0.01")
    build(URL, made, lambda: ThreadPoolExecutor(1), quiet, overwrite=True)
    build(tmp_path / "folder", made, lambda: ThreadPoolExecutor(1), quiet)
    near, far = open_corpus(str(tmp_path / "folder")), open_corpus(URL)
    assert take_census(far).total == take_census(near).total
    assert not list(cache.rglob("audio.pcm"))
    assert np.array_equal(far[0].audio, near[0].audio)
    assert len(list(cache.rglob("audio.pcm"))) == 1
    segments = [StoredSource(corpus, 2.0, 1).draw(3).audio for corpus in (near, far)]
    assert np.array_equal(*segments)
    assert len(list(local_folder(URL).rglob("audio.pcm"))) == len(made.shards)
    assert local_folder(f"file://{tmp_path}/folder") == tmp_path / "folder"


def test_another_corpus_takes_the_place_of_the_copies(plan: Callable[..., Plan], quiet) -> None:
    build(URL, plan("noise:0.005"), lambda: ThreadPoolExecutor(1), quiet, overwrite=True)
    first = open_corpus(URL)
    assert len(first[0].audio)
    build(URL, plan("noise:0.01"), lambda: ThreadPoolExecutor(1), quiet, overwrite=True)
    second = open_corpus(URL)
    assert len(second) > len(first)
    assert len(second[len(second) - 1].audio)


def test_what_is_missing_is_told(plan: Callable[..., Plan], quiet) -> None:
    with pytest.raises(InputError, match="no finished corpus"):
        open_corpus("memory://mirrors/nothing")
    build(URL, plan("noise:0.005"), lambda: ThreadPoolExecutor(1), quiet, overwrite=True)
    import fsspec

    fsspec.filesystem("memory").rm("/mirrors/corpus/shards/00000/audio.pcm")
    with pytest.raises(InputError, match="cannot be read"):
        open_corpus(URL)[0]


def test_of_several_that_come_at_once_one_fetches(
    plan: Callable[..., Plan], quiet, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(URL, plan("noise:0.005"), lambda: ThreadPoolExecutor(1), quiet, overwrite=True)
    fetched: list[str] = []
    fetch = UrlDepot.fetch

    def slowly(depot: UrlDepot, name: str, target: Path) -> None:
        fetched.append(name)
        time.sleep(0.02)
        fetch(depot, name, target)

    monkeypatch.setattr(UrlDepot, "fetch", slowly)
    with ThreadPoolExecutor(3) as pool:
        folders = set(pool.map(local_folder, [URL] * 3))
    assert len(folders) == 1
    assert len(fetched) == len(set(fetched)) > 2
