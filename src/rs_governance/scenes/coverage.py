"""What of a scene could be observed, as an outline on the ground."""

import numpy as np
import pyproj
import shapely
from affine import Affine
from rasterio.features import shapes
from shapely.geometry.base import BaseGeometry

from rs_governance.scenes.gdal import gdal_settings
from rs_governance.scenes.grid import PixelGrid
from rs_governance.scenes.ground import bring
from rs_governance.scenes.masks import cloud_mask
from rs_governance.scenes.reduced import count_valid
from rs_governance.scenes.scene import Scene
from rs_governance.scenes.tiles import Valid

# A cell counts as observed when this share of its pixels was: single dark pixels make no holes.
_OBSERVED_SHARE = 0.5
# Smaller islands and holes are given to what surrounds them; a finding is not smaller either.
_SMALLEST_M2 = 200.0
_BLOCK = 2048


def observe(scene: Scene, crs: pyproj.CRS, *, cell_m: float = 4.0) -> BaseGeometry:
    """Return the ground that a scene shows: inside the image, not nodata, not under a supplied cloud mask.

    Every pixel is looked at, in cells of about `cell_m`.

    Parameters
    ----------
    scene
        A georeferenced scene.
    crs
        CRS of the result.
    cell_m
        Side of a cell in metres.

    Returns
    -------
    geometry
        Valid polygon or multipolygon, perhaps empty.

    Raises
    ------
    SceneUnreadable
        If a file cannot be read.
    """
    assert scene.grid.crs is not None
    pixel_m = min(scene.grid.pixel_size_m)
    step = max(1, round(cell_m / pixel_m))
    # The values of four bands tell what is nodata as well as those of thirteen do.
    counts = count_valid(scene, scene.roles[:4], step)
    seen = counts >= _OBSERVED_SHARE * _pixels_per_cell(scene.grid, step)
    grid = PixelGrid(
        crs=scene.grid.crs,
        transform=scene.grid.transform @ Affine.scale(step),
        height=seen.shape[0],
        width=seen.shape[1],
    )
    clouds = cloud_mask(scene, grid)
    if clouds is not None:
        for window in grid.windows(_BLOCK):
            seen[window.slices] &= ~clouds.read(window)
        clouds.close()
    smallest = max(1, round(_SMALLEST_M2 / (pixel_m * step) ** 2))
    return bring(_outline(seen, grid, smallest), scene.grid.crs, crs)


def _pixels_per_cell(grid: PixelGrid, step: int) -> np.ndarray[tuple[int, int], np.dtype[np.int64]]:
    rows = np.minimum(step, grid.height - step * np.arange(-(-grid.height // step)))
    cols = np.minimum(step, grid.width - step * np.arange(-(-grid.width // step)))
    return np.outer(rows, cols)


def _outline(seen: Valid, grid: PixelGrid, smallest_px: int) -> BaseGeometry:
    """Return the outline of marked cells, without islands and holes of fewer cells than `smallest_px`."""
    with gdal_settings():
        parts = [
            shapely.geometry.shape(part)
            for part, value in shapes(seen.astype(np.uint8), mask=seen, connectivity=4)
            if value
        ]
    kept = []
    for part in parts:
        holes = [hole for hole in part.interiors if shapely.Polygon(hole).area >= smallest_px]
        solid = shapely.Polygon(part.exterior, holes)
        if solid.area >= smallest_px:
            kept.append(solid)
    whole = shapely.union_all(kept) if kept else shapely.MultiPolygon()
    t = grid.transform
    return shapely.transform(
        whole,
        lambda at: np.column_stack([t.a * at[:, 0] + t.b * at[:, 1] + t.c, t.d * at[:, 0] + t.e * at[:, 1] + t.f]),
    )
