"""Edges that a scene shows: fields, roads, roofs, and which way they run."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from rs_governance.scenes.grid import PixelGrid, Window
from rs_governance.scenes.mapping import PixelMapping
from rs_governance.scenes.reduced import reduce_pixels
from rs_governance.scenes.scene import Scene

FloatArray = NDArray[np.float32]

_SMOOTHING_CELLS = 0.7
# An edge counts by how much it stands out of those around it, so that a bright roof does not outvote the fields.
_AROUND_CELLS = 41
_TINY = 1e-9


@dataclass(frozen=True, kw_only=True)
class Edges:
    """Edges on a grid. An angle and its opposite are one direction, so twice the angle stands for both."""

    cosine: FloatArray
    """(y, x) strength, 0..1, times the cosine of twice the angle between the steepest slope and the rows."""
    sine: FloatArray
    """(y, x) strength times the sine of the same; angles go from columns to rows."""
    seen: NDArray[np.bool_]
    """(y, x): whether something could be seen. Strength is 0 elsewhere."""


def find_edges(scene: Scene, grid: PixelGrid) -> Edges:
    """Find the edges of a scene on a grid of coarser or equal cells.

    Parameters
    ----------
    scene
        A georeferenced scene.
    grid
        Cells to fill, in any CRS; they may lie outside the scene.

    Returns
    -------
    Edges
        On the grid.

    Raises
    ------
    SceneUnreadable
        If a file cannot be read there.
    """
    mapping = PixelMapping(grid, scene.grid)
    step = max(1, round(float(np.sqrt(np.prod(grid.pixel_size_m) / np.prod(scene.grid.pixel_size_m)))))
    rows, cols = mapping(*_centres(grid))
    window = _around(rows, cols, step, scene.grid)
    if window is None:
        nothing = np.zeros((grid.height, grid.width), np.float32)
        return Edges(cosine=nothing, sine=nothing, seen=nothing > 0)
    pixels, valid = reduce_pixels(scene, scene.roles[:4], step, within=window)
    found = _edges(pixels, valid, _turn(mapping, grid))
    at_row = np.floor((rows - window.row) / step)
    at_col = np.floor((cols - window.col) / step)
    inside = (at_row >= 0) & (at_row < valid.shape[0]) & (at_col >= 0) & (at_col < valid.shape[1])
    at = np.where(inside, at_row, 0).astype(np.intp), np.where(inside, at_col, 0).astype(np.intp)
    shape = grid.height, grid.width
    cosine, sine, seen = (np.where(inside, part[at], 0).reshape(shape) for part in found)
    return Edges(cosine=cosine.astype(np.float32), sine=sine.astype(np.float32), seen=seen.astype(np.bool_))


def _centres(grid: PixelGrid) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    rows, cols = np.meshgrid(np.arange(grid.height) + 0.5, np.arange(grid.width) + 0.5, indexing="ij")
    return rows.ravel(), cols.ravel()


def _around(rows: NDArray[np.float64], cols: NDArray[np.float64], step: int, source: PixelGrid) -> Window | None:
    """Return the part of the scene that holds these places and what is around them; None where there is none."""
    known = np.isfinite(rows) & np.isfinite(cols)
    if not known.any():
        return None
    rows, cols, halo = rows[known], cols[known], (_AROUND_CELLS // 2 + 3) * step
    top, left = (int(np.floor(side.min())) // step * step - halo for side in (rows, cols))
    bottom, right = (int(np.ceil(side.max())) + halo for side in (rows, cols))
    window = Window(row=top, col=left, height=bottom - top, width=right - left).clipped(source.height, source.width)
    return None if window.is_empty else window


def _turn(mapping: PixelMapping, grid: PixelGrid) -> NDArray[np.float64]:
    """Return the matrix that brings a slope (along columns, along rows) of the scene to the grid."""
    a, b, _, d, e, _ = mapping.affine(grid.window)[:6]
    matrix = np.array([[a, d], [b, e]])
    return np.asarray(matrix / np.sqrt(abs(np.linalg.det(matrix))))


def _edges(
    pixels: NDArray[np.generic], valid: NDArray[np.bool_], turn: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
    """Return cosine, sine and what was seen: the slopes of all bands together, of logarithms, so that light counts less."""
    across, down, both = np.zeros((3, *valid.shape))
    for band in pixels:
        tone = ndimage.gaussian_filter(np.log(np.maximum(band, 1e-3, dtype=np.float64)), _SMOOTHING_CELLS)
        slopes = np.stack([ndimage.sobel(tone, axis=1), ndimage.sobel(tone, axis=0)])
        x, y = np.einsum("ij,j...->i...", turn, slopes)
        across, down, both = across + x * x, down + y * y, both + x * y
    # What is next to a place that was not observed is an edge of the observation.
    seen = ndimage.binary_erosion(valid, iterations=3)
    slope = np.where(seen, np.sqrt(across + down), 0.0)
    share = ndimage.uniform_filter(seen.astype(np.float64), _AROUND_CELLS, mode="constant")
    usual = ndimage.uniform_filter(slope, _AROUND_CELLS, mode="constant") / np.maximum(share, _TINY)
    strength = slope / (slope + usual + _TINY) / (across + down + _TINY)
    return strength * (across - down), strength * 2 * both, seen
