"""Connected components of a mask, 8-connected, numbered in reading order.

The CPU form works on runs of True along rows, since there are far fewer of them than pixels: only uniting the runs that
touch goes one after the other. The CUDA form unites pixels, since a thread can find its own.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import cuda, njit, prange

from rs_kernels._check import check_plane
from rs_kernels._device import LOOP, RULE, Device, launch_grid, resolve_device

_LINE_THREADS = 128


@njit(**LOOP)
def _count_runs(mask: Any, counts: Any) -> None:
    for y in prange(mask.shape[0]):
        count = np.int64(mask[y, 0])
        for x in range(1, mask.shape[1]):
            count += mask[y, x] > mask[y, x - 1]
        counts[y] = count


@njit(**LOOP)
def _list_runs(mask: Any, row_starts: Any, runs: Any) -> None:
    width = mask.shape[1]
    for y in prange(mask.shape[0]):
        x = 0
        for run in range(row_starts[y], row_starts[y + 1]):
            while not mask[y, x]:
                x += 1
            runs[run, 0] = x
            while x < width and mask[y, x]:
                x += 1
            runs[run, 1] = x


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


@njit(**LOOP)
def _write_runs(row_starts: Any, runs: Any, number: Any, labels: Any) -> None:
    for y in prange(labels.shape[0]):
        labels[y, :] = 0
        for run in range(row_starts[y], row_starts[y + 1]):
            labels[y, runs[run, 0] : runs[run, 1]] = number[run]


@cuda.jit(cache=True)
def _seed_cuda(mask: Any, root: Any) -> None:
    x, y = cuda.grid(2)
    if y < mask.shape[0] and x < mask.shape[1]:
        pixel = y * mask.shape[1] + x
        root[pixel] = pixel if mask[y, x] else -1


@cuda.jit(device=True)
def _unite_cuda(root: Any, a: Any, b: Any) -> None:
    """Hang the later of two roots below the earlier; if another thread moved it meanwhile, follow and try again."""
    while True:
        while root[a] != a:
            a = root[a]
        while root[b] != b:
            b = root[b]
        if a == b:
            return
        if a < b:
            a, b = b, a
        seen = cuda.atomic.min(root, a, b)
        if seen == a:
            return
        a = seen


@cuda.jit(cache=True)
def _merge_cuda(mask: Any, root: Any) -> None:
    x, y = cuda.grid(2)
    height, width = mask.shape
    if y >= height or x >= width or not mask[y, x]:
        return
    pixel = y * width + x
    if x > 0 and mask[y, x - 1]:
        _unite_cuda(root, pixel, pixel - 1)
    if y > 0:
        if mask[y - 1, x]:
            # North touches north-west and north-east itself.
            _unite_cuda(root, pixel, pixel - width)
        else:
            if x > 0 and mask[y - 1, x - 1]:
                _unite_cuda(root, pixel, pixel - width - 1)
            if x + 1 < width and mask[y - 1, x + 1]:
                _unite_cuda(root, pixel, pixel - width + 1)


@cuda.jit(cache=True)
def _collect_roots_cuda(root: Any, roots: Any, used: Any) -> None:
    pixel = cuda.grid(1)
    if pixel < root.size and root[pixel] == pixel:
        slot = cuda.atomic.add(used, 0, 1)
        if slot < roots.size:
            roots[slot] = pixel


@cuda.jit(cache=True)
def _number_roots_cuda(roots: Any, labels: Any) -> None:
    k = cuda.grid(1)
    if k < roots.size:
        labels[roots[k]] = k + 1


@cuda.jit(cache=True)
def _spread_cuda(root: Any, labels: Any) -> None:
    pixel = cuda.grid(1)
    if pixel < root.size:
        top = root[pixel]
        if top < 0:
            labels[pixel] = 0
        elif top != pixel:
            # Roots hold their number already, all others only read it.
            while root[top] != top:
                top = root[top]
            labels[pixel] = labels[top]


def label(mask: npt.NDArray[np.bool_], *, device: Device = "cpu") -> tuple[npt.NDArray[np.int32], int]:
    """Label the 8-connected components of a mask.

    Parameters
    ----------
    mask : numpy.ndarray
        Boolean, shape (y, x), fewer than 2**31 pixels.
    device : {'cpu', 'cuda'}
        Where to compute.

    Returns
    -------
    labels : numpy.ndarray
        int32, shape (y, x): 0 for background, 1..count for the components in the reading order (by row, then by
        column) of their first pixels. The numbers are the same on every device.
    count : int
        Number of components.

    Raises
    ------
    ValueError
        If `mask` is too large.

    References
    ----------
    Playne, D. P., & Hawick, K. (2018). A new algorithm for parallel connected-component labelling on GPUs. IEEE
    Transactions on Parallel and Distributed Systems, 29(6), 1217-1230.

    Examples
    --------
    >>> label(np.array([[False, True, False, True], [True, False, False, True]]))
    (array([[0, 1, 0, 2],
           [1, 0, 0, 2]], dtype=int32), 2)
    """
    mask = check_plane("mask", mask, (np.dtype(np.bool_),))
    if mask.size >= 2**31:
        raise ValueError(f"'mask' must have fewer than 2**31 pixels, not {mask.size}; label it block by block.")
    return _label_on_cuda(mask) if resolve_device(device) == "cuda" else _label_on_cpu(mask)


def label_listed(places: npt.NDArray[np.int64], shape: tuple[int, int]) -> tuple[npt.NDArray[np.int32], int]:
    """Label the 8-connected components of pixels that are listed: where few are True this looks at those alone.

    It runs on the CPU: uniting the runs is one step after another.

    Parameters
    ----------
    places : numpy.ndarray
        int64, shape (n,): numbers of the pixels in reading order, ascending, below the number of pixels.
    shape : (int, int)
        Rows and columns of the plane that they lie in.

    Returns
    -------
    labels : numpy.ndarray
        int32, shape (n,): 1..count, as `label` gives them.
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


