"""Statistics of labelled objects, in integers: sums of blocks merge to exactly the sums of the whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import cuda, get_num_threads, njit, prange

from rs_kernels._check import check_plane
from rs_kernels._device import LOOP, RULE, Device, launch_grid, resolve_device

_HIGHEST = np.iinfo(np.int64).max
_LOWEST = np.iinfo(np.int64).min

# One row of the table an object: the columns below, then total, minimum and maximum of each band.
_PIXELS, _TOP, _LEFT, _BOTTOM, _RIGHT, _FIRST, _BANDS = 0, 1, 2, 3, 4, 5, 6
_CHUNK = 32


@dataclass(frozen=True, kw_only=True)
class ObjectStats:
    """What is known of n objects, one entry an object, all int64."""

    pixels: npt.NDArray[np.int64]
    """Shape (n,): number of pixels."""
    total: npt.NDArray[np.int64]
    """Shape (band, n): sum of the values."""
    minimum: npt.NDArray[np.int64]
    """Shape (band, n): smallest value."""
    maximum: npt.NDArray[np.int64]
    """Shape (band, n): largest value."""
    bbox: npt.NDArray[np.int64]
    """Shape (n, 4): first row, first column, one past the last row, one past the last column."""
    first: npt.NDArray[np.int64]
    """Shape (n, 2): row and column of the first pixel in reading order."""

    def __post_init__(self) -> None:
        """Refuse arrays that do not belong together."""
        n, bands = self.pixels.size, self.total.shape[0]
        shapes = {"pixels": (n,), "total": (bands, n), "minimum": (bands, n), "maximum": (bands, n)}
        for name, shape in (shapes | {"bbox": (n, 4), "first": (n, 2)}).items():
            if getattr(self, name).shape != shape:
                raise ValueError(f"{name} must have the shape {shape}, it has {getattr(self, name).shape}.")

    @property
    def count(self) -> int:
        """Number of objects."""
        return self.pixels.size


@njit(**RULE)
def _run_end(labels: Any, y: Any, x: Any, stop: Any) -> Any:
    """Column after the run of equal labels that starts at (y, x)."""
    end = x + 1
    while end < stop and labels[y, end] == labels[y, x]:
        end += 1
    return end


@njit(**RULE)
def _run_values(values: Any, band: Any, y: Any, x: Any, end: Any) -> Any:
    """Total, minimum and maximum of one band over a run."""
    total = np.int64(0)
    lowest = np.int64(values[band, y, x])
    highest = lowest
    for i in range(x, end):
        value = np.int64(values[band, y, i])
        total += value
        lowest = value if value < lowest else lowest
        highest = value if value > highest else highest
    return total, lowest, highest


@njit(**RULE, nogil=True)
def _add_rows(labels: Any, values: Any, start: Any, stop: Any, table: Any) -> Any:
    """Add the rows start..stop to a table; False if a label has no place in it."""
    width = labels.shape[1]
    for y in range(start, stop):
        x = 0
        while x < width:
            if labels[y, x] == 0:
                x += 1
                continue
            end = _run_end(labels, y, x, width)
            n = labels[y, x] - 1
            if n < 0 or n >= table.shape[0]:
                return False
            table[n, _PIXELS] += end - x
            table[n, _TOP] = min(table[n, _TOP], y)
            table[n, _LEFT] = min(table[n, _LEFT], x)
            table[n, _BOTTOM] = max(table[n, _BOTTOM], y + 1)
            table[n, _RIGHT] = max(table[n, _RIGHT], end)
            table[n, _FIRST] = min(table[n, _FIRST], y * width + x)
            for band in range(values.shape[0]):
                total, lowest, highest = _run_values(values, band, y, x, end)
                column = _BANDS + 3 * band
                table[n, column] += total
                table[n, column + 1] = min(table[n, column + 1], lowest)
                table[n, column + 2] = max(table[n, column + 2], highest)
            x = end
    return True


@njit(**LOOP)
def _add_parts(labels: Any, values: Any, tables: Any, known: Any) -> None:
    height, parts = labels.shape[0], tables.shape[0]
    for part in prange(parts):
        known[part] = _add_rows(labels, values, part * height // parts, (part + 1) * height // parts, tables[part])


@cuda.jit(cache=True)
def _add_cuda(labels: Any, values: Any, table: Any, known: Any) -> None:
    """One thread a run of equal labels, cut at multiples of `_CHUNK`, so that an object costs few atomics."""
    x, y = cuda.grid(2)
    height, width = labels.shape
    if y >= height or x >= width or labels[y, x] == 0:
        return
    if x % _CHUNK != 0 and labels[y, x - 1] == labels[y, x]:
        return
    n = labels[y, x] - 1
    if n < 0 or n >= table.shape[0]:
        known[0] = False
        return
    stop = (x // _CHUNK + 1) * _CHUNK
    end = _run_end(labels, y, x, stop if stop < width else width)
    cuda.atomic.add(table, (n, _PIXELS), end - x)
    cuda.atomic.min(table, (n, _TOP), y)
    cuda.atomic.min(table, (n, _LEFT), x)
    cuda.atomic.max(table, (n, _BOTTOM), y + 1)
    cuda.atomic.max(table, (n, _RIGHT), end)
    cuda.atomic.min(table, (n, _FIRST), y * width + x)
    for band in range(values.shape[0]):
        total, lowest, highest = _run_values(values, band, y, x, end)
        column = _BANDS + 3 * band
        cuda.atomic.add(table, (n, column), total)
        cuda.atomic.min(table, (n, column + 1), lowest)
        cuda.atomic.max(table, (n, column + 2), highest)


def object_stats(
    labels: npt.NDArray[np.int32],
    count: int,
    values: npt.NDArray[np.integer[Any]],
    *,
    row: int = 0,
    col: int = 0,
    device: Device = "cpu",
) -> ObjectStats:
    """Count, add up and bound the pixels of every object.

    Parameters
    ----------
    labels : numpy.ndarray
        int32, shape (y, x): 0 for background; each of 1..count occurs, as in the result of `label`.
    count : int
        Number of objects.
    values : numpy.ndarray
        Integers that int64 holds, shape (band, y, x), at least one band. Scores are quantised before, so that the
        order of addition cannot change a sum.
    row, col : int
        Position of pixel (0, 0) in the scene; positions in the result are in the scene.
    device : {'cpu', 'cuda'}
        Where to compute.

    Returns
    -------
    ObjectStats
        Entry ``i`` describes label ``i + 1``.

    Raises
    ------
    TypeError
        If `values` is not of integers that int64 holds.
    ValueError
        If the shapes differ, or the labels are not 1..count.

    Examples
    --------
    >>> stats = object_stats(np.array([[1, 1, 0, 2]], np.int32), 2, np.array([[[3, 4, 9, 5]]]), row=10)
    >>> stats.pixels, stats.total, stats.bbox
    (array([2, 1]), array([[7, 5]]), array([[10,  0, 11,  2], [10,  3, 11,  4]]))
    """
    labels, values = check_plane("labels", labels, (np.dtype(np.int32),)), np.ascontiguousarray(values)
    if values.dtype.kind not in "iu" or values.dtype == np.uint64:
        raise TypeError(f"'values' must be integers that int64 holds, not {values.dtype}; quantise them first.")
    if values.ndim != 3 or values.shape[0] == 0 or values.shape[1:] != labels.shape:
        raise ValueError(f"'values' must be (band, y, x) on the pixels of 'labels' {labels.shape}, not {values.shape}.")

    bands = values.shape[0]
    empty = np.array([0, _HIGHEST, _HIGHEST, _LOWEST, _LOWEST, _HIGHEST] + [0, _HIGHEST, _LOWEST] * bands, np.int64)
    add = _table_on_cuda if resolve_device(device) == "cuda" else _table_on_cpu
    table, known = add(labels, values, np.tile(empty, (count, 1)))
    if not known or not table[:, _PIXELS].all():
        raise ValueError(f"'labels' must be 0 and each of 1 to {count}; give the labels and the count of one call.")

    first = np.stack(np.divmod(table[:, _FIRST], labels.shape[1]), axis=1)
    return ObjectStats(
        pixels=table[:, _PIXELS].copy(),
        total=table[:, _BANDS::3].T.copy(),
        minimum=table[:, _BANDS + 1 :: 3].T.copy(),
        maximum=table[:, _BANDS + 2 :: 3].T.copy(),
        bbox=table[:, _TOP : _RIGHT + 1] + np.array([row, col, row, col]),
        first=first + np.array([row, col]),
    )


def _table_on_cpu(labels: Any, values: Any, table: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int64], bool]:
    # A table for each thread, unless there are so many objects that the tables would outgrow the image.
    parts = max(1, min(get_num_threads(), labels.size // max(1, table.size)))
    tables = np.repeat(table[np.newaxis], parts, axis=0)
    known = np.ones(parts, np.bool_)
    _add_parts(labels, values, tables, known)
    merged = tables.min(axis=0)
    added = [_PIXELS, *range(_BANDS, table.shape[1], 3)]
    highest = [_BOTTOM, _RIGHT, *range(_BANDS + 2, table.shape[1], 3)]
    merged[:, added] = tables[:, :, added].sum(axis=0)
    merged[:, highest] = tables[:, :, highest].max(axis=0)
    return merged, bool(known.all())


def _table_on_cuda(labels: Any, values: Any, table: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int64], bool]:
    if table.size == 0:
        return table, not labels.any()
    known = np.ones(1, np.bool_)
    blocks, threads = launch_grid(*labels.shape)
    table_there, known_there = cuda.to_device(table), cuda.to_device(known)
    _add_cuda[blocks, threads](cuda.to_device(labels), cuda.to_device(values), table_there, known_there)
    return table_there.copy_to_host(), bool(known_there.copy_to_host()[0])
