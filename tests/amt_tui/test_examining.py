"""`amt evaluate --robustness`: all trials in one command, and the model card it writes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from amt_tui import judging
from amt_tui.bar_tables import mark_rows
from amt_tui.examining import Finding
from amt_tui.model_card import training_cost, weaknesses
from trainer.evaluation import judge, summarise
from transcriber.midi import write_midi
from transcriber.notes import Note, Pedal, Transcript

PARTS = (
    "recordings", "noise", "room", "level -10 dB", "level -20 dB", "level -30 dB",
    "pitch -20 cents", "pitch +20 cents", "silence",
)  # fmt: skip


@pytest.fixture
def data(sing: Callable, tmp_path: Path) -> Path:
    """A recording of forty seconds, of which the stand-in hears every second note right."""
    sing("data/take.wav", seconds=40.0)
    heard = [Note(float(at), at + 0.5, 60 + at % 12, 80) for at in range(40)]
    notes = [n if at % 2 else Note(n.onset_s, n.offset_s, 30, 20) for at, n in enumerate(heard)]
    write_midi(Transcript.of(notes, [Pedal(0.0, 0.5)]), tmp_path / "data/take.mid")
    return tmp_path / "data"


@pytest.fixture
def peers(write_peers: Callable[..., Path]) -> Path:
    return write_peers("take", 12.0, 5.0)


ARGUMENTS = ("data", "--robustness", "--acoustics", "acoustics", "--silence-minutes", "0.1")


def test_every_trial_and_every_bar(amt: Callable, data: Path, acoustics: Path) -> None:
    run = amt("evaluate", *ARGUMENTS, "--json")
    assert run.code == 0
    document = json.loads(run.out)
    assert tuple(document["trials"]) == PARTS
    assert document["trials"]["recordings"]["mean"]["onset"]["f1"] == 0.5
    assert document["trials"]["noise"]["degradation"]["noise_snr_db"] == 15.0
    bars = {bar["title"]: bar for bar in document["bars"]}
    assert bars["Onset F1"] == {
        "title": "Onset F1",
        "value": 0.5,
        "bar": 0.88,
        "at_least": True,
        "unit": "",
        "goal": False,
        "met": False,
    }
    # At -30 dB the stand-in is deaf; that costs all it had.
    assert bars["Onset F1 lost to level, -30 to 0 dB"]["value"] == 0.5
    assert bars["Look-ahead"]["met"]


def test_tables(amt: Callable, data: Path, acoustics: Path, peers: Path) -> None:
    run = amt("evaluate", *ARGUMENTS, "--excerpts", "peers.json", "--published")
    assert run.code == 0
    for words in (
        "Noise 15 dB below",
        "Room with RT60 0.6 s",
        "Level -30 dB",
        "Pitch -20 cents",
        "1 excerpts of 5 s",
        "MISSED by 0.380",
        "met exactly",
        "Onset F1 on excerpts, as Another",
        "Transkun V2 Aug",
        "on other data",
    ):
        assert words in run.out
    assert "…" not in run.out


def test_the_card_is_written_as_a_whole(
    amt: Callable, data: Path, acoustics: Path, peers: Path
) -> None:
    Path("card.md").write_text("# By hand\n")
    command = ("evaluate", *ARGUMENTS, "--excerpts", "peers.json", "--card", "card.md")
    assert amt(*command).code == 0
    card = Path("card.md").read_text()
    assert card.startswith("# By hand\n")
    for words in (
        "<!-- amt evaluate model: begin -->",
        "| cost of the run | 3,000 steps, 80 hours of sound heard |",
        "| licence of the weights | CC0 |",
        f"    amt {' '.join(command)}",
        "| Onset F1 | 0.500 | ≥ 0.880 | MISSED by 0.380 |",
        "### Beside other programs, on the same sound",
        "- Worst recording: take, onset F1 0.500.",
        "### Reported by others, on other data",
    ):
        assert words in card
    for block in card.split("\n\n"):
        rows = [line for line in block.splitlines() if line.startswith("|")]
        assert len({row.count("|") for row in rows}) <= 1
    amt(*command)
    assert Path("card.md").read_text() == card


def test_weak_bands_are_named() -> None:
    low = [Note(float(at), at + 0.4, 30, 80) for at in range(40)]
    high = [Note(at + 0.5, at + 0.9, 60, 80) for at in range(40)]
    few = [Note(at + 0.5, at + 0.9, 90, 80) for at in range(20)]
    played = Transcript.of([*low, *high, *few], duration_s=60.0)
    heard = Transcript.of([*high, Note(3.5, 3.9, 72, 80)])
    lines = weaknesses(summarise([judge("take", played, heard)]))
    # All of octaves 1 and 6 was missed; of octave 6 too little was played to say so.
    assert [line for line in lines if line.startswith("Octave")] == [
        "Octave 1: 100% of 40 notes missed, 60% of all."
    ]
    assert "Worst recording: take, onset F1 0.567." in lines
    assert lines[-1].startswith("1 notes a minute are heard that were not played; 100% of them")


def test_pictures_of_the_recordings_as_they_are(amt: Callable, data: Path, acoustics: Path) -> None:
    assert amt("evaluate", *ARGUMENTS, "--pictures", "pictures").code == 0
    assert {path.name for path in Path("pictures").iterdir()} == {
        "scores.png",
        "timing.png",
        "roll.png",
    }


def test_a_broken_recording_leaves_the_card_alone(
    amt: Callable, data: Path, acoustics: Path, sing: Callable
) -> None:
    Path("card.md").write_text("kept")
    sing("data/broken.wav")
    write_midi(Transcript.of([Note(0.0, 0.5, 60, 80)]), data / "broken.mid")
    (data / "broken.wav").write_bytes(b"")
    run = amt("evaluate", *ARGUMENTS, "--card", "card.md")
    assert run.code == 4
    assert "broken.wav is empty" in run.err
    assert "Onset F1" in run.out
    assert Path("card.md").read_text() == "kept"


def test_nothing_but_broken_recordings(amt: Callable, data: Path, acoustics: Path) -> None:
    (data / "take.wav").write_bytes(b"")
    assert amt("evaluate", *ARGUMENTS, "--card", "card.md").code == 4
    assert not Path("card.md").exists()


def test_interrupted(
    amt: Callable, data: Path, acoustics: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(judging, "listen", stop)
    run = amt("evaluate", *ARGUMENTS, "-o", "report.json")
    assert run.code == 130
    assert run.out == ""
    assert not Path("report.json").exists()


@pytest.mark.parametrize(
    "extra",
    [
        ["--rt60", "0.5"],
        ["--gain-db", "-3"],
        ["--noise-snr", "5"],
        ["--silence", "acoustics"],
        ["--transcripts", "data"],
    ],
)
def test_the_trials_are_not_to_be_chosen(
    amt: Callable, data: Path, acoustics: Path, extra: list[str]
) -> None:
    run = amt("evaluate", *ARGUMENTS, *extra)
    assert run.code == 2
    assert run.out == ""


def test_needs_recordings_and_noises(amt: Callable, data: Path) -> None:
    for arguments in (["--robustness"], ["data", "--robustness"]):
        run = amt("evaluate", *arguments)
        assert run.code == 2


def test_an_unfinished_finding_has_no_rows() -> None:
    finding = Finding({"recordings": SimpleNamespace(summary=lambda: None, model=None)})  # type: ignore[dict-item]
    assert mark_rows(finding) == []


def test_cost_is_told_as_far_as_it_is_known() -> None:
    def info(**provenance: object) -> SimpleNamespace:
        return SimpleNamespace(provenance=provenance)

    assert training_cost(info()) == "not recorded"  # type: ignore[arg-type]
    known = info(steps=10, training_hours=1.25, processes=2, device="cpu")
    assert training_cost(known) == "10 steps, 1.2 hours, on 2 x cpu"  # type: ignore[arg-type]
