"""`amt corpus` from the command line: what it prints, and its exit codes."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from amt_tui.corpus_reports import bars

pytest.importorskip("numba")
fsspec = pytest.importorskip("fsspec")


def test_build_info_verify_listen_plot(amt: Callable, tmp_path: Path) -> None:
    run = amt("corpus", "build", "noise:0.02", "-o", "c", "--workers", 1, "--clip", 10)
    assert run.code == 0, run.err
    assert "fingerprint" in run.err.lower()
    shown = amt("corpus", "info", "c")
    assert shown.code == 0
    for part in ("train", "CC0 (amt)", "velocity", "polyphony"):
        assert part in shown.out
    assert amt("corpus", "verify", "c").code == 0
    heard = amt("corpus", "listen", "c", 1, "-o", "heard")
    assert heard.code == 0, heard.err
    assert len(list((tmp_path / "heard").iterdir())) == 4
    plotted = amt("corpus", "plot", "c", "-o", "pictures", "--items", 1)
    assert plotted.code == 0, plotted.err
    assert (tmp_path / "pictures/distributions.png").read_bytes()[:4] == b"\x89PNG"
    assert len(list((tmp_path / "pictures").iterdir())) == 2


def test_damage_is_told_with_code_4(amt: Callable, tmp_path: Path) -> None:
    amt("corpus", "build", "noise:0.01", "-o", "c", "--workers", 1)
    path = tmp_path / "c/shards/00000/audio.pcm"
    data = bytearray(path.read_bytes())
    data[1000] ^= 1
    path.write_bytes(data)
    run = amt("corpus", "verify", "c")
    assert run.code == 4
    assert "noise/000000" in run.out


def test_skipped_files_end_with_code_4_and_strict_stops(
    amt: Callable, sing: Callable[..., Path], tmp_path: Path
) -> None:
    sing("pairs/alone.wav")
    sing("pairs/whole.wav", 4.0)
    from transcriber.midi import write_midi
    from transcriber.notes import Note, Transcript

    write_midi(Transcript((Note(0.5, 3.0, 69, 80),)), tmp_path / "pairs/whole.mid")
    run = amt("corpus", "build", "pairs", "-o", "c", "--workers", 1, "--held-out", 0)
    assert run.code == 4, run.err
    assert "alone.wav" in run.err
    assert json.loads((tmp_path / "c/corpus.json").read_text())["items"] == 1
    strict = amt("corpus", "build", "pairs", "-o", "d", "--workers", 1, "--strict")
    assert strict.code == 4
    assert not (tmp_path / "d/corpus.json").exists()


def test_dry_run_measures_and_writes_nothing(
    amt: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("corpus.estimates.PROBE_S", 0.1)
    run = amt("corpus", "build", "noise", "-o", "c", "--dry-run", "--hours", 2, "--workers", 2)
    assert run.code == 0
    assert "2.00 h in" in run.out
    assert re.search(
        r"About \d+\.\d minutes on 2 core\(s\).* [1-9]\d* audio-hours per core-hour", run.out
    )
    assert not (tmp_path / "c").exists()


def test_urls_are_built_and_read(
    amt: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    url = f"file://{tmp_path}/c"
    assert amt("corpus", "build", "noise:0.01", "-o", url, "--workers", 1).code == 0
    assert amt("corpus", "verify", url).code == 0
    fsspec.filesystem("memory").put(f"{tmp_path}/c/", "/shelf/c/", recursive=True)
    url = "memory://shelf/c"
    shown = amt("corpus", "info", url)
    assert shown.code == 0, shown.err
    assert url in shown.out
    assert amt("corpus", "verify", url).code == 0
    assert amt("corpus", "listen", url, 0, "-o", "heard").code == 0
    assert amt("corpus", "plot", url, "-o", "pictures", "--items", 1).code == 0
    damaged = fsspec.filesystem("memory").store["/shelf/c/shards/00000/audio.pcm"]
    damaged.seek(1000)
    damaged.write(b"?")
    found = amt("corpus", "verify", url)
    assert found.code == 4
    assert f"{url}/shards/00000/audio.pcm" in found.out
    nothing = amt("corpus", "info", "memory://nowhere/c")
    assert nothing.code == 4
    assert "memory://nowhere/c holds no finished corpus" in nothing.err
    assert amt("train", "--corpus", "memory://nowhere/c", "-o", "run").code == 4
    assert amt("corpus", "info", "gopher://bucket/c").code == 2
    assert amt("corpus", "build", "noise:0.01", "-o", "gopher://bucket/c").code == 2


def test_mistakes_have_code_2(amt: Callable, tmp_path: Path) -> None:
    assert amt("corpus", "build", "exercises", "-o", "c").code == 2
    assert amt("corpus", "build", "noise", "-o", "c", "--pianos", "nowhere").code == 2
    (tmp_path / "music").mkdir()
    (tmp_path / "music/song.txt").write_text("la")
    run = amt("corpus", "build", "noise:0.01", "-o", "music")
    assert run.code == 2
    assert "nothing was touched" in run.err
    assert amt("corpus", "info", "music").code == 4


def test_bars_show_little_and_nothing_apart() -> None:
    assert bars([0, 1, 50, 100]) == " ▁▄█"
    assert bars([0, 0]) == "  "
