"""Where outputs go: predictable names, and never two recordings on one path."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amt_tui.destinations import parse_formats, plan_jobs
from amt_tui.recordings import Recording
from transcriber.errors import UsageError


def recordings(*paths: str) -> list[Recording]:
    return [Recording(path, Path(Path(path).name)) for path in paths]


def midi_paths(*paths: str, output: str | None = None) -> list[str]:
    jobs = plan_jobs(recordings(*paths), Path(output) if output else None, ["mid"])
    return [str(job.files["mid"]) for job in jobs]


def test_next_to_the_recording() -> None:
    assert midi_paths("x/take.wav") == ["x/take.mid"]


def test_dots_in_a_name_stay() -> None:
    assert midi_paths("op.27 no.2.wav") == ["op.27 no.2.mid"]


def test_same_stem_keeps_the_ending() -> None:
    assert midi_paths("a.wav", "a.flac", "b.wav") == ["a.wav.mid", "a.flac.mid", "b.mid"]


def test_same_name_from_two_folders_keeps_the_folders() -> None:
    assert midi_paths("x/mon/t.wav", "x/tue/t.wav", output="out") == [
        "out/mon/t.wav.mid",
        "out/tue/t.wav.mid",
    ]


def test_names_that_differ_in_case_only_are_told_apart() -> None:
    assert len({path.casefold() for path in midi_paths("Take.wav", "take.flac")}) == 2
    # Where both of these are, the file system tells them apart.
    assert midi_paths("Take.wav", "take.wav") == ["Take.wav.mid", "take.wav.mid"]


def test_names_that_cannot_be_told_apart_are_refused() -> None:
    with pytest.raises(UsageError, match="would be written as one file"):
        midi_paths("take.wav", "take.wav")


def test_folders_below_an_input_folder_are_repeated() -> None:
    job = plan_jobs([Recording("in/x/t.wav", Path("x/t.wav"))], Path("out"), ["mid", "csv"])[0]
    assert [str(path) for path in job.paths] == ["out/x/t.mid", "out/x/t.csv"]


def test_standard_input_has_a_name() -> None:
    stdin = [Recording("-", Path("stdin"))]
    assert str(plan_jobs(stdin, None, ["mid"])[0].files["mid"]) == "stdin.mid"
    assert str(plan_jobs(stdin, Path("out"), ["mid"])[0].files["mid"]) == "out/stdin.mid"


@pytest.mark.parametrize(
    ("output", "plot", "picture"),
    [
        (None, "png", "x/take.png"),
        ("out", "SVG", "out/take.svg"),
        ("out/song.mid", "png", "out/song.png"),
        ("out", "roll.png", "roll.png"),
        ("out", None, None),
    ],
)
def test_picture(output: str | None, plot: str | None, picture: str | None) -> None:
    job = plan_jobs(recordings("x/take.wav"), Path(output) if output else None, ["mid"], plot)[0]
    assert job.picture == (Path(picture) if picture else None)


def test_folder_that_ends_like_a_file_is_a_folder(tmp_path: Path) -> None:
    (tmp_path / "songs.mid").mkdir()
    job = plan_jobs(recordings("a.wav"), tmp_path / "songs.mid", ["mid"])[0]
    assert job.files["mid"] == tmp_path / "songs.mid" / "a.mid"


@pytest.mark.parametrize(
    ("text", "output", "formats"),
    [
        (None, None, ("mid",)),
        (None, "x.csv", ("csv",)),
        (None, "folder", ("mid",)),
        ("json, mid,json", None, ("json", "mid")),
        ("MID", "x.midi", ("mid",)),
    ],
)
def test_formats(text: str | None, output: str | None, formats: tuple[str, ...]) -> None:
    assert parse_formats(text, Path(output) if output else None) == formats


NAMES = st.builds(
    "{}/{}.{}".format,
    st.sampled_from(["x", "y", "x/y"]),
    st.sampled_from(["a", "b", "a.wav"]),
    st.sampled_from(["wav", "flac"]),
)


@given(st.lists(NAMES, unique=True, min_size=1), st.sampled_from([None, Path("out")]))
def test_no_two_outputs_are_ever_one(paths: list[str], output: Path | None) -> None:
    try:
        jobs = plan_jobs(recordings(*paths), output, ["mid", "json"], "png")
    except UsageError as error:
        if "as one file" not in error.problem:
            raise
        return
    written = [str(path) for job in jobs for path in job.paths]
    assert len(set(written)) == len(written)
