"""The app with a fake engine, tick by tick: every key, both views, three sizes."""

from __future__ import annotations

import asyncio
import io
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest
from textual.pilot import Pilot
from textual.widgets import OptionList

from amt_tui.live.app import LiveApp
from amt_tui.live.desk import Desk
from amt_tui.live.help import FIGURES, KEYS, HelpScreen, help_text
from amt_tui.live.palette import PALETTES
from amt_tui.live.picker import Choice, Offer, Picker
from amt_tui.live.scene import ZOOMS_MS
from transcriber.errors import AmtError
from transcriber.events import Event, NoteOn
from transcriber.snapshot import Snapshot
from transcriber.timing import SAMPLE_RATE

from .conftest import FakeEngine, FakeFeed, Played, in_order, note


class Screening:
    """A running app, and the hands of its clock."""

    def __init__(self, app: LiveApp, feed: FakeFeed, pilot: Pilot[None]) -> None:
        self.app, self.feed, self.pilot = app, feed, pilot

    async def tick(self, seconds: float | None = None) -> None:
        if seconds is not None:
            self.feed.play_to(seconds)
        self.app._frame = 0
        self.app.tick()
        await self.pilot.pause()

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.tick()

    async def settle(self, condition: Callable[[], bool]) -> None:
        """Wait for a thread, up to two seconds."""
        for _ in range(200):
            await self.pilot.pause()
            if condition():
                return
            await asyncio.sleep(0.01)
        raise AssertionError("nothing happened")

    @property
    def toasts(self) -> list[str]:
        return [str(one.message) for one in self.app._notifications]


@asynccontextmanager
async def screening(
    feed: FakeFeed, desk: Desk | None = None, size: tuple[int, int] = (120, 40)
) -> AsyncIterator[Screening]:
    app = LiveApp(feed, desk, frames_per_s=None)
    async with app.run_test(size=size) as pilot:
        shown = Screening(app, feed, pilot)
        await shown.tick()
        yield shown


def run(test: Callable[[Screening], Awaitable[None]], feed: FakeFeed, **named: object) -> None:
    async def main() -> None:
        stage: AbstractAsyncContextManager[Screening] = screening(feed, **named)  # type: ignore[arg-type]
        async with stage as shown:
            await test(shown)

    asyncio.run(main())


def test_notes_appear_and_are_reported_as_drawn(played: Played) -> None:
    async def test(shown: Screening) -> None:
        assert not any("▄" in row or "▀▀" in row[:50] for row in shown.app.roll.text_lines()[:1])
        before = shown.app.roll.text_lines()
        await shown.tick(4.5)
        assert shown.app.roll.text_lines() != before
        await shown.settle(lambda: shown.feed.drawn_until == shown.feed.shot.events)

    run(test, played(0.0))


def test_nothing_is_redrawn_while_nothing_changes(played: Played) -> None:
    async def test(shown: Screening) -> None:
        assert not shown.app.roll.advance(shown.app._seen)
        shown.app.roll.redraw()
        assert not shown.app.roll.advance(shown.app._seen)

    run(test, played(3.0))


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 50), (300, 80), (20, 6)])
@pytest.mark.parametrize("view", ["scrolling", "falling"])
def test_every_size_is_filled(played: Played, size: tuple[int, int], view: str) -> None:
    async def test(shown: Screening) -> None:
        roll = shown.app.roll
        rows = roll.text_lines()
        assert len(rows) == roll.size.height
        assert {len(row) for row in rows} == {roll.size.width}
        figures = shown.app._panel if shown.app._panel.display else shown.app._strip
        assert (figures.id == "panel") == (size[0] >= 110)

    run(test, played(4.5), size=size, desk=Desk(view=view))  # type: ignore[arg-type]


def test_a_changed_size_is_followed(played: Played) -> None:
    async def test(shown: Screening) -> None:
        await shown.pilot.resize_terminal(80, 24)
        await shown.tick()
        assert shown.app._strip.display
        assert {len(row) for row in shown.app.roll.text_lines()} == {80}

    run(test, played(4.5))


def test_pause_freezes_the_picture_and_goes_on(played: Played) -> None:
    async def test(shown: Screening) -> None:
        await shown.press("space")
        before = shown.app.roll.text_lines()
        await shown.tick(6.0)
        assert shown.app.roll.text_lines() == before
        assert "PAUSED at 0:04" in str(shown.app._headline.content)
        await shown.press("space")
        assert shown.app.roll.edge == 6 * SAMPLE_RATE
        assert "PAUSED" not in str(shown.app._headline.content)

    run(test, played(4.5))


