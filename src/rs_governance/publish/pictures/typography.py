"""Text on pictures: one packaged font with Chinese and Latin letters, never a system font."""

from functools import cache
from typing import Literal

import pylopdf_fonts_zh_cn
from PIL import ImageDraw, ImageFont

Rgb = tuple[int, int, int]

INK: Rgb = (24, 29, 38)
"""Colour of text that is read first."""
MUTED: Rgb = (104, 112, 124)
"""Colour of text that explains."""


@cache
def font(size_px: int) -> ImageFont.FreeTypeFont:
    """Return the font at a size; its plain layout gives the same pixels on every machine."""
    return ImageFont.truetype(str(pylopdf_fonts_zh_cn.sans_path()), size_px, layout_engine=ImageFont.Layout.BASIC)


def put_text(
    draw: ImageDraw.ImageDraw,
    at: tuple[float, float],
    text: str,
    size_px: int,
    *,
    fill: Rgb = INK,
    anchor: Literal["ls", "ms", "rs", "lm", "mm", "rm"] = "ls",
    bold: bool = False,
) -> float:
    """Write one line and return its width in pixels.

    Parameters
    ----------
    draw
        Where to write.
    at
        (x, y) of the anchor in pixels.
    text
        One line.
    size_px
        Height of the letters' em square.
    fill
        Colour.
    anchor
        Pillow's anchor: left, middle or right; baseline or middle.
    bold
        Thicken the strokes; the font has one weight.
    """
    stroke = max(0.6, size_px / 52) if bold else 0.0
    draw.text(at, text, font=font(size_px), fill=fill, anchor=anchor, stroke_width=stroke, stroke_fill=fill)
    return text_width(text, size_px)


def text_width(text: str, size_px: int) -> float:
    """Return the width of a line in pixels."""
    return font(size_px).getlength(text)


def shortened(text: str, size_px: int, width_px: float) -> str:
    """Cut the middle out of a line that is wider than `width_px`."""
    if text_width(text, size_px) <= width_px:
        return text
    kept = len(text) - 1
    while kept > 2 and text_width(f"{text[: kept - kept // 2]}…{text[-(kept // 2) :]}", size_px) > width_px:
        kept -= 1
    return f"{text[: kept - kept // 2]}…{text[-(kept // 2) :]}"
