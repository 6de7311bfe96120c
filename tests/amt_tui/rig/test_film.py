from __future__ import annotations

from xml.etree import ElementTree

from amt_tui.rig.film import Row, Word, film, frame

RED, BLUE = "#c81e1e", "#1e1ec8"
ON_BLUE = "\x1b[38;2;200;30;30;48;2;30;30;200m"


def test_blocks_become_bands_and_letters_words() -> None:
    (row,) = frame(f"{ON_BLUE}▀▀▄ a<b █▌\x1b[0m\n")
    assert row == Row(
        ((RED, 2.0), (BLUE, 6.0), (RED, 1.5), (BLUE, 0.5)),
        ((BLUE, 2.0), (RED, 1.0), (BLUE, 5.0), (RED, 1.5), (BLUE, 0.5)),
        (Word("a<b", 4, RED, False),),
    )


def test_colours_last_over_the_ends_of_lines() -> None:
    above, below = frame(f"{ON_BLUE}  \n  \n")
    assert above.upper == below.upper == ((BLUE, 2.0),)


def test_shaded_dim_and_reversed() -> None:
    (row,) = frame("\x1b[7;38;2;0;0;0;48;2;200;200;200m▒\x1b[0m\x1b[2;1;38;2;100;100;100mx\n")
    assert row.upper[0] == ("#646464", 1.0)
    assert row.words == (Word("x", 1, "#414141", True),)


def test_a_still_does_not_move() -> None:
    still = film([frame(f"{ON_BLUE}▀▀ hello\n")], 8, 0.1, "a & b")
    ElementTree.fromstring(still)
    assert "animation" not in still
    assert "a &amp; b" in still


def test_equal_rows_are_drawn_once_and_frames_pass() -> None:
    frames = [frame(f"{ON_BLUE}▀▀\n  \n"), frame(f"  \n{ON_BLUE}▀▀\n")]
    moving = film(frames, 2, 0.25, "film")
    ElementTree.fromstring(moving)
    assert moving.count("<g id=") == 2  # the red half and the blue one
    assert "animation:play 0.5s steps(2) infinite" in moving
    assert "translateY(-72px)" in moving
