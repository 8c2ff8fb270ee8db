"""Two scenes on one grid: common bands, common ground."""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyproj
import shapely
from affine import Affine
from shapely.geometry.base import BaseGeometry

from rs_governance.errors import BandsMismatch, CrsRefused, NoOverlap, UsageError
from rs_governance.scenes.crs import lonlat_extent
from rs_governance.scenes.grid import PixelGrid
from rs_governance.scenes.ground import Outline, bring, lonlat, read_outline
from rs_governance.scenes.scene import Scene

# A scene this much coarser than the other one sets the grid: pixels cannot be invented.
_COARSER = 1.5
# Fewer pixels than this show nothing that could be told from noise.
_SMALLEST_PX = 8
# Less than this of a pixel at the edge is not worth a row that only one scene has.
_EDGE_PX = 0.05


@dataclass(frozen=True, kw_only=True)
class ScenePair:
    """Two scenes and the grid, bands and type that they are compared in."""

    before: Scene
    """The earlier scene."""
    after: Scene
    """The later scene."""
    grid: PixelGrid
    """Common grid: that of `before` (or of a much coarser `after`), cut to what both and the area cover."""
    roles: tuple[str, ...]
    """Bands of both, in the order of `before`."""
    dtype: np.dtype[np.generic]
    """uint8, uint16 or float32: holds the samples of both."""
    area: BaseGeometry | None
    """Area of interest in the grid's CRS, pixels outside it are not valid; None: everything."""


def pair_scenes(before: Scene, after: Scene, *, aoi: Path | str | Outline | None = None) -> ScenePair:
    """Bring two scenes onto one grid, without reading pixels.

    The grid has the CRS and the pixels of `before`, north up. Where `after` is more than 1.5 times coarser, its
    pixel size is taken. Two pictures without georeference must have the same size.

    Parameters
    ----------
    before, after
        Scenes of the earlier and the later date.
    aoi
        Area of interest: a vector file in any CRS, or an outline with its CRS.

    Raises
    ------
    BandsMismatch
        If no band is in both scenes.
    CrsRefused
        If only one of them is georeferenced, or the two pictures differ in size.
    UsageError
        If `before` was taken after `after`.
    NoOverlap
        If the scenes and the area have no ground in common, or hardly any.
    """
    if before.acquired_on is not None and after.acquired_on is not None and before.acquired_on > after.acquired_on:
        raise UsageError(
            f"'{before.image_id}' was taken on {before.acquired_on}, after '{after.image_id}' on {after.acquired_on}; "
            "expected the earlier image first: swap them, or say the days (--date-before, --date-after)."
        )
    roles = tuple(role for role in before.roles if role in after.roles)
    if not roles:
        raise BandsMismatch(
            f"No band in common: '{before.image_id}' has {', '.join(before.roles)}; '{after.image_id}' has "
            f"{', '.join(after.roles)}. Name them (--bands-before, --bands-after, --sensor-before, --sensor-after) or give another image."
        )
    if before.grid.crs is None or after.grid.crs is None:
        area = None
        grid = _plain_grid(before, after, aoi)
    else:
        area = _area(aoi, before.grid.crs) if aoi is not None else None
        grid = _common_grid(before, after, area)
    # An image beside itself is only read, however small.
    if before is not after and min(grid.height, grid.width) < _SMALLEST_PX:
        raise NoOverlap(
            f"'{before.image_id}' and '{after.image_id}' share {grid.width} x {grid.height} pixels of the ground that is "
            f"asked for, expected at least {_SMALLEST_PX} each way; give larger scenes or a larger area."
        )
    return ScenePair(
        before=before,
        after=after,
        grid=grid,
        roles=roles,
        dtype=np.promote_types(before.dtype, after.dtype),
        area=area,
    )


def _plain_grid(before: Scene, after: Scene, aoi: Path | str | Outline | None) -> PixelGrid:
    for scene, other in ((before, after), (after, before)):
        if scene.grid.crs is None and other.grid.crs is not None:
            raise CrsRefused(
                f"'{scene.image_id}' has no georeference, '{other.image_id}' has one; assign the CRS and position of "
                "the first (gdal_edit -a_srs, -a_ullr)."
            )
    if aoi is not None:
        raise CrsRefused(f"The images have no georeference, so the area '{aoi}' cannot be found in them; leave it out.")
    if before.grid != after.grid:
        raise CrsRefused(
            f"Without georeference both pictures must have the same size: '{before.image_id}' has "
            f"{before.grid.height} x {before.grid.width} pixels, '{after.image_id}' {after.grid.height} x "
            f"{after.grid.width}; georeference them."
        )
    return before.grid


def _area(aoi: Path | str | Outline, crs: pyproj.CRS) -> BaseGeometry:
    outline, aoi_crs = aoi if isinstance(aoi, tuple) else read_outline(Path(aoi))
    return bring(outline, aoi_crs, crs)


def _common_grid(before: Scene, after: Scene, area: BaseGeometry | None) -> PixelGrid:
    assert before.grid.crs is not None
    assert after.grid.crs is not None
    crs = before.grid.crs
    seen_before = before.grid.footprint
    seen_after = bring(after.grid.footprint, after.grid.crs, crs)
    overlap = _meet(seen_before, seen_after, crs, f"'{before.image_id}'", f"'{after.image_id}'")
    if area is not None:
        overlap = _meet(overlap, area, crs, "The ground that both scenes cover", "the area of interest")
    base = _base_transform(before.grid, after.grid)
    corners = shapely.get_coordinates(overlap.envelope)
    cols, rows = ~base @ (corners[:, 0], corners[:, 1])
    top, left = math.floor(min(rows) + _EDGE_PX), math.floor(min(cols) + _EDGE_PX)
    bottom, right = math.ceil(max(rows) - _EDGE_PX), math.ceil(max(cols) - _EDGE_PX)
    if bottom <= top or right <= left:
        raise NoOverlap(
            f"'{before.image_id}' and '{after.image_id}' share less than one pixel; give scenes that overlap."
        )
    return PixelGrid(crs=crs, transform=base @ Affine.translation(left, top), height=bottom - top, width=right - left)


def _base_transform(before: PixelGrid, after: PixelGrid) -> Affine:
    """Return the north-up transform whose pixels the common grid takes."""
    ratio = math.sqrt(math.prod(after.pixel_size_m) / math.prod(before.pixel_size_m))
    if ratio > _COARSER and before.crs == after.crs and after.is_north_up:
        return after.transform
    if before.is_north_up and ratio <= _COARSER:
        return before.transform
    height, width = before.pixel_size
    scale = ratio if ratio > _COARSER else 1.0
    left, _, _, top = before.bounds
    return Affine(width * scale, 0, left, 0, -height * scale, top)


def _meet(first: BaseGeometry, second: BaseGeometry, crs: pyproj.CRS, name: str, other_name: str) -> BaseGeometry:
    shared = shapely.intersection(first, second)
    if shared.area > 0:
        return shared
    here, there = lonlat(first, crs), lonlat(second, crs)
    geod = crs.get_geod()
    ends = shapely.get_coordinates(shapely.shortest_line(here, there))
    apart_km = geod.inv(*ends[0], *ends[-1])[2] / 1000 if geod is not None else math.nan
    raise NoOverlap(
        f"{name} ({lonlat_extent(here.bounds)}) and {other_name} ({lonlat_extent(there.bounds)}) do not overlap, they "
        f"are {apart_km:.1f} km apart; check that the files belong together and that their CRS is right."
    )
