"""Before and after of every spot, side by side: one small picture that needs no other."""

import io
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyproj
import shapely
from PIL import Image, ImageDraw

from rs_governance.publish.issue import MonthlyIssue
from rs_governance.publish.output_folder import writing
from rs_governance.publish.pictures.imagery import STAY, Imagery, Shift, square_grid
from rs_governance.publish.pictures.outlines import draw_rings, rings_of
from rs_governance.publish.pictures.overview_sheet import round_length
from rs_governance.publish.pictures.palette import Palette, choose_palette
from rs_governance.publish.pictures.typography import INK, MUTED, Rgb, put_text, shortened, text_width
from rs_governance.publish.style import CASING_RGB, SEVERITY_RGB
from rs_governance.rules import KINDS, SEVERITIES
from rs_governance.rules.amounts import in_m2, in_mu
from rs_governance.scenes import PixelGrid

Language = Literal["zh", "en"]
"""Language of texts for people."""

LANGUAGES: tuple[Language, ...] = get_args(Language)
"""Chinese first."""

Shifts = Mapping[tuple[str, str], Shift]
"""How far the after image lies from the before image, by their identifiers."""

_HEAD_PX = 40  # number, kind, severity, area
_TILE_PX = 420
_EDGE_PX = 8
_DATES_PX = 34
_CONTEXT = 1.6  # ground shown, in sizes of the spot
_SMALLEST_M = 120.0
_GROUND_COLOURS = 80  # each further one adds bytes, and few add anything to see
_PAPER: Rgb = (255, 255, 255)


def write_chips(
    issue: MonthlyIssue, imagery: Imagery, folder: Path, *, shifts: Shifts | None = None, lang: Language = "zh"
) -> dict[str, Path]:
    """Write the chip of every spot as `<spot number>.png`.

    Parameters
    ----------
    issue
        Published month.
    imagery
        Every image that a spot names.
    folder
        Where to write; it is made.
    shifts
        Registration of the pairs; a pair that is missing lies where its georeference says.
    lang
        Language of the words on the chips.

    Returns
    -------
    dict
        Spot number to file, in the order of the spots.

    Raises
    ------
    OutputFailed
        When a file cannot be written.
    """
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    spots = issue.spots
    palette = chip_palette(imagery, sorted({*spots["before_image"], *spots["after_image"]}))
    # pair by pair: the imagery holds two scenes open
    for position in np.lexsort((spots["spot_no"], spots["after_image"], spots["before_image"])):
        spot = spots.iloc[position]
        shift = (shifts or {}).get((spot["before_image"], spot["after_image"]), STAY)
        png = draw_chip(spot, imagery, issue.crs, palette, shift=shift, lang=lang)
        path = folder / f"{spot['spot_no']}.png"
        with writing(path):
            path.write_bytes(png)
    return {number: folder / f"{number}.png" for number in spots["spot_no"]}


def draw_chip(
    spot: "pd.Series[Any]",
    imagery: Imagery,
    crs: pyproj.CRS,
    palette: Palette,
    *,
    shift: Shift = STAY,
    lang: Language = "zh",
) -> bytes:
    """Draw one spot before and after.

    Parameters
    ----------
    spot
        One row of a spots table.
    imagery
        Both images of the spot.
    crs
        CRS of the outline.
    palette
        Colours of all chips of the issue, from `chip_palette`.
    shift
        How far the after image lies from the before image, in units of `crs`.
    lang
        Language of the words.

    Returns
    -------
    bytes
        A PNG of 864 x 510 pixels, the same bytes for the same input and versions.
    """
    images = (spot["before_image"], spot["after_image"])
    tiles = draw_tiles(spot["geometry"], crs, images, imagery, rgb=SEVERITY_RGB[spot["severity"]], shift=shift)
    width = 2 * _TILE_PX + 3 * _EDGE_PX
    top = _HEAD_PX + _DATES_PX
    chip = Image.new("RGB", (width, top + _TILE_PX + _EDGE_PX), _PAPER)
    draw = ImageDraw.Draw(chip)
    _draw_head(draw, spot, width, lang)
    for index, side in enumerate(("before", "after")):
        left = _EDGE_PX + index * (_TILE_PX + _EDGE_PX)
        chip.paste(tiles[index], (left, top))
        _draw_date(draw, left, spot[f"{side}_on"], spot[f"{side}_image"], side == "before", lang)
    file = io.BytesIO()
    palette.reduce(chip).save(file, "PNG", compress_level=6)
    return file.getvalue()


