"""What is stored is what was played; it can be read by many and checked to the last byte."""

from __future__ import annotations

import hashlib
import json
import pickle
import shutil
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from corpus import store
from corpus.augmentation import AugmentationConfig
from corpus.builds import build
from corpus.census import polyphony_s, take_census
from corpus.listening import listen
from corpus.packing import NOTE, pack_notes, pack_pedals, unpack
from corpus.plans import Plan
from corpus.recipes import Recipe
from corpus.store import Corpus, StoredSource
from corpus.verification import verify
from transcriber.errors import InputError
from transcriber.midi import read_midi
from transcriber.notes import Note, Pedal
from transcriber.timing import SAMPLE_RATE

Planner = Callable[..., Plan]


_BUILT: list[Path] = []


@pytest.fixture
def corpus(
    plan: Planner, maestro: Callable[..., Path], performances: Path, tmp_path: Path, quiet
) -> Corpus:
    """Copy the corpus that the first test built, to be spoiled at will."""
    if not _BUILT:
        made = plan(maestro(3), f"{performances}:0.5", "exercises:0.01", "noise:0.01")
        build(tmp_path / "first", made, lambda: ThreadPoolExecutor(1), quiet)
        _BUILT.append(tmp_path / "first")
    shutil.copytree(_BUILT[0], tmp_path / "corpus")
    return Corpus(tmp_path / "corpus")


def test_items_are_mapped_not_copied(corpus: Corpus) -> None:
    item = corpus[0]
    assert isinstance(item.audio.base, np.memmap)
    assert not item.audio.flags.writeable


def test_unaugmented_recording_is_stored_as_it_is(
    plan: Planner, maestro: Callable[..., Path], tmp_path: Path, quiet
) -> None:
    import soundfile

    root = maestro(3)
    made = plan(root, recipe=Recipe(None), acoustics="", clip_s=30.0)
    build(tmp_path / "a", made, lambda: ThreadPoolExecutor(1), quiet)
    corpus = Corpus(tmp_path / "a")
    assert len(corpus) == 4
    for number in range(4):
        about, item = corpus.describe(number), corpus[number]
        stem = root / about["item"].removeprefix("maestro-v3.0.0/").removesuffix("@0")
        truth = read_midi(stem.with_suffix(".midi"))
        assert [n.onset_s for n in item.transcript.notes] == pytest.approx(
            [n.onset_s for n in truth.notes], abs=0.5 / SAMPLE_RATE
        )
        assert [n.offset_s for n in item.transcript.notes] == pytest.approx(
            [n.offset_s for n in truth.notes], abs=1.0 / SAMPLE_RATE
        )
        assert item.transcript.pedals[0].onset_s == pytest.approx(1.0, abs=1e-3)
        sound, rate = soundfile.read(stem.with_suffix(".wav"), dtype="int16", always_2d=True)
        if rate == SAMPLE_RATE:
            assert np.abs(item.audio.astype(int) - sound[:, 0]).max() <= 1
        # An onset is heard where its label says, also after resampling from 44.1 and 48 kHz.
        onset = item.notes["onset"][0]
        level = np.abs(item.audio[: onset + 800].astype(float))
        heard = int(np.argmax(level > 0.2 * level.max()))
        assert abs(heard - onset) < 0.005 * SAMPLE_RATE


def test_notes_keep_ringing_from_one_clip_into_the_next() -> None:
    notes = [Note(1.0, 6.0, 60, 70, 2.0), Note(7.0, 8.0, 62, 71)]
    packed = pack_notes(notes, 5.0, SAMPLE_RATE)
    assert packed.tolist() == [(-4 * SAMPLE_RATE, SAMPLE_RATE, -3 * SAMPLE_RATE, 60, 70)]
    pedals = pack_pedals([Pedal(4.0, 5.5)], 5.0, SAMPLE_RATE)
    heard = unpack(packed, pedals, 0, SAMPLE_RATE, 2 * SAMPLE_RATE)
    assert [(n.onset_s, n.offset_s) for n in heard.notes] == [(0.0, 3.0)]
    assert [(p.onset_s, p.offset_s) for p in heard.pedals] == [(1.0, 2.5)]


def test_segments_agree_with_the_items_they_come_from(corpus: Corpus) -> None:
    source = StoredSource(corpus, 2.0, seed=3)
    found = 0
    whole = {i: corpus[int(i)] for i in corpus.numbers("train")}
    for index in range(40):
        segment = source.draw(index)
        pcm = np.round(segment.audio * 32767.0).astype(np.int16)
        assert len(pcm) == 2 * SAMPLE_RATE
        for item in whole.values():
            at = np.flatnonzero(item.audio[: max(0, len(item.audio) - len(pcm) + 1)] == pcm[0])
            starts = [s for s in at if np.array_equal(item.audio[s : s + len(pcm)], pcm)]
            if not starts or not len(item.notes):
                continue
            found += 1
            wanted = item.notes["onset"] - starts[0]
            wanted = np.sort(wanted[(wanted >= 0) & (wanted < len(pcm))])
            got = [n.onset_s - segment.lead_s for n in segment.transcript.notes]
            got_samples = np.sort(np.round(np.array(got) * SAMPLE_RATE).astype(int))
            inside = got_samples[(got_samples >= 0) & (got_samples < len(pcm))]
            assert inside.tolist() == wanted.tolist()
            break
    assert found > 20


