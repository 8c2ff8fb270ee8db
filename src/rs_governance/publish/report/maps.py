"""Maps of an issue: the whole district on one sheet, and where in its town a spot lies."""

import io
import math
from collections.abc import Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from PIL import Image, ImageDraw

from rs_governance.publish.issue import MonthlyIssue
from rs_governance.publish.pictures.imagery import Imagery
from rs_governance.publish.pictures.overview_sheet import round_length
from rs_governance.publish.pictures.palette import choose_palette
from rs_governance.publish.pictures.typography import INK, MUTED, Rgb, put_text, text_width
from rs_governance.publish.report.chips import Language
from rs_governance.publish.report.map_canvas import MapCanvas
from rs_governance.publish.style import CASING_RGB, SEVERITY_RGB, UNSEEN_RGB
from rs_governance.publish.titles import titles_of

_PAPER: Rgb = (255, 255, 255)
_ACCENT: Rgb = (176, 24, 40)
_DISTRICT_RGB: Rgb = (120, 20, 70)
_TOWN_RGB: Rgb = (70, 40, 70)
_VILLAGE_RGB: Rgb = (110, 110, 118)
_MAP_AT_MOST = (1880, 1320)
_EDGE = 60
_HEAD = 132
_FOOT = 168
_MARGIN = 0.03  # ground around the district, in its own size
_PALENESS = 0.42
_RADIUS: dict[str, float] = {"red": 8.5, "yellow": 7.0, "green": 5.0}
_LOCATION_PX = (560, 560)
_MAP_COLOURS = 160

