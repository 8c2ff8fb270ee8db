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
from rs_kernels._local_norm import _sum_along_row

MAX_RADIUS = 100

_F32 = np.float32
_I64 = np.int64
_ZERO = np.float32(0)
# Steps of a difference, and its bound: sums over the largest window stay below 2**31.
_STEPS = np.float32(256)
_BOUND = np.float32(127 * 256)
_STRIP_ROWS = 128

# 1. The rules.


@njit(**RULE)
def _steps(before: Any, after: Any, gain: Any, offset: Any, weight: Any) -> Any:
    """Weighted difference in whole steps, bounded; the weight holds the number of steps already."""
    difference = weight * (_F32(after) * gain + offset - _F32(before))
    difference = difference if difference < _BOUND else _BOUND
    difference = difference if difference > -_BOUND else -_BOUND
    return np.rint(difference)


@njit(**RULE)
def _squared_mean(total: Any, count: Any) -> Any:
    mean = _F32(total) / (_F32(count) * _STEPS)
    return mean * mean


# 2. The CPU loop: strips of rows in parallel, sums of columns that slide down, one pass along the row for each band.


@njit(**RULE)
def _add_row(
    before: Any, after: Any, valid: Any, gain: Any, offset: Any, weight: Any, sign: Any, columns: Any
) -> None:
    for x in range(columns.size):
        steps = _steps(before[x], after[x], gain, offset, weight)
        columns[x] += sign * np.int32(steps) if valid[x] else np.int32(0)


@njit(**RULE)
def _count_row(valid: Any, sign: Any, columns: Any) -> None:
    for x in range(columns.size):
        columns[x] += sign if valid[x] else np.int32(0)


@njit(**RULE)
def _add_band(window: Any, count: Any, out: Any) -> None:
    for x in range(out.size):
        out[x] += _squared_mean(window[x], max(count[x], 1))


@njit(**RULE)
def _finish(valid: Any, bands: Any, out: Any) -> None:
    for x in range(out.size):
        length = np.sqrt(out[x] / bands)
        out[x] = length if valid[x] else _ZERO


@njit(**RULE)
def _strip(
    before: Any, after: Any, valid: Any, factors: Any, radius: Any, y0: Any, y1: Any, out: Any
) -> None:
    bands, height, width = before.shape
    columns = np.zeros((bands + 1, width), np.int32)
    window, count = np.empty(width, np.int32), np.empty(width, np.int32)
    one = np.int32(1)
    for newest in range(max(y0 - radius, 0), y1 + radius):
        y = newest - radius
        if newest < height:
            _count_row(valid[newest], one, columns[bands])
            for k in range(bands):
                gain, offset, weight = factors[0, k], factors[1, k], factors[2, k]
                _add_row(before[k, newest], after[k, newest], valid[newest], gain, offset, weight, one, columns[k])
        if y < y0:
            continue
        _sum_along_row(columns[bands], radius, count)
        out[y, :] = _ZERO
        for k in range(bands):
            _sum_along_row(columns[k], radius, window)
            _add_band(window, count, out[y])
        _finish(valid[y], _F32(bands), out[y])
        oldest = y - radius
        if oldest >= 0:
            _count_row(valid[oldest], -one, columns[bands])
            for k in range(bands):
                gain, offset, weight = factors[0, k], factors[1, k], factors[2, k]
                _add_row(before[k, oldest], after[k, oldest], valid[oldest], gain, offset, weight, -one, columns[k])


@njit(**LOOP)
def _loop(before: Any, after: Any, valid: Any, factors: Any, radius: Any, out: Any) -> None:
    height = before.shape[1]
    for i in prange((height + _STRIP_ROWS - 1) // _STRIP_ROWS):
        _strip(before, after, valid, factors, radius, i * _STRIP_ROWS, min((i + 1) * _STRIP_ROWS, height), out)


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
                    total += np.int32(_steps(before[k, y, j], after[k, y, j], gain, offset, weight))
        sums[k, y, x] = total


@cuda.jit(cache=True)
def _columns_cuda(sums: Any, valid: Any, radius: Any, out: Any) -> None:
    x, strip = cuda.grid(2)
    height, width = valid.shape
    bands = sums.shape[0] - 1
    y0 = strip * _STRIP_ROWS
    if y0 >= height or x >= width:
        return
    for y in range(y0, min(y0 + _STRIP_ROWS, height)):
        out[y, x] = _ZERO
    # Band after band, so that one running sum is in flight; counts are summed along with each.
    for k in range(bands):
        total = count = np.int32(0)
        for newest in range(y0 - radius, y0 + _STRIP_ROWS + radius):
            if 0 <= newest < height:
                total += sums[k, newest, x]
                count += sums[bands, newest, x]
            y = newest - radius
            if y < y0 or y >= height:
                continue
            out[y, x] += _squared_mean(total, count if count > 0 else 1)
            if y >= radius:
                total -= sums[k, y - radius, x]
                count -= sums[bands, y - radius, x]
    for y in range(y0, min(y0 + _STRIP_ROWS, height)):
        out[y, x] = math.sqrt(out[y, x] / _F32(bands)) if valid[y, x] else _ZERO


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
    factors = np.stack(
        [
            _check.check_weights("gain", gain, (bands,)),
            _check.check_weights("offset", offset, (bands,)),
            _check.check_weights("weight", weight, (bands,)) * float(_STEPS),
        ]
    ).astype(np.float32)
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
    blocks, threads = launch_grid(-(-height // _STRIP_ROWS), width)
    _columns_cuda[blocks, threads](sums, valid_there, radius, out_there)
    out_there.copy_to_host(out)