def draw_tiles(
    outline: shapely.Geometry,
    crs: pyproj.CRS,
    images: tuple[str, str],
    imagery: Imagery,
    *,
    rgb: Rgb,
    shift: Shift = STAY,
) -> tuple[Image.Image, Image.Image]:
    """Draw a place as two images show it, with its outline; the first has a scale bar, the second a north arrow.

    Parameters
    ----------
    outline
        Outline of the place in `crs`.
    crs
        CRS of the outline.
    images
        Identifiers of the earlier and of the later image.
    imagery
        Both images.
    rgb
        Colour of the outline.
    shift
        How far the later image lies from the earlier one, in units of `crs`.
    """
    grid = chip_grid(outline, crs)
    before, after = imagery.picture(images[0], grid), imagery.picture(images[1], grid, shift=shift)
    rings = rings_of(_on_picture(outline, grid))
    for tile in (before, after):
        draw_rings(tile, [rings], CASING_RGB, 5.0, opacity=0.8)
        draw_rings(tile, [rings], rgb, 2.6)
    _draw_scale(before, grid)
    _draw_north(after)
    return before, after


def chip_palette(imagery: Imagery, image_ids: Sequence[str]) -> Palette:
    """Choose the colours of all chips of an issue.

    Parameters
    ----------
    imagery
        Images of the issue.
    image_ids
        Those that the chips show.
    """
    greys = [(level, level, level) for level in range(0, 256, 51)]
    lines = [_between(CASING_RGB, rgb, share) for rgb in SEVERITY_RGB.values() for share in (0.25, 0.5, 0.75, 1.0)]
    ground = [imagery.colours(image_id) for image_id in image_ids]
    return choose_palette(
        np.concatenate(ground) if ground else np.empty((0, 3), np.uint8),
        count=_GROUND_COLOURS,
        fixed=[*greys, INK, MUTED, CASING_RGB, *lines],
    )


def tiles_of(chip: Image.Image) -> tuple[Image.Image, Image.Image]:
    """Return the ground of a chip without words around it: before and after."""
    top = _HEAD_PX + _DATES_PX
    lefts = (_EDGE_PX, 2 * _EDGE_PX + _TILE_PX)
    before, after = (chip.crop((left, top, left + _TILE_PX, top + _TILE_PX)) for left in lefts)
    return before, after


def _between(one: Rgb, other: Rgb, share: float) -> Rgb:
    red, green, blue = (round((1 - share) * a + share * b) for a, b in zip(one, other, strict=True))
    return red, green, blue


def chip_grid(outline: shapely.Geometry, crs: pyproj.CRS) -> PixelGrid:
    """Return the ground that a chip shows: 1.6 times the spot's longer side, at least 120 m.

    Parameters
    ----------
    outline
        Outline of the spot in `crs`.
    crs
        CRS of the outline and of the grid.
    """
    left, bottom, right, top = outline.bounds
    x, y = (left + right) / 2, (bottom + top) / 2
    unit = square_grid(crs, x, y, side_m=1.0, side_px=1).transform
    longer_m = max((right - left) / unit.a, (top - bottom) / -unit.e)
    return square_grid(crs, x, y, side_m=max(_CONTEXT * longer_m, _SMALLEST_M), side_px=_TILE_PX)