def test_the_whole_session_can_be_scrolled_through(played: Played) -> None:
    async def test(shown: Screening) -> None:
        roll = shown.app.roll
        window = roll.window
        await shown.press("left")
        assert roll.edge == 30 * SAMPLE_RATE - round(0.1 * window)
        await shown.press("pageup")
        assert roll.edge == pytest.approx(30 * SAMPLE_RATE - window, abs=2)
        await shown.press("home")
        assert roll.edge == window
        await shown.press("pagedown")
        assert not roll.live
        await shown.press("end")
        assert roll.live
        await shown.press("left", "right")
        assert roll.live

    run(test, played(30.0))


def test_view_palette_and_zoom(played: Played) -> None:
    remembered: dict[str, object] = {}

    async def test(shown: Screening) -> None:
        roll = shown.app.roll
        unit, keys = roll.unit, roll.keys
        await shown.press("right_square_bracket")
        assert roll.unit < unit
        await shown.press("left_square_bracket", "left_square_bracket")
        assert roll.unit > unit
        await shown.press(*["left_square_bracket"] * 20)
        assert roll.unit == ZOOMS_MS[-1] * SAMPLE_RATE // 1000
        await shown.press("right_curly_bracket")
        assert roll.keys.scale == keys.scale + 1
        await shown.press("left_curly_bracket", "up")
        assert roll.keys.scale == keys.scale
        before = roll.keys.low
        await shown.press("down")
        assert roll.keys.low == before - 2
        await shown.press("0")
        assert roll.keys == keys
        await shown.press("v")
        assert roll.view == "falling"
        await shown.press("c")
        assert roll.palette is PALETTES[1]
        assert remembered == {"view": "falling", "palette": PALETTES[1].name}
        await shown.press("c", "c", "v")
        assert roll.palette is PALETTES[0]
        assert roll.view == "scrolling"

    run(test, played(4.5), desk=Desk(remember=remembered.__setitem__))


def test_engine_is_steered(played: Played) -> None:
    engine = played(4.5)

    async def test(shown: Screening) -> None:
        for key in ("plus", "plus", "minus", "g", "G", "m"):
            await shown.press(key)
        assert engine.asked == [
            ("sensitivity", 1),
            ("sensitivity", 2),
            ("sensitivity", 1),
            ("calibrate", None),
            ("gate", None),
        ]
        assert shown.app.history.markers == (round(4.5 * SAMPLE_RATE),)
        assert "Listening to the room: do not play." in shown.toasts

    run(test, engine)


def test_a_replay_says_what_it_cannot_do(piece: list[Event]) -> None:
    async def test(shown: Screening) -> None:
        await shown.press("plus", "g", "G", "m", "s", "d")
        await shown.settle(lambda: len(shown.toasts) == 6)
        assert all(toast.startswith("Here you cannot ") for toast in shown.toasts)

    run(test, FakeFeed(piece), desk=Desk(score=piece))


def test_a_replay_knows_what_comes_and_goes_on_where_it_was_paused(piece: list[Event]) -> None:
    engine = FakeEngine(piece)
    engine.play_to(2.0)

    async def test(shown: Screening) -> None:
        struck = [e.sample for e in piece if isinstance(e, NoteOn)]
        assert max(struck) > shown.app.history.now
        assert len(list(shown.app.history.spans(0, 10 * SAMPLE_RATE))) == len(struck)
        await shown.press("space", "space")
        assert engine.asked == [("seek", 2.0)]
        await shown.tick(0.5)  # wound back
        assert shown.app.roll.edge == SAMPLE_RATE // 2

    run(test, engine, desk=Desk(score=piece, view="falling"))


def test_saving_says_what_was_written(played: Played) -> None:
    async def test(shown: Screening) -> None:
        await shown.press("s")
        await shown.settle(lambda: shown.toasts == ["17 notes saved"])

    run(test, played(4.5), desk=Desk(save=lambda: "17 notes saved"))


def test_saving_that_fails_says_why(played: Played) -> None:
    def refuse() -> str:
        raise AmtError("The disk is full.", "Make room.")

    async def test(shown: Screening) -> None:
        await shown.press("s")
        await shown.settle(lambda: shown.toasts == ["The disk is full. Make room."])

    run(test, played(4.5), desk=Desk(save=refuse))


def test_a_microphone_is_chosen_from_a_list(played: Played) -> None:
    taken: list[str] = []
    offers = [Offer("Built-in", "44.1 kHz", current=True), Offer("USB [2]", "48 kHz")]
    remembered: dict[str, object] = {}
    desk = Desk(
        choices={"device": Choice("Microphone", lambda: offers, taken.append)},
        remember=remembered.__setitem__,
    )

    async def test(shown: Screening) -> None:
        await shown.press("d")
        await shown.settle(lambda: isinstance(shown.app.screen, Picker))
        listing = shown.app.screen.query_one(OptionList)
        assert [str(option.prompt) for option in listing.options] == [
            "● Built-in (44.1 kHz)",
            "  USB [2] (48 kHz)",
        ]
        await shown.press("down", "enter")
        await shown.settle(lambda: taken == ["USB [2]"])
        await shown.settle(lambda: remembered == {"device": "USB [2]"})
        await shown.press("d")
        await shown.settle(lambda: isinstance(shown.app.screen, Picker))
        await shown.press("escape")
        assert taken == ["USB [2]"]

    run(test, played(4.5), desk=desk)


