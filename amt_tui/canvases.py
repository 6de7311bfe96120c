"""Two surfaces a picture can be painted on: pixels (PNG) and text (SVG), with one set of brushes.

Coordinates are pixels from the upper left corner, rectangles are (left, top, right, bottom).
"""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Literal, Protocol
from xml.sax.saxutils import escape

from PIL import Image, ImageDraw, ImageFont, PngImagePlugin

from transcriber.atomic import atomic_path

from .keys import Colour

Box = tuple[float, float, float, float]
Anchor = Literal["start", "middle", "end"]

FONT_PX = 12
"""Height of all lettering."""


class Canvas(Protocol):
    """What a picture needs of its surface."""

    def rectangle(self, box: Box, colour: Colour, opacity: float = 1.0, note: str = "") -> None:
        """Fills a box; `note` is what a pointer resting on it shows, where there are pointers."""

    def text(self, x: float, y: float, text: str, colour: Colour, anchor: Anchor = "start") -> None:
        """Writes one line, its middle at height y."""

    def picture(self, image: Image.Image, box: Box) -> None:
        """Stretches an image over a box."""

    def save(self, path: Path, description: str) -> None:
        """Writes the file, whole or not at all; the description goes inside, near its start.

        Raises:
            OutputError: The file cannot be written.
        """


class PngCanvas:
    """Paints pixels.

    Args:
        width: Pixels.
        height: Pixels.
        ground: Colour of the empty canvas.
    """

    def __init__(self, width: int, height: int, ground: Colour) -> None:
        self._image = Image.new("RGB", (width, height), ground)
        # Drawing in RGBA mode on an RGB image blends, which is what `opacity` asks for.
        self._draw = ImageDraw.Draw(self._image, "RGBA")
        self._font = ImageFont.load_default(FONT_PX)

    def rectangle(self, box: Box, colour: Colour, opacity: float = 1.0, note: str = "") -> None:
        """Fills at least one pixel each way; pixels have no room for `note`."""
        left, top, right, bottom = (round(edge) for edge in box)
        corners = (left, top, max(right - 1, left), max(bottom - 1, top))
        self._draw.rectangle(corners, fill=(*colour, round(255 * opacity)))

    def text(self, x: float, y: float, text: str, colour: Colour, anchor: Anchor = "start") -> None:
        """Writes in Pillow's own typeface: nothing needs to be installed."""
        side = {"start": "l", "middle": "m", "end": "r"}[anchor]
        self._draw.text((x, y), text, fill=colour, font=self._font, anchor=f"{side}m")

    def picture(self, image: Image.Image, box: Box) -> None:
        """Scales to whole pixels."""
        left, top, right, bottom = (round(edge) for edge in box)
        size = (max(right - left, 1), max(bottom - top, 1))
        self._image.paste(image.resize(size, Image.Resampling.BILINEAR), (left, top))

    def save(self, path: Path, description: str) -> None:
        """Writes a PNG with the description as a text chunk."""
        chunks = PngImagePlugin.PngInfo()
        chunks.add_text("Software", description)
        with atomic_path(path) as draft:
            # The default effort takes twice as long for a tenth less.
            self._image.save(draft, "PNG", pnginfo=chunks, compress_level=3)


class SvgCanvas:
    """Writes shapes as text, with the spectrogram embedded as a PNG.

    Args:
        width: Pixels.
        height: Pixels.
        ground: Colour of the empty canvas.
    """

    def __init__(self, width: int, height: int, ground: Colour) -> None:
        self._size = (width, height)
        self._shapes: list[str] = []
        self.rectangle((0, 0, width, height), ground)

    def rectangle(self, box: Box, colour: Colour, opacity: float = 1.0, note: str = "") -> None:
        """Adds a `rect`; browsers show its `title` under the pointer."""
        shade = f' fill-opacity="{opacity:g}"' if opacity < 1.0 else ""
        shape = f'<rect {_place(box)} fill="{_hex(colour)}"{shade}'
        title = f"><title>{escape(note)}</title></rect>" if note else "/>"
        self._shapes.append(shape + title)

    def text(self, x: float, y: float, text: str, colour: Colour, anchor: Anchor = "start") -> None:
        """Adds a `text` element."""
        self._shapes.append(
            f'<text x="{x:.1f}" y="{y:.1f}" fill="{_hex(colour)}" text-anchor="{anchor}" '
            f'dominant-baseline="central">{escape(text)}</text>'
        )

    def picture(self, image: Image.Image, box: Box) -> None:
        """Embeds the image unscaled; the viewer stretches it."""
        data = io.BytesIO()
        image.save(data, "PNG")
        code = base64.b64encode(data.getvalue()).decode()
        self._shapes.append(
            f'<image {_place(box)} preserveAspectRatio="none" href="data:image/png;base64,{code}"/>'
        )

    def save(self, path: Path, description: str) -> None:
        """Writes an SVG with the description in its `desc`."""
        width, height = self._size
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
            f'viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="{FONT_PX}">'
            f"<desc>{escape(description)}</desc>"
        )
        with atomic_path(path) as draft:
            text = "\n".join([head, *self._shapes, "</svg>\n"])
            draft.write_text(text, encoding="utf-8", errors="replace")  # of names that are no text


def _place(box: Box) -> str:
    left, top, right, bottom = box
    return f'x="{left:.2f}" y="{top:.2f}" width="{right - left:.2f}" height="{bottom - top:.2f}"'


def _hex(colour: Colour) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)
