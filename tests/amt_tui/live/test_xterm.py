from __future__ import annotations

from amt_tui.live.palette import LEVELS, NOTES, PALETTES, Part
from amt_tui.live.xterm import nearest


def test_a_colour_that_is_there_is_found() -> None:
    assert nearest((0, 0, 0)) == 16
    assert nearest((255, 175, 95)) == 16 + 36 * 5 + 6 * 3 + 1
    assert nearest((118, 118, 118)) == 232 + 11


def test_notes_under_the_pedal_keep_their_hue() -> None:
    dark = [PALETTES[0].rgb(NOTES + 4 * level + Part.SUSTAINED) for level in range(LEVELS)]
    violet, purple, wine = (nearest(colour) for colour in (dark[0], dark[2], dark[3]))
    greys = {*range(232, 256), *(16 + 43 * step for step in range(6))}
    assert not greys & {violet, purple, wine}
    assert nearest(dark[3]) != nearest(dark[0])