_WORDS = {
    "zh": {
        "title": "{name}疑似变化图斑分布图",
        "issue": "{issue} 期",
        "images": "影像 {days}",
        "count": "共 {count} 处",
        "district": "区县界",
        "town": "乡镇（街道）界",
        "village": "村（社区）界",
        "unseen": "未能观测",
        "caution": "均为疑似线索，以实地核查为准",
        "scale": "比例尺",
        "north": "北",
        "numbers": "圈内数字：重点图斑序号",
    },
    "en": {
        "title": "{name}: suspected changes",
        "issue": "issue {issue}",
        "images": "images {days}",
        "count": "{count} places",
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


def draw_map(issue: MonthlyIssue, imagery: Imagery, *, numbered: Sequence[str] = (), lang: Language = "zh") -> bytes:
    """Draw the district with its units, what could not be seen and all spots.

    Parameters
    ----------
    issue
        Published month.
    imagery
        Images of the issue; the newest lies on top.
    numbered
        Spot numbers that get 1, 2, ... in this order.
    lang
        Language of the words.

    Returns
    -------
    bytes
        A PNG at most 2000 pixels wide, the same bytes for the same input and versions.
    """
    canvas = MapCanvas(_grown(_extent(issue), _MARGIN), issue.crs, _MAP_AT_MOST)
    canvas.lay_imagery(imagery, newest_first(issue), paleness=_PALENESS)
    _draw_ground(canvas, issue)
    places = _spot_places(canvas, issue.spots)
    _draw_spots(canvas, issue.spots, places)
    for number, (x, y) in enumerate(_places_of(issue.spots, places, numbered), start=1):
        _draw_number(canvas, number, x, y)
    _draw_names(canvas, issue.units, towns_px=38, villages_px=21)
    return _png(_sheet(canvas, issue, bool(numbered), lang))


class LocationMaps:
    """Draws where in its town each spot lies; a town's map is drawn once.

    Parameters
    ----------
    issue
        Published month.
    imagery
        Images of the issue.
    """

    def __init__(self, issue: MonthlyIssue, imagery: Imagery) -> None:
        self.issue = issue
        self.imagery = imagery
        self._bases: dict[str, MapCanvas] = {}

    def draw(self, spot: "pd.Series[Any]") -> Image.Image:
        """Return a picture of the spot's town, or of the district for a spot outside all towns."""
        base = self._base(spot)
        picture = base.image.copy()
        (outline,) = base.to_pixels([spot["geometry"]])
        x, y = shapely.get_coordinates(shapely.centroid(outline))[0]
        _draw_target(picture, x, y, SEVERITY_RGB[spot["severity"]])
        return picture

    def _base(self, spot: "pd.Series[Any]") -> MapCanvas:
        code = spot["town_code"]
        units = self.issue.units
        town = units[(units["level"] == "town") & (units["code"] == code)]
        key = "" if town.empty else str(code)
        if key not in self._bases:
            self._bases[key] = self._draw_base(town)
        return self._bases[key]

    def _draw_base(self, town: gpd.GeoDataFrame) -> MapCanvas:
        issue = self.issue
        bounds = _extent(issue) if town.empty else tuple(town.total_bounds)
        canvas = MapCanvas(_square(_grown(bounds, 0.06), issue), issue.crs, _LOCATION_PX)
        canvas.lay_imagery(self.imagery, newest_first(issue), paleness=0.5)
        if not town.empty:
            ground = shapely.box(*canvas.grid.bounds)
            canvas.fill([ground.difference(town.union_all())], _PAPER, opacity=0.45)
        _draw_borders(canvas, issue.units, width=0.8)
        villages = issue.units[issue.units["level"] == "village"]
        if not town.empty:
            villages = villages[villages["parent"] == town["code"].iloc[0]]
        for row in _largest_first(villages):
            canvas.name(row.name_zh, row.geometry, 20, fill=INK, inside=True)
        _draw_small_scale(canvas)
        return canvas


def newest_first(issue: MonthlyIssue) -> list[str]:
    """Return the images of an issue in the order in which they lie on a map: those of the issue, newest on top."""
    order = {"after": 0, "before": 1, "baseline": 2}
    scenes = sorted(issue.scenes, key=lambda scene: (order[scene.role], -scene.acquired_on.toordinal(), scene.id))
    return [scene.id for scene in scenes]


def _extent(issue: MonthlyIssue) -> tuple[float, float, float, float]:
    units = issue.units
    shown = units if (units["level"] == "district").sum() == 0 else units[units["level"] == "district"]
    if shown.empty:
        shown = gpd.GeoSeries([scene.footprint for scene in issue.scenes], crs=issue.crs)
    left, bottom, right, top = (float(side) for side in shown.total_bounds)
    return left, bottom, right, top


def _grown(bounds: Sequence[float], share: float) -> tuple[float, float, float, float]:
    left, bottom, right, top = bounds
    wide, high = (right - left) * share, (top - bottom) * share
    return left - wide, bottom - high, right + wide, top + high


def _square(bounds: tuple[float, float, float, float], issue: MonthlyIssue) -> tuple[float, float, float, float]:
    """Widen bounds to a square on the ground."""
    trial = MapCanvas(bounds, issue.crs, (1000, 1000)).grid
    left, bottom, right, top = bounds
    wide = (right - left) * (max(trial.height / trial.width, 1) - 1) / 2
    high = (top - bottom) * (max(trial.width / trial.height, 1) - 1) / 2
    return left - wide, bottom - high, right + wide, top + high


def _draw_ground(canvas: MapCanvas, issue: MonthlyIssue) -> None:
    units = issue.units
    district = units[units["level"] == "district"]
    if len(district):
        outside = shapely.box(*canvas.grid.bounds).difference(district.union_all())
        canvas.fill([outside], _PAPER, opacity=0.72)
    canvas.hatch(list(issue.unseen.geometry), UNSEEN_RGB)
    _draw_borders(canvas, units, width=1.0)


def _draw_borders(canvas: MapCanvas, units: gpd.GeoDataFrame, *, width: float) -> None:
    villages, towns, district = (
        list(units.geometry[units["level"] == level]) for level in ("village", "town", "district")
    )
    canvas.line(villages, _PAPER, 3.2 * width, opacity=0.6)
    canvas.line(villages, _VILLAGE_RGB, 1.5 * width, dash_px=(9, 5))
    canvas.line(towns, _PAPER, 6.0 * width, opacity=0.7)
    canvas.line(towns, _TOWN_RGB, 2.6 * width, dash_px=(22, 7))
    canvas.line(district, _DISTRICT_RGB, 13 * width, opacity=0.22)
    canvas.line(district, _DISTRICT_RGB, 3.4 * width)


def _spot_places(canvas: MapCanvas, spots: gpd.GeoDataFrame) -> npt.NDArray[np.float64]:
    """Return (n, 2) pixels of a point inside each spot."""
    outlines = canvas.to_pixels(spots.geometry)
    places: npt.NDArray[np.float64] = shapely.get_coordinates(shapely.point_on_surface(outlines)).reshape(-1, 2)
    return places


def _draw_spots(canvas: MapCanvas, spots: gpd.GeoDataFrame, places: npt.NDArray[np.float64]) -> None:
    crowd = float(np.clip(30 / math.sqrt(max(len(spots), 1)), 0.55, 1.0))
    for severity, rgb in reversed(list(SEVERITY_RGB.items())):  # the most urgent on top
        members = (spots["severity"] == severity).to_numpy()
        canvas.fill(list(spots.geometry[members]), rgb, opacity=0.55)
        canvas.mark(places[members], rgb, _RADIUS[severity] * crowd, casing=CASING_RGB)
    for x, y in places[(spots["severity"] == "red").to_numpy()]:
        canvas.keep_clear((x - 11, y - 11, x + 11, y + 11))


def _places_of(
    spots: gpd.GeoDataFrame, places: npt.NDArray[np.float64], numbered: Sequence[str]
) -> list[tuple[float, float]]:
    position = {number: index for index, number in enumerate(spots["spot_no"])}
    return [(float(places[position[number], 0]), float(places[position[number], 1])) for number in numbered]


def _draw_number(canvas: MapCanvas, number: int, x: float, y: float) -> None:
    """Write a number in a white disc beside a mark, tied to it by a line."""
    width = canvas.image.width
    at_x = x + (22 if x < width - 44 else -22)
    at_y = y - (22 if y > 44 else -22)
    draw = ImageDraw.Draw(canvas.image)
    draw.line((x, y, at_x, at_y), fill=CASING_RGB, width=2)
    canvas.mark(np.array([(at_x, at_y)]), _PAPER, 14.0, casing=CASING_RGB)
    draw = ImageDraw.Draw(canvas.image)
    put_text(draw, (at_x + 0.5, at_y), str(number), 19, anchor="mm", bold=True)
    canvas.keep_clear((at_x - 17, at_y - 17, at_x + 17, at_y + 17))


def _draw_names(canvas: MapCanvas, units: gpd.GeoDataFrame, *, towns_px: int, villages_px: int) -> None:
    for row in _largest_first(units[units["level"] == "town"]):
        canvas.name(row.name_zh, row.geometry, towns_px, fill=_TOWN_RGB, spacing_px=towns_px * 0.28)
    for row in _largest_first(units[units["level"] == "village"]):
        canvas.name(row.name_zh, row.geometry, villages_px, fill=(52, 56, 66), inside=True)


def _largest_first(units: gpd.GeoDataFrame) -> "list[_Named]":
    ordered = units.assign(size=units.area).sort_values(["size", "code"], ascending=[False, True], kind="stable")
    return [_Named(name, geometry) for name, geometry in zip(ordered["name"], ordered.geometry, strict=True)]


class _Named:
    """A unit's name and outline."""

    def __init__(self, name_zh: str, geometry: shapely.Geometry) -> None:
        self.name_zh = name_zh
        self.geometry = geometry


def _draw_target(image: Image.Image, x: float, y: float, rgb: Rgb) -> None:
    """Draw a ring with four ticks around a place."""
    scale = 3
    reach = 34
    left, top = round(x) - reach, round(y) - reach
    at = ((x - left) * scale, (y - top) * scale)
    for colour, more in ((CASING_RGB, 2.0), (rgb, 0.0)):
        mask = Image.new("L", ((2 * reach + 1) * scale, (2 * reach + 1) * scale))
        draw = ImageDraw.Draw(mask)
        radius, width = (14 + more) * scale, round((3.4 + 2 * more) * scale)
        draw.ellipse((at[0] - radius, at[1] - radius, at[0] + radius, at[1] + radius), outline=255, width=width)
        for dx, dy in ((1, 0), (-1, 0), (0, 1), (0, -1)):
            near, far = (16 - more) * scale, (28 + more) * scale
            draw.line((at[0] + dx * near, at[1] + dy * near, at[0] + dx * far, at[1] + dy * far), fill=255, width=width)
        image.paste(colour, (left, top), mask.reduce(scale))


def _draw_small_scale(canvas: MapCanvas) -> None:
    length_m = round_length(canvas.image.width * 0.3 * canvas.metres_per_px)
    length = length_m / canvas.metres_per_px
    height = canvas.image.height
    box = (10, height - 46, round(10 + length + 24), height - 10)
    part = canvas.image.crop(box)
    canvas.image.paste(Image.blend(part, Image.new("RGB", part.size, _PAPER), 0.8), box[:2])
    _draw_scale(ImageDraw.Draw(canvas.image), 22, height - 24, length_m, length, 18)


def _draw_scale(draw: ImageDraw.ImageDraw, x: float, y: float, length_m: float, length: float, size_px: int) -> None:
    for index in range(4):
        box = (x + index * length / 4, y, x + (index + 1) * length / 4, y + 8)
        draw.rectangle(box, fill=INK if index % 2 == 0 else _PAPER, outline=INK)
    text = f"{length_m:g} m" if length_m < 1000 else f"{length_m / 1000:g} km"
    put_text(draw, (x + length / 2, y - 5), text, size_px, anchor="ms")


def _sheet(canvas: MapCanvas, issue: MonthlyIssue, numbered: bool, lang: Language) -> Image.Image:
    """Put the map into its frame, with title, legend, scale and north."""
    words = _WORDS[lang]
    wide, high = canvas.image.size
    width = max(wide, 1500) + 2 * _EDGE
    left = (width - wide) // 2
    sheet = Image.new("RGB", (width, _HEAD + high + _FOOT), _PAPER)
    draw = ImageDraw.Draw(sheet)
    draw.rectangle((0, 0, width, 8), fill=_ACCENT)
    name = issue.district_name if lang == "zh" else issue.district_name_en or issue.district_code
    put_text(draw, (_EDGE, 84), words["title"].format(name=name), 46, bold=True)
    days = " → ".join(f"{day}" for day in dict.fromkeys((issue.first_image_on, issue.last_image_on)) if day)
    facts = [words["issue"].format(issue=issue.issue), words["images"].format(days=days or "—")]
    facts.append(words["count"].format(count=len(issue.spots)))
    put_text(draw, (width - _EDGE, 84), "　".join(facts), 27, fill=MUTED, anchor="rs")
    sheet.paste(canvas.image, (left, _HEAD - 16))
    top, foot = _HEAD - 16, _HEAD - 16 + high
    draw.rectangle((left - 1, top - 1, left + wide, foot), outline=INK, width=2)
    _draw_legend(draw, _EDGE, foot + 46, issue, numbered, lang)
    length_m = round_length(min(wide * 0.22, 360) * canvas.metres_per_px)
    length = length_m / canvas.metres_per_px
    right = width - _EDGE
    _draw_scale(draw, right - length - 84, foot + 62, length_m, length, 24)
    x, y = right - 26, foot + 34
    draw.polygon([(x, y), (x + 15, y + 46), (x, y + 36)], fill=INK)
    draw.polygon([(x, y), (x - 15, y + 46), (x, y + 36)], fill=_PAPER, outline=INK)
    put_text(draw, (x, y + 72), words["north"], 24, anchor="ms")
    put_text(draw, (right - 84, foot + 118), words["caution"], 24, fill=_ACCENT, anchor="rs", bold=True)
    return sheet


def _draw_legend(
    draw: ImageDraw.ImageDraw, left: float, y: float, issue: MonthlyIssue, numbered: bool, lang: Language
) -> None:
    words = _WORDS[lang]
    x = left
    for severity, rgb in SEVERITY_RGB.items():
        count = int((issue.spots["severity"] == severity).sum())
        draw.ellipse((x, y - 13, x + 26, y + 13), fill=rgb, outline=CASING_RGB, width=2)
        text = f"{getattr(titles_of('severity', severity), lang)}　{count}"
        put_text(draw, (x + 36, y), text, 26, anchor="lm")
        x += 36 + text_width(text, 26) + 44
    if numbered:
        draw.ellipse((x, y - 14, x + 28, y + 14), fill=_PAPER, outline=CASING_RGB, width=2)
        put_text(draw, (x + 14, y), "1", 19, anchor="mm", bold=True)
        put_text(draw, (x + 38, y), words["numbers"], 22, anchor="lm", fill=MUTED)
    x, y = left, y + 56
    for level, rgb, width, dash in (
        ("district", _DISTRICT_RGB, 4, 0),
        ("town", _TOWN_RGB, 3, 18),
        ("village", _VILLAGE_RGB, 2, 9),
    ):
        for start in np.arange(0, 54, dash + 6 if dash else 54):
            end = min(float(start) + (dash or 54), 54.0)
            draw.line((x + float(start), y, x + end, y), fill=rgb, width=width)
        put_text(draw, (x + 66, y), words[level], 22, anchor="lm")
        x += 66 + text_width(words[level], 22) + 40
    if len(issue.unseen):
        draw.rectangle((x, y - 12, x + 44, y + 12), fill=(238, 240, 242), outline=UNSEEN_RGB)
        for offset in range(8, 44, 12):
            draw.line((x + offset, y - 12, x + offset - 8, y + 12), fill=UNSEEN_RGB, width=2)
        put_text(draw, (x + 56, y), words["unseen"], 22, anchor="lm")


def _png(image: Image.Image) -> bytes:
    """Return a picture in few colours, those of what is drawn among them."""
    fixed = [INK, MUTED, CASING_RGB, UNSEEN_RGB, _ACCENT, _DISTRICT_RGB, _TOWN_RGB, *SEVERITY_RGB.values()]
    palette = choose_palette(np.asarray(image).reshape(-1, 3), count=_MAP_COLOURS, fixed=fixed)
    file = io.BytesIO()
    palette.reduce(image).save(file, "PNG", compress_level=6)
    return file.getvalue()
