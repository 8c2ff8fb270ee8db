"""Mean and spread of a score in a sliding window.

Sums are kept in whole numbers, where adding a row and taking it away again leaves nothing behind. So the value of a
pixel is the same wherever the block that holds it begins, which running sums of floats do not give.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import cuda, njit, prange

from rs_kernels import _check
from rs_kernels._device import LOOP, RULE, Device, launch_grid, resolve_device

# The spread multiplies a count by a sum of squares, of 16-bit numbers at most: up to this radius that fits an int64.
MAX_RADIUS = 100

_F32 = np.float32
_F64 = np.float64
_I64 = np.int64
_ZERO = np.float32(0)
_STRIP_ROWS = 128

# 1. The rule, from the count, sum and sum of squares of the window's valid pixels.


@njit(**RULE)
def _local(value: Any, count: Any, total: Any, squares: Any, floor: Any) -> Any:
    """Compute (value - mean) / max(deviation, floor), all multiplied by the count; only the mean if `floor` is 0."""
    if floor == 0.0:
        return _F32(_F64(total) / _F64(count))
    spread = math.sqrt(_F64(count * squares - total * total))
    least = count * floor
    return _F32(_F64(count * value - total) / (spread if spread > least else least))


# 2. The CPU loop: strips of rows in parallel. Sums of each column go down with the window, then one pass along the row
# adds them up. O(1) for each pixel: 240 Mpx/s a core for any radius.


@njit(**RULE)
def _add_row(values: Any, valid: Any, sign: Any, count: Any, total: Any, squares: Any) -> None:
    for x in range(values.size):
        use = sign if valid[x] else 0
        value = _I64(values[x])
        count[x] += use
        total[x] += use * value
        squares[x] += use * value * value


@njit(**RULE)
def _sum_along_row(columns: Any, radius: Any, out: Any) -> None:
    width = columns.size
    running = _I64(0)
    for x in range(min(radius, width)):
        running += columns[x]
    for x in range(width):
        if x + radius < width:
            running += columns[x + radius]
        if x > radius:
            running -= columns[x - radius - 1]
        out[x] = running


@njit(**RULE)
def _local_row(values: Any, valid: Any, count: Any, total: Any, squares: Any, floor: Any, out: Any) -> None:
    for x in range(out.size):
        local = _local(_I64(values[x]), count[x], total[x], squares[x], floor)
        out[x] = local if valid[x] else _ZERO


@njit(**RULE)
def _strip(score: Any, valid: Any, radius: Any, floor: Any, y0: Any, y1: Any, out: Any) -> None:
    height, width = score.shape
    columns = np.zeros((3, width), np.int64)
    window = np.empty((3, width), np.int64)
    for newest in range(max(y0 - radius, 0), y1 + radius):
        if newest < height:
            _add_row(score[newest], valid[newest], 1, columns[0], columns[1], columns[2])
        y = newest - radius
        if y < y0:
            continue
        for k in range(3):
            _sum_along_row(columns[k], radius, window[k])
        _local_row(score[y], valid[y], window[0], window[1], window[2], floor, out[y])
        if y >= radius:
            _add_row(score[y - radius], valid[y - radius], -1, columns[0], columns[1], columns[2])


@njit(**LOOP)
def _loop(score: Any, valid: Any, radius: Any, floor: Any, out: Any) -> None:
    height = score.shape[0]
    for i in prange((height + _STRIP_ROWS - 1) // _STRIP_ROWS):
        _strip(score, valid, radius, floor, i * _STRIP_ROWS, min((i + 1) * _STRIP_ROWS, height), out)


# 3. The CUDA kernels: one thread for each pixel sums along the row, then one thread for each column of a strip goes
# down, so that neighbouring threads read neighbouring sums.


@cuda.jit(cache=True)
def _rows_cuda(score: Any, valid: Any, radius: Any, sums: Any) -> None:
    x, y = cuda.grid(2)
    height, width = score.shape
    if y < height and x < width:
        count = total = squares = _I64(0)
        for j in range(x - radius, x + radius + 1):
            if 0 <= j < width and valid[y, j]:
                value = _I64(score[y, j])
                count += 1
                total += value
                squares += value * value
        sums[0, y, x], sums[1, y, x], sums[2, y, x] = count, total, squares


@cuda.jit(cache=True)
def _columns_cuda(score: Any, valid: Any, sums: Any, radius: Any, floor: Any, out: Any) -> None:
    x, strip = cuda.grid(2)
    height, width = score.shape
    y0 = strip * _STRIP_ROWS
    if y0 >= height or x >= width:
        return
    count = total = squares = _I64(0)
    for newest in range(y0 - radius, y0 + _STRIP_ROWS + radius):
        if 0 <= newest < height:
            count += sums[0, newest, x]
            total += sums[1, newest, x]
            squares += sums[2, newest, x]
        y = newest - radius
        if y < y0 or y >= height:
            continue
        out[y, x] = _local(_I64(score[y, x]), count, total, squares, floor) if valid[y, x] else _ZERO
        if y >= radius:
            count -= sums[0, y - radius, x]
            total -= sums[1, y - radius, x]
            squares -= sums[2, y - radius, x]


# 4. The public functions.


def local_norm(
    score: _check.Array,
    valid: npt.NDArray[np.bool_],
    *,
    radius: int,
    floor: float,
    device: Device = "cpu",
    out: npt.NDArray[np.float32] | None = None,
) -> npt.NDArray[np.float32]:
    """Tell by how many local standard deviations a score exceeds its surroundings.

    Parameters
    ----------
    score : ndarray, (y, x), uint8 or uint16
        Score in whole steps.
    valid : ndarray, (y, x), bool
        True where the score counts.
    radius : int
        Half the side of the square window, 0 to 100 pixels; a block needs a halo as wide.
    floor : float
        Least standard deviation to divide by, more than 0, in steps of the score: where nothing varies, nothing
        stands out.
    device : {"cpu", "cuda"}, optional
        Where to run; `cuda` raises `DeviceUnavailable` where there is none.
    out : ndarray, (y, x), float32, optional
        Filled and returned.

    Returns
    -------
    ndarray, (y, x), float32
        ``(score - mean) / max(standard deviation, floor)`` over the valid pixels of the window inside of the array,
        the pixel itself included; 0 where `valid` is False.

    Raises
    ------
    ValueError
        If `floor` is not a positive number.

    Examples
    --------
    >>> score = np.array([[2, 2, 8, 2]], np.uint8)
    >>> local_norm(score, np.ones((1, 4), bool), radius=1, floor=4.0)
    array([[ 0.  , -0.5 ,  1.  , -0.75]], dtype=float32)
    """
    if not (math.isfinite(floor) and floor > 0):
        raise ValueError(f"'floor' must be more than 0, not {floor}.")
    return _run(score, valid, radius, float(floor), device, out)


def local_mean(
    score: _check.Array,
    valid: npt.NDArray[np.bool_],
    radius: int,
    *,
    device: Device = "cpu",
    out: npt.NDArray[np.float32] | None = None,
) -> npt.NDArray[np.float32]:
    """Average a score over the valid pixels of a square window.

    Parameters
    ----------
    score : ndarray, (y, x), uint8 or uint16
        Score in whole steps.
    valid : ndarray, (y, x), bool
        True where the score counts.
    radius : int
        Half the side of the square window, 0 to 100 pixels; a block needs a halo as wide.
    device : {"cpu", "cuda"}, optional
        Where to run; `cuda` raises `DeviceUnavailable` where there is none.
    out : ndarray, (y, x), float32, optional
        Filled and returned.

    Returns
    -------
    ndarray, (y, x), float32
        The mean, in steps of the score; 0 where `valid` is False.

    Examples
    --------
    >>> local_mean(np.array([[2, 4, 9]], np.uint8), np.array([[True, True, False]]), 1)
    array([[3., 3., 0.]], dtype=float32)
    """
    return _run(score, valid, radius, 0.0, device, out)


def _run(
    score: _check.Array,
    valid: npt.NDArray[np.bool_],
    radius: int,
    floor: float,
    device: Device,
    out: npt.NDArray[np.float32] | None,
) -> npt.NDArray[np.float32]:
    score = _check.check_plane("score", score, _check.SCORE_DTYPES)
    valid = _check.check_valid(valid, score.shape)
    radius = _check.check_radius(radius, MAX_RADIUS)
    out = _check.output(out, score.shape, np.float32)
    if resolve_device(device) == "cuda":
        _run_on_cuda(score, valid, radius, floor, out)
    else:
        _loop(score, valid, radius, floor, out)
    return out


def _run_on_cuda(
    score: _check.Array, valid: npt.NDArray[np.bool_], radius: int, floor: float, out: npt.NDArray[np.float32]
) -> None:
    height, width = score.shape
    on_device = cuda.to_device(score), cuda.to_device(valid)
    sums = cuda.device_array((3, height, width), np.int64)
    result = cuda.device_array(out.shape, out.dtype)
    blocks, threads = launch_grid(height, width)
    _rows_cuda[blocks, threads](*on_device, radius, sums)
    blocks, threads = launch_grid(-(-height // _STRIP_ROWS), width)
    _columns_cuda[blocks, threads](*on_device, sums, radius, floor, result)
    result.copy_to_host(out)
