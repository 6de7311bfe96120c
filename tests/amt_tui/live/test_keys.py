"""The app with a fake engine, tick by tick: every key."""

from __future__ import annotations

import io
from dataclasses import replace
from threading import Event as Flag

import pytest
from textual.command import CommandPalette
from textual.events import MouseScrollDown, MouseScrollUp
from textual.widgets import OptionList

from amt_tui.live.app import LiveApp
from amt_tui.live.bindings import BINDINGS
from amt_tui.live.desk import Desk
from amt_tui.live.help import FIGURES, KEYS, HelpScreen, help_text
from amt_tui.live.palette import PALETTES
from amt_tui.live.picker import Choice, Offer, Picker
from amt_tui.live.scene import ZOOMS_MS
from transcriber.errors import AmtError
from transcriber.events import Event, NoteOn
from transcriber.timing import SAMPLE_RATE

from .conftest import FakeEngine, FakeFeed, Played, Screening, run


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


def test_the_beginning_of_a_falling_replay_is_its_first_note(piece: list[Event]) -> None:
    engine = FakeEngine(piece)
    engine.play_to(6.0)

    async def test(shown: Screening) -> None:
        await shown.press("home")
        assert shown.app.roll.edge == 0
        assert not shown.app.roll.live
        await shown.press("space")
        assert engine.asked == [("seek", 0.0)]

    run(test, engine, desk=Desk(score=piece, view="falling"))


def test_before_any_sound_there_is_no_beginning_to_be_frozen_at(played: Played) -> None:
    async def test(shown: Screening) -> None:
        await shown.press("home")
        assert shown.app.roll.live
        await shown.tick(4.5)
        assert shown.app.roll.edge == round(4.5 * SAMPLE_RATE)

    run(test, played(0.0))


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


def test_sensitivity_is_remembered_within_its_range(played: Played) -> None:
    remembered: dict[str, object] = {}

    async def test(shown: Screening) -> None:
        await shown.pilot.press(*["plus"] * 12)  # quicker than the screen looks
        assert remembered == {"sensitivity": 8}

    run(test, played(4.5), desk=Desk(remember=remembered.__setitem__))


def test_a_recording_is_wound_and_a_microphone_is_not(played: Played) -> None:
    engine = played(4.5)

    async def test(shown: Screening) -> None:
        await shown.press("full_stop")
        assert shown.toasts == ["Here you cannot wind: this is no recording."]
        engine.shot = replace(engine.shot, position_s=3.0)
        await shown.tick()
        await shown.press("full_stop", "comma")
        assert engine.asked == [("seek", 8.0), ("seek", 0.0)]

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


def test_a_question_asked_twice_is_answered_once(played: Played) -> None:
    asked: list[Flag] = []

    def offers() -> list[Offer]:
        let_go = Flag()
        asked.append(let_go)
        assert let_go.wait(10.0)
        return [Offer("USB")]

    desk = Desk(choices={"device": Choice("Microphone", offers, lambda _: None)})

    async def test(shown: Screening) -> None:
        for times in (1, 2):
            await shown.press("d")
            await shown.settle(lambda times=times: len(asked) == times)
        for one in asked:
            one.set()
        await shown.settle(lambda: isinstance(shown.app.screen, Picker))
        await shown.app.workers.wait_for_complete(
            [one for one in shown.app.workers if not one.is_cancelled]
        )
        await shown.tick()
        assert len(shown.app.screen_stack) == 2

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
    letters = {binding.key for binding in BINDINGS if len(binding.key) == 1}
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


def test_every_key_reaches_its_action(played: Played, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    async def run_action(self: LiveApp, action: object, *_: object, **__: object) -> bool:
        asked.append(str(action))
        return True

    async def test(shown: Screening) -> None:
        monkeypatch.setattr(LiveApp, "run_action", run_action)
        for binding in BINDINGS:
            for key in binding.key.split(","):
                asked.clear()
                await shown.pilot.press(key)
                assert [action.removeprefix("app.") for action in asked] == [binding.action], key

    run(test, played(4.5))


def test_the_wheel_winds_and_zooms(played: Played) -> None:
    async def test(shown: Screening) -> None:
        roll = shown.app.roll
        place = {"x": 5, "y": 5, "delta_x": 0, "delta_y": 0, "button": 0}
        keys = {"shift": False, "meta": False}
        roll.post_message(MouseScrollUp(roll, **place, **keys, ctrl=False))
        await shown.tick()
        assert not roll.live
        roll.post_message(MouseScrollDown(roll, **place, **keys, ctrl=False))
        await shown.tick()
        assert roll.live
        unit = roll.unit
        roll.post_message(MouseScrollUp(roll, **place, **keys, ctrl=True))
        await shown.tick()
        assert roll.unit < unit

    run(test, played(4.5))


def test_all_commands_open_by_name(played: Played) -> None:
    async def test(shown: Screening) -> None:
        await shown.press("ctrl+p")
        await shown.settle(lambda: isinstance(shown.app.screen, CommandPalette))

    run(test, played(4.5))


def test_keys_are_in_the_command_palette(played: Played) -> None:
    async def test(shown: Screening) -> None:
        titles = {command.title for command in shown.app.get_system_commands(shown.app.screen)}
        assert {"Help", "Pause", "Save", "Mark", "Colours", "Latency", "Quit"} <= titles

    run(test, played(4.5))