def test_segment_is_the_same_in_another_process(corpus: Corpus) -> None:
    source = pickle.loads(pickle.dumps(StoredSource(corpus, 2.0, seed=3)))
    here = hashlib.sha256(source.draw(7).audio.tobytes()).hexdigest()
    program = (
        "import hashlib, sys; from pathlib import Path; from corpus.store import *\n"
        "source = StoredSource(Corpus(Path(sys.argv[1])), 2.0, 3); source.draw(2)\n"
        "print(hashlib.sha256(source.draw(7).audio.tobytes()).hexdigest())"
    )
    there = subprocess.run(
        [sys.executable, "-c", program, corpus.folder],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(store.__file__).parents[1],
    )
    assert there.stdout.strip() == here


def test_segments_come_from_their_split_only(corpus: Corpus) -> None:
    held_out = StoredSource(corpus, 2.0, seed=1, split="test")
    numbers = corpus.numbers("test")
    sounds = np.concatenate([corpus[int(i)].audio for i in numbers])
    for index in range(5):
        pcm = np.round(held_out.draw(index).audio * 32767.0).astype(np.int16)
        windows = np.lib.stride_tricks.sliding_window_view(sounds, 400)
        assert (windows == pcm[1000:1400]).all(axis=1).any()


def test_pianos_and_collections_are_left_out(corpus: Corpus) -> None:
    told = [corpus.describe(int(n)) for n in corpus.numbers("train")]
    piano = told[0]["piano"]
    left = StoredSource(corpus, 2.0, 1, exclude=(piano,))
    assert [corpus.describe(n)["piano"] for n in left.numbers.tolist()] == [
        about["piano"] for about in told if about["piano"] != piano
    ]
    everything = [about["item"].split("/")[0] for about in told]
    with pytest.raises(InputError, match="has no items"):
        StoredSource(corpus, 2.0, 1, exclude=everything)


def test_augmentation_on_the_fly_keeps_length_and_differs(corpus: Corpus) -> None:
    plain = StoredSource(corpus, 2.0, 1)
    config = AugmentationConfig(detune=1.0)
    noisy = StoredSource(corpus, 2.0, 1, augmentation=config)
    differ = [not np.array_equal(plain.draw(i).audio, noisy.draw(i).audio) for i in range(6)]
    assert all(differ)
    assert {len(noisy.draw(i).audio) for i in range(6)} == {2 * SAMPLE_RATE}


