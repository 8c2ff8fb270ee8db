"""Maps of an issue: the whole district on one sheet, and where in its town a spot lies."""

import math
from collections.abc import Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from PIL import Image, ImageDraw

from rs_governance.publish.issue import MonthlyIssue, unit_names
from rs_governance.publish.pictures.badges import Badges, around
from rs_governance.publish.pictures.imagery import Imagery
from rs_governance.publish.pictures.overview_sheet import round_length
from rs_governance.publish.pictures.typography import INK, Rgb
from rs_governance.publish.report.chips import Language
from rs_governance.publish.report.map_canvas import MapCanvas
from rs_governance.publish.report.map_frame import (
    DISTRICT_RGB,
    PAPER,
    TOWN_RGB,
    VILLAGE_RGB,
    MapContent,
    draw_scale,
    frame_map,
    to_png,
)
from rs_governance.publish.style import CASING_RGB, SEVERITY_RGB, UNSEEN_RGB

_MAP_AT_MOST = (1880, 1320)
_MARGIN = 0.03  # ground around the district, in its own size
_PALENESS = 0.42
_RADIUS: dict[str, float] = {"red": 8.5, "yellow": 7.0, "green": 5.0}
_LOCATION_PX = (560, 560)


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
    position = {number: index for index, number in enumerate(issue.spots["spot_no"])}
    content = MapContent(
        name=issue.district_name if lang == "zh" else issue.district_name_en or issue.district_code,
        period={"zh": f"{issue.issue} 期", "en": f"issue {issue.issue}"}[lang],
        first_image_on=issue.first_image_on,
        last_image_on=issue.last_image_on,
        units=issue.units,
        spots=issue.spots,
        unseen=issue.unseen,
        image_ids=tuple(newest_first(issue)),
        bounds=_extent(issue),
        numbered=tuple(position[number] for number in numbered),
    )
    return draw_content(content, imagery, lang=lang)


def draw_content(content: MapContent, imagery: Imagery, *, lang: Language = "zh") -> bytes:
    """Draw a district and places in it; see `draw_map`.

    Parameters
    ----------
    content
        What the map shows.
    imagery
        Where its images come from.
    lang
        Language of the words.
    """
    canvas = MapCanvas(_grown(content.bounds, _MARGIN), content.crs, _MAP_AT_MOST)
    canvas.lay_imagery(imagery, content.image_ids, paleness=_PALENESS)
    _draw_ground(canvas, content)
    places = _spot_places(canvas, content.spots)
    _draw_spots(canvas, content.spots, places)
    _draw_numbers(canvas, content, places)
    units = content.units.assign(name=content.units["code"].map(unit_names(content.units, lang)))
    _draw_names(canvas, units, towns_px=38, villages_px=21)
    return to_png(frame_map(canvas, content, lang))


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
            canvas.fill([ground.difference(town.union_all())], PAPER, opacity=0.45)
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
    return extent_of(issue.units, [scene.footprint for scene in issue.scenes])


def extent_of(units: gpd.GeoDataFrame, others: Sequence[shapely.Geometry]) -> tuple[float, float, float, float]:
    """Return the bounds of the district, or of other shapes where no unit is known."""
    shown = units if (units["level"] == "district").sum() == 0 else units[units["level"] == "district"]
    shapes = list(others) if shown.empty else list(shown.geometry)
    left, bottom, right, top = (float(side) for side in shapely.total_bounds(shapes))
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


def _draw_ground(canvas: MapCanvas, content: MapContent) -> None:
    units = content.units
    district = units[units["level"] == "district"]
    if len(district):
        outside = shapely.box(*canvas.grid.bounds).difference(district.union_all())
        canvas.fill([outside], PAPER, opacity=0.72)
    canvas.hatch(list(content.unseen.geometry), UNSEEN_RGB)
    _draw_borders(canvas, units, width=1.0)


def _draw_borders(canvas: MapCanvas, units: gpd.GeoDataFrame, *, width: float) -> None:
    villages, towns, district = (
        list(units.geometry[units["level"] == level]) for level in ("village", "town", "district")
    )
    canvas.line(villages, PAPER, 3.2 * width, opacity=0.6)
    canvas.line(villages, VILLAGE_RGB, 1.5 * width, dash_px=(9, 5))
    canvas.line(towns, PAPER, 6.0 * width, opacity=0.7)
    canvas.line(towns, TOWN_RGB, 2.6 * width, dash_px=(22, 7))
    canvas.line(district, DISTRICT_RGB, 13 * width, opacity=0.22)
    canvas.line(district, DISTRICT_RGB, 3.4 * width)


def _spot_places(canvas: MapCanvas, spots: gpd.GeoDataFrame) -> npt.NDArray[np.float64]:
    """Return (n, 2) pixels of a point inside each spot."""
    outlines = canvas.to_pixels(spots.geometry)
    places: npt.NDArray[np.float64] = shapely.get_coordinates(shapely.point_on_surface(outlines)).reshape(-1, 2)
    return places


def _draw_spots(canvas: MapCanvas, spots: gpd.GeoDataFrame, places: npt.NDArray[np.float64]) -> None:
    crowd = _crowd(spots)
    for severity, rgb in reversed(list(SEVERITY_RGB.items())):  # the most urgent on top
        members = (spots["severity"] == severity).to_numpy()
        canvas.fill(list(spots.geometry[members]), rgb, opacity=0.55)
        canvas.mark(places[members], severity, _RADIUS[severity] * crowd)
    for x, y in places[(spots["severity"] == "red").to_numpy()]:
        canvas.keep_clear((x - 11, y - 11, x + 11, y + 11))


def _crowd(spots: gpd.GeoDataFrame) -> float:
    """Return how much smaller marks are where they are many."""
    return float(np.clip(30 / math.sqrt(max(len(spots), 1)), 0.55, 1.0))


def _draw_numbers(canvas: MapCanvas, content: MapContent, places: npt.NDArray[np.float64]) -> None:
    """Write numbers in white discs beside marks, where they cover no other mark."""
    crowd = _crowd(content.spots)
    radii = content.spots["severity"].map(_RADIUS).to_numpy(dtype=float) * crowd + 2
    marks = shapely.buffer(shapely.points(places), radii, quad_segs=3)
    badges = Badges(canvas.image.size, list(marks), radius_px=14.0)
    for number, row in enumerate(content.numbered, start=1):
        x, y = (float(part) for part in places[row])
        at = badges.place(around(places[row : row + 1], (31.0, 44.0, 60.0, 80.0)))
        badges.draw(canvas.image, number, at, (x, y))
        severity = content.spots["severity"].iloc[row]
        canvas.mark(places[row : row + 1], severity, _RADIUS[severity] * crowd)  # again: the line ends under it
        canvas.keep_clear((at[0] - 17, at[1] - 17, at[0] + 17, at[1] + 17))


def _draw_names(canvas: MapCanvas, units: gpd.GeoDataFrame, *, towns_px: int, villages_px: int) -> None:
    for row in _largest_first(units[units["level"] == "town"]):
        canvas.name(row.name_zh, row.geometry, towns_px, fill=TOWN_RGB, spacing_px=towns_px * 0.28)
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
    canvas.image.paste(Image.blend(part, Image.new("RGB", part.size, PAPER), 0.8), box[:2])
    draw_scale(ImageDraw.Draw(canvas.image), 22, height - 24, length_m, length, 18)
