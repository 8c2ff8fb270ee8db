"""Checks of arguments, so that compiled loops may trust what they read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Pairs = Sequence[tuple[int, int]]

PIXEL_DTYPES = (np.dtype(np.uint8), np.dtype(np.uint16), np.dtype(np.float32))
SCORE_DTYPES = (np.dtype(np.uint8), np.dtype(np.uint16))
MAX_BANDS = 16


def check_image(name: str, image: Array) -> Array:
    """Return `image` (band, y, x) as a C-contiguous array of a dtype that kernels read."""
    _check_dtype(name, image, PIXEL_DTYPES)
    if image.ndim != 3 or 0 in image.shape or image.shape[0] > MAX_BANDS:
        raise ValueError(
            f"'{name}' must be (band, y, x) with 1 to {MAX_BANDS} bands and at least one pixel, not {image.shape}."
        )
    return np.ascontiguousarray(image)


def check_pair(before: Array, after: Array) -> tuple[Array, Array]:
    """Return both images C-contiguous, of one shape and dtype."""
    before, after = check_image("before", before), check_image("after", after)
    if before.shape != after.shape or before.dtype != after.dtype:
        raise ValueError(
            f"'before' and 'after' must have one shape and dtype, not {before.shape} {before.dtype} and "
            f"{after.shape} {after.dtype}; read both on the common grid."
        )
    return before, after


def check_plane(name: str, plane: Array, dtypes: Sequence[np.dtype[Any]]) -> Array:
    """Return `plane` (y, x) as a C-contiguous array of one of `dtypes`."""
    _check_dtype(name, plane, dtypes)
    if plane.ndim != 2 or plane.size == 0:
        raise ValueError(f"'{name}' must be (y, x) with at least one pixel, not {plane.shape}.")
    return np.ascontiguousarray(plane)


def check_valid(valid: Array, shape: tuple[int, ...]) -> Array:
    """Return `valid` as a C-contiguous bool array of exactly `shape`."""
    _check_dtype("valid", valid, (np.dtype(np.bool_),))
    if valid.shape != shape:
        raise ValueError(f"'valid' must have the image's shape {shape}, not {valid.shape}.")
    return np.ascontiguousarray(valid)


def check_weights(name: str, weights: npt.ArrayLike, shape: tuple[int, ...]) -> npt.NDArray[np.float64]:
    """Return finite `weights` of exactly `shape` as float64."""
    numbers = np.array(weights, dtype=np.float64)
    if numbers.shape != shape:
        raise ValueError(f"'{name}' must have shape {shape}, not {numbers.shape}.")
    if not np.isfinite(numbers).all():
        raise ValueError(f"'{name}' must be finite numbers.")
    return numbers


def check_pairs(pairs: Pairs, bands: int) -> npt.NDArray[np.int64]:
    """Return band index pairs as an int64 array (k, 2), k >= 1."""
    table = np.array(pairs, dtype=np.int64)
    if table.ndim != 2 or table.shape[1] != 2:
        raise ValueError(f"'pairs' must be one or more (i, j) of band indices, not {pairs!r}.")
    if table.min() < 0 or table.max() >= bands:
        raise ValueError(f"'pairs' must name bands 0 to {bands - 1}, not {pairs!r}.")
    return table


def check_radius(radius: int, largest: int) -> int:
    """Return a window radius in pixels, 0 to `largest`."""
    if not 0 <= radius <= largest:
        raise ValueError(f"'radius' must be 0 to {largest} pixels, not {radius}.")
    return int(radius)


def output(out: Array | None, shape: tuple[int, ...], dtype: npt.DTypeLike) -> Array:
    """Return `out` if it fits, or a new array."""
    if out is None:
        return np.empty(shape, dtype)
    if out.shape != shape or out.dtype != dtype or not out.flags.c_contiguous or not out.flags.writeable:
        raise ValueError(
            f"'out' must be a writeable C-contiguous array {shape} of {np.dtype(dtype)}, not {out.shape} {out.dtype}."
        )
    return out


def _check_dtype(name: str, array: Array, dtypes: Sequence[np.dtype[Any]]) -> None:
    if array.dtype not in dtypes:
        raise TypeError(f"'{name}' must be {' or '.join(map(str, dtypes))}, not {array.dtype}.")