@pytest.mark.parametrize(("key", "name"), [("o", "model"), ("l", "profile")])
def test_other_choices_have_their_keys(played: Played, key: str, name: str) -> None:
    choice = Choice(name, lambda: [Offer("one")], lambda _: None)

    async def test(shown: Screening) -> None:
        await shown.press(key)
        await shown.settle(lambda: isinstance(shown.app.screen, Picker))

    run(test, played(4.5), desk=Desk(choices={name: choice}))


def test_help_opens_over_the_music_and_closes(played: Played) -> None:
    async def test(shown: Screening) -> None:
        await shown.press("question_mark")
        assert isinstance(shown.app.screen, HelpScreen)
        await shown.tick(5.0)
        assert shown.app.roll.edge == 5 * SAMPLE_RATE
        await shown.press("q")
        assert not isinstance(shown.app.screen, HelpScreen)
        assert shown.app.is_running

    run(test, played(4.5))


def test_help_names_every_key_and_figure() -> None:
    from rich.console import Console

    out = io.StringIO()
    Console(file=out, width=100).print(help_text())
    text = out.getvalue()
    assert all(key in text for key, _ in KEYS)
    assert all(name in text for name, _ in FIGURES)
    letters = {b.key for b in LiveApp.BINDINGS if len(b.key) == 1}  # type: ignore[union-attr]
    named = set("".join(key for key, _ in KEYS))
    assert letters <= named


def test_figures_can_be_hidden(played: Played) -> None:
    async def test(shown: Screening) -> None:
        width = shown.app.roll.size.width
        await shown.press("i")
        assert not shown.app._panel.display
        await shown.tick()
        assert shown.app.roll.size.width > width
        await shown.press("i")
        assert shown.app._panel.display

    run(test, played(4.5))


@pytest.mark.parametrize("key", ["q", "ctrl+c"])
def test_quitting(played: Played, key: str) -> None:
    async def test(shown: Screening) -> None:
        await shown.pilot.press(key)
        await shown.pilot.pause()
        assert not shown.app.is_running or shown.app._exit

    run(test, played(4.5))


def test_a_problem_stands_on_the_screen_until_it_is_gone(played: Played) -> None:
    feed = played(0.0)

    async def test(shown: Screening) -> None:
        assert shown.app._hint.has_class("shown")
        well = feed.shot
        feed.shot = Snapshot("retrying", "The microphone is gone.", "Plug it in again.")
        await shown.tick()
        assert shown.app._problem.has_class("shown")
        assert str(shown.app._problem.content) == "The microphone is gone. Plug it in again."
        assert not shown.app._hint.has_class("shown")
        feed.shot = well
        await shown.tick(4.5)
        assert not shown.app._problem.has_class("shown")
        assert not shown.app._hint.has_class("shown")

    run(test, feed)


def test_keys_are_in_the_command_palette(played: Played) -> None:
    async def test(shown: Screening) -> None:
        titles = {command.title for command in shown.app.get_system_commands(shown.app.screen)}
        assert {"Help", "Pause", "Save", "Mark", "Palette", "Latency", "Quit"} <= titles

    run(test, played(4.5))


def test_no_color_draws_without_colours(played: Played, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")

    async def test(shown: Screening) -> None:
        assert any(set(row) & set("█▀▄") for row in shown.app.roll.text_lines())
        strips = shown.app.screen._compositor.render_strips()
        colours = {
            (segment.style.color, segment.style.bgcolor)
            for strip in strips
            for segment in strip
            if segment.style
        }
        assert all(one is None or one.is_default for pair in colours for one in pair)

    run(test, played(4.5))


def test_a_burst_does_not_stall_the_screen() -> None:
    burst = in_order(*(note(0.005 * i, 0.005 * i + 0.3, 21 + i * 7 % 88) for i in range(2000)))
    feed = FakeEngine(burst)

    async def test(shown: Screening) -> None:
        began = time.process_time()
        for frame in range(60):
            await shown.tick(2.0 + frame / 30)
        assert (time.process_time() - began) / 60 < 1 / 15

    run(test, feed)


def test_closing_leaves_no_thread(played: Played) -> None:
    before = set(threading.enumerate())

    async def test(shown: Screening) -> None:
        await shown.press("s")

    run(test, played(4.5), desk=Desk(save=lambda: "saved"))
    left = [t for t in threading.enumerate() if t not in before and not t.daemon]
    assert not [t for t in left if not t.name.startswith("asyncio")]
