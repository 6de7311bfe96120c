"""The roll as literal rows."""

from __future__ import annotations

from amt_tui.live import falling, scrolling
from amt_tui.live.cells import Brush, Picture
from amt_tui.live.history import History
from amt_tui.live.palette import PALETTES, Paint, Part, is_note, note_paint
from amt_tui.live.scene import KeyRange, Scene
from transcriber.events import Event
from transcriber.timing import SAMPLE_RATE

from .conftest import in_order, note, press

UNIT = SAMPLE_RATE // 10
"""A tenth of a second per half cell, so that rows can be counted on fingers."""


def rows(picture: Picture) -> list[str]:
    return [strip.text for strip in Brush(PALETTES[0], "none").strips(picture)]


def scene(events: list[Event], at_s: float, low: int, scale: int = 1, falls: bool = False) -> Scene:
    history = History()
    now = round(at_s * SAMPLE_RATE)
    history.add(event for event in events if falls or event.decided <= now)
    history.advance(now)
    return Scene(history, now, UNIT, KeyRange(low, scale), falls)


def test_scrolling_holds_sustains_and_lights_keys() -> None:
    events = in_order(note(0.5, 1.0, 60), note(1.5, 3.0, 63), press(0.2, 0.8))
    # C4 is struck under the pedal, rings on it and is held after it; D#4 is still held.
    assert rows(scrolling.paint_scrolling(scene(events, 2.0, 59), 6, 32)) == [
        "    ┊                   ┊▓▓▓▓▏▏▏",
        "    ┊              ▄▄▄▄▄┊▄▄▄▄▏▏▏",
        "    ┊                   ┊▏▏▏▏▏▏▏",
        "┈┈┈┈┊┈┈┈┈▀▘▘▀▀┈┈┈┈┈┈┈┈┈┈┊▏▏▏▏▏C4",
        "      ▁▁▁▁▁▁              ped ○ ",
        "    ╵0:00     ╵0:01             ",
    ]


def test_scrolling_with_two_half_cells_per_key() -> None:
    events = in_order(note(0.5, 1.0, 60), note(1.5, 3.0, 63), press(0.2, 0.8))
    assert rows(scrolling.paint_scrolling(scene(events, 2.0, 58, scale=2), 10, 32)) == [
        "    ┊                   ┊▏▏▏▏▏▏▏",
        "    ┊                   ┊▏▏▏▏▏▏▏",
        "    ┊              █████┊████▏▏▏",
        "    ┊                   ┊▏▏▏▏▏▏▏",
        "    ┊                   ┊▓▓▓▓▏▏▏",
        "┈┈┈┈┊┈┈┈┈█▒▒██┈┈┈┈┈┈┈┈┈┈┊▏▏▏▏▏C4",
        "    ┊                   ┊▏▏▏▏▏▏▏",
        "    ┊                   ┊▓▓▓▓▏▏▏",
        "      ▁▁▁▁▁▁              ped ○ ",
        "    ╵0:00     ╵0:01             ",
    ]


def test_repeated_notes_stay_apart_and_hidden_ones_are_counted() -> None:
    events = in_order(
        note(0.5, 1.0, 60), note(1.0, 1.5, 60), note(0.2, 1.0, 80), note(0.2, 1.0, 30)
    )
    assert rows(scrolling.paint_scrolling(scene(events, 2.0, 59), 4, 32)) == [
        " ▲ 1┊                   ┊▏▏▏▏▏▏▏",
        "┈▼ 1┊┈┈┈┈▀▀▀▀ ▀▀▀▀▀┈┈┈┈┈┊▏▏▏▏▏C4",
        "                          ped ○ ",
        "    ╵0:00     ╵0:01             ",
    ]


def test_falling_rises_from_the_keys_while_somebody_plays() -> None:
    events = in_order(note(0.5, 1.0, 60), note(1.5, 3.0, 63), press(0.2, 0.8))
    assert rows(falling.paint_falling(scene(events, 1.8, 57), 10, 30)) == [
        "▁   █           ┈           ┈ ",
        " 0:01           ┈           ┈ ",
        "    ┈           ┈           ┈ ",
        "    ┈           ┈           ┈ ",
        "    ┈  █        ┈           ┈ ",
        "    ┈  ▀        ┈           ┈ ",
        " ▏▓▏▏▓▏█▏▏▓▏▓▏▓▏▏▓▏▓▏▏▓▏▓▏▓▏▏▓",
        " ▏▓▏▏▓▏█▏▏▓▏▓▏▓▏▏▓▏▓▏▏▓▏▓▏▓▏▏▓",
        " ▏ ▏▏ ▏ ▏▏ ▏ ▏ ▏▏ ▏ ▏▏ ▏ ▏ ▏▏ ",
        "    C4          C5          C6",
    ]


def test_falling_onto_the_keys_in_a_replay() -> None:
    events = in_order(note(0.5, 1.0, 60), press(0.2, 0.8))
    assert rows(falling.paint_falling(scene(events, 0.0, 57, scale=2, falls=True), 10, 30)) == [
        " 0:01  ┈                      ",
        "       ██                     ",
        "▁      ▒▒                     ",
        "▁      ▀▀                     ",
        "▁      ┈                      ",
        " 0:00┊┊┈┊┊┊┊┊┊┊┊┊┊┊┊┊┊┊┊┊┊┊┊┊┊",
        " ▏▏▓▓▏▏ ▏▓▓▏▏▓▓▏▏ ▏▓▓▏▏▓▓▏▏▓▓▏",
        " ▏▏▓▓▏▏ ▏▓▓▏▏▓▓▏▏ ▏▓▓▏▏▓▓▏▏▓▓▏",
        " ▏▏▏ ▏▏ ▏▏ ▏▏▏ ▏▏ ▏▏ ▏▏▏ ▏▏▏ ▏",
        "       C4                     ",
    ]


def test_markers_stand_across_the_roll() -> None:
    shown = scene(note(0.5, 1.0, 60), 2.0, 59)
    shown.history.markers = (SAMPLE_RATE * 15 // 10,)
    paints = scrolling.paint_scrolling(shown, 6, 32).paints
    assert (paints[:8, 19] == Paint.MARKER).all()


def test_a_note_keeps_its_shape_while_it_moves() -> None:
    events = note(0.537, 0.783, 60)
    lengths = set()
    for step in range(40):
        paints = scrolling.paint_scrolling(scene(events, 1.2 + 0.013 * step, 59), 6, 40).paints
        lengths.add(sum(is_note(paint) for paint in paints[6, :33].tolist()))
    assert lengths == {3}


def test_loudness_shows() -> None:
    soft, loud = note_paint(10, Part.HELD), note_paint(120, Part.HELD)
    for palette in PALETTES:
        assert sum(palette.rgb(loud)) > sum(palette.rgb(soft)) + 150


def test_too_small_a_terminal_is_left_empty() -> None:
    shown = scene(note(0.5, 1.0, 60), 2.0, 59)
    assert rows(scrolling.paint_scrolling(shown, 2, 10)) == [" " * 10] * 2
    assert rows(falling.paint_falling(shown, 3, 10)) == [" " * 10] * 3
