"""From the pixels of one grid to the pixels of another."""

import threading
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyproj
from affine import Affine
from numpy.typing import NDArray

from rs_governance.scenes.crs import transformer
from rs_governance.scenes.grid import PixelGrid, Window

Coordinates = NDArray[np.float64]
# Two grids are one up to a translation if it holds to this part of a pixel everywhere.
_TRANSLATION_PX = 0.01
# Over one chunk the mapping is taken as affine; chunks are made small enough for this error.
_AFFINE_PX = 0.02
_CHUNK_SIDES = (512, 256, 128, 64, 32)


@dataclass(frozen=True, kw_only=True)
class PixelShift:
    """A translation: pixel (r, c) of the grid is pixel (r + rows, c + cols) of the source."""

    rows: float
    """Rows, fractions included."""
    cols: float
    """Columns, fractions included."""


class PixelMapping:
    """Finds the source pixels of a grid's pixels; any thread may ask."""

    def __init__(self, grid: PixelGrid, source: PixelGrid, *, dy_px: float = 0.0, dx_px: float = 0.0) -> None:
        self._grid = grid
        self._from_grid = grid.transform @ Affine.translation(dx_px, dy_px)
        self._to_source = ~source.transform
        self._crs: tuple[pyproj.CRS, pyproj.CRS] | None = None
        if grid.crs is not None and source.crs is not None and grid.crs != source.crs:
            self._crs = grid.crs, source.crs
        self._local = threading.local()

    def __call__(self, rows: Coordinates, cols: Coordinates) -> tuple[Coordinates, Coordinates]:
        """Return source (rows, cols); pixel corners are whole numbers on both sides."""
        x, y = _apply(self._from_grid, cols, rows)
        if self._crs is not None:
            x, y = self._transformer(*self._crs).transform(x, y)
        source_cols, source_rows = _apply(self._to_source, x, y)
        return source_rows, source_cols

    def as_shift(self) -> PixelShift | None:
        """Return the translation that this is over the whole grid, None if it is none."""
        rows, cols = _lattice(self._grid.window, 5)
        source_rows, source_cols = self(rows, cols)
        down, right = source_rows - rows, source_cols - cols
        if not np.isfinite(down).all() or max(np.ptp(down), np.ptp(right)) > _TRANSLATION_PX:
            return None
        middle = down.size // 2
        return PixelShift(rows=float(down[middle]), cols=float(right[middle]))

    def chunks(self, window: Window) -> list[Window]:
        """Return the chunks of the grid that meet a window; where they lie does not depend on it."""
        part, side = window.clipped(self._grid.height, self._grid.width), self._chunk_side
        return [
            Window(row=row, col=col, height=side, width=side).clipped(self._grid.height, self._grid.width)
            for row in range(part.row // side * side, part.row + part.height, side)
            for col in range(part.col // side * side, part.col + part.width, side)
        ]

    @cached_property
    def _chunk_side(self) -> int:
        """Side in pixels of square chunks over which the mapping is affine to 1/50 of a pixel."""
        for side in _CHUNK_SIDES:
            size = {"height": min(side, self._grid.height), "width": min(side, self._grid.width)}
            tops = {0, (self._grid.height - size["height"]) // 2, self._grid.height - size["height"]}
            lefts = {0, (self._grid.width - size["width"]) // 2, self._grid.width - size["width"]}
            errors = [self._affine_error(Window(row=row, col=col, **size)) for row in tops for col in lefts]
            if max(errors) <= _AFFINE_PX:
                break
        return side

    def affine(self, window: Window) -> Affine:
        """Return the affine map from (column, row) in the window to (column, row) of the source, by least squares."""
        rows, cols = _lattice(window, 3)
        design = np.column_stack([cols - window.col, rows - window.row, np.ones(rows.size)])
        source_rows, source_cols = self(rows, cols)
        (a, b, c), (d, e, f) = np.linalg.lstsq(design, np.column_stack([source_cols, source_rows]), rcond=None)[0].T
        return Affine(a, b, c, d, e, f)

    def _affine_error(self, window: Window) -> float:
        rows, cols = _lattice(window, 5)
        source_rows, source_cols = self(rows, cols)
        if not np.isfinite(source_rows).all():
            return 0.0
        guess_cols, guess_rows = _apply(self.affine(window), cols - window.col, rows - window.row)
        return float(np.hypot(guess_rows - source_rows, guess_cols - source_cols).max())

    def _transformer(self, here: pyproj.CRS, there: pyproj.CRS) -> pyproj.Transformer:
        way: pyproj.Transformer | None = getattr(self._local, "transformer", None)
        if way is None:
            way = self._local.transformer = transformer(here, there)
        return way


def _lattice(window: Window, points: int) -> tuple[Coordinates, Coordinates]:
    rows = np.linspace(window.row, window.row + window.height, points)
    cols = np.linspace(window.col, window.col + window.width, points)
    grid_rows, grid_cols = np.meshgrid(rows, cols, indexing="ij")
    return grid_rows.ravel(), grid_cols.ravel()


def _apply(affine: Affine, x: Coordinates, y: Coordinates) -> tuple[Coordinates, Coordinates]:
    return affine.a * x + affine.b * y + affine.c, affine.d * x + affine.e * y + affine.f