def test_what_holds_no_notes_is_augmented_as_noise(
    corpus: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    told, honest = [], store.draw

    def watched(*arguments: object, piano: bool = True) -> object:
        told.append(piano)
        return honest(*arguments, piano=piano)

    monkeypatch.setattr(store, "draw", watched)
    source = StoredSource(corpus, 2.0, 1, augmentation=AugmentationConfig())
    kinds = [corpus.describe(int(number))["kind"] for number in source.numbers]
    source.numbers = source.numbers[[kind == "noise" for kind in kinds]]
    source._until = np.cumsum(corpus.index["samples"][source.numbers])
    assert source.draw(0).transcript.notes == ()
    assert told == [False]


def test_labels_end_with_an_item_that_is_shorter_than_a_segment(corpus: Corpus) -> None:
    source = StoredSource(corpus, 12.0, 1)
    lengths = corpus.index["samples"][source.numbers]
    ringing = 0
    for index in range(20):
        segment = source.draw(index)
        sounding = np.flatnonzero(segment.audio)[-1] + 1
        end_s = min(length for length in lengths if length >= sounding) / SAMPLE_RATE
        labels = (*segment.transcript.notes, *segment.transcript.pedals)
        ends = [label.offset_s - segment.lead_s for label in labels]
        assert all(end <= end_s + 0.01 for end in ends)
        ringing += any(end > end_s - 1e-6 for end in ends)
    assert ringing


def test_many_shards_do_not_pile_up(corpus: Corpus, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "_OPEN_SHARDS", 2)
    for number in range(len(corpus)):
        assert len(corpus[number].audio)
    assert len(corpus._audio) == len(corpus._labels) == 2


def test_manifest_says_how_everything_was_made(corpus: Corpus) -> None:
    kinds = set()
    for number in range(len(corpus)):
        about = corpus.describe(number)
        kinds.add(about["kind"])
        assert len(corpus[number].audio) == about["samples"]
        assert ("augmentation" in about["drawn"]) == (about["split"] == "train")
        if about["kind"] == "performance":
            assert "CC0 (tones)" in about["licences"]
        if about["kind"] == "noise":
            assert about["drawn"]["augmentation"]["noises"]
            assert np.abs(corpus[number].audio).max() > 0
    assert kinds == {"recording", "performance", "exercise", "noise"}


def test_verify_finds_a_flipped_byte_in_any_file(corpus: Corpus, rng: np.random.Generator) -> None:
    assert verify(corpus) == []
    files = [p for p in sorted(corpus.folder.rglob("*")) if p.is_file() and p.stat().st_size]
    checked = [p for p in files if p.name not in ("corpus.json", "lock")]
    assert len(checked) > 10
    for path in checked:
        data = bytearray(path.read_bytes())
        at = int(rng.integers(len(data)))
        data[at] ^= 1 << int(rng.integers(8))
        path.write_bytes(data)
        faults = verify(corpus)
        assert any(Path(fault.file) == path for fault in faults), path
        path.write_bytes(path.read_bytes()[:-1])
        assert any(Path(fault.file) == path for fault in verify(corpus))
        path.unlink()
        assert any(Path(fault.file) == path for fault in verify(corpus))
        restore(path)
    assert verify(corpus) == []


def test_verify_finds_a_changed_total(corpus: Corpus) -> None:
    path = corpus.folder / "corpus.json"
    items = f'"items": {len(corpus)}'
    path.write_text(path.read_text().replace(items, items.replace(" ", "  ")))
    assert [Path(fault.file) for fault in verify(Corpus(corpus.folder))] == [path]
    path.write_text(path.read_text().replace('"notes": ', '"notes": 1'))
    assert [Path(fault.file) for fault in verify(Corpus(corpus.folder))] == [path]


def restore(path: Path) -> None:
    """Puts a file back: from the copy the test set aside at its start."""
    path.write_bytes(_ORIGINALS[path])


_ORIGINALS: dict[Path, bytes] = {}


@pytest.fixture(autouse=True)
def originals(request: pytest.FixtureRequest) -> None:
    """Keep a copy of every file of the corpus, for tests that spoil it."""
    if "corpus" in request.fixturenames:
        corpus = request.getfixturevalue("corpus")
        _ORIGINALS.update({p: p.read_bytes() for p in corpus.folder.rglob("*") if p.is_file()})


def test_verify_names_the_damaged_item(corpus: Corpus) -> None:
    about = corpus.describe(3)
    path = corpus.folder / f"shards/{about['shard']:05d}/audio.pcm"
    data = bytearray(path.read_bytes())
    data[2 * (about["start"] + 100)] ^= 4
    path.write_bytes(data)
    (fault,) = verify(corpus)
    assert fault.items == (about["item"],)


def test_census_counts_by_hand() -> None:
    notes = np.array([(0, 100, 100, 60, 64), (50, 150, 150, 64, 64)], NOTE)
    seconds = polyphony_s(notes, 200) * SAMPLE_RATE
    assert seconds[:3].tolist() == [50.0, 100.0, 50.0]
    assert seconds[3:].sum() == 0


def test_census_adds_up(corpus: Corpus) -> None:
    census = take_census(corpus)
    assert census.total.seconds == pytest.approx(corpus.index["samples"].sum() / SAMPLE_RATE)
    assert sum(t.seconds for t in census.splits.values()) == pytest.approx(census.total.seconds)
    assert census.polyphony.sum() == pytest.approx(census.total.seconds)
    assert census.pitches.sum() == census.velocities.sum() == census.total.notes > 100
    assert {"CC0 (tones)", "CC BY-NC-SA 4.0 (MAESTRO)"} <= census.licences.keys()


def test_listen_gives_sound_and_notes_before_and_after(corpus: Corpus, tmp_path: Path) -> None:
    for number in range(len(corpus)):
        if corpus.describe(number)["drawn"].get("augmentation", {}).get("detune_cents"):
            break
    heard = listen(corpus, number, tmp_path / "out")
    assert heard.same is True
    assert {path.name for path in heard.files} == {
        f"{number:06d}-{when}.{kind}" for when in ("before", "after") for kind in ("wav", "mid")
    }
    assert all(path.stat().st_size > 20 for path in heard.files)
    with pytest.raises(InputError, match="no item"):
        listen(corpus, len(corpus), tmp_path)


def test_unfinished_and_foreign_folders_are_refused(corpus: Corpus, tmp_path: Path) -> None:
    (corpus.folder / "corpus.json").unlink()
    with pytest.raises(InputError, match="unfinished"):
        Corpus(corpus.folder)
    with pytest.raises(InputError, match="no corpus"):
        Corpus(tmp_path)
    (tmp_path / "corpus.json").write_text(json.dumps({"format": "amt-corpus", "version": 99}))
    with pytest.raises(InputError, match="version"):
        Corpus(tmp_path)
