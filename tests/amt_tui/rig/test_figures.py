from __future__ import annotations

import os

import pytest

from amt_tui.live.palette import PALETTES
from amt_tui.live.stats import panel
from amt_tui.rig.figures import (
    Consumption,
    Figure,
    Reading,
    consumption,
    cpu_percent,
    growth_mb_h,
    latency_figures,
    read_screen,
    table,
)
from transcriber.latency import LatencyParts, Load, Percentiles
from transcriber.snapshot import Snapshot, Stats

PARTS = LatencyParts(100.0, 5.0, 12.0, 1.0, 2.0, 0.3, 18.0)


def shown(**stats: object) -> str:
    shot = Snapshot("listening", stats=Stats(parts=PARTS, load=Load(1.6, 3.1), **stats))  # type: ignore[arg-type]
    return panel(shot, (60,), PALETTES[0]).plain


def test_what_the_panel_shows_is_read_back() -> None:
    screen = shown(
        event=Percentiles(131.0, 142.0, 155.0, 40),
        screen=Percentiles(149.0, 171.0, 190.0, 40),
        lost_s=0.25,
        overflows=2,
        notes=1234,
        notes_per_minute=96,
    )
    wanted = Reading((131, 142, 155), (149, 171, 190), PARTS, 250, 1234, 96)
    assert read_screen(screen) == wanted


def test_nothing_struck_and_nothing_lost_is_read_as_that() -> None:
    reading = read_screen(shown())
    assert reading is not None
    assert (reading.event_ms, reading.screen_ms, reading.lost_ms) == (None, None, 0)


def test_a_screen_without_figures_is_not_read() -> None:
    assert read_screen("amt live  ● listening") is None


def test_the_worst_minute_counts() -> None:
    minutes = [
        Reading((130, 141, 150), (150, 230, 240), PARTS, 0, 50, 50),
        Reading((120, 155, 190), (140, 180, 200), PARTS, 0, 99, 49),
    ]
    found = {one.name: one for one in latency_figures(minutes, 120.0)}
    event = found["capture to event, p95 of the worst minute"]
    screen = found["capture to screen, p95 of the worst minute"]
    assert (event.value, event.most, event.passed) == (155.0, 160.0, True)
    assert (screen.value, screen.most, screen.passed) == (230.0, 200.0, False)
    assert found["mean device"].value == 12.0


def test_a_minute_without_figures_passes_no_bar() -> None:
    silent = Reading(None, None, PARTS, 0, 0, 0)
    assert not all(one.passed for one in latency_figures([silent], 120.0))


def test_slope_and_share() -> None:
    taken = [
        Consumption(at_s, 0.2 * at_s, 160.0 - at_s, 100.0 + 4.0 * at_s / 3600.0)
        for at_s in range(0, 99, 9)
    ]
    assert growth_mb_h(taken) == pytest.approx(4.0)
    assert cpu_percent(taken) == pytest.approx(20.0)


def test_this_process_is_looked_at() -> None:
    seen = consumption(os.getpid(), 1.0)
    assert seen.cpu_s > 0.0
    assert 10.0 < seen.own_mb < seen.memory_mb < 10_000.0


def test_table_says_what_is_missed() -> None:
    rows = table(
        [
            Figure("sound dropped", 0.0, most=0.0),
            Figure("processor", 35.1, "%", 35.0, 1),
            Figure("notes", 9, ""),
        ]
    ).splitlines()[2:]
    assert rows == [
        "| sound dropped | 0 ms | 0 ms | passed |",
        "| processor | 35.1 % | 35 % | **missed** |",
        "| notes | 9  |  |  |",
    ]
