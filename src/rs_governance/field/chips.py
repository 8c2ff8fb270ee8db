"""Chips and maps of a package's cards: published where there are pictures, outlines alone where there are none."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import shapely
from PIL import Image, ImageDraw

from rs_governance.field.assignments import FieldTask
from rs_governance.field.ground import Bounds, GroundPair, PlacedPicture, PublishedGround
from rs_governance.publish.pictures.outlines import draw_rings
from rs_governance.publish.pictures.typography import MUTED, put_text
from rs_governance.publish.style import CASING_RGB, SEVERITY_RGB

_TILE_PX = 420
_GAP_PX = 8
_HEAD_PX = 34
_PAPER = (255, 255, 255)
_MAP_PX = 480
_SPAN_M = 900.0


def draw_chip(task: FieldTask, ground: PublishedGround, pair: GroundPair | None) -> Image.Image:
    """Show a task before and after in one picture.

    Parameters
    ----------
    task
        The task.
    ground
        What was published: its chip is taken where there is one.
    pair
        Before and after, for a task without a chip; without it the outline is drawn alone, and the chip says so.
    """
    chip = ground.chip(task)
    if chip is not None and not task.corrected:
        return chip
    days = tuple(str(task.spot.get(f"{side}_on") or "")[:10] for side in ("before", "after"))
    return draw_sides(ground.web_rings(task.outline), pair, days, task.severity)


def draw_sides(
    rings: list[npt.NDArray[np.float64]],
    pair: GroundPair | None,
    days: Sequence[str],
    severity: str,
    words: Sequence[str] = ("前时相", "后时相"),
) -> Image.Image:
    """Show a place before and after with its outline, side by side under their days.

    Parameters
    ----------
    rings
        Rings of the outline on the plane of web maps.
    pair
        Before and after; None for the outline alone.
    days
        Day of the earlier and of the later picture.
    severity
        Gives the outline its colour.
    words
        What stands before each day; it may be empty.
    """
    sheet = Image.new("RGB", (2 * _TILE_PX + 3 * _GAP_PX, _HEAD_PX + _TILE_PX + _GAP_PX), _PAPER)
    draw = ImageDraw.Draw(sheet)
    for index, (word, day) in enumerate(zip(words, days, strict=True)):
        left = _GAP_PX + index * (_TILE_PX + _GAP_PX)
        if pair is None:
            bounds, tile = _bounds_around(rings), Image.new("RGB", (_TILE_PX, _TILE_PX), (236, 238, 235))
            put_text(ImageDraw.Draw(tile), (_TILE_PX / 2, 34), "没有影像，只有范围", 20, fill=MUTED, anchor="ms")
        else:
            picture = pair.after if index else pair.before
            bounds, tile = pair.bounds, picture.resize((_TILE_PX, _TILE_PX), Image.Resampling.BICUBIC)
        if pair is None or not pair.outlined:
            _draw_outline(tile, rings, bounds, severity)
        sheet.paste(tile, (left, _HEAD_PX))
        put_text(draw, (left, 25), f"{word} {day}".strip(), 22, bold=True)
    return sheet


def draw_location(task: FieldTask, ground: PublishedGround, overview: PlacedPicture | None) -> Image.Image:
    """Show where a task lies: a part of the map with the spot in its middle.

    Parameters
    ----------
    task
        The task.
    ground
        Brings outlines to the plane of the map.
    overview
        Map of the package; without it the picture is blank but for the outline.
    """
    rings = ground.web_rings(task.outline)
    west, south, east, north = _bounds_around(rings)
    half = max(_SPAN_M / 2 / np.cos(np.radians(task.lat)), (east - west) / 2)
    x, y = (west + east) / 2, (south + north) / 2
    bounds = (x - half, y - half, x + half, y + half)
    picture = Image.new("RGB", (_MAP_PX, _MAP_PX), (236, 238, 235)) if overview is None else _part(overview, bounds)
    _draw_outline(picture, rings, bounds, task.severity)
    middle = _MAP_PX / 2
    draw = ImageDraw.Draw(picture)
    for colour, width in ((CASING_RGB, 7), ((255, 255, 255), 3)):
        draw.ellipse((middle - 42, middle - 42, middle + 42, middle + 42), outline=colour, width=width)
    return picture


def _bounds_around(rings: list[npt.NDArray[np.float64]]) -> Bounds:
    west, south, east, north = shapely.total_bounds(shapely.linestrings(rings[0]))
    x, y, half = (west + east) / 2, (south + north) / 2, max(east - west, north - south, 80.0) * 0.8
    return float(x - half), float(y - half), float(x + half), float(y + half)


def _part(overview: PlacedPicture, bounds: Bounds) -> Image.Image:
    west, _, _, north = overview.bounds
    metres = (overview.bounds[2] - west) / overview.picture.width
    box = (
        (bounds[0] - west) / metres,
        (north - bounds[3]) / metres,
        (bounds[2] - west) / metres,
        (north - bounds[1]) / metres,
    )
    scale = ((box[2] - box[0]) / _MAP_PX, 0.0, box[0], 0.0, (box[3] - box[1]) / _MAP_PX, box[1])
    return overview.picture.transform(
        (_MAP_PX, _MAP_PX), Image.Transform.AFFINE, scale, Image.Resampling.BICUBIC, fillcolor=(236, 238, 235)
    )


def _draw_outline(picture: Image.Image, rings: list[npt.NDArray[np.float64]], bounds: Bounds, severity: str) -> None:
    west, south, east, north = bounds
    scale = np.array([picture.width / (east - west), -picture.height / (north - south)])
    pixels = tuple((ring - (west, north)) * scale for ring in rings)
    draw_rings(picture, [pixels], CASING_RGB, 5.0, opacity=0.8)
    draw_rings(picture, [pixels], SEVERITY_RGB[severity], 2.6)
