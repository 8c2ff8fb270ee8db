"""Outlines of findings on a picture: cased, coloured by score, the listed ones numbered."""

from collections.abc import Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely
from affine import Affine
from PIL import Image
from rasterio.features import rasterize

from rs_governance.publish.pictures.badges import Badges, around
from rs_governance.publish.style import CASING_RGB, SCORE_CLASSES, score_class
from rs_governance.scenes import PixelGrid

_SMOOTH = 3  # outlines are drawn this much larger and shrunk: Pillow's lines are not anti-aliased
_SMALLEST_PX = 9.0  # a smaller finding is ringed, or nobody would see it
_BADGE_PX = 14.0  # radius of a number's disc

Rings = tuple[npt.NDArray[np.float64], ...]
"""Closed rings of one outline, each (n, 2) pixels of a picture, x first."""


@dataclass(frozen=True, kw_only=True)
class Placed:
    """A finding on the picture."""

    rings: Rings
    """What is drawn."""
    shape: shapely.Geometry
    """The ground that the outline goes around, in pixels; a circle where it is too small to be seen."""
    score: float
    """Score that gives the colour."""


def place_findings(findings: gpd.GeoDataFrame, grid: PixelGrid, size: tuple[int, int]) -> list[Placed]:
    """Move findings to the pixels of a picture of the whole grid.

    Parameters
    ----------
    findings
        Declared findings in the CRS of `grid`.
    grid
        Grid that the picture shows.
    size
        (width, height) of the picture in pixels.
    """
    to_pixel = ~grid.transform
    scale_x, scale_y = size[0] / grid.width, size[1] / grid.height

    def transform(xy: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        cols = to_pixel.a * xy[:, 0] + to_pixel.b * xy[:, 1] + to_pixel.c
        rows = to_pixel.d * xy[:, 0] + to_pixel.e * xy[:, 1] + to_pixel.f
        return np.column_stack((cols * scale_x, rows * scale_y))

    outlines = shapely.transform(findings.geometry.to_numpy(), transform)
    scores = findings["score"].to_numpy()
    shapes = [_seen(outline) for outline in outlines]
    return [
        Placed(rings=_rings(shape), shape=shape, score=float(score))
        for shape, score in zip(shapes, scores, strict=True)
    ]


def draw_outlines(picture: Image.Image, placed: list[Placed]) -> None:
    """Draw every finding: all casings first, then the colours, the highest scores on top."""
    thin = 1.0 if len(placed) <= 400 else 0.7
    draw_rings(picture, [finding.rings for finding in placed], CASING_RGB, 6.0 * thin, opacity=0.85)
    for each in SCORE_CLASSES:
        members = [finding.rings for finding in placed if score_class(finding.score) is each]
        draw_rings(picture, members, each.rgb, 3.4 * thin)


def draw_numbers(picture: Image.Image, placed: list[Placed], *, listed: int) -> None:
    """Number the first findings 1, 2, ... by discs beside them that cover no finding and no other number.

    Parameters
    ----------
    picture
        RGB picture to draw on.
    placed
        All findings that are drawn.
    listed
        How many of them are numbered.
    """
    badges = Badges(picture.size, [finding.shape for finding in placed], radius_px=_BADGE_PX)
    reach = _BADGE_PX + 5
    for number, finding in enumerate(placed[:listed], start=1):
        ring = np.concatenate(finding.rings)
        at = badges.place(around(ring, [reach * distance for distance in (1.0, 1.6, 2.4, 3.4, 5.0)]))
        nearest = ring[np.argmin(((ring - at) ** 2).sum(axis=1))]
        badges.draw(picture, number, at, (float(nearest[0]), float(nearest[1])))


def rings_of(outline: shapely.Geometry) -> Rings:
    """Return the rings of an outline in pixels; one too small to be seen becomes a circle around it."""
    return _rings(_seen(outline))


def _seen(outline: shapely.Geometry) -> shapely.Geometry:
    left, top, right, bottom = outline.bounds
    if max(right - left, bottom - top) < _SMALLEST_PX:
        return shapely.Point((left + right) / 2, (top + bottom) / 2).buffer(_SMALLEST_PX / 2)
    return outline


def _rings(shape: shapely.Geometry) -> Rings:
    parts = shapely.get_parts(shape)
    return tuple(shapely.get_coordinates(ring) for part in parts for ring in (part.exterior, *part.interiors))


def draw_rings(
    picture: Image.Image,
    outlines: Sequence[Rings],
    rgb: tuple[int, int, int],
    width_px: float,
    *,
    opacity: float = 1.0,
) -> None:
    """Draw outlines as smooth lines of one colour.

    Parameters
    ----------
    picture
        RGB picture to draw on.
    outlines
        Rings of each outline; what lies outside the picture is cut off.
    rgb
        Colour.
    width_px
        Width of the lines.
    opacity
        0 leaves the picture as it is, 1 covers it.
    """
    if not outlines:
        return
    lines = shapely.multilinestrings(
        [shapely.linestrings(ring) for rings in outlines for ring in rings],
        indices=np.repeat(np.arange(len(outlines)), [len(rings) for rings in outlines]),
    )
    lines = shapely.simplify(lines, 0.5, preserve_topology=False)  # nobody sees half a pixel
    # Bands as shapes: Pillow's own wide lines need a disc at every vertex, 30 microseconds each.
    bands = shapely.buffer(lines, width_px / 2, quad_segs=4)
    mask = rasterize(
        [(band, round(255 * opacity)) for band in bands],
        out_shape=(picture.height * _SMOOTH, picture.width * _SMOOTH),
        transform=Affine.scale(1 / _SMOOTH),
        dtype="uint8",
    )
    picture.paste(rgb, mask=Image.fromarray(mask).reduce(_SMOOTH))
