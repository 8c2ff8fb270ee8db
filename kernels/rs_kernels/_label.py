"""Connected components of listed pixels, 8-connected, numbered in reading order.

It works on runs along rows, since there are far fewer of them than pixels: only uniting the runs that touch goes one
after the other. Where few pixels of a block belong to objects, their list is a fraction of the block; so there is no form for
masks, and none for CUDA, to which a list would have to be carried for less work than that.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from rs_kernels._device import RULE


@njit(**RULE, nogil=True)
def _root(parent: Any, node: Any) -> Any:
    while parent[node] != node:
        parent[node] = parent[parent[node]]
        node = parent[node]
    return node


@njit(**RULE, nogil=True)
def _number_runs(row_starts: Any, runs: Any, number: Any) -> Any:
    """Number the components that the runs form; returns how many there are."""
    parent = number
    for run in range(number.size):
        parent[run] = run
    for y in range(1, row_starts.size - 1):
        above = row_starts[y - 1]
        for run in range(row_starts[y], row_starts[y + 1]):
            while above < row_starts[y] and runs[above, 1] < runs[run, 0]:
                above += 1
            other = above
            while other < row_starts[y] and runs[other, 0] <= runs[run, 1]:
                a, b = _root(parent, run), _root(parent, other)
                parent[max(a, b)] = min(a, b)
                other += 1
    # A parent comes before its children, so its number is there when they ask: the numbers are in reading order.
    count = 0
    for run in range(number.size):
        if parent[run] == run:
            count += 1
            number[run] = count
        else:
            number[run] = number[parent[run]]
    return count


def label_listed(places: npt.NDArray[np.int64], shape: tuple[int, int]) -> tuple[npt.NDArray[np.int32], int]:
    """Label the 8-connected components of pixels that are listed.

    Parameters
    ----------
    places : numpy.ndarray
        int64, shape (n,): numbers of the pixels in reading order, ascending, below the number of pixels.
    shape : (int, int)
        Rows and columns of the plane that they lie in.

    Returns
    -------
    labels : numpy.ndarray
        int32, shape (n,): 1..count, in the reading order (by row, then by column) of the components' first pixels.
    count : int
        Number of components.

    Raises
    ------
    ValueError
        If the pixels are not ascending or do not lie in the plane.

    Examples
    --------
    >>> label_listed(np.array([1, 3, 4, 7]), (2, 4))
    (array([1, 2, 1, 2], dtype=int32), 2)
    """
    if places.size == 0:
        return np.zeros(0, np.int32), 0
    steps = np.diff(places)
    if places[0] < 0 or places[-1] >= shape[0] * shape[1] or (steps <= 0).any():
        raise ValueError(f"'places' must be ascending numbers of pixels of a plane of {shape[0]} x {shape[1]}.")
    rows = places // shape[1]
    starts = np.flatnonzero(np.concatenate([[True], (steps != 1) | (rows[1:] != rows[:-1])]))
    lengths = np.diff(starts, append=places.size)
    first = places[starts] - rows[starts] * shape[1]
    runs = np.stack([first, first + lengths], axis=1).astype(np.int32)
    number = np.empty(starts.size, np.int32)
    count = _number_runs(np.searchsorted(rows[starts], np.arange(shape[0] + 1)), runs, number)
    return np.repeat(number, lengths), int(count)
