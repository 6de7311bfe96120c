"""The keys of the screen; `help` says in words what they do, and a test that it does."""

from __future__ import annotations

from textual.binding import Binding

_PAGE = 0.9  # share of the window
_STEP = 0.1
_SKIP_S = 5.0

BINDINGS = (
    Binding("question_mark", "help", "Help", key_display="?"),
    Binding("space", "pause", "Pause"),
    Binding("v", "view", "View"),
    Binding("s", "save", "Save"),
    Binding("m", "mark", "Mark"),
    Binding("g", "calibrate", "Gate"),
    Binding("d", "choose('device')", "Device"),
    Binding("q", "quit", "Quit"),
    Binding("ctrl+c", "quit", "Quit", show=False, priority=True),
    Binding("o", "choose('model')", "Model", show=False),
    Binding("l", "choose('profile')", "Latency", show=False),
    Binding("ctrl+p", "command_palette", "Commands", show=False, priority=True),
    Binding("c", "palette", "Colours", show=False),
    Binding("i", "figures", "Figures", show=False),
    Binding("plus,equals_sign", "sensitivity(1)", "Hear more", show=False),
    Binding("minus", "sensitivity(-1)", "Hear less", show=False),
    Binding("G", "gate_off", "Gate off", show=False),
    Binding("left", f"wind(-{_STEP})", "Back", show=False),
    Binding("right", f"wind({_STEP})", "Forth", show=False),
    Binding("pageup", f"wind(-{_PAGE})", "Page back", show=False),
    Binding("pagedown", f"wind({_PAGE})", "Page forth", show=False),
    Binding("home", "beginning", "Beginning", show=False),
    Binding("end", "live", "Present", show=False),
    Binding("comma", f"skip(-{_SKIP_S})", "Recording back", key_display=",", show=False),
    Binding("full_stop", f"skip({_SKIP_S})", "Recording forth", key_display=".", show=False),
    Binding("up", "keys(2)", "Higher", show=False),
    Binding("down", "keys(-2)", "Lower", show=False),
    Binding("left_square_bracket", "zoom(-1)", "More time", show=False),
    Binding("right_square_bracket", "zoom(1)", "Less time", show=False),
    Binding("left_curly_bracket", "zoom_keys(-1)", "Narrower keys", show=False),
    Binding("right_curly_bracket", "zoom_keys(1)", "Wider keys", show=False),
    Binding("0", "choose_keys", "Keys played", show=False),
)
"""Key, action and name; those in the footer first."""
