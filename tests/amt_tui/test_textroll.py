"""The roll in the terminal, row by row."""

from __future__ import annotations

import pytest

from amt_tui.keys import velocity_colour
from amt_tui.textroll import MOST_SYSTEMS, roll_lines
from transcriber.notes import Note, Pedal, Transcript

TRANSCRIPT = Transcript.of(
    [
        Note(0.0, 1.0, 60, 60),
        Note(1.0, 3.0, 61, 100),
        Note(2.0, 3.0, 60, 60),
        Note(3.0, 4.0, 66, 90),
    ],
    [Pedal(1.0, 2.5)],
    duration_s=4.0,
)


def plain(transcript: Transcript, width: int) -> list[str]:
    return [line.plain.rstrip() for line in roll_lines(transcript, width, colour=False)]


def test_rows_literally() -> None:
    # 16 columns for 4 s: a quarter of a second each. An octave is drawn, A#3 to A4.
    assert plain(TRANSCRIPT, 20) == [
        "",
        "                ▄▄▄▄",
        "",
        "",
        " C4 ▄▄▄▄▀▀▀▀████┈┈┈┈",
        "",
        "Ped     ▂▂▂▂▂▂",
        "    ╵0:00",
    ]


def test_every_line_fits_the_width() -> None:
    for width in (12, 40, 80, 200):
        assert all(len(line.plain) <= width for line in roll_lines(TRANSCRIPT, width))


def test_no_notes() -> None:
    assert plain(Transcript(), 80) == ["No notes."]


def test_long_recording_gets_systems_up_to_a_limit() -> None:
    def systems(duration_s: float) -> int:
        long = Transcript.of([Note(0.0, 1.0, 60, 60)], duration_s=duration_s)
        return sum("╵" in line for line in plain(long, 80))

    assert systems(20.0) == 1
    assert systems(40.0) == 2
    assert systems(3600.0) == MOST_SYSTEMS


def test_strike_is_brighter_than_what_follows() -> None:
    lines = roll_lines(Transcript.of([Note(0.0, 4.0, 60, 100)], duration_s=4.0), 20)
    colours = [
        span.style.color.triplet
        for line in lines
        for span in line.spans
        if not isinstance(span.style, str) and span.style.color is not None
    ]
    assert colours[0] == velocity_colour(100)
    assert all(sum(colour) < sum(colours[0]) for colour in colours[1:])


@pytest.mark.parametrize("velocity", range(1, 127))
def test_louder_is_brighter(velocity: int) -> None:
    def brightness(colour: tuple[int, int, int]) -> float:
        return 0.3 * colour[0] + 0.59 * colour[1] + 0.11 * colour[2]

    softer, louder = velocity_colour(velocity), velocity_colour(velocity + 1)
    assert brightness(softer) <= brightness(louder) + 0.5
