"""Whole scenes at a fraction of their size: every pixel is read, none twice."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rs_governance.scenes.gdal import open_raster, readable
from rs_governance.scenes.grid import Window
from rs_governance.scenes.reader import tiles_of
from rs_governance.scenes.samples import read_samples
from rs_governance.scenes.scene import Scene
from rs_governance.scenes.tiles import Pixels, Valid


def reduce_pixels(scene: Scene, roles: tuple[str, ...], step: int) -> tuple[Pixels, Valid]:
    """Return the mean of the valid pixels of each `step` x `step` pixels of the whole scene.

    Returns
    -------
    tuple
        Means (band, y, x) float32, and valid (y, x): whether a pixel of the cell was.

    Raises
    ------
    SceneUnreadable
        If a file cannot be read.
    """
    shape = _shape(scene, step)
    sums, counts = np.zeros((len(roles), *shape), np.float64), np.zeros(shape, np.int64)
    for tile, data, valid in _tiles(scene, roles):
        rows, row_edges = _cells(tile.row, tile.height, step)
        cols, col_edges = _cells(tile.col, tile.width, step)
        counts[rows, cols] += _summed(valid, row_edges, col_edges)
        for band, samples in enumerate(data):
            sums[band, rows, cols] += _summed(np.where(valid, samples, 0), row_edges, col_edges)
    return (sums / np.maximum(counts, 1)).astype(np.float32), counts > 0


def count_valid(scene: Scene, roles: tuple[str, ...], step: int) -> NDArray[np.int64]:
    """Return the number of valid pixels of each `step` x `step` pixels of the whole scene, (y, x).

    Raises
    ------
    SceneUnreadable
        If a file cannot be read.
    """
    counts = np.zeros(_shape(scene, step), np.int64)
    for tile, _, valid in _tiles(scene, roles):
        rows, row_edges = _cells(tile.row, tile.height, step)
        cols, col_edges = _cells(tile.col, tile.width, step)
        counts[rows, cols] += _summed(valid, row_edges, col_edges)
    return counts


def _shape(scene: Scene, step: int) -> tuple[int, int]:
    return -(-scene.grid.height // step), -(-scene.grid.width // step)


def _tiles(scene: Scene, roles: tuple[str, ...]) -> Iterator[tuple[Window, Pixels, Valid]]:
    # Not decimated: that would decode the tiles of a wide file without overviews once for each row.
    for sheet in scene.sheets:
        with open_raster(sheet.path) as dataset, readable(sheet.path):
            for tile in tiles_of(sheet, sheet.window, len(roles)):
                data, valid = read_samples(
                    dataset, scene, sheet, roles, tile.shifted(-sheet.window.row, -sheet.window.col)
                )
                yield tile, data, valid


def _cells(start: int, length: int, step: int) -> tuple[slice, NDArray[np.intp]]:
    """Return the cells of `step` pixels that a run of pixels meets, and where in the run each begins."""
    first, last = start // step, (start + length - 1) // step
    return slice(first, last + 1), np.maximum(np.arange(first, last + 1) * step - start, 0)


def _summed(values: NDArray[Any], row_edges: NDArray[np.intp], col_edges: NDArray[np.intp]) -> NDArray[Any]:
    kind = np.float64 if values.dtype.kind == "f" else np.int64
    down = np.add.reduceat(values, row_edges, axis=0, dtype=kind)
    return np.asarray(np.add.reduceat(down, col_edges, axis=1))
