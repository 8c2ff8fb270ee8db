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
from rs_kernels._window import add_up

# The spread multiplies a count by a sum of squares, of 16-bit numbers at most: up to this radius that fits an int64.
MAX_RADIUS = 100

_F32 = np.float32
_F64 = np.float64
_I64 = np.int64
_ZERO = np.float32(0)
# A tile's sums stay in the first-level caches; a smaller tile takes more halo.
_TILE_ROWS, _TILE_COLS = 128, 2048

# 1. The rules, from the count, sum and sum of squares of the window's valid pixels.


@njit(**RULE)
def _mean(count: Any, total: Any, unit: Any) -> Any:
    return _F32(_F64(total) / _F64(count)) * unit


@njit(**RULE)
def _norm(value: Any, count: Any, total: Any, squares: Any, floor: Any) -> Any:
    """Compute (value - mean) / max(deviation, floor), all multiplied by the count."""
    spread = math.sqrt(_F64(count * squares - total * total))
    least = count * floor
    return _F32(_F64(count * value - total) / (spread if spread > least else least))


# 2. The CPU loop: tiles in parallel. Sums of each column slide down with the window, those along the row are taken
# anew. A mean does without the squares, and its sums of at most 201 x 201 values of 16 bits fit 32, those of up to 128
# columns with a sign.


@njit(**RULE)
def _add_row(values: Any, valid: Any, sign: Any, count: Any, total: Any) -> None:
    for x in range(values.size):
        use = sign if valid[x] else 0
        count[x] += use
        total[x] += use * np.int32(values[x])


@njit(**RULE)
def _add_squares(values: Any, valid: Any, sign: Any, squares: Any) -> None:
    for x in range(values.size):
        use = sign if valid[x] else 0
        squares[x] += use * (_I64(values[x]) * values[x])


@njit(**RULE)
def _mean_row(valid: Any, count: Any, total: Any, unit: Any, out: Any) -> None:
    for x in range(out.size):
        mean = _mean(count[x], total[x], unit)
        out[x] = mean if valid[x] else _ZERO


@njit(**RULE)
def _norm_row(values: Any, valid: Any, count: Any, total: Any, squares: Any, floor: Any, out: Any) -> None:
    for x in range(out.size):
        norm = _norm(_I64(values[x]), _I64(count[x]), _I64(total[x]), squares[x], floor)
        out[x] = norm if valid[x] else _ZERO


@njit(**RULE)
def _tile(score: Any, valid: Any, radius: Any, floor: Any, unit: Any, y0: Any, x0: Any, out: Any) -> None:
    height, width = score.shape
    y1, x1 = min(y0 + _TILE_ROWS, height), min(x0 + _TILE_COLS, width)
    first, last = max(x0 - radius, 0), min(x1 + radius, width)
    i, j = first - (x0 - radius), last - (x0 - radius)
    n, side = x1 - x0, 2 * radius + 1
    columns, columns_squared = np.zeros((2, n + 2 * radius), np.int32), np.zeros(n + 2 * radius, np.int64)
    work, work_squared = np.empty((2, n + 2 * radius), np.int32), np.empty((2, n + 2 * radius), np.int64)
    window, window_squared = np.empty((2, n), np.uint32), np.empty(n, np.int64)
    for newest in range(max(y0 - radius, 0), y1 + radius):
        for y, sign in ((newest, 1), (newest - side, -1)):
            if max(y0 - radius, 0) <= y < height:
                values, use = score[y, first:last], valid[y, first:last]
                _add_row(values, use, sign, columns[0, i:j], columns[1, i:j])
                if floor > 0:
                    _add_squares(values, use, sign, columns_squared[i:j])
        y = newest - radius
        if y < y0:
            continue
        add_up(columns[0], side, work, window[0])
        add_up(columns[1], side, work, window[1])
        if floor > 0:
            add_up(columns_squared, side, work_squared, window_squared)
            _norm_row(score[y, x0:x1], valid[y, x0:x1], window[0], window[1], window_squared, floor, out[y, x0:x1])
        else:
            _mean_row(valid[y, x0:x1], window[0], window[1], unit, out[y, x0:x1])


