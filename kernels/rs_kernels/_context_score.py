"""Change score of a pixel: the geometric mean of the change there and of the change around it, in steps of 1/250."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import cuda, njit, prange

from rs_kernels import _check
from rs_kernels._device import LOOP, RULE, Device, launch, resolve_device
from rs_kernels._translate import _ROUNDER

SCORE_STEPS = 250
SCORE_NODATA = 255

_F32 = np.float32
_MOST = np.float32(SCORE_STEPS)
_NODATA = np.uint8(SCORE_NODATA)

# 1. The rule. A square root is rounded the same way in every lane, which a power is not.


@njit(**RULE)
def _stepped(root: Any, scale: Any) -> Any:
    steps = root * scale
    return np.uint8((steps if steps < _MOST else _MOST) + _ROUNDER - _ROUNDER)


# 2. The CPU loop.


@njit(**RULE)
def _row(here: Any, around: Any, valid: Any, scale: Any, out: Any) -> None:
    for x in range(out.size):
        steps = _stepped(np.sqrt(here[x] * around[x]), scale)
        out[x] = steps if valid[x] else _NODATA


@njit(**LOOP)
def _loop(here: Any, around: Any, valid: Any, scale: Any, out: Any) -> None:
    for y in prange(out.shape[0]):
        _row(here[y], around[y], valid[y], scale, out[y])


# 3. The CUDA kernel.


@cuda.jit(cache=True)
def _cuda(here: Any, around: Any, valid: Any, scale: Any, out: Any) -> None:
    x, y = cuda.grid(2)
    if y < out.shape[0] and x < out.shape[1]:
        out[y, x] = _stepped(math.sqrt(here[y, x] * around[y, x]), scale) if valid[y, x] else _NODATA


# 4. The public function.


def context_score(
    here: npt.NDArray[np.float32],
    around: npt.NDArray[np.float32],
    valid: npt.NDArray[np.bool_],
    *,
    full: float,
    device: Device = "cpu",
    out: npt.NDArray[np.uint8] | None = None,
) -> npt.NDArray[np.uint8]:
    """Combine the change at each pixel with the change around it.

    Parameters
    ----------
    here, around : ndarray, (y, x), float32
        Change at the pixel and mean change of its surroundings, not negative.
    valid : ndarray, (y, x), bool
        True where both dates are usable.
    full : float
        Value of ``sqrt(here * around)`` that scores 1, more than 0.
    device : {"cpu", "cuda"}, optional
        Where to run; `cuda` raises `DeviceUnavailable` where there is none.
    out : ndarray, (y, x), uint8, optional
        Filled and returned.

    Returns
    -------
    ndarray, (y, x), uint8
        0 to 250 for scores of 0 to 1, 255 where `valid` is False.

    Examples
    --------
    >>> here, around = np.array([[0.5, 2.0, 9.0]], np.float32), np.array([[0.5, 0.5, 9.0]], np.float32)
    >>> context_score(here, around, np.array([[True, True, True]]), full=2.0)
    array([[ 62, 125, 250]], dtype=uint8)
    """
    here = _check.check_plane("here", here, (np.dtype(np.float32),))
    around = _check.check_plane("around", around, (np.dtype(np.float32),))
    if here.shape != around.shape:
        raise ValueError(f"'around' must have the shape of 'here' {here.shape}, not {around.shape}.")
    valid = _check.check_valid(valid, here.shape)
    if not (math.isfinite(full) and full > 0):
        raise ValueError(f"'full' must be more than 0, not {full}.")
    out = _check.output(out, here.shape, np.uint8)
    scale = _F32(SCORE_STEPS / full)
    if resolve_device(device) == "cuda":
        launch(_cuda, out.shape, out, here, around, valid, scale)
    else:
        _loop(here, around, valid, scale, out)
    return out
