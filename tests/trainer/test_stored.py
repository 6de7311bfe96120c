"""What a corpus kept from training, as pieces to be scored on."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import soundfile

from corpus.builds import build
from corpus.plans import Settings, make_plan
from corpus.recipes import Recipe
from corpus.sources import parse_sources
from trainer.config import DataConfig, RunConfig
from trainer.pieces import find_pieces
from trainer.validation import load_development
from transcriber.errors import InputError, UsageError
from transcriber.midi import write_midi
from transcriber.notes import Note, Pedal, Transcript
from transcriber.timing import SAMPLE_RATE


class Unheard:
    """A build's listener that says nothing."""

    def __getattr__(self, name: str) -> object:
        return lambda *arguments: None


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six recordings of ten seconds, in items of five; one note rings from each into the next."""
    root = tmp_path_factory.mktemp("stored")
    rng = np.random.default_rng(4)
    music = Transcript.of(
        [Note(1.0, 2.0, 60, 64), Note(4.8, 5.6, 62, 64), Note(6.0, 9.9, 64, 64)],
        [Pedal(1.5, 2.0)],
        10.0,
    )
    (root / "takes").mkdir()
    for name in "abcdef":
        sound = 0.1 * rng.standard_normal(10 * SAMPLE_RATE)
        soundfile.write(root / f"takes/{name}.wav", sound, SAMPLE_RATE)
        write_midi(music, root / f"takes/{name}.mid")
    settings = Settings(clip_s=5.0, held_out=0.9, recipe=Recipe(None))
    plan = make_plan(parse_sources([str(root / "takes")]), settings)
    build(root / "corpus", plan, lambda: ThreadPoolExecutor(1), Unheard())
    return root / "corpus"


def test_only_the_split_asked_for(corpus: Path) -> None:
    found = {split: find_pieces(corpus, split).pieces for split in ("validation", "test")}
    assert all(found.values())
    names = [piece.name for pieces in found.values() for piece in pieces]
    assert len(names) == len(set(names))
    for split, pieces in found.items():
        assert {piece.corpus.describe(piece.number)["split"] for piece in pieces} == {split}


def test_an_item_is_a_piece(corpus: Path) -> None:
    first, second = find_pieces(corpus, "test").pieces[:2]
    assert first.name.removesuffix("@0") == second.name.removesuffix("@1")
    assert first.duration_s() == 5.0
    assert first.samples().dtype == np.float32
    assert len(first.samples()) == 5 * SAMPLE_RATE
    truth = first.truth(5.0)
    assert [note.pitch for note in truth.notes] == [60, 62]
    assert truth.notes[1].offset_s == 5.0
    assert truth.pedals[0].onset_s == pytest.approx(1.5, abs=1e-3)
    # What was struck before the item cannot be found in it.
    assert [(round(n.onset_s, 3), n.pitch) for n in second.truth(5.0).notes] == [(1.0, 64)]


def test_a_validation_counts_no_note_struck_before_its_item(corpus: Path) -> None:
    config = RunConfig(data=DataConfig(corpus=str(corpus)), validate_seconds=5.0)
    development = load_development(config)
    assert development is not None
    found = [[n.pitch for n in r.transcript.notes] for r in development.recordings]
    assert found.count([60, 62]) == found.count([64]) > 0
    assert len(found) == 2 * found.count([64])


@pytest.mark.parametrize("split", [None, "dev"])
def test_a_corpus_needs_a_split(corpus: Path, split: str | None) -> None:
    with pytest.raises(UsageError, match="splits train, validation, test"):
        find_pieces(corpus, split)


def test_an_unfinished_corpus(tmp_path: Path) -> None:
    (tmp_path / "plan.json").write_text("{}")
    with pytest.raises(InputError, match="unfinished"):
        find_pieces(tmp_path, "test")