@njit(**LOOP)
def _loop(score: Any, valid: Any, radius: Any, floor: Any, unit: Any, out: Any) -> None:
    height, width = out.shape
    across = (width + _TILE_COLS - 1) // _TILE_COLS
    down = (height + _TILE_ROWS - 1) // _TILE_ROWS
    for i in prange(down * across):
        _tile(score, valid, radius, floor, unit, i // across * _TILE_ROWS, i % across * _TILE_COLS, out)


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
def _columns_cuda(score: Any, valid: Any, sums: Any, radius: Any, floor: Any, unit: Any, out: Any) -> None:
    x, strip = cuda.grid(2)
    height, width = score.shape
    y0 = strip * _TILE_ROWS
    if y0 >= height or x >= width:
        return
    count = total = squares = _I64(0)
    for newest in range(y0 - radius, y0 + _TILE_ROWS + radius):
        if 0 <= newest < height:
            count += sums[0, newest, x]
            total += sums[1, newest, x]
            squares += sums[2, newest, x]
        y = newest - radius
        if y < y0 or y >= height:
            continue
        if not valid[y, x]:
            out[y, x] = _ZERO
        elif floor > 0:
            out[y, x] = _norm(_I64(score[y, x]), count, total, squares, floor)
        else:
            out[y, x] = _mean(count, total, unit)
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
    return _run(score, valid, radius, device, out, floor=float(floor))


def local_mean(
    score: _check.Array,
    valid: npt.NDArray[np.bool_],
    radius: int,
    *,
    unit: float = 1.0,
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
    unit : float, optional
        What a step of the score stands for, more than 0.
    device : {"cpu", "cuda"}, optional
        Where to run; `cuda` raises `DeviceUnavailable` where there is none.
    out : ndarray, (y, x), float32, optional
        Filled and returned.

    Returns
    -------
    ndarray, (y, x), float32
        The mean times `unit`; 0 where `valid` is False.

    Raises
    ------
    ValueError
        If `unit` is not a positive number.

    Examples
    --------
    >>> local_mean(np.array([[2, 4, 9]], np.uint8), np.array([[True, True, False]]), 1)
    array([[3., 3., 0.]], dtype=float32)
    """
    if not (math.isfinite(unit) and unit > 0):
        raise ValueError(f"'unit' must be more than 0, not {unit}.")
    return _run(score, valid, radius, device, out, unit=float(unit))


def _run(
    score: _check.Array,
    valid: npt.NDArray[np.bool_],
    radius: int,
    device: Device,
    out: npt.NDArray[np.float32] | None,
    *,
    floor: float = 0.0,
    unit: float = 1.0,
) -> npt.NDArray[np.float32]:
    score = _check.check_plane("score", score, _check.SCORE_DTYPES)
    valid = _check.check_valid(valid, score.shape)
    radius = _check.check_radius(radius, MAX_RADIUS)
    out = _check.output(out, score.shape, np.float32)
    if resolve_device(device) == "cuda":
        _run_on_cuda(score, valid, radius, floor, _F32(unit), out)
    else:
        _loop(score, valid, radius, floor, _F32(unit), out)
    return out


def _run_on_cuda(
    score: _check.Array,
    valid: npt.NDArray[np.bool_],
    radius: int,
    floor: float,
    unit: np.float32,
    out: npt.NDArray[np.float32],
) -> None:
    height, width = score.shape
    on_device = cuda.to_device(score), cuda.to_device(valid)
    sums = cuda.device_array((3, height, width), np.int64)
    result = cuda.device_array(out.shape, out.dtype)
    blocks, threads = launch_grid(height, width)
    _rows_cuda[blocks, threads](*on_device, radius, sums)
    blocks, threads = launch_grid(-(-height // _TILE_ROWS), width)
    _columns_cuda[blocks, threads](*on_device, sums, radius, floor, unit, result)
    result.copy_to_host(out)
