"""Masks on the common grid: the area of interest and clouds."""

from typing import Protocol

import numpy as np
import shapely
from affine import Affine
from rasterio.features import rasterize
from shapely.geometry.base import BaseGeometry

from rs_governance.errors import CrsRefused
from rs_governance.scenes.gdal import SILENCING, gdal_settings
from rs_governance.scenes.grid import PixelGrid, Window
from rs_governance.scenes.ground import bring, read_outline
from rs_governance.scenes.mapping import PixelMapping
from rs_governance.scenes.reader import SceneReader
from rs_governance.scenes.scene import Scene, open_mask
from rs_governance.scenes.tiles import Valid

# Corners are put on this fraction of a pixel, a power of two: then moving them by whole pixels is exact, and a pixel is
# in or out whatever the window.
_CORNER_PX = 1 / 256
_VECTOR_SUFFIXES = (".geojson", ".json", ".gpkg", ".shp", ".kml", ".fgb", ".gml")


class Mask(Protocol):
    """Marked pixels of the common grid."""

    def read(self, window: Window) -> Valid:
        """Return (y, x), True where marked; any thread may ask."""

    def close(self) -> None:
        """Close the files."""


class OutlineMask:
    """The pixels whose centre lies inside an outline."""

    def __init__(self, outline: BaseGeometry, transform: Affine) -> None:
        to_pixels = ~transform
        corners = shapely.transform(outline, lambda xy: np.column_stack(to_pixels @ (xy[:, 0], xy[:, 1])))
        parts = shapely.get_parts(shapely.set_precision(corners, _CORNER_PX))
        self._parts = parts[shapely.get_dimensions(parts) == 2]
        self._tree = shapely.STRtree(self._parts)

    def read(self, window: Window) -> Valid:
        """Rasterise the parts that meet the window."""
        frame = shapely.box(window.col, window.row, window.col + window.width, window.row + window.height)
        near = self._parts[np.sort(self._tree.query(frame))]
        if shapely.covers(near, frame).any():
            return np.ones((window.height, window.width), np.bool_)
        near = near[shapely.intersects(near, frame)]
        if not near.size:
            return np.zeros((window.height, window.width), np.bool_)
        moved = shapely.transform(near, lambda xy: xy - (window.col, window.row))
        with gdal_settings(), SILENCING:
            marked = rasterize(moved, out_shape=(window.height, window.width), dtype="uint8")
        return np.asarray(marked, np.bool_)

    def close(self) -> None:
        """Do nothing: there is no file."""


class RasterMask:
    """The pixels whose centre lies in a non-zero pixel of a raster, nodata apart."""

    def __init__(self, scene: Scene, grid: PixelGrid, *, dy_px: float, dx_px: float) -> None:
        self._reader = SceneReader(scene, roles=scene.roles[:1], dtype=scene.dtype)
        self._mapping = PixelMapping(grid, scene.grid, dy_px=dy_px, dx_px=dx_px)

    def read(self, window: Window) -> Valid:
        """Look up the nearest pixel of each pixel."""
        marked = np.zeros((window.height, window.width), np.bool_)
        for chunk in self._mapping.chunks(window):
            inner = chunk.intersection(window)
            marked[inner.within(window)] = self._look_up(chunk, inner)
        return marked

    def close(self) -> None:
        """Close the file."""
        self._reader.close()

    def _look_up(self, chunk: Window, inner: Window) -> Valid:
        affine = self._mapping.affine(chunk)
        cols, rows = np.meshgrid(
            np.arange(inner.col, inner.col + inner.width) - chunk.col + 0.5,
            np.arange(inner.row, inner.row + inner.height) - chunk.row + 0.5,
        )
        source_cols, source_rows = affine @ (cols, rows)
        if not (np.isfinite(source_cols).all() and np.isfinite(source_rows).all()):
            return np.zeros(cols.shape, np.bool_)
        at_rows, at_cols = np.floor(source_rows).astype(np.int64), np.floor(source_cols).astype(np.int64)
        top, left = int(at_rows.min()), int(at_cols.min())
        source = Window(row=top, col=left, height=int(at_rows.max()) - top + 1, width=int(at_cols.max()) - left + 1)
        flags, _ = self._reader.read(source)
        marked: Valid = (flags[0] != 0)[at_rows - top, at_cols - left]
        return marked


def cloud_mask(scene: Scene, grid: PixelGrid, *, dy_px: float = 0.0, dx_px: float = 0.0) -> Mask | None:
    """Return the clouds of a scene on a grid, moved as the scene is moved; None where it has no cloud mask.

    Raises
    ------
    SceneUnreadable
        If the cloud mask cannot be read.
    CrsRefused
        If it cannot be placed on the ground.
    """
    path = scene.cloud_mask
    if path is None:
        return None
    if path.suffix.lower() not in _VECTOR_SUFFIXES:
        return RasterMask(open_mask(path, scene.grid), grid, dy_px=dy_px, dx_px=dx_px)
    if grid.crs is None:
        raise CrsRefused(
            f"The image has no georeference, so the clouds of '{path}' cannot be found in it; give a raster."
        )
    outline, crs = read_outline(path)
    return OutlineMask(bring(outline, crs, grid.crs), grid.transform @ Affine.translation(dx_px, dy_px))


def area_mask(area: BaseGeometry | None, grid: PixelGrid) -> Mask | None:
    """Return the area of interest on the grid, None where there is none."""
    return OutlineMask(area, grid.transform) if area is not None else None