def _on_picture(outline: shapely.Geometry, grid: PixelGrid) -> shapely.Geometry:
    to_pixel = ~grid.transform

    def transform(xy: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return np.column_stack(to_pixel @ (xy[:, 0], xy[:, 1]))

    return shapely.transform(outline, transform)


def _draw_head(draw: ImageDraw.ImageDraw, spot: "pd.Series[Any]", width: int, lang: Language) -> None:
    severity = spot["severity"]
    draw.rectangle((_EDGE_PX, 11, _EDGE_PX + 20, 31), fill=SEVERITY_RGB[severity], outline=CASING_RGB)
    x = _EDGE_PX + 30 + put_text(draw, (_EDGE_PX + 30, 30), spot["spot_no"], 24, bold=True) + 16
    words = [getattr(KINDS[spot["kind"]], lang), getattr(SEVERITIES[severity], lang)]
    m2, mu = in_m2(spot["area_m2"]), in_mu(spot["area_m2"])
    area = f"{m2} 平方米 · {mu} 亩" if lang == "zh" else f"{m2} m²"
    room = width - _EDGE_PX - x - text_width(area, 22) - 20
    put_text(draw, (x, 30), shortened(" · ".join(words), 22, room), 22)
    put_text(draw, (width - _EDGE_PX, 30), area, 22, anchor="rs")


def _draw_date(
    draw: ImageDraw.ImageDraw,
    left: float,
    day: "pd.Timestamp | date | None",
    image: str,
    is_before: bool,
    lang: Language,
) -> None:
    words = {"zh": ("前时相", "后时相"), "en": ("Before", "After")}[lang]
    baseline = _HEAD_PX + 25
    x = left + put_text(draw, (left, baseline), words[0 if is_before else 1], 22, bold=True) + 12
    unknown = {"zh": "日期不详", "en": "date unknown"}[lang]
    x += put_text(draw, (x, baseline), unknown if day is None or pd.isna(day) else f"{day:%Y-%m-%d}", 22) + 12
    room = left + _TILE_PX - x
    put_text(draw, (left + _TILE_PX, baseline), shortened(image, 18, room), 18, fill=MUTED, anchor="rs")


def _draw_scale(tile: Image.Image, grid: PixelGrid) -> None:
    """Draw a scale bar on a pale plate in the lower left corner."""
    metres_per_px = grid.pixel_size_m[1]
    length_m = round_length(_TILE_PX * 0.34 * metres_per_px)
    length = length_m / metres_per_px
    text = f"{length_m:g} m" if length_m < 1000 else f"{length_m / 1000:g} km"
    _plate(tile, (8, _TILE_PX - 42, 8 + length + 20, _TILE_PX - 8))
    draw = ImageDraw.Draw(tile)
    left, y = 18, _TILE_PX - 16
    draw.rectangle((left, y - 5, left + length, y), fill=_PAPER, outline=INK)
    draw.rectangle((left, y - 5, left + length / 2, y), fill=INK)
    put_text(draw, (left + length / 2, y - 10), text, 16, anchor="ms")


def _draw_north(tile: Image.Image) -> None:
    """Draw an arrow to grid north, which is up, on a pale plate in the upper right corner."""
    right = _TILE_PX - 8
    _plate(tile, (right - 32, 8, right, 62))
    draw = ImageDraw.Draw(tile)
    x, y = right - 16, 12
    draw.polygon([(x, y), (x + 9, y + 26), (x, y + 20)], fill=INK)
    draw.polygon([(x, y), (x - 9, y + 26), (x, y + 20)], fill=_PAPER, outline=INK)
    put_text(draw, (x, y + 45), "N", 16, anchor="ms")


def _plate(tile: Image.Image, box: tuple[float, float, float, float]) -> None:
    left, top, right, bottom = (round(side) for side in box)
    area = (left, top, right, bottom)
    part = tile.crop(area)
    tile.paste(Image.blend(part, Image.new("RGB", part.size, _PAPER), 0.78), (left, top))
