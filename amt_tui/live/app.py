"""The app of `amt live`: asks the feed how it stands thirty times a second, and shows it.

The feed (an engine or a replay) is handed in, started and stopped by whoever runs the app. Only
`tick` moves anything, so tests bring a feed and a clock of their own and call it.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

from textual import events, work
from textual.app import App, ComposeResult, SystemCommand
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.screen import Screen
from textual.widgets import Footer, Static
from textual.worker import Worker, get_current_worker

from amt_tui.allocation import settle
from transcriber.errors import AmtError
from transcriber.feed import Feed
from transcriber.hearing import LIMIT
from transcriber.snapshot import Snapshot
from transcriber.timing import SAMPLE_RATE

from .bindings import BINDINGS
from .desk import Desk, Steering, Windable
from .headline import headline, hint
from .help import HelpScreen
from .history import History
from .palette import PALETTES, depth_of, palette_named
from .picker import Choice, Offer, Picker
from .rollview import RollView, View
from .stats import StatsView, panel, replayed, strip

FRAMES_PER_S = 30.0
"""The roll is looked at so often; it is redrawn when it has changed."""

PALETTE_COLUMNS = 90
"""From here on the footer has room for the way to the command palette."""

FIGURES_EVERY = 10
"""Frames between two looks at the figures: nobody reads faster."""

WIDE_COLUMNS = 110
"""From here on the figures stand beside the roll, which keeps 88 keys at 120 columns minus them."""

TALL_ROWS = 30
"""Lower than this, the figures have no room beside the roll."""


class LiveApp(App[None]):
    """The screen of `amt live`.

    Args:
        feed: An engine or a replay, started by the caller.
        desk: What else can be asked for.
        frames_per_s: How often to look; None to leave `tick` to the caller.
    """

    TITLE = "amt live"
    CSS_PATH = Path(__file__).with_name("live.tcss")
    ENABLE_COMMAND_PALETTE = True
    BINDINGS: ClassVar[list[BindingType]] = [*BINDINGS]

    def __init__(
        self, feed: Feed, desk: Desk | None = None, *, frames_per_s: float | None = FRAMES_PER_S
    ) -> None:
        # Textual alone would answer NO_COLOR with greys; it was asked for no colours.
        super().__init__(ansi_color="NO_COLOR" in os.environ)
        self.feed = feed
        self.desk = desk or Desk()
        self.history = History()
        if self.desk.score is not None:
            self.history.add(self.desk.score)
        self._depth = depth_of(self.console.color_system, no_color=self.no_color)
        self.roll = RollView(
            self.history,
            self._depth,
            palette_named(self.desk.palette),
            self.desk.view,
            future_known=self.desk.score is not None,
        )
        self._frames_per_s = frames_per_s
        self._shot = Snapshot("starting")
        self._seen = 0
        self._frame = 0
        self._notice = ""
        self._leaving = False
        self._headline = Static(id="header")
        self._problem = Static(id="problem", markup=False)
        self._hint = Static(hint(chooses="device" in self.desk.choices), id="hint", markup=False)
        self._footer = Footer(show_command_palette=False)
        self._panel, self._strip = StatsView(id="panel"), StatsView(id="strip")

    def compose(self) -> ComposeResult:
        """Headline, roll with the figures beside it, figures under it, keys."""
        yield self._headline
        yield self._problem
        yield self._hint
        with Horizontal(id="stage"):
            yield self.roll
            yield self._panel
        yield self._strip
        yield self._footer

    def on_mount(self) -> None:
        """Starts looking."""
        self.screen.add_class("figures")
        self.screen.set_class(self._depth == "none", "bare")
        self._arrange(self.size.width, self.size.height)
        self.roll.focus()
        self.tick()
        if self._frames_per_s is not None:
            self.set_interval(1.0 / self._frames_per_s, self.tick)
            self.call_after_refresh(settle)

    def on_resize(self, event: events.Resize) -> None:
        """Puts the figures where there is room."""
        self._arrange(event.size.width, event.size.height)

    def leave(self) -> None:
        """Ends the app at its next look; may be called from any thread, and before it runs."""
        self._leaving = True

    # -- thirty times a second -----------------------------------------------------------------

    def tick(self) -> None:
        """One look at the feed."""
        if self._leaving:
            self.exit()
            return
        shot = self._shot = self.feed.snapshot()
        fresh = self._follow(shot)
        self.roll.advance(self._seen + len(shot.markers))
        if fresh:
            # What was asked to be redrawn stands on the screen when this is called.
            self.call_after_refresh(self.feed.drawn, self._seen)
        if self._frame % FIGURES_EVERY == 0:
            self._show_figures(shot)
        self._frame += 1

    def _follow(self, shot: Snapshot) -> bool:
        """Brings the history to the snapshot; whether anything was struck or released."""
        self.history.markers = tuple(marker.sample for marker in shot.markers)
        if self.desk.score is not None:
            changed = shot.events != self._seen
            self._seen = shot.events
            self.history.wind(shot.now)
            return changed
        fresh = self.feed.events(self._seen)
        self.history.add(fresh)
        self._seen += len(fresh)
        self.history.advance(shot.now)
        return bool(fresh)

    def _show_figures(self, shot: Snapshot) -> None:
        """Everything but the roll, where it has changed."""
        behind_s = None
        if not self.roll.live:
            behind_s = (self.history.now - self.roll.edge) / SAMPLE_RATE
        replay = self.desk.score is not None
        line = headline(shot, self.size.width - 2, behind_s, replay=replay)
        if line != self._headline.content:
            self._headline.update(line, layout=False)
        problem = f"{shot.problem} {shot.remedy}".strip()
        if problem != self._problem.content:
            self._problem.update(problem)
        self._problem.set_class(bool(problem), "shown")
        quiet = not shot.stats.notes and not problem and shot.state in ("starting", "listening")
        self._hint.set_class(quiet and shot.position_s is None, "shown")
        pitches = tuple(note.pitch for note in shot.sounding)
        if self._panel.display:
            long = (
                replayed(shot, pitches)
                if replay
                else panel(shot, pitches, self.roll.palette, self._depth)
            )
            self._panel.show(long)
        if self._strip.display:
            short = replayed(shot, pitches) if replay else strip(shot, pitches, self.size.width)
            self._strip.show(short)
        if shot.notice != self._notice:
            self._notice = shot.notice
            if shot.notice:
                self.notify(shot.notice, markup=False)

    def _arrange(self, width: int, height: int) -> None:
        wide = width >= WIDE_COLUMNS and height >= TALL_ROWS
        main = self.screen_stack[0]  # under help, a list or the palette, where there is one
        main.set_class(wide, "wide")
        main.set_class(not wide, "narrow")
        self._footer.show_command_palette = width >= PALETTE_COLUMNS

    # -- keys ----------------------------------------------------------------------------------

    def action_help(self) -> None:
        """Shows keys and meanings."""
        self.push_screen(HelpScreen())

    def action_pause(self) -> None:
        """Freezes the picture, or goes on: a feed with a future from where it stands."""
        if self.roll.live:
            self.roll.freeze()
        elif self.desk.score is not None and isinstance(self.feed, Windable):
            self.feed.seek(self.roll.edge / SAMPLE_RATE)
            self.roll.go_live()
        else:
            self.roll.go_live()
        self._frame = 0

    def action_wind(self, share: float) -> None:
        """Scrolls through the session."""
        self.roll.wind(share)
        self._frame = 0

    def action_beginning(self) -> None:
        """Shows the first notes."""
        now = self.history.now
        if not now:
            return  # what has not begun is not frozen
        # What falls is seen from the edge on, everything else up to the edge.
        falls = self.roll.future_known and self.roll.view == "falling"
        self.roll.wind_to(0 if falls else min(self.roll.window, now - 1))
        self._frame = 0

    def action_live(self) -> None:
        """Goes back to the present."""
        self.roll.go_live()
        self._frame = 0

    def action_skip(self, seconds: float) -> None:
        """Winds what is played, where it is a recording or a replay."""
        at_s = self._shot.position_s
        if at_s is None or not isinstance(self.feed, Windable):
            self._cannot("wind: this is no recording")
            return
        self.feed.seek(max(at_s + seconds, 0.0))
        self.roll.go_live()
        self._frame = 0

    def action_keys(self, semitones: int) -> None:
        """Shows higher or lower keys."""
        self.roll.move_keys(semitones)

    def action_zoom(self, steps: int) -> None:
        """Shows less or more time."""
        self.roll.zoom_time(steps)

    def action_zoom_keys(self, steps: int) -> None:
        """Shows keys wider or narrower."""
        self.roll.zoom_keys(steps)

    def action_choose_keys(self) -> None:
        """Leaves the range of keys to what is played."""
        self.roll.choose_keys()

    def action_view(self) -> None:
        """Turns the roll."""
        view: View = "falling" if self.roll.view == "scrolling" else "scrolling"
        self.roll.set_view(view)
        self.desk.remember("view", view)

    def action_palette(self) -> None:
        """Takes the next palette."""
        at = PALETTES.index(self.roll.palette) + 1
        palette = PALETTES[at % len(PALETTES)]
        self.roll.set_palette(palette)
        self.desk.remember("palette", palette.name)
        self.notify(f"Palette: {palette.name}", timeout=1.5)

    def action_figures(self) -> None:
        """Shows or hides the figures."""
        self.screen.toggle_class("figures")
        self._frame = 0

    def action_sensitivity(self, steps: int) -> None:
        """Hears more, or less."""
        if not isinstance(self.feed, Steering):
            self._cannot("change the sensitivity")
            return
        wanted = max(-LIMIT, min(LIMIT, self._shot.sensitivity + steps))
        self.feed.set_sensitivity(wanted)
        # The next key may come before the next look at the feed.
        self._shot = replace(self._shot, sensitivity=wanted)
        self.desk.remember("sensitivity", wanted)
        self.notify(f"Sensitivity: {wanted:+d}", timeout=1.5)

    def action_calibrate(self) -> None:
        """Measures the room; the feed's notice tells the outcome."""
        if isinstance(self.feed, Steering):
            self.feed.calibrate()
        else:
            self._cannot("set a gate")

    def action_gate_off(self) -> None:
        """Switches the noise gate off."""
        if isinstance(self.feed, Steering):
            self.feed.set_gate(None)
            self.desk.remember("gate_db", None)
            self.notify("The noise gate is off.", timeout=1.5)
        else:
            self._cannot("set a gate")

    def action_mark(self) -> None:
        """Sets a marker."""
        if isinstance(self.feed, Steering):
            marker = self.feed.mark()
            self.notify(f"Marker {marker.text}", timeout=1.5)
        else:
            self._cannot("set markers")

    @work(thread=True, exclusive=True, group="save")
    def action_save(self) -> None:
        """Saves what was played so far."""
        if self.desk.save is None:
            self.call_from_thread(self._cannot, "save")
            return
        try:
            self.call_from_thread(self.notify, self.desk.save(), markup=False)
        except AmtError as error:
            self.call_from_thread(self._complain, error)

    @work(thread=True, exclusive=True, group="choice")
    def action_choose(self, name: str) -> None:
        """Finds what there is to choose from, which may take a moment, and asks."""
        choice = self.desk.choices.get(name)
        if choice is None:
            self.call_from_thread(self._cannot, f"choose a {name}")
            return
        worker = get_current_worker()
        try:
            offers = tuple(choice.offers())
        except AmtError as error:
            if not worker.is_cancelled:
                self.call_from_thread(self._complain, error)
            return
        self.call_from_thread(self._ask, choice, name, offers, worker)

    def _ask(
        self, choice: Choice, name: str, offers: tuple[Offer, ...], worker: Worker[None]
    ) -> None:
        # Looked at here, in the app's own thread: a later question cannot come in between.
        if worker.is_cancelled:
            return
        if not offers:
            nothing = f"{choice.title}: there is nothing to choose from."
            self.notify(nothing, severity="warning")
            return

        def taken(answer: str | None) -> None:
            if answer is not None:
                self._take(choice, name, answer)

        self.push_screen(Picker(choice.title, offers), taken)

    @work(thread=True, exclusive=True, group="choice")
    def _take(self, choice: Choice, name: str, answer: str) -> None:
        try:
            choice.take(answer)
        except AmtError as error:
            self.call_from_thread(self._complain, error)
            return
        self.desk.remember(name, answer)
        self.call_from_thread(self.notify, f"{choice.title}: {answer}", timeout=2.5, markup=False)

    def _complain(self, error: AmtError) -> None:
        self.notify(f"{error.problem} {error.remedy}", severity="error", markup=False)

    def _cannot(self, what: str) -> None:
        self.notify(f"Here you cannot {what}.", severity="warning", timeout=2.5)

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """The keys by name, for the command palette."""
        for binding in BINDINGS:
            if not binding.priority:
                yield SystemCommand(
                    binding.description,
                    f"key {binding.key_display or binding.key.split(',')[0]}",
                    self._runner(binding.action),
                )

    def _runner(self, action: str) -> Callable[[], Awaitable[None]]:
        async def run() -> None:
            await self.run_action(action)

        return run
