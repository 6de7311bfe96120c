"""`amt evaluate` as a person or a script uses it; the stand-in hears one note per second."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from amt_tui import judging
from transcriber.midi import write_midi
from transcriber.notes import Note, Pedal, Transcript


@pytest.fixture
def data(sing: Callable, tmp_path: Path) -> Path:
    """Two recordings of four seconds: in one all was heard right, in the other one note in two."""
    for name, played in (("right", (60, 61, 62, 63)), ("half", (60, 61, 70, 71))):
        sing(f"data/{name}.wav", seconds=4.0)
        notes = [Note(float(at), at + 0.5, pitch, 80) for at, pitch in enumerate(played)]
        pedals = [Pedal(at, at + 0.5) for at in range(4)]
        write_midi(Transcript.of(notes, pedals), tmp_path / f"data/{name}.mid")
    return tmp_path / "data"


@pytest.fixture
def peers(write_peers: Callable[..., Path]) -> Path:
    return write_peers("half", 1.0, 2.0)


def report(run: SimpleNamespace) -> dict:
    document: dict = json.loads(run.out)
    return document


def test_prints_pieces_means_and_faults(amt: Callable, data: Path) -> None:
    run = amt("evaluate", "data")
    assert run.code == 0
    assert run.err == ""
    rows = {line.split()[0]: line.split() for line in run.out.splitlines() if line.strip()}
    assert rows["right"][3:6] == ["1.000", "1.000", "1.000"]
    assert rows["half"][3:6] == ["0.500", "0.500", "0.500"]
    assert rows["Pooled"][3:6] == ["0.750", "0.750", "0.750"]
    for words in ("live 9.9, threshold 0.5", "Octave errors", "Notes sounding", "Velocity"):
        assert words in run.out
    # The stand-in decides each note one second after its strike.
    assert "1000 ms median" in run.out
    assert "\x1b" not in run.out
    assert "…" not in run.out


@pytest.mark.parametrize("width", [80, 120])
def test_figures_are_whole_in_any_terminal(
    amt: Callable, data: Path, peers: Path, monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    for name, value in (("FORCE_COLOR", "1"), ("TERM", "xterm-256color"), ("COLUMNS", str(width))):
        monkeypatch.setenv(name, value)
    shown = amt("evaluate", "data", "--excerpts", "peers.json").out
    assert "\x1b" in shown
    assert "…" not in shown
    assert ("Extra/min" in shown) == (width == 120)


def test_json_is_all_there_is_on_stdout_and_repeats_itself(amt: Callable, data: Path) -> None:
    first, second = amt("evaluate", "data", "--json"), amt("evaluate", "data", "--json")
    document = report(first)
    assert first.out == second.out
    assert document["format"] == "amt-evaluation"
    assert document["mean"]["onset"]["f1"] == 0.75
    assert document["model"]["name"] == "live"
    assert document["decision_ms"]["p50"] == 1000.0
    assert [piece["name"] for piece in document["pieces"]] == ["half", "right"]
    band = {"played": 8, "missed": 2, "extra": 2, "f1": 0.75}
    assert document["bands"]["register"] == {"4": band}


def test_report_file_holds_the_same(amt: Callable, data: Path) -> None:
    run = amt("evaluate", "data", "--json", "-o", "report.json")
    assert json.loads(Path("report.json").read_text()) == report(run)
    assert amt("evaluate", "data", "-o", "report.json").code == 0
    Path("theirs.json").write_text('{"something": "else"}')
    refused = amt("evaluate", "data", "-o", "theirs.json")
    assert refused.code == 5
    assert json.loads(Path("theirs.json").read_text()) == {"something": "else"}


def test_transcripts_score_as_the_model_that_made_them(amt: Callable, data: Path) -> None:
    assert amt("transcribe", "data", "-o", "theirs").code == 0
    theirs = report(amt("evaluate", "data", "--transcripts", "theirs", "--json"))
    ours = report(amt("evaluate", "data", "--json"))
    assert theirs["transcripts"] == "theirs"
    assert "model" not in theirs
    assert theirs["decision_ms"] is None
    for measure in ("onset", "offset", "velocity", "frame", "pedal"):
        for average in ("mean", "pooled"):
            assert theirs[average][measure] == pytest.approx(ours[average][measure], abs=0.01)
    assert theirs["bands"] == ours["bands"]
    assert theirs["extras"] == ours["extras"]


def test_a_missing_transcript_is_reported_and_the_rest_go_on(amt: Callable, data: Path) -> None:
    assert amt("transcribe", "data/right.wav", "-o", "theirs/right.mid").code == 0
    run = amt("evaluate", "data", "--transcripts", "theirs", "--json")
    assert run.code == 4
    assert "theirs holds no transcript of half." in run.err
    document = report(run)
    assert [piece["name"] for piece in document["pieces"]] == ["right"]
    assert [failed["name"] for failed in document["failed"]] == ["half"]


def test_a_broken_recording_is_reported_and_the_rest_go_on(amt: Callable, data: Path) -> None:
    (data / "half.wav").write_bytes(b"")
    run = amt("evaluate", "data")
    assert run.code == 4
    assert "half.wav is empty" in run.err
    assert "right" in run.out


def test_nothing_but_broken_recordings(amt: Callable, data: Path) -> None:
    for name in ("half", "right"):
        (data / f"{name}.wav").write_bytes(b"")
    run = amt("evaluate", "data", "--json")
    assert run.code == 4
    assert "mean" not in report(run)


def test_recordings_without_notes_are_named(amt: Callable, data: Path, sing: Callable) -> None:
    sing("data/alone.wav")
    run = amt("evaluate", "data")
    assert run.code == 0
    assert "alone.wav has no MIDI file beside it" in run.err


@pytest.mark.parametrize("source", ["model", "transcripts"])
def test_excerpts_with_peers_beside(amt: Callable, data: Path, peers: Path, source: str) -> None:
    arguments = ["data", "--excerpts", "peers.json"]
    if source == "transcripts":
        amt("transcribe", "data", "-o", "theirs")
        arguments += ["--transcripts", "theirs"]
    run = amt("evaluate", *arguments, "--json")
    assert run.code == 0
    document = report(run)
    # Seconds 1 to 3 of `half` hold one note that was heard and one that was not. The stand-in
    # counts its pitches from the start of what it hears, so that it is wrong both times.
    hits = 0.0 if source == "model" else 0.5
    assert [piece["name"] for piece in document["pieces"]] == ["half"]
    assert document["pieces"][0]["played"] == 2
    assert document["excerpts"]["ours"]["onset_f1"] == hits
    assert document["excerpts"]["peers"]["Another"]["frame_f1"] == 0.5
    shown = amt("evaluate", *arguments).out
    assert "Mean of 1 excerpts of 2 s" in shown
    assert "Another" in shown


def test_excerpts_beyond_the_end(amt: Callable, data: Path, peers: Path) -> None:
    peers.write_text(peers.read_text().replace('"half": 1.0', '"half": 2.5'))
    run = amt("evaluate", "data", "--excerpts", "peers.json")
    assert run.code == 4
    assert "lasts 4.0 s; its excerpt ends at 4.5 s" in run.err


def test_card_has_a_part_for_each_evaluation(
    amt: Callable, data: Path, peers: Path, acoustics: Path
) -> None:
    amt("evaluate", "data", "--gain-db", "-6", "--card", "card.md")
    amt("evaluate", "data", "--card", "card.md")
    amt("evaluate", "data", "--excerpts", "peers.json", "--card", "card.md")
    amt("evaluate", "--silence", "acoustics", "--silence-minutes", "0.1", "--card", "card.md")
    once = Path("card.md").read_text()
    for part in ("level", "recordings", "excerpts", "silence"):
        assert once.count(f"<!-- amt evaluate {part}: begin -->") == 1
    assert "    amt evaluate data --gain-db -6 --card card.md" in once
    assert "| Onset within 50 ms | 0.750 | 0.750 | 0.750 | 0.750 |" in once
    assert "| Another | 0.500 | 0.500 |" in once
    assert "| Missed | 25.0% |" in once
    amt("evaluate", "data", "--card", "card.md")
    assert Path("card.md").read_text() == once
    # Every row of a table has as many cells as its head.
    for block in once.split("\n\n"):
        rows = [line for line in block.splitlines() if line.startswith("|")]
        assert len({row.count("|") for row in rows}) <= 1


def test_card_keeps_its_tables_when_a_piece_fails(amt: Callable, data: Path) -> None:
    Path("card.md").write_text("kept")
    (data / "half.wav").write_bytes(b"")
    assert amt("evaluate", "data", "--card", "card.md").code == 4
    assert Path("card.md").read_text() == "kept"


def test_threshold_reaches_the_decoder(amt: Callable, data: Path, stage: type) -> None:
    document = report(amt("evaluate", "data", "--threshold", "0.25", "--json"))
    assert document["onset_threshold"] == 0.25
    assert stage.used_settings.onset_threshold == 0.25  # type: ignore[attr-defined]


def test_gain_reaches_the_sound(amt: Callable, data: Path) -> None:
    # The stand-in is deaf under a hundredth of full scale, 30 dB under the tone.
    document = report(amt("evaluate", "data", "--gain-db", "-35", "--json"))
    assert document["degradation"]["gain_db"] == -35.0
    assert all(piece["found"] == 0 for piece in document["pieces"])
    assert "level -35 dB" in amt("evaluate", "data", "--gain-db", "-35").out


def test_noise_and_room(amt: Callable, data: Path, acoustics: Path) -> None:
    arguments = ("--noise-snr", "15", "--acoustics", "acoustics", "--rt60", "0.6")
    run = amt("evaluate", "data", *arguments)
    assert run.code == 0
    assert "room with RT60 0.6 s, noise 15 dB below" in run.out


def test_silence_counts_notes_per_minute(amt: Callable, acoustics: Path) -> None:
    run = amt("evaluate", "--silence", "acoustics", "--silence-minutes", "0.5", "--json")
    assert run.code == 0
    document = report(run)
    # Noise of at least -50 dBFS and at most -20 dBFS: the stand-in hears some of it, each second.
    assert document["silence"]["minutes"] == 0.5
    assert 0 < document["silence"]["notes"] <= 30
    assert document["silence"]["notes_per_minute"] == 2 * document["silence"]["notes"]
    assert "mean" not in document


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--json"], 2, "nothing to evaluate"),
        (["nowhere"], 4, "nowhere does not exist"),
        (["data", "--noise-snr", "15"], 2, "need each other"),
        (["data", "--acoustics", "acoustics"], 2, "need each other"),
        (["data", "--transcripts", "nowhere"], 4, "nowhere is no folder"),
        (["data", "--transcripts", "data", "--model", "live"], 2, "made already"),
        (["data", "--transcripts", "data", "--gain-db", "-30"], 2, "made already"),
        (["data", "--split", "test"], 2, "tells no splits"),
        (["data", "--gain-db", "nan"], 2, "--gain-db cannot be nan"),
        (["data", "--excerpts", "nowhere.json"], 4, "nowhere.json does not exist"),
        (["data", "--noise-snr", "15", "--acoustics", "data"], 4, "cannot be read"),
        (["--silence", "data"], 4, "cannot be read"),
        (["--silence", "data", "--rt60", "0.5"], 2, "need recordings"),
    ],
)
def test_bad_input_in_one_sentence(
    amt: Callable, data: Path, arguments: list[str], code: int, words: str
) -> None:
    run = amt("evaluate", *arguments)
    assert run.code == code
    assert words in run.err
    assert run.out == ""


def test_peers_of_another_form(amt: Callable, data: Path) -> None:
    for text in ("{", "[]", '{"excerpt_start_s": {}, "excerpt_s": 30, "programs": {}}'):
        Path("peers.json").write_text(text)
        run = amt("evaluate", "data", "--excerpts", "peers.json")
        assert run.code == 4
        assert "peers.json lists no excerpts" in run.err or "does not list" in run.err


def test_interrupted(amt: Callable, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(judging, "listen", stop)
    run = amt("evaluate", "data", "-o", "report.json")
    assert run.code == 130
    assert run.out == ""
    assert "Interrupted" in run.err
    assert not Path("report.json").exists()


def test_works_without_scipy_and_torch(
    data: Path, monkeypatch: pytest.MonkeyPatch, amt: Callable
) -> None:
    for name in [n for n in sys.modules if n.split(".")[0] in ("corpus", "trainer", "mir_eval")]:
        monkeypatch.delitem(sys.modules, name)
    for name in ("scipy", "scipy.signal", "torch", "mir_eval", "numba", "matplotlib"):
        monkeypatch.setitem(sys.modules, name, None)
    assert amt("evaluate", "data").code == 0
    run = amt("evaluate", "data", "--rt60", "0.6")
    assert run.code == 2
    assert "needs numba, which is not installed" in run.err
    assert amt("evaluate", "--silence", "data").code == 2


@pytest.mark.skipif(sys.platform != "linux", reason="names are bytes on Linux")
def test_a_name_that_is_no_text(amt: Callable, data: Path) -> None:
    name = os.fsdecode(b"B\xe4r")
    for path in data.glob("half.*"):
        path.rename(path.with_stem(name))
    run = amt("evaluate", "data", "-o", "report.json", "--gain-db", "-3", "--card", "page.md")
    assert run.code == 0
    assert "B\\udce4r" in run.out
    document = json.loads(Path("report.json").read_text())
    assert name in [piece["name"] for piece in document["pieces"]]


def test_a_report_does_not_replace_what_is_none(amt: Callable, data: Path) -> None:
    Path("theirs.json").write_text("{}")
    run = amt("evaluate", "data", "-o", "theirs.json")
    assert run.code == 5
    assert run.err.endswith("Name another file with -o.\n")  # there is no --overwrite
