"""The 256 colours of terminals that have no more, and the nearest of them to any colour.

Rich measures nearness in red, green and blue, and turns the dark reds and violets of notes under
the pedal into one brownish grey. Here it is measured in Oklab (Björn Ottosson 2020, "A perceptual
color space for image processing"), where equal distances look equal, and a wrong hue counts more
than a wrong brightness.
"""

from __future__ import annotations

from functools import lru_cache

from amt_tui.keys import Colour

HUE = 2.0
"""Weight of hue and colourfulness against brightness, by eye."""

_CUBE = (0, 95, 135, 175, 215, 255)
_COLOURS: dict[int, Colour] = {
    **{
        16 + 36 * r + 6 * g + b: (red, green, blue)
        for r, red in enumerate(_CUBE)
        for g, green in enumerate(_CUBE)
        for b, blue in enumerate(_CUBE)
    },
    **{232 + step: (8 + 10 * step,) * 3 for step in range(24)},
}


@lru_cache(maxsize=256)
def nearest(colour: Colour) -> int:
    """Number 16..255 of the colour that looks most like it."""
    wanted = _oklab(colour)

    def distance(number: int) -> float:
        light, *hue = (a - b for a, b in zip(_oklab(_COLOURS[number]), wanted, strict=True))
        return light**2 + HUE * sum(one**2 for one in hue)

    return min(_COLOURS, key=distance)


@lru_cache(maxsize=512)
def _oklab(colour: Colour) -> tuple[float, float, float]:
    """Brightness 0..1, green to red, blue to yellow."""
    red, green, blue = (_linear(value / 255) for value in colour)
    long = (0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue) ** (1 / 3)
    middle = (0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue) ** (1 / 3)
    short = (0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue) ** (1 / 3)
    return (
        0.2104542553 * long + 0.7936177850 * middle - 0.0040720468 * short,
        1.9779984951 * long - 2.4285922050 * middle + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * middle - 0.8086757660 * short,
    )


def _linear(value: float) -> float:
    """Light of an sRGB value, both 0..1."""
    return value / 12.92 if value <= 0.04045 else float(((value + 0.055) / 1.055) ** 2.4)
