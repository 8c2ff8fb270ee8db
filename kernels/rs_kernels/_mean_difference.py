"""Length of the mean difference of two dates over a window: what stays when texture, noise and small shifts cancel.

Differences are rounded to 1/256 of their unit first, so that running sums are whole numbers and the value of a pixel
does not depend on where the block that holds it begins.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import cuda, njit, prange

from rs_kernels import _check
from rs_kernels._device import LOOP, RULE, Device, launch_grid, resolve_device
from rs_kernels._translate import _ROUNDER
from rs_kernels._window import add_up

MAX_RADIUS = 100

_F32 = np.float32
_ZERO = np.float32(0)
# Steps of a difference, and its bound: sums over the largest window stay below 2**31.
_STEPS = np.float32(256)
_BOUND = np.float32(127 * 256)
# A tile's sums stay in the first-level cache, its window in the second; a smaller one takes more halo.
_TILE_ROWS, _TILE_COLS = 128, 2048

# 1. The rules.


@njit(**RULE)
def _steps(before: Any, after: Any, gain: Any, offset: Any, weight: Any) -> Any:
    """Weighted difference in whole steps, bounded (NaN too); the weight holds the number of steps already."""
    difference = weight * (_F32(after) * gain + offset - _F32(before))
    difference = difference if difference < _BOUND else _BOUND
    difference = difference if difference > -_BOUND else -_BOUND
    return np.int32(difference + _ROUNDER - _ROUNDER)


@njit(**RULE)
def _squared(total: Any) -> Any:
    return _F32(total) * _F32(total)


@njit(**RULE)
def _length(squares: Any, bands: Any, count: Any) -> Any:
    """Root mean square over bands of the means, from the squares of the sums."""
    return math.sqrt(squares / bands) / (_F32(count) * _STEPS)


# 2. The CPU loop: tiles in parallel, whose rows and columns that lie outside of the image count as not valid. A window's
# rows are kept in steps, so that each is taken once and leaves as it came; sums of columns slide down, sums along the
# row are taken anew.


@njit(**RULE)
def _slide(before: Any, after: Any, valid: Any, factors: Any, kept: Any, columns: Any) -> None:
    """Put a row in the place of the one that leaves the window, and bring the sums of columns up to date."""
    gain, offset, weight = factors
    for x in range(columns.size):
        steps = _steps(before[x], after[x], gain, offset, weight)
        steps = steps if valid[x] else np.int32(0)
        columns[x] += steps - kept[x]
        kept[x] = steps


@njit(**RULE)
def _slide_count(valid: Any, kept: Any, columns: Any) -> None:
    for x in range(columns.size):
        columns[x] += np.int32(valid[x]) - np.int32(kept[x])
        kept[x] = valid[x]


@njit(**RULE)
def _slide_out(kept: Any, columns: Any) -> None:
    for x in range(columns.size):
        columns[x] -= kept[x]
        kept[x] = 0


@njit(**RULE)
def _add_squares(totals: Any, squares: Any) -> None:
    for x in range(squares.size):
        squares[x] += _squared(totals[x])


@njit(**RULE)
def _finish(squares: Any, bands: Any, count: Any, valid: Any, out: Any) -> None:
    for x in range(out.size):
        length = _length(squares[x], bands, count[x])
        out[x] = length if valid[x] else _ZERO


@njit(**RULE)
def _tile(before: Any, after: Any, valid: Any, factors: Any, radius: Any, y0: Any, x0: Any, out: Any) -> None:
    bands, height, width = before.shape
    y1, x1 = min(y0 + _TILE_ROWS, height), min(x0 + _TILE_COLS, width)
    first, last = max(x0 - radius, 0), min(x1 + radius, width)
    i, j = first - (x0 - radius), last - (x0 - radius)
    side = 2 * radius + 1
    kept = np.zeros((side, bands + 1, x1 - x0 + 2 * radius), np.int16)
    columns = np.zeros((bands + 1, x1 - x0 + 2 * radius), np.int32)
    work = np.empty((2, x1 - x0 + 2 * radius), np.int32)
    total, count = np.empty(x1 - x0, np.int32), np.empty(x1 - x0, np.int32)
    squares = np.empty(x1 - x0, np.float32)
    for newest in range(max(y0 - radius, 0), y1 + radius):
        oldest = kept[newest % side]
        for k in range(bands + 1):
            if newest >= height:
                _slide_out(oldest[k], columns[k])
            elif k == bands:
                _slide_count(valid[newest, first:last], oldest[k, i:j], columns[k, i:j])
            else:
                _slide(
                    before[k, newest, first:last],
                    after[k, newest, first:last],
                    valid[newest, first:last],
                    (factors[0, k], factors[1, k], factors[2, k]),
                    oldest[k, i:j],
                    columns[k, i:j],
                )
        y = newest - radius
        if y < y0:
            continue
        squares[:] = _ZERO
        for k in range(bands):
            add_up(columns[k], side, work, total)
            _add_squares(total, squares)
        add_up(columns[bands], side, work, count)
        _finish(squares, _F32(bands), count, valid[y, x0:x1], out[y, x0:x1])


@njit(**LOOP)
def _loop(before: Any, after: Any, valid: Any, factors: Any, radius: Any, out: Any) -> None:
    height, width = out.shape
    across = (width + _TILE_COLS - 1) // _TILE_COLS
    down = (height + _TILE_ROWS - 1) // _TILE_ROWS
    for i in prange(down * across):
        _tile(before, after, valid, factors, radius, i // across * _TILE_ROWS, i % across * _TILE_COLS, out)


# 3. The CUDA kernels: a thread for each pixel sums along the row, then one for each column of a strip goes down.


@cuda.jit(cache=True)
def _rows_cuda(before: Any, after: Any, valid: Any, factors: Any, radius: Any, sums: Any) -> None:
    x, y = cuda.grid(2)
    bands, height, width = before.shape
    if y >= height or x >= width:
        return
    for k in range(bands + 1):
        total = np.int32(0)
        for j in range(x - radius, x + radius + 1):
            if 0 <= j < width and valid[y, j]:
                if k == bands:
                    total += np.int32(1)
                else:
                    gain, offset, weight = factors[0, k], factors[1, k], factors[2, k]
                    total += _steps(before[k, y, j], after[k, y, j], gain, offset, weight)
        sums[k, y, x] = total


@cuda.jit(cache=True)
def _columns_cuda(sums: Any, valid: Any, radius: Any, out: Any) -> None:
    x, strip = cuda.grid(2)
    height, width = valid.shape
    bands = sums.shape[0] - 1
    y0 = strip * _TILE_ROWS
    y1 = y0 + _TILE_ROWS if y0 + _TILE_ROWS < height else height
    if y0 >= height or x >= width:
        return
    for y in range(y0, y1):
        out[y, x] = _ZERO
    # Band after band, so that one running sum is in flight; the count comes last and finishes the pixel.
    for k in range(bands + 1):
        total = np.int32(0)
        for newest in range(y0 - radius, y1 + radius):
            if 0 <= newest < height:
                total += sums[k, newest, x]
            y = newest - radius
            if y < y0:
                continue
            if k < bands:
                out[y, x] += _squared(total)
            else:
                out[y, x] = _length(out[y, x], _F32(bands), total) if valid[y, x] else _ZERO
            if y >= radius:
                total -= sums[k, y - radius, x]


# 4. The public function.


def mean_difference(
    before: _check.Array,
    after: _check.Array,
    valid: npt.NDArray[np.bool_],
    gain: npt.ArrayLike,
    offset: npt.ArrayLike,
    weight: npt.ArrayLike,
    *,
    radius: int,
    device: Device = "cpu",
    out: npt.NDArray[np.float32] | None = None,
) -> npt.NDArray[np.float32]:
    """Measure how far the means of two dates lie apart over a window.

    Parameters
    ----------
    before, after : ndarray, (band, y, x), uint8, uint16 or float32
        The two dates, 1 to 16 bands. May hold anything, NaN too, where `valid` is False.
    valid : ndarray, (y, x), bool
        True where both dates are usable; the means are over these pixels.
    gain, offset : array_like, (band,)
        Radiometric normalisation of `after`: ``after' = gain * after + offset``.
    weight : array_like, (band,)
        Factor of each band's difference; a difference is taken to 1/256 and bounded to 127 after that.
    radius : int
        Half the side of the square window, 0 to 100 pixels; a block needs a halo as wide.
    device : {"cpu", "cuda"}, optional
        Where to run; `cuda` raises `DeviceUnavailable` where there is none.
    out : ndarray, (y, x), float32, optional
        Filled and returned.

    Returns
    -------
    ndarray, (y, x), float32
        Root mean square over bands of the windows' mean ``weight * (after' - before)``; 0 where `valid` is False.

    Examples
    --------
    >>> before, after = np.array([[[10, 10, 10]]], np.uint8), np.array([[[12, 8, 16]]], np.uint8)
    >>> mean_difference(before, after, np.ones((1, 3), bool), [1], [0], [1], radius=1)
    array([[0., 2., 2.]], dtype=float32)
    """
    before, after = _check.check_pair(before, after)
    bands, height, width = before.shape
    valid = _check.check_valid(valid, (height, width))
    radius = _check.check_radius(radius, MAX_RADIUS)
    factors = np.stack([
        _check.check_weights("gain", gain, (bands,)),
        _check.check_weights("offset", offset, (bands,)),
        _check.check_weights("weight", weight, (bands,)) * float(_STEPS),
    ]).astype(np.float32)
    out = _check.output(out, (height, width), np.float32)
    if resolve_device(device) == "cuda":
        _on_cuda(before, after, valid, factors, radius, out)
    else:
        _loop(before, after, valid, factors, radius, out)
    return out


def _on_cuda(before: Any, after: Any, valid: Any, factors: Any, radius: int, out: Any) -> None:
    bands, height, width = before.shape
    valid_there, out_there = cuda.to_device(valid), cuda.device_array(out.shape, np.float32)
    sums = cuda.device_array((bands + 1, height, width), np.int32)
    blocks, threads = launch_grid(height, width)
    _rows_cuda[blocks, threads](
        cuda.to_device(before), cuda.to_device(after), valid_there, cuda.to_device(factors), radius, sums
    )
    blocks, threads = launch_grid(-(-height // _TILE_ROWS), width)
    _columns_cuda[blocks, threads](sums, valid_there, radius, out_there)
    out_there.copy_to_host(out)
