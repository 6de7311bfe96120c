"""The app with a fake engine, tick by tick: what it shows."""

from __future__ import annotations

import asyncio
import threading
import time

import numpy as np
import pytest

from amt_tui.live.app import LiveApp
from amt_tui.live.desk import Desk
from amt_tui.live.picker import Choice, Offer
from transcriber.engine import Engine
from transcriber.model import Model
from transcriber.snapshot import Snapshot
from transcriber.sources import ArraySource
from transcriber.timing import SAMPLE_RATE

from .conftest import FakeEngine, Played, Screening, in_order, note, run


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


def test_memory_is_settled_once_everything_stands(
    played: Played, monkeypatch: pytest.MonkeyPatch
) -> None:
    settled: list[bool] = []
    app = LiveApp(played(0.0), frames_per_s=30.0)
    monkeypatch.setattr("amt_tui.live.app.settle", lambda: settled.append(app.roll.is_mounted))

    async def main() -> None:
        async with app.run_test(size=(120, 40)) as pilot:
            await pilot.pause(0.2)

    asyncio.run(main())
    assert settled == [True]


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


@pytest.mark.parametrize("key", ["question_mark", "ctrl+p", "o"])
def test_a_size_changed_under_another_screen_is_followed(played: Played, key: str) -> None:
    choice = Choice("Model", lambda: [Offer("live")], lambda _: None)

    async def test(shown: Screening) -> None:
        await shown.press(key)
        await shown.settle(lambda: len(shown.app.screen_stack) == 2)
        await shown.pilot.resize_terminal(80, 24)
        await shown.tick()
        assert shown.app._strip.display
        assert not shown.app._panel.display
        await shown.press("escape")
        await shown.settle(lambda: len(shown.app.screen_stack) == 1)
        await shown.tick()
        assert {len(row) for row in shown.app.roll.text_lines()} == {80}

    run(test, played(4.5), desk=Desk(choices={"model": choice}))


def test_it_leaves_when_asked_to_from_outside(played: Played) -> None:
    async def test(shown: Screening) -> None:
        shown.app.leave()
        shown.app.tick()
        assert shown.app._exit
        assert not shown.app.return_code

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


def test_closing_during_capture_joins_every_thread_within_a_second(lively_model: Model) -> None:
    before = set(threading.enumerate())
    sound = np.zeros(60 * SAMPLE_RATE, np.float32)
    engine = Engine(lively_model, lambda: ArraySource(sound, paced=True))

    async def test() -> None:
        engine.start()
        async with LiveApp(engine).run_test(size=(80, 24)) as pilot:
            while not engine.snapshot().samples:
                await pilot.pause(0.02)
            await pilot.press("q")

    asyncio.run(test())
    assert engine.snapshot().state == "listening"
    began = time.monotonic()
    engine.stop()
    assert time.monotonic() - began < 1.0
    assert not [thread for thread in set(threading.enumerate()) - before if thread.is_alive()]


def test_closing_leaves_no_thread(played: Played) -> None:
    before = set(threading.enumerate())

    async def test(shown: Screening) -> None:
        await shown.press("s")

    run(test, played(4.5), desk=Desk(save=lambda: "saved"))
    left = [t for t in threading.enumerate() if t not in before and not t.daemon]
    assert not [t for t in left if not t.name.startswith("asyncio")]
