"""Statistics of labelled objects, in integers: sums of blocks merge to exactly the sums of the whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import cuda, njit

from rs_kernels._check import check_plane
from rs_kernels._device import RULE, Device, launch_grid, resolve_device

_HIGHEST = np.iinfo(np.int64).max
_LOWEST = np.iinfo(np.int64).min

# One row of the table an object: the columns below; on CUDA then total, minimum and maximum of each band.
_PIXELS, _TOP, _LEFT, _BOTTOM, _RIGHT, _FIRST, _BANDS = 0, 1, 2, 3, 4, 5, 6
_EMPTY = (0, _HIGHEST, _HIGHEST, _LOWEST, _LOWEST, _HIGHEST)
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


# The CPU form lists the runs once: looking for objects, a tenth or less of a block, takes longer than adding them up. So
# each layer is read where it lies, in its own type, whatever its strides. It runs in one thread: most calls are of a
# millisecond or less, of which starting the others takes half.


@njit(**RULE, nogil=True)
def _count_runs(labels: Any, counts: Any) -> None:
    for y in range(labels.shape[0]):
        count = np.int64(labels[y, 0] != 0)
        for x in range(1, labels.shape[1]):
            count += (labels[y, x] != 0) & (labels[y, x] != labels[y, x - 1])
        counts[y] = count


@njit(**RULE, nogil=True)
def _list_runs(labels: Any, starts: Any, runs: Any) -> None:
    """List row, first column, column after the last, and index of the object of every run."""
    width = labels.shape[1]
    for y in range(labels.shape[0]):
        x = 0
        for run in range(starts[y], starts[y + 1]):
            while labels[y, x] == 0:
                x += 1
            end = _run_end(labels, y, x, width)
            runs[run, 0], runs[run, 1], runs[run, 2], runs[run, 3] = y, x, end, labels[y, x] - 1
            x = end


@njit(**RULE, nogil=True)
def _bound(runs: Any, width: Any, table: Any) -> Any:
    """Count and bound the pixels of each object; False if a run has no place in the table."""
    for run in range(runs.shape[0]):
        y, x, end, n = np.int64(runs[run, 0]), runs[run, 1], runs[run, 2], runs[run, 3]
        if n < 0 or n >= table.shape[0]:
            return False
        table[n, _PIXELS] += end - x
        table[n, _TOP] = min(table[n, _TOP], y)
        table[n, _LEFT] = min(table[n, _LEFT], x)
        table[n, _BOTTOM] = max(table[n, _BOTTOM], y + 1)
        table[n, _RIGHT] = max(table[n, _RIGHT], end)
        table[n, _FIRST] = min(table[n, _FIRST], y * width + x)
    return True


@njit(**RULE, nogil=True)
def _add_runs(runs: Any, values: Any, totals: Any, minima: Any, maxima: Any) -> None:
    for band in range(values.shape[0]):
        for run in range(runs.shape[0]):
            n = runs[run, 3]
            total, lowest, highest = _run_values(values, band, runs[run, 0], runs[run, 1], runs[run, 2])
            totals[band, n] += total
            minima[band, n] = min(minima[band, n], lowest)
            maxima[band, n] = max(maxima[band, n], highest)


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
    values: npt.NDArray[np.integer[Any]] | Sequence[npt.NDArray[np.integer[Any]]],
    *,
    row: int = 0,
    col: int = 0,
    device: Device = "cpu",
) -> ObjectStats:
    """Count, add up and bound the pixels of every object.

    Parameters
    ----------
    labels : numpy.ndarray
        int32, shape (y, x): 0 for background; each of 1..count occurs, as `label_listed` numbers them.
    count : int
        Number of objects.
    values : numpy.ndarray or sequence of them
        Integers that int64 holds, shape (band, y, x), at least one band; the bands of several arrays follow one
        another. Scores are quantised before, so that the order of addition cannot change a sum.
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
    labels = check_plane("labels", labels, (np.dtype(np.int32),))
    layers = (values,) if isinstance(values, np.ndarray) else tuple(values)
    if not layers:
        raise ValueError("'values' must be at least one array.")
    for layer in layers:
        if layer.dtype.kind not in "iu" or layer.dtype == np.uint64:
            raise TypeError(f"'values' must be integers that int64 holds, not {layer.dtype}; quantise them first.")
        if layer.ndim != 3 or layer.shape[0] == 0 or layer.shape[1:] != labels.shape:
            raise ValueError(
                f"'values' must be (band, y, x) on the pixels of 'labels' {labels.shape}, not {layer.shape}."
            )

    find = _on_cuda if resolve_device(device) == "cuda" else _on_cpu
    table, (total, minimum, maximum), known = find(labels, count, layers)
    if not known or not table[:, _PIXELS].all():
        raise ValueError(f"'labels' must be 0 and each of 1 to {count}; give the labels and the count of one call.")

    first = np.stack(np.divmod(table[:, _FIRST], labels.shape[1]), axis=1)
    return ObjectStats(
        pixels=table[:, _PIXELS].copy(),
        total=total,
        minimum=minimum,
        maximum=maximum,
        bbox=table[:, _TOP : _RIGHT + 1] + np.array([row, col, row, col]),
        first=first + np.array([row, col]),
    )


_Found = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], bool]
"""Table (object, column), sums and extremes (3, band, object), and whether every label had a place."""


def _on_cpu(labels: Any, count: int, layers: Sequence[Any]) -> _Found:
    starts = np.zeros(labels.shape[0] + 1, np.int64)
    _count_runs(labels, starts[1:])
    np.cumsum(starts, out=starts)
    runs = np.empty((starts[-1], 4), np.int32)
    _list_runs(labels, starts, runs)
    table = np.tile(np.array(_EMPTY, np.int64), (count, 1))
    sums = np.empty((3, sum(layer.shape[0] for layer in layers), count), np.int64)
    sums[0], sums[1], sums[2] = 0, _HIGHEST, _LOWEST
    if not _bound(runs, labels.shape[1], table):
        return table, sums, False
    bands = 0
    for layer in layers:
        part = sums[:, bands : bands + layer.shape[0]]
        _add_runs(runs, layer, part[0], part[1], part[2])
        bands += layer.shape[0]
    return table, sums, True


def _on_cuda(labels: Any, count: int, layers: Sequence[Any]) -> _Found:
    bands = sum(layer.shape[0] for layer in layers)
    table = np.tile(np.array([*_EMPTY, *[0, _HIGHEST, _LOWEST] * bands], np.int64), (count, 1))
    known = np.array([count > 0 or not labels.any()])
    if count > 0:
        values = np.ascontiguousarray(layers[0] if len(layers) == 1 else np.concatenate(layers, dtype=np.int64))
        blocks, threads = launch_grid(*labels.shape)
        table_there, known_there = cuda.to_device(table), cuda.to_device(known)
        _add_cuda[blocks, threads](cuda.to_device(labels), cuda.to_device(values), table_there, known_there)
        table_there.copy_to_host(table)
        known_there.copy_to_host(known)
    sums = np.ascontiguousarray(table[:, _BANDS:].reshape(count, bands, 3).transpose(2, 1, 0))
    return table, sums, bool(known[0])
