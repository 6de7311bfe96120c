from __future__ import annotations

import gc

import numpy as np
import pytest

from amt_tui.live.cells import CACHED_ROWS, Brush, Picture, Row
from amt_tui.live.meters import level_meter, parts_bar
from amt_tui.live.palette import PALETTES, Depth, Paint, Part, depth_of, note_paint
from amt_tui.live.scene import KeyRange, fitting, placed
from transcriber.levels import Level


def picture(upper: list[int], lower: list[int]) -> Picture:
    return Picture(np.array([upper, lower], np.uint8))


def test_equal_cells_are_one_segment() -> None:
    held = note_paint(80, Part.HELD)
    strip = Brush(PALETTES[0], "truecolor").strip(picture([0, 0, held, held], [0] * 4), 0)
    assert [segment.text for segment in strip] == ["  ", "▀▀"]


def test_equal_rows_are_one_strip_and_the_cache_is_bounded() -> None:
    brush = Brush(PALETTES[0], "truecolor")
    first = brush.strip(picture([0, 1], [1, 0]), 0)
    assert brush.strip(picture([0, 1], [1, 0]), 0) is first
    for i in range(CACHED_ROWS + 10):
        brush.strip(picture([i % 10, i // 10 % 10, i // 100 % 10, i // 1000], [0] * 4), 0)
    assert len(brush._strips) == CACHED_ROWS


def test_rows_are_divided_as_strips_are() -> None:
    row = Brush(PALETTES[0], "truecolor").strip(picture([0, 0, 1, 1], [0] * 4), 0)
    assert row.divide(iter([4])) == [row]
    assert row.divide([4, 9]) == [row]
    assert [part.cell_length for part in row.divide([1, 4])] == [1, 3]


def test_rows_that_scrolled_away_need_no_collector() -> None:
    def rows() -> int:
        return sum(type(one) is Row for one in gc.get_objects())

    gc.collect()
    gc.disable()
    try:
        before = rows()
        brush = Brush(PALETTES[0], "truecolor")
        for i in range(CACHED_ROWS + 40):
            row = brush.strip(picture([i % 10, i // 10 % 10, i // 100], [0] * 3), 0)
            row.divide([3])  # what Textual's compositor does with what it draws
        assert rows() - before <= CACHED_ROWS + 1
    finally:
        gc.enable()


def test_labels_are_cut_and_never_overlap() -> None:
    shown = Picture.empty(1, 8)
    shown.label(0, 6, "long")
    shown.label(0, 0, "abc")
    shown.label(0, 2, "xyz")
    assert Brush(PALETTES[0], "none").strip(shown, 0).text == "abc   lo"


@pytest.mark.parametrize("depth", ["16", "256", "truecolor"])
@pytest.mark.parametrize("palette", PALETTES, ids=lambda palette: palette.name)
def test_sustained_and_held_differ_at_every_depth(palette: object, depth: Depth) -> None:
    held, sustained = (note_paint(80, part) for part in (Part.HELD, Part.SUSTAINED))
    strip = Brush(palette, depth).strip(picture([held, sustained], [0, 0]), 0)  # type: ignore[arg-type]
    assert len(list(strip)) == 2


def test_without_colours_nothing_is_coloured() -> None:
    paints = [Paint.WHITE_KEY, Paint.MARKER, note_paint(80, Part.HELD), 0]
    strip = Brush(PALETTES[0], "none").strip(picture(paints, paints[::-1]), 0)
    assert all(not segment.style for segment in strip)


@pytest.mark.parametrize(
    ("system", "bare", "depth"),
    [
        ("truecolor", False, "truecolor"),
        ("256", False, "256"),
        ("standard", False, "16"),
        (None, False, "none"),
        ("truecolor", True, "none"),
    ],
)
def test_depth_of_terminals(system: str | None, bare: bool, depth: Depth) -> None:
    assert depth_of(system, no_color=bare) == depth


def test_range_shows_all_that_was_heard() -> None:
    for places in (24, 36, 70, 88, 120, 163):
        for heard in ((60, 60), (48, 76), (30, 60), (70, 100), (36, 59)):
            keys = fitting(heard, places)
            if heard[1] - heard[0] < places:
                assert keys.low <= heard[0]
                assert keys.place(heard[1]) < places


def test_range_stays_on_the_piano_and_centres_it_in_wide_rooms() -> None:
    assert placed(0, 1, 40).low == 21
    assert placed(120, 1, 40) == KeyRange(69, 1)
    assert fitting((21, 108), 100) == KeyRange(15, 1)


def test_every_part_of_a_latency_gets_a_cell() -> None:
    text = parts_bar([100.0, 5.0, 12.0, 1.0, 2.0, 0.3, 18.0], 32, colour=False).plain
    assert text == "█" * 21 + "▓" + "▒▒▒" + "░" + "█" + "▓" + "▒" * 4
    assert parts_bar([0.0] * 7, 8).plain == "········"


def test_level_meter_shows_mean_within_peak() -> None:
    assert level_meter(Level(-18.0, -30.0), 10).plain == "█████▒▒···"
    assert level_meter(Level(), 10).plain == "·" * 10
    clipping = level_meter(Level(0.0, -6.0, clipping=True), 10)
    assert {str(span.style) for span in clipping.spans} == {"red"}
