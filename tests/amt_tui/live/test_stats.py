from __future__ import annotations

from dataclasses import replace

from amt_tui.live.headline import headline
from amt_tui.live.help import FIGURES
from amt_tui.live.palette import PALETTES
from amt_tui.live.stats import PANEL_COLUMNS, PART_NAMES, health_line, panel, replayed, strip
from transcriber.latency import LatencyParts, Percentiles
from transcriber.levels import Level
from transcriber.snapshot import Snapshot, Stats
from transcriber.sources import SourceInfo

from .conftest import FakeFeed


def lines(shot: Snapshot, pitches: tuple[int, ...] = ()) -> list[str]:
    return panel(shot, pitches, PALETTES[0]).plain.split("\n")


def test_panel_line_by_line() -> None:
    shot = FakeFeed().shot
    assert lines(shot, (60, 64))[:10] == [
        "● keeping up",
        "",
        "Latency, ms      p50   p95   p99",
        "to event         131   142   155",
        "to screen        149   171   190",
        "█" * PANEL_COLUMNS,
        "■ look-ahead 100 ■ block     5.0",
        "■ device      12 ■ queue     1.0",
        "■ compute    2.0 ■ decode    0.3",
        "■ draw        18",
    ]
    assert "Notes                      C4 E4" in lines(shot, (60, 64))


def test_no_line_is_wider_than_the_panel() -> None:
    shot = FakeFeed().shot
    extreme = replace(
        shot,
        model="a-model-with-a-very-long-name 123.456.789",
        gate_db=-45.0,
        stats=replace(
            shot.stats,
            event=Percentiles(12345.0, 23456.0, 34567.0, 9),
            parts=LatencyParts(*[1234.5] * 7),
            lost_s=1234.5,
            overflows=99999,
            health="behind",
        ),
    )
    assert max(map(len, lines(extreme, tuple(range(30, 60))))) <= PANEL_COLUMNS


def test_every_figure_is_in_the_help() -> None:
    explained = " ".join(word.lower() for entry in FIGURES for word in entry)
    titles = ("● ", "█", "■", "latency", "process ", "now ", "model", "loudness", "──")
    for line in lines(FakeFeed().shot):
        name = line.lower().split("  ")[0].strip()
        if name and not (f"{name} ").startswith(titles):
            assert name in explained


def test_colours_are_explained_where_there_are_any() -> None:
    assert lines(FakeFeed().shot)[-2:] == [
        "Loudness      soft ████████ loud",
        "██ strike  ██ finger  ██ pedal  ",
    ]
    assert "Loudness" not in panel(FakeFeed().shot, (), PALETTES[0], "none").plain


def test_sixteen_colours_tell_the_parts_apart_by_their_marks() -> None:
    few = panel(FakeFeed().shot, (), PALETTES[0], "16").plain.split("\n")
    assert set("█▓▒░") <= set(few[5])
    assert few[6].startswith("█ look-ahead 100 ▓ block")
    assert few[-2].startswith("Loudness")


def test_notes_are_named_whole_or_not_at_all() -> None:
    row = next(line for line in lines(FakeFeed().shot, tuple(range(60, 80))) if "Notes" in line)
    assert row.split(maxsplit=1) == ["Notes", "C4 C#4 D4 D#4 E4 F4 F#4 …"]


def test_figures_without_strikes_are_dashes() -> None:
    assert "to event           -     -     -" in lines(Snapshot("listening"))


def test_latency_of_many_seconds_keeps_its_column() -> None:
    stats = replace(FakeFeed().shot.stats, event=Percentiles(9_876.0, 12_345.0, 123_456.0, 5))
    line = lines(replace(FakeFeed().shot, stats=stats))[3]
    assert line.split() == ["to", "event", "9876", "12s", "123s"]
    assert len(line) == PANEL_COLUMNS


def test_falling_behind_is_said_in_words() -> None:
    late = Snapshot("listening", stats=Stats(health="behind"))
    lost = Snapshot("listening", stats=Stats(health="behind", lost_s=0.25, overflows=2))
    busy = Snapshot("listening", stats=Stats(health="busy"))
    assert lines(late)[0] == "▼ behind: sound has to wait"
    assert lines(lost)[0] == "▼ behind: sound was lost"
    assert "dropped         250 ms in 2 gaps" in lines(lost)
    assert lines(busy)[0] == "▲ busy: little time to spare"


def test_clipping_is_said_in_words() -> None:
    shot = Snapshot("listening", stats=Stats(level=Level(0.0, -3.0, clipping=True)))
    assert "Input                   CLIPPING" in lines(shot)
    assert "CLIP" in strip(shot, (), 80).plain


def test_strip_fits_and_keeps_the_wanted_figures() -> None:
    shot = FakeFeed().shot
    for width in (40, 80, 109):
        first, second = strip(shot, (60, 64, 67), width).plain.split("\n")
        assert len(first) <= width
        assert len(second) <= width
        assert first.startswith(" to event 131/142/155")
        assert second.startswith(" ● keeping up")


def test_every_part_of_the_latency_is_named() -> None:
    assert len(PART_NAMES) == len(LatencyParts().values())


def test_headline_fills_the_line() -> None:
    shot = replace(FakeFeed().shot, now=16_000 * 65)
    for width in (30, 60, 78):
        assert headline(shot, width, None).cell_len == width
    assert headline(shot, 60, None).plain.endswith("1:05")
    assert "PAUSED at 0:55  1:05" in headline(shot, 78, 10.0).plain


def test_headline_says_what_is_wrong_with_the_source() -> None:
    for state, words in (
        ("stalled", "no sound is coming"),
        ("retrying", "trying again"),
        ("failed", "cannot listen"),
        ("ended", "at the end"),
    ):
        assert words in headline(Snapshot(state), 60, None).plain  # type: ignore[arg-type]


def test_headline_shortens_the_name_first() -> None:
    source = SourceInfo("a very long name of a recording.flac", 44_100, duration_s=125.0)
    shot = replace(Snapshot("listening"), source=source, position_s=65.0)
    for width, words in (
        (76, "a very long name of … · 44.1 kHz · 1:05 of 2:05  0:00"),
        (60, "a very long name of a recordin…  0:00"),
    ):
        assert headline(shot, width, None).plain == f"amt live  ● listening  {words}"


def test_nobody_keeps_up_with_nothing() -> None:
    assert health_line(Snapshot("retrying")).plain == "○ hears nothing"


def test_a_replay_is_called_one_and_measures_nothing() -> None:
    shot = replace(
        Snapshot("listening"),
        source=SourceInfo("session tuesday", duration_s=125.0),
        now=16_000 * 65,
    )
    line = headline(shot, 78, None, replay=True).plain
    assert "▶ playing  session tuesday" in line
    assert line.endswith("1:05 of 2:05")
    assert replayed(shot, (60, 67)).plain == " notes 2 now · 0 so far\n C4 G4"
