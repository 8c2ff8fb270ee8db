"""Scenes, or windows of them, at a fraction of their size: every pixel is read, none twice."""

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


def reduce_pixels(
    scene: Scene, roles: tuple[str, ...], step: int, *, within: Window | None = None
) -> tuple[Pixels, Valid]:
    """Return the mean of the valid pixels of each `step` x `step` pixels of a scene, or of a window in it.

    Parameters
    ----------
    scene
        The scene.
    roles
        Bands to read.
    step
        Side of a cell in pixels.
    within
        Window inside the scene; the whole of it where None.

    Returns
    -------
    tuple
        Means (band, y, x) float32, and valid (y, x): whether a pixel of the cell was.

    Raises
    ------
    SceneUnreadable
        If a file cannot be read.
    """
    window = within or scene.grid.window
    shape = _shape(window, step)
    sums, counts = np.zeros((len(roles), *shape), np.float64), np.zeros(shape, np.int64)
    for tile, data, valid in _tiles(scene, roles, window):
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
    counts = np.zeros(_shape(scene.grid.window, step), np.int64)
    for tile, _, valid in _tiles(scene, roles, scene.grid.window):
        rows, row_edges = _cells(tile.row, tile.height, step)
        cols, col_edges = _cells(tile.col, tile.width, step)
        counts[rows, cols] += _summed(valid, row_edges, col_edges)
    return counts


def _shape(window: Window, step: int) -> tuple[int, int]:
    return -(-window.height // step), -(-window.width // step)


def _tiles(scene: Scene, roles: tuple[str, ...], within: Window) -> Iterator[tuple[Window, Pixels, Valid]]:
    # Tiles are counted from the window's corner. Not decimated: that would decode the tiles of a wide file without overviews once for each row.
    for sheet in scene.sheets:
        tiles = [tile.intersection(within) for tile in tiles_of(sheet, within, len(roles))]
        if not tiles:
            continue
        with open_raster(sheet.path) as dataset, readable(sheet.path):
            for tile in tiles:
                data, valid = read_samples(
                    dataset, scene, sheet, roles, tile.shifted(-sheet.window.row, -sheet.window.col)
                )
                yield tile.shifted(-within.row, -within.col), data, valid


def _cells(start: int, length: int, step: int) -> tuple[slice, NDArray[np.intp]]:
    """Return the cells of `step` pixels that a run of pixels meets, and where in the run each begins."""
    first, last = start // step, (start + length - 1) // step
    return slice(first, last + 1), np.maximum(np.arange(first, last + 1) * step - start, 0)


def _summed(values: NDArray[Any], row_edges: NDArray[np.intp], col_edges: NDArray[np.intp]) -> NDArray[Any]:
    kind = np.float64 if values.dtype.kind == "f" else np.int64
    down = np.add.reduceat(values, row_edges, axis=0, dtype=kind)
    return np.asarray(np.add.reduceat(down, col_edges, axis=1))
