"""Choosing one of several: a microphone, a model, a latency profile."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen
from textual.widgets import OptionList
from textual.widgets.option_list import Option


@dataclass(frozen=True, slots=True)
class Offer:
    """One thing that can be chosen: its name, and what is said about it."""

    name: str
    about: str = ""
    current: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """A question with its answers.

    Args:
        title: Such as `Microphone`.
        offers: Finds what there is; called in a thread, may raise `AmtError`.
        take: Goes on with the offer of that name; called in a thread, may raise `AmtError`.
    """

    title: str
    offers: Callable[[], Sequence[Offer]]
    take: Callable[[str], None]


class Picker(ModalScreen[str | None]):
    """A list; closes with the name that was taken, or None.

    Args:
        title: Over the list.
        offers: What there is, at least one.
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q", "cancel", "Close")]

    def __init__(self, title: str, offers: Sequence[Offer]) -> None:
        super().__init__()
        self._title = title
        self._offers = offers

    def compose(self) -> ComposeResult:
        """One line for each offer."""
        listing = OptionList(*(Option(line(o)) for o in self._offers), id="offers", markup=False)
        listing.border_title = self._title
        listing.border_subtitle = "Enter takes it, Esc leaves all as it is"
        listing.highlighted = next((i for i, o in enumerate(self._offers) if o.current), 0)
        yield listing

    @on(OptionList.OptionSelected)
    def take(self, event: OptionList.OptionSelected) -> None:
        """Closes with the one chosen."""
        self.dismiss(self._offers[event.option_index].name)

    def action_cancel(self) -> None:
        """Closes without a choice."""
        self.dismiss(None)


def line(offer: Offer) -> str:
    """An offer in the list, with a dot before the one in use."""
    about = f" ({offer.about})" if offer.about else ""
    return f"{'●' if offer.current else ' '} {offer.name}{about}"
