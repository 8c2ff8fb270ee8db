"""The frame around a map of the district: title, legend, scale, north."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import geopandas as gpd
import numpy as np
import pyproj
from PIL import Image, ImageDraw

from rs_governance.publish.pictures.overview_sheet import round_length
from rs_governance.publish.pictures.palette import choose_palette
from rs_governance.publish.pictures.typography import INK, MUTED, Rgb, put_text, text_width
from rs_governance.publish.report.chips import Language
from rs_governance.publish.report.map_canvas import MapCanvas, draw_mark
from rs_governance.publish.style import CASING_RGB, SEVERITY_RGB, UNSEEN_RGB
from rs_governance.publish.titles import titles_of

PAPER: Rgb = (255, 255, 255)
"""Ground of the sheet."""

DISTRICT_RGB: Rgb = (120, 20, 70)
"""Colour of the district's border."""

TOWN_RGB: Rgb = (70, 40, 70)
"""Colour of the towns' borders and names."""

VILLAGE_RGB: Rgb = (110, 110, 118)
"""Colour of the villages' borders."""

_ACCENT: Rgb = (176, 24, 40)
_EDGE = 60
_HEAD = 132
_FOOT = 168
_TITLE_PX = 46
_MAP_COLOURS = 160


@dataclass(frozen=True, kw_only=True)
class MapContent:
    """What a map of the district shows."""

    name: str
    """Name of the district."""
    period: str
    """Issue or quarter, in words."""
    first_image_on: date | None
    """Day of the earliest image; None where there is none."""
    last_image_on: date | None
    """Day of the latest image."""
    units: gpd.GeoDataFrame
    """Units by level, code, name, parent."""
    spots: gpd.GeoDataFrame
    """Places to mark, each with its severity."""
    unseen: gpd.GeoDataFrame
    """What could not be seen."""
    image_ids: tuple[str, ...]
    """Images to lay under all, the first on top."""
    bounds: tuple[float, float, float, float]
    """Left, bottom, right, top of the district."""
    numbered: Sequence[int] = ()
    """Rows of the places that get 1, 2, ..., in this order."""

    @property
    def crs(self) -> pyproj.CRS:
        """CRS of all of it."""
        crs: pyproj.CRS = self.spots.crs
        return crs


_WORDS = {
    "zh": {
        "title": "{name}疑似变化图斑分布图",
        "images": "影像 {days}",
        "count": "红、黄 {count} 处",
        "district": "区县界",
        "town": "乡镇（街道）界",
        "village": "村（社区）界",
        "unseen": "未能观测",
        "caution": "均为疑似线索，以实地核查为准",
        "scale": "比例尺",
        "north": "北",
        "numbers": "圈内数字：报告中的序号",
    },
    "en": {
        "title": "{name}: suspected changes",
        "images": "images {days}",
        "count": "{count} red and yellow",
        "district": "district",
        "town": "town or street",
        "village": "village",
        "unseen": "not seen",
        "caution": "Suspected only: verify on the ground",
        "scale": "scale",
        "north": "N",
        "numbers": "numbers: worst places in the report",
    },
}


def frame_map(canvas: MapCanvas, content: MapContent, lang: Language) -> Image.Image:
    """Put a map into its frame, with title, legend, scale and north.

    Parameters
    ----------
    canvas
        The map.
    content
        What it shows.
    lang
        Language of the words.
    """
    words = _WORDS[lang]
    wide, high = canvas.image.size
    width = max(wide, 1500) + 2 * _EDGE
    left = (width - wide) // 2
    sheet = Image.new("RGB", (width, _HEAD + high + _FOOT), PAPER)
    draw = ImageDraw.Draw(sheet)
    draw.rectangle((0, 0, width, 8), fill=_ACCENT)
    days = " → ".join(f"{day}" for day in dict.fromkeys((content.first_image_on, content.last_image_on)) if day)
    facts = [content.period, words["images"].format(days=days or "—")]
    facts.append(words["count"].format(count=int((content.spots["severity"] != "green").sum())))
    said, title = "　".join(facts), words["title"].format(name=content.name)
    size_px, room = _TITLE_PX, width - 2 * _EDGE - text_width(said, 27) - 30
    while size_px > 24 and text_width(title, size_px) > room:
        size_px -= 1
    put_text(draw, (_EDGE, 84), title, size_px, bold=True)
    put_text(draw, (width - _EDGE, 84), said, 27, fill=MUTED, anchor="rs")
    sheet.paste(canvas.image, (left, _HEAD - 16))
    top, foot = _HEAD - 16, _HEAD - 16 + high
    draw.rectangle((left - 1, top - 1, left + wide, foot), outline=INK, width=2)
    _draw_legend(sheet, _EDGE, foot + 46, content, lang)
    length_m = round_length(min(wide * 0.22, 360) * canvas.metres_per_px)
    length = length_m / canvas.metres_per_px
    right = width - _EDGE
    draw_scale(draw, right - length - 84, foot + 62, length_m, length, 24)
    x, y = right - 26, foot + 34
    draw.polygon([(x, y), (x + 15, y + 46), (x, y + 36)], fill=INK)
    draw.polygon([(x, y), (x - 15, y + 46), (x, y + 36)], fill=PAPER, outline=INK)
    put_text(draw, (x, y + 72), words["north"], 24, anchor="ms")
    put_text(draw, (right - 84, foot + 118), words["caution"], 24, fill=_ACCENT, anchor="rs", bold=True)
    return sheet


