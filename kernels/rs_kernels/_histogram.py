"""Count values in bins, to find thresholds in."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import cuda, get_num_threads, njit, prange

from rs_kernels import _check
from rs_kernels._device import LOOP, RULE, Device, launch_grid, resolve_device

MAX_BINS = 65536

_F64 = np.float64

# 1. The rule.


@njit(**RULE)
def _bin(value: Any, low: Any, bins_per_unit: Any, bins: Any) -> Any:
    position = (_F64(value) - low) * bins_per_unit
    # Written so that a NaN, which `valid` should have excluded, lands in a bin and not outside of the array.
    if not position > 0.0:
        return 0
    if position >= bins:
        return bins - 1
    return int(position)


# 2. The CPU loop: each thread counts its share of the rows on its own. Sums of whole numbers are exact, so the number
# of threads does not show.


@njit(**RULE)
def _count_row(values: Any, valid: Any, low: Any, bins_per_unit: Any, counts: Any) -> None:
    for x in range(values.size):
        if valid[x]:
            counts[_bin(values[x], low, bins_per_unit, counts.size)] += 1


@njit(**LOOP)
def _loop(values: Any, valid: Any, low: Any, bins_per_unit: Any, parts: Any) -> None:
    height, shares = values.shape[0], parts.shape[0]
    for i in prange(shares):
        for y in range(height * i // shares, height * (i + 1) // shares):
            _count_row(values[y], valid[y], low, bins_per_unit, parts[i])


# 3. The CUDA kernel.


@cuda.jit(cache=True)
def _cuda(values: Any, valid: Any, low: Any, bins_per_unit: Any, counts: Any) -> None:
    x, y = cuda.grid(2)
    if y < values.shape[0] and x < values.shape[1] and valid[y, x]:
        cuda.atomic.add(counts, _bin(values[y, x], low, bins_per_unit, counts.size), 1)


# 4. The public function.


def histogram(
    values: _check.Array,
    valid: npt.NDArray[np.bool_],
    bins: int,
    *,
    lo: float | None = None,
    hi: float | None = None,
    device: Device = "cpu",
    out: npt.NDArray[np.int64] | None = None,
) -> npt.NDArray[np.int64]:
    """Count the valid values in bins of equal width.

    Parameters
    ----------
    values : ndarray, (y, x), uint8, uint16 or float32
        Numbers to count. May hold anything, NaN too, where `valid` is False.
    valid : ndarray, (y, x), bool
        True where a value counts.
    bins : int
        Number of bins, 1 to 65536.
    lo, hi : float, optional
        Lower edge of the first bin and upper edge of the last. Without them integers get one bin for each number from
        0 on; float32 values need them.
    device : {"cpu", "cuda"}, optional
        Where to run; `cuda` raises `DeviceUnavailable` where there is none.
    out : ndarray, (bins,), int64, optional
        Filled and returned.

    Returns
    -------
    ndarray, (bins,), int64
        Counts. Values below `lo` and from `hi` on are in the first and the last bin, so that the counts always sum to
        the number of valid pixels.

    Raises
    ------
    ValueError
        If the number of bins or their edges are out of range, or float32 values come without edges.

    Examples
    --------
    >>> histogram(np.array([[0, 1, 1, 9]], np.uint8), np.ones((1, 4), bool), 3)
    array([1, 2, 1])
    """
    values = _check.check_plane("values", values, _check.PIXEL_DTYPES)
    valid = _check.check_valid(valid, values.shape)
    if not 1 <= bins <= MAX_BINS:
        raise ValueError(f"'bins' must be 1 to {MAX_BINS}, not {bins}.")
    if values.dtype == np.float32 and (lo is None or hi is None):
        raise ValueError("'lo' and 'hi' must be given for float32 values, which have no natural bins.")
    low, high = 0.0 if lo is None else float(lo), float(bins) if hi is None else float(hi)
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise ValueError(f"'lo' and 'hi' must be finite with lo < hi, not {low} and {high}.")
    bins_per_unit = bins / (high - low)
    out = _check.output(out, (bins,), np.int64)
    if resolve_device(device) == "cuda":
        counts = cuda.to_device(np.zeros(bins, np.int64))
        blocks, threads = launch_grid(*values.shape)
        _cuda[blocks, threads](cuda.to_device(values), cuda.to_device(valid), low, bins_per_unit, counts)
        counts.copy_to_host(out)
    else:
        parts = np.zeros((get_num_threads(), bins), np.int64)
        _loop(values, valid, low, bins_per_unit, parts)
        np.sum(parts, axis=0, out=out)
    return out