def _label_on_cpu(mask: npt.NDArray[np.bool_]) -> tuple[npt.NDArray[np.int32], int]:
    row_starts = np.zeros(mask.shape[0] + 1, np.int64)
    _count_runs(mask, row_starts[1:])
    np.cumsum(row_starts, out=row_starts)
    runs = np.empty((row_starts[-1], 2), np.int32)
    _list_runs(mask, row_starts, runs)
    number = np.empty(row_starts[-1], np.int32)
    count = _number_runs(row_starts, runs, number)
    labels = np.empty(mask.shape, np.int32)
    _write_runs(row_starts, runs, number, labels)
    return labels, int(count)


def _label_on_cuda(mask: npt.NDArray[np.bool_]) -> tuple[npt.NDArray[np.int32], int]:
    grid = launch_grid(*mask.shape)
    line = (-(-mask.size // _LINE_THREADS), _LINE_THREADS)
    mask_there = cuda.to_device(mask)
    root = cuda.device_array(mask.size, np.int32)
    _seed_cuda[*grid](mask_there, root)
    _merge_cuda[*grid](mask_there, root)

    # A root is the first pixel of its component, and no two roots touch: at most one in each 2 x 2 cell.
    most = -(-mask.shape[0] // 2) * -(-mask.shape[1] // 2)
    found, used = cuda.device_array(most, np.int32), cuda.to_device(np.zeros(1, np.int32))
    _collect_roots_cuda[*line](root, found, used)
    count = int(used.copy_to_host()[0])
    labels = cuda.device_array(mask.size, np.int32)
    if count > 0:
        roots = cuda.to_device(np.sort(found[:count].copy_to_host()))
        _number_roots_cuda[-(-count // _LINE_THREADS), _LINE_THREADS](roots, labels)
    _spread_cuda[*line](root, labels)
    return labels.copy_to_host().reshape(mask.shape), count