def _draw_legend(sheet: Image.Image, left: float, y: float, content: MapContent, lang: Language) -> None:
    words = _WORDS[lang]
    draw = ImageDraw.Draw(sheet)
    x = left
    for severity in SEVERITY_RGB:
        count = int((content.spots["severity"] == severity).sum())
        draw_mark(sheet, (x + 13, y), severity, 10.0)
        text = f"{getattr(titles_of('severity', severity), lang)}　{count}"
        put_text(draw, (x + 36, y), text, 26, anchor="lm")
        x += 36 + text_width(text, 26) + 44
    if content.numbered:
        draw.ellipse((x, y - 14, x + 28, y + 14), fill=PAPER, outline=CASING_RGB, width=2)
        put_text(draw, (x + 14, y), "1", 19, anchor="mm", bold=True)
        put_text(draw, (x + 38, y), words["numbers"], 22, anchor="lm", fill=MUTED)
    x, y = left, y + 56
    for level, rgb, width, dash in (
        ("district", DISTRICT_RGB, 4, 0),
        ("town", TOWN_RGB, 3, 18),
        ("village", VILLAGE_RGB, 2, 9),
    ):
        for start in np.arange(0, 54, dash + 6 if dash else 54):
            end = min(float(start) + (dash or 54), 54.0)
            draw.line((x + float(start), y, x + end, y), fill=rgb, width=width)
        put_text(draw, (x + 66, y), words[level], 22, anchor="lm")
        x += 66 + text_width(words[level], 22) + 40
    if len(content.unseen):
        draw.rectangle((x, y - 12, x + 44, y + 12), fill=(238, 240, 242), outline=UNSEEN_RGB)
        for offset in range(8, 44, 12):
            draw.line((x + offset, y - 12, x + offset - 8, y + 12), fill=UNSEEN_RGB, width=2)
        put_text(draw, (x + 56, y), words["unseen"], 22, anchor="lm")


def to_png(image: Image.Image) -> bytes:
    """Return a picture in few colours, those of what is drawn among them."""
    fixed = [INK, MUTED, CASING_RGB, UNSEEN_RGB, _ACCENT, DISTRICT_RGB, TOWN_RGB, *SEVERITY_RGB.values()]
    palette = choose_palette(np.asarray(image).reshape(-1, 3), count=_MAP_COLOURS, fixed=fixed)
    file = io.BytesIO()
    palette.reduce(image).save(file, "PNG", compress_level=6)
    return file.getvalue()


def draw_scale(draw: ImageDraw.ImageDraw, x: float, y: float, length_m: float, length: float, size_px: int) -> None:
    """Draw a scale bar from (x, y) to the right.

    Parameters
    ----------
    draw
        Where to draw.
    x, y
        Upper left corner.
    length_m, length
        Its length in metres and in pixels.
    size_px
        Height of the letters.
    """
    for index in range(4):
        box = (x + index * length / 4, y, x + (index + 1) * length / 4, y + 8)
        draw.rectangle(box, fill=INK if index % 2 == 0 else PAPER, outline=INK)
    text = f"{length_m:g} m" if length_m < 1000 else f"{length_m / 1000:g} km"
    put_text(draw, (x + length / 2, y - 5), text, size_px, anchor="ms")
