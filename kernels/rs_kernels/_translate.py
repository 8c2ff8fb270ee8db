"""Resample an image by a shift of less than a pixel or two."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import cuda, njit, prange

from rs_kernels import _check
from rs_kernels._device import LOOP, RULE, Device, launch, resolve_device

MIN_MARGIN = 3
MAX_SHIFT_PX = 1.0

_F32 = np.float32
_ZERO = np.float32(0)
# At this size float32 has no fraction bits left, so that adding and subtracting it rounds to the nearest whole number,
# ties to even, in two vector instructions.
_ROUNDER = np.float32(1.5 * 2**23)

# 1. The rule.


@njit(**RULE)
def _weighted(p: Any, q: Any, r: Any, s: Any, weights: Any) -> Any:
    return weights[0] * p + weights[1] * q + weights[2] * r + weights[3] * s


@njit(**RULE)
def _stored(value: Any, largest: Any) -> Any:
    """Round and clip to the whole numbers 0 to `largest`; leave the value alone if that is 0."""
    if largest == _ZERO:
        return value
    value = value if value > _ZERO else _ZERO
    value = value if value < largest else largest
    return value + _ROUNDER - _ROUNDER


# 2. The CPU loop: each row first along y, into a buffer, then along x.


@njit(**RULE)
def _along_y(p: Any, q: Any, r: Any, s: Any, weights: Any, out: Any) -> None:
    for x in range(out.size):
        out[x] = _weighted(_F32(p[x]), _F32(q[x]), _F32(r[x]), _F32(s[x]), weights)


@njit(**RULE)
def _along_x(p: Any, q: Any, r: Any, s: Any, weights: Any, largest: Any, out: Any) -> None:
    for x in range(out.size):
        out[x] = _stored(_weighted(p[x], q[x], r[x], s[x], weights), largest)


@njit(**RULE)
def _row(plane: Any, i: Any, j: Any, weights_y: Any, weights_x: Any, largest: Any, out: Any) -> None:
    """Compute one row of `out` from the four rows of the plane from i on, and their columns from j on."""
    n = out.size
    row = np.empty(n + 3, np.float32)
    end = j + n + 3
    _along_y(plane[i, j:end], plane[i + 1, j:end], plane[i + 2, j:end], plane[i + 3, j:end], weights_y, row)
    _along_x(row[:n], row[1 : n + 1], row[2 : n + 2], row[3:], weights_x, largest, out)


@njit(**LOOP)
def _loop(image: Any, i: Any, j: Any, weights_y: Any, weights_x: Any, largest: Any, out: Any) -> None:
    bands, height, _ = out.shape
    for k in prange(bands * height):
        band, y = k // height, k % height
        _row(image[band], y + i, j, weights_y, weights_x, largest, out[band, y])


# 3. The CUDA kernel.


@cuda.jit(cache=True)
def _cuda(image: Any, i: Any, j: Any, weights_y: Any, weights_x: Any, largest: Any, out: Any) -> None:
    x, y = cuda.grid(2)
    if y < out.shape[1] and x < out.shape[2]:
        for band in range(out.shape[0]):
            value = _ZERO
            for k in range(4):
                value += weights_x[k] * _weighted(
                    _F32(image[band, y + i, x + j + k]),
                    _F32(image[band, y + i + 1, x + j + k]),
                    _F32(image[band, y + i + 2, x + j + k]),
                    _F32(image[band, y + i + 3, x + j + k]),
                    weights_y,
                )
            out[band, y, x] = _stored(value, largest)


# 4. The public function.


def translate(
    image: _check.Array,
    dy: float,
    dx: float,
    *,
    margin: int,
    device: Device = "cpu",
    out: _check.Array | None = None,
) -> _check.Array:
    """Resample an image at positions shifted by (dy, dx), by cubic convolution.

    Parameters
    ----------
    image : ndarray, (band, h + 2 margin, w + 2 margin), uint8, uint16 or float32
        Image with a margin. Every output pixel reads 4 x 4 pixels, all of them usable or the result is not: fill what
        is unusable with a number, since a NaN spreads.
    dy, dx : float
        Shift in pixels, -1 to 1: output (y, x) is the image at (y + margin + dy, x + margin + dx).
    margin : int
        Pixels on each side of `image` that the result lacks, at least 3.
    device : {"cpu", "cuda"}, optional
        Where to run; `cuda` raises `DeviceUnavailable` where there is none.
    out : ndarray, (band, h, w), dtype of `image`, optional
        Filled and returned.

    Returns
    -------
    ndarray, (band, h, w), dtype of `image`
        Integers are rounded, half to even, and clipped to their range. Without a shift the pixels are copied.

    Raises
    ------
    ValueError
        If the shift or the margin is out of range, or the image is no larger than its margins.

    References
    ----------
    R. G. Keys, "Cubic convolution interpolation for digital image processing", IEEE Transactions on Acoustics, Speech,
    and Signal Processing 29(6), 1981; with a = -1/2.

    Examples
    --------
    >>> ramp = np.tile(np.arange(0, 80, 10, dtype=np.uint8), (1, 7, 1))
    >>> translate(ramp, 0.0, 0.5, margin=3)
    array([[[35, 45]]], dtype=uint8)
    """
    image = _check.check_image("image", image)
    if margin < MIN_MARGIN:
        raise ValueError(f"'margin' must be at least {MIN_MARGIN} pixels, not {margin}.")
    if not (abs(dy) <= MAX_SHIFT_PX and abs(dx) <= MAX_SHIFT_PX):
        raise ValueError(f"'dy' and 'dx' must be -{MAX_SHIFT_PX:g} to {MAX_SHIFT_PX:g} pixels, not {dy} and {dx}.")
    shape = (image.shape[0], image.shape[1] - 2 * margin, image.shape[2] - 2 * margin)
    if min(shape) < 1:
        raise ValueError(f"'image' must be larger than its margins of {margin} pixels, not {image.shape}.")
    out = _check.output(out, shape, image.dtype)
    on_cuda = resolve_device(device) == "cuda"
    if dy == 0 and dx == 0:
        out[...] = image[:, margin:-margin, margin:-margin]
        return out
    whole_y, whole_x = math.floor(dy), math.floor(dx)
    largest = _F32(0 if image.dtype == np.float32 else np.iinfo(image.dtype).max)
    arguments = (
        *(image, margin + whole_y - 1, margin + whole_x - 1),
        *(_cubic_weights(dy - whole_y), _cubic_weights(dx - whole_x), largest),
    )
    if on_cuda:
        launch(_cuda, shape[1:], out, *arguments)
    else:
        _loop(*arguments, out)
    return out


def _cubic_weights(t: float) -> tuple[np.float32, ...]:
    """Weigh the pixels at -1, 0, 1 and 2 for a value at t in 0..1."""
    weights = (
        t * (-0.5 + t * (1.0 - 0.5 * t)),
        1.0 + t * t * (1.5 * t - 2.5),
        t * (0.5 + t * (2.0 - 1.5 * t)),
        t * t * (0.5 * t - 0.5),
    )
    return tuple(_F32(weight) for weight in weights)
