"""Watermarks: every picture that goes out says for whom and when."""

from functools import lru_cache

from PIL import Image, ImageDraw

from rs_governance.publish.pictures.typography import font

_ANGLE_DEG = 27
_OPACITY = 74  # of 255: legible on roofs and on woods, and the ground still shows
_SIZE_SHARE = 0.04
_SIZES_PX = (13, 22)


def stamp(picture: Image.Image, text: str) -> Image.Image:
    """Write a text over a picture, again and again along diagonals, so that no part of it is without.

    Parameters
    ----------
    picture
        Any picture.
    text
        Receiver, date and number of the package.

    Returns
    -------
    Image
        An RGB picture of the same size.
    """
    ground = picture.convert("RGB")
    layer = _layer(ground.size, text)
    ground.paste(layer, (0, 0), layer)
    return ground


@lru_cache(maxsize=64)
def _layer(size: tuple[int, int], text: str) -> Image.Image:
    width, height = size
    smallest, largest = _SIZES_PX
    px = min(largest, max(smallest, round(_SIZE_SHARE * min(width, height))))
    letters = font(px)
    step_x, step_y = round(letters.getlength(text)) + 3 * px, 5 * px
    side = width + height  # what is turned still covers the corners
    sheet = Image.new("RGBA", (side, side), (0, 0, 0, 0))
    draw = ImageDraw.Draw(sheet)
    for row, y in enumerate(range(0, side, step_y)):
        for x in range(-(row % 2) * step_x // 2, side, step_x):
            draw.text(
                (x, y), text, font=letters, fill=(255, 255, 255, _OPACITY),
                stroke_width=1, stroke_fill=(0, 0, 0, _OPACITY // 2),
            )  # fmt: skip
    turned = sheet.rotate(_ANGLE_DEG, resample=Image.Resampling.BILINEAR)
    left, top = (side - width) // 2, (side - height) // 2
    return turned.crop((left, top, left + width, top + height))
