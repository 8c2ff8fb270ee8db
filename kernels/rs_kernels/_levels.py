"""Levels of a score that each pixel reaches, each cleaned of what is narrower than a square.

The opening of a plane of numbers is that of all its levels at once: where it exceeds a level, the mask of that level
survives its own opening.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import cuda, njit, prange

from rs_kernels import _check
from rs_kernels._device import LOOP, RULE, Device, launch_grid, resolve_device

MAX_RADIUS = 4

# A tile's rows stay in the first-level cache.
_TILE_ROWS, _TILE_COLS = 64, 2048


def levels_halo(radius: int) -> int:
    """Tell how far, in pixels, the result of `levels_reached` at a pixel depends on its surroundings.

    Parameters
    ----------
    radius : int
        As for `levels_reached`.

    Returns
    -------
    int
        Halo in pixels.

    Examples
    --------
    >>> levels_halo(2)
    4
    """
    return 2 * radius


# 1. The rule: what is not observed, 255, becomes 0 and lies below every level, and all else moves up by one.


@njit(**RULE)
def _raised(score: Any) -> Any:
    return np.uint8((np.int64(score) + 1) & 255)


# 2. The CPU loop: tiles in parallel. The lowest of each square is taken along the columns, then along the row; then the
# highest of the squares that hold a pixel along the row, then along the columns.


@njit(**RULE)
def _raise_row(score: Any, out: Any) -> None:
    for x in range(out.size):
        out[x] = _raised(score[x])


@njit(**RULE)
def _lower(values: Any, out: Any) -> None:
    for x in range(out.size):
        out[x] = values[x] if values[x] < out[x] else out[x]


@njit(**RULE)
def _heighten(values: Any, out: Any) -> None:
    for x in range(out.size):
        out[x] = values[x] if values[x] > out[x] else out[x]


@njit(**RULE)
def _count(opened: Any, level: Any, out: Any) -> None:
    for x in range(out.size):
        out[x] += opened[x] > level


@njit(**RULE)
def _tile(score: Any, levels: Any, radius: Any, y0: Any, x0: Any, out: Any) -> None:
    height, width = score.shape
    y1, x1 = min(y0 + _TILE_ROWS, height), min(x0 + _TILE_COLS, width)
    reach = 2 * radius
    # Squares are named by their first pixel; those that hold a pixel of the tile and lie within the plane.
    top, left = max(y0 - reach, 0), max(x0 - reach, 0)
    bottom, right = min(y1, height - reach), min(x1, width - reach)
    raised = np.empty((bottom - top + reach, right - left + reach), np.uint8)
    squares = np.zeros((bottom - top, x1 - x0), np.uint8)
    low, lowest = np.empty(raised.shape[1], np.uint8), np.empty(right - left, np.uint8)
    opened = np.empty(x1 - x0, np.uint8)
    for y in range(raised.shape[0]):
        _raise_row(score[top + y, left : right + reach], raised[y])
    for y in range(squares.shape[0]):
        low[:] = raised[y]
        for k in range(1, reach + 1):
            _lower(raised[y + k], low)
        lowest[:] = low[: lowest.size]
        for k in range(1, reach + 1):
            _lower(low[k : k + lowest.size], lowest)
        for k in range(reach + 1):
            # The square at column left + i holds column left + i + k of the plane.
            first, last = max(left + k, x0), min(right + k, x1)
            if first < last:
                _heighten(lowest[first - left - k : last - left - k], squares[y, first - x0 : last - x0])
    for y in range(y0, y1):
        opened[:] = 0
        for square in range(max(y - reach, top), min(y + 1, bottom)):
            _heighten(squares[square - top], opened)
        out[y, x0:x1] = 0
        for level in levels:
            _count(opened, level, out[y, x0:x1])


@njit(**LOOP)
def _loop(score: Any, levels: Any, radius: Any, out: Any) -> None:
    height, width = out.shape
    across = (width + _TILE_COLS - 1) // _TILE_COLS
    down = (height + _TILE_ROWS - 1) // _TILE_ROWS
    for i in prange(down * across):
        _tile(score, levels, radius, i // across * _TILE_ROWS, i % across * _TILE_COLS, out)


# 3. The CUDA kernels: one thread for each square, then one for each pixel.


@cuda.jit(cache=True)
def _squares_cuda(score: Any, radius: Any, squares: Any) -> None:
    x, y = cuda.grid(2)
    reach = 2 * radius
    if y >= score.shape[0] or x >= score.shape[1]:
        return
    lowest = np.uint8(0)
    if y + reach < score.shape[0] and x + reach < score.shape[1]:
        lowest = np.uint8(255)
        for i in range(y, y + reach + 1):
            for j in range(x, x + reach + 1):
                value = _raised(score[i, j])
                lowest = value if value < lowest else lowest
    squares[y, x] = lowest


@cuda.jit(cache=True)
def _levels_cuda(squares: Any, levels: Any, radius: Any, out: Any) -> None:
    x, y = cuda.grid(2)
    reach = 2 * radius
    if y >= out.shape[0] or x >= out.shape[1]:
        return
    opened = np.uint8(0)
    for i in range(y - reach if y > reach else 0, y + 1):
        for j in range(x - reach if x > reach else 0, x + 1):
            opened = squares[i, j] if squares[i, j] > opened else opened
    depth = np.uint8(0)
    for k in range(levels.size):
        depth += np.uint8(opened > levels[k])
    out[y, x] = depth


# 4. The public function.


def levels_reached(
    score: npt.NDArray[np.uint8],
    levels: Sequence[int] | npt.NDArray[Any],
    *,
    radius: int,
    device: Device = "cpu",
    out: npt.NDArray[np.uint8] | None = None,
) -> npt.NDArray[np.uint8]:
    """Count the levels that each pixel reaches, each without threads and specks.

    A pixel reaches a level where a square of ``2 * radius + 1`` pixels that holds it, and lies within the plane,
    reaches it with all its pixels.

    Parameters
    ----------
    score : ndarray, (y, x), uint8
        0 to 250 as `context_score` gives it, 255 where not observed: there no level is reached.
    levels : sequence of int
        Scores from 0 to 250.
    radius : int
        Half the side of the square, 0 (nothing is cleaned) to 4 pixels; a block needs `levels_halo` of it.
    device : {"cpu", "cuda"}, optional
        Where to run; `cuda` raises `DeviceUnavailable` where there is none.
    out : ndarray, (y, x), uint8, optional
        Filled and returned.

    Returns
    -------
    ndarray, (y, x), uint8
        How many of the levels each pixel reaches.

    Raises
    ------
    ValueError
        If a level or the radius is not one of those above.

    References
    ----------
    Serra, J. (1982). Image Analysis and Mathematical Morphology. Academic Press.

    Examples
    --------
    >>> score = np.array([[9, 9, 9, 0, 9], [9, 9, 9, 0, 0], [5, 5, 9, 0, 255]], np.uint8)
    >>> levels_reached(score, [5, 9], radius=1)
    array([[1, 1, 1, 0, 0],
           [1, 1, 1, 0, 0],
           [1, 1, 1, 0, 0]], dtype=uint8)
    >>> levels_reached(score, [5, 9], radius=0)[2]
    array([1, 1, 2, 0, 0], dtype=uint8)
    """
    score = _check.check_plane("score", score, (np.dtype(np.uint8),))
    steps = np.asarray(levels)
    if steps.ndim != 1 or steps.dtype.kind not in "iu" or not ((steps >= 0) & (steps <= 250)).all():
        raise ValueError(f"'levels' must be whole numbers from 0 to 250, not {levels!r}.")
    steps = steps.astype(np.uint8)
    radius = _check.check_radius(radius, MAX_RADIUS)
    out = _check.output(out, score.shape, np.uint8)
    if min(score.shape) <= 2 * radius:
        out[:] = 0
    elif resolve_device(device) == "cuda":
        _run_on_cuda(score, steps, radius, out)
    else:
        _loop(score, steps, radius, out)
    return out


def _run_on_cuda(
    score: npt.NDArray[np.uint8], levels: npt.NDArray[np.uint8], radius: int, out: npt.NDArray[np.uint8]
) -> None:
    blocks, threads = launch_grid(*score.shape)
    squares, result = (cuda.device_array(score.shape, np.uint8) for _ in range(2))
    _squares_cuda[blocks, threads](cuda.to_device(score), radius, squares)
    _levels_cuda[blocks, threads](squares, cuda.to_device(levels), radius, result)
    result.copy_to_host(out)
