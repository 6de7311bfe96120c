"""The roll as a widget: paints the history thirty times a second, and redraws only changed rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from textual import events
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from transcriber.timing import SAMPLE_RATE

from . import falling, scrolling
from .cells import Brush, Picture
from .history import History
from .palette import PALETTES, Depth, Palette
from .scene import MOST_SCALE, ZOOMS_MS, KeyRange, Scene, fitting, placed

View = Literal["scrolling", "falling"]

_USUAL_ZOOM = ZOOMS_MS.index(40)


@dataclass(frozen=True, slots=True)
class Layout:
    """How a view lays time and keys on a terminal.

    Args:
        paint: Makes the picture of a scene for so many rows and columns.
        keys: Places for keys in so many rows and columns.
        times: Half cells of time in so many rows and columns.
    """

    paint: Callable[[Scene, int, int], Picture]
    keys: Callable[[int, int], int]
    times: Callable[[int, int], int]


LAYOUTS: dict[View, Layout] = {
    "scrolling": Layout(
        scrolling.paint_scrolling,
        lambda rows, columns: scrolling.key_places(rows),
        lambda rows, columns: scrolling.time_places(columns),
    ),
    "falling": Layout(
        falling.paint_falling,
        lambda rows, columns: falling.key_places(columns),
        lambda rows, columns: falling.time_places(rows),
    ),
}


class RollView(Widget, can_focus=True):
    """Notes of a history, live or at any instant of the past.

    Args:
        history: What was heard; the app adds to it.
        depth: Colours of the terminal.
        palette: The first palette.
        view: The first view.
        future_known: The history holds what comes, as in a replay.
    """

    DEFAULT_CSS = "RollView { width: 1fr; height: 1fr; min-height: 4; }"

    def __init__(
        self,
        history: History,
        depth: Depth = "truecolor",
        palette: Palette = PALETTES[0],
        view: View = "scrolling",
        future_known: bool = False,
    ) -> None:
        super().__init__(id="roll")
        self.history = history
        self.view: View = view
        self.future_known = future_known
        self.live = True
        """Whether the edge follows the present."""
        self.edge = 0
        """Sample at the edge."""
        self._brush = Brush(palette, depth)
        self._zoom = _USUAL_ZOOM
        self._chosen: KeyRange | None = None
        self._strips: list[Strip] = []
        self._drawn: tuple[object, ...] | None = None

    # -- what is shown -------------------------------------------------------------------------

    @property
    def palette(self) -> Palette:
        """The palette in use."""
        return self._brush.palette

    @property
    def unit(self) -> int:
        """Samples per half cell of time."""
        return ZOOMS_MS[self._zoom] * SAMPLE_RATE // 1000

    @property
    def window(self) -> int:
        """Samples in view."""
        return max(LAYOUTS[self.view].times(self.size.height, self.size.width), 1) * self.unit

    @property
    def keys(self) -> KeyRange:
        """Keys in view: those chosen, or those that were played."""
        places = self._key_places()
        if self._chosen is not None:
            return placed(*self._chosen, places)
        return fitting(self.history.heard, places)

    def set_palette(self, palette: Palette) -> None:
        """Draws in other colours from now on."""
        self._brush = Brush(palette, self._brush.depth)
        self.redraw()

    def set_view(self, view: View) -> None:
        """Turns the roll."""
        self.view = view
        self._chosen = None
        self.redraw()

    def zoom_time(self, steps: int) -> None:
        """Closer (positive) or further."""
        self._zoom = min(max(self._zoom - steps, 0), len(ZOOMS_MS) - 1)
        self.redraw()

    def zoom_keys(self, steps: int) -> None:
        """Wider keys (positive) or narrower, around the middle of what is shown."""
        low, scale = self.keys
        places = self._key_places()
        wider = min(max(scale + steps, 1), MOST_SCALE)
        middle = low + places // scale // 2
        self._chosen = placed(middle - places // wider // 2, wider, places)
        self.redraw()

    def move_keys(self, semitones: int) -> None:
        """Shows higher keys (positive) or lower ones."""
        low, scale = self.keys
        self._chosen = placed(low + semitones, scale, self._key_places())
        self.redraw()

    def choose_keys(self) -> None:
        """Leaves the choice of keys to what is played."""
        self._chosen = None
        self.redraw()

    # -- time ----------------------------------------------------------------------------------

    def freeze(self) -> None:
        """Stops following the present."""
        self.live = False

    def wind(self, share: float) -> None:
        """Moves by a share of the window: back (negative), or towards the present."""
        self.wind_to(self.edge + round(share * self.window))

    def wind_to(self, sample: int) -> None:
        """Moves the edge to a sample of the session; from the present on it follows again."""
        self.live = sample >= self.history.now
        self.edge = min(max(sample, 0), self.history.now)
        self.redraw()

    def go_live(self) -> None:
        """Follows the present again."""
        self.live = True

    def advance(self, revision: int) -> bool:
        """Draws the present state where it differs from what is on the screen.

        Args:
            revision: A number that grows whenever the history does.

        Returns:
            Whether anything was redrawn.
        """
        if self.live:
            self.edge = self.history.now
        height, width = self.size.height, self.size.width
        if not height or not width:
            return False
        unit = self.unit
        state = (self.edge // unit, unit, revision, height, width, self.view, self.keys)
        if state == self._drawn:
            return False
        scene = Scene(
            self.history,
            self.edge,
            unit,
            self.keys,
            falls=self.future_known and self.view == "falling",
        )
        strips = self._brush.strips(LAYOUTS[self.view].paint(scene, height, width))
        # Equal rows come out of the brush's cache as the same object, so this comparison is cheap.
        before = self._strips
        changed = [y for y, strip in enumerate(strips) if y >= len(before) or strip != before[y]]
        self._strips = strips
        first = self._drawn is None
        self._drawn = state
        if first or len(before) != len(strips):
            self.refresh()
        elif changed:
            self.refresh(*_runs(changed, width))
        return bool(changed)

    @property
    def stale(self) -> bool:
        """Whether what stands on the screen has to be drawn anew."""
        return self._drawn is None

    def redraw(self) -> None:
        """Forgets what was drawn; the next `advance` draws all of it."""
        self._drawn = None

    # -- Textual -------------------------------------------------------------------------------

    def render_lines(self, crop: Region) -> list[Strip]:
        """Hands out the strips as they are: no styles, borders or filters to apply."""
        strips = self._strips[crop.y : crop.bottom]
        strips += [Strip.blank(self.size.width)] * (crop.height - len(strips))
        if crop.x == 0 and crop.width == self.size.width:
            return [strip.adjust_cell_length(crop.width) for strip in strips]
        return [strip.crop(crop.x, crop.right) for strip in strips]

    def text_lines(self) -> list[str]:
        """What stands on the screen, without colours."""
        return [strip.text for strip in self._strips]

    def on_resize(self, event: events.Resize) -> None:
        """Draws anew for the new size."""
        self.redraw()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Winds towards the present; with Ctrl, shows more time."""
        self._scroll(event.ctrl, 1)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Winds back; with Ctrl, shows less time."""
        self._scroll(event.ctrl, -1)

    def _scroll(self, zoom: bool, direction: int) -> None:
        if zoom:
            self.zoom_time(-direction)
        else:
            self.wind(direction / 10)

    def _key_places(self) -> int:
        return max(LAYOUTS[self.view].keys(self.size.height, self.size.width), 1)


def _runs(rows: list[int], width: int) -> list[Region]:
    """Regions that cover rows in ascending order, neighbours together."""
    regions: list[Region] = []
    start = before = rows[0]
    for row in [*rows[1:], -1]:
        if row != before + 1:
            regions.append(Region(0, start, width, before + 1 - start))
            start = row
        before = row
    return regions
