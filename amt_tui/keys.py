"""How keys and velocities look: black keys, ranges, and a colour for how hard a note is struck."""

from __future__ import annotations

from transcriber.pitches import pitch_name

Colour = tuple[int, int, int]
"""Red, green, blue, each 0..255."""

# Dark violet, red, orange, pale yellow: brightness rises all the way, so that the order survives
# a grey print and most kinds of colour blindness, and the softest stays visible on black.
_SOFT_TO_LOUD: tuple[Colour, ...] = (
    (106, 74, 190),
    (200, 62, 130),
    (246, 126, 62),
    (255, 226, 130),
)


def is_black(pitch: int) -> bool:
    """Whether the key is a black one."""
    return "#" in pitch_name(pitch)


def span_name(span: tuple[int, int] | None) -> str:
    """Names of the lowest and highest pitch, such as `C2-G6`; a dash where there is none."""
    return f"{pitch_name(span[0])}-{pitch_name(span[1])}" if span else "-"


def velocity_colour(velocity: int) -> Colour:
    """Colour of a velocity 1..127, brighter when struck harder."""
    # Played music lives between 20 and 110; spend the colours there.
    at = min(max((velocity - 20) / 90, 0.0), 1.0) * (len(_SOFT_TO_LOUD) - 1)
    low = min(int(at), len(_SOFT_TO_LOUD) - 2)
    return mixed(_SOFT_TO_LOUD[low], _SOFT_TO_LOUD[low + 1], at - low)


def mixed(a: Colour, b: Colour, share: float) -> Colour:
    """Colour between two: `a` at share 0, `b` at share 1."""
    red, green, blue = (round(x + (y - x) * share) for x, y in zip(a, b, strict=True))
    return red, green, blue
