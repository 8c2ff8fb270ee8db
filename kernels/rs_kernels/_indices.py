"""Normalised differences of bands: vegetation, water, built-up."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import cuda, njit, prange

from rs_kernels import _check
from rs_kernels._device import LOOP, RULE, Device, launch, resolve_device

_F32 = np.float32
_ZERO = np.float32(0)
_ONE = np.float32(1)

# 1. The rule.


@njit(**RULE)
def _normalised_difference(p: Any, q: Any) -> Any:
    total = p + q
    # The division takes place for every pixel, so that the loop has no branch and vectorises.
    ratio = (p - q) / (total if total > _ZERO else _ONE)
    return ratio if total > _ZERO else _ZERO


@njit(**RULE)
def _scaled(value: Any, gain: Any, offset: Any) -> Any:
    return _F32(value) * gain + offset


# 2. The CPU loops.


@njit(**RULE)
def _index_row(p: Any, q: Any, valid: Any, out: Any) -> None:
    for x in range(out.size):
        index = _normalised_difference(_F32(p[x]), _F32(q[x]))
        out[x] = index if valid[x] else _ZERO


@njit(**LOOP)
def _index_loop(image: Any, valid: Any, pairs: Any, out: Any) -> None:
    for y in prange(out.shape[1]):
        for k in range(out.shape[0]):
            _index_row(image[pairs[k, 0], y], image[pairs[k, 1], y], valid[y], out[k, y])


@njit(**RULE)
def _difference_row(
    p: Any,
    q: Any,
    p_after: Any,
    q_after: Any,
    valid: Any,
    gain_p: Any,
    offset_p: Any,
    gain_q: Any,
    offset_q: Any,
    out: Any,
) -> None:
    for x in range(out.size):
        first = _normalised_difference(_F32(p[x]), _F32(q[x]))
        second = _normalised_difference(_scaled(p_after[x], gain_p, offset_p), _scaled(q_after[x], gain_q, offset_q))
        out[x] = second - first if valid[x] else _ZERO


@njit(**LOOP)
def _difference_loop(before: Any, after: Any, valid: Any, gain: Any, offset: Any, pairs: Any, out: Any) -> None:
    for y in prange(out.shape[1]):
        for k in range(out.shape[0]):
            i, j = pairs[k, 0], pairs[k, 1]
            _difference_row(
                before[i, y],
                before[j, y],
                after[i, y],
                after[j, y],
                valid[y],
                gain[i],
                offset[i],
                gain[j],
                offset[j],
                out[k, y],
            )


# 3. The CUDA kernels: one thread for each pixel, all indices in turn.


@cuda.jit(cache=True)
def _index_cuda(image: Any, valid: Any, pairs: Any, out: Any) -> None:
    x, y = cuda.grid(2)
    if y < out.shape[1] and x < out.shape[2]:
        for k in range(out.shape[0]):
            index = _normalised_difference(_F32(image[pairs[k, 0], y, x]), _F32(image[pairs[k, 1], y, x]))
            out[k, y, x] = index if valid[y, x] else _ZERO


@cuda.jit(cache=True)
def _difference_cuda(before: Any, after: Any, valid: Any, gain: Any, offset: Any, pairs: Any, out: Any) -> None:
    x, y = cuda.grid(2)
    if y < out.shape[1] and x < out.shape[2]:
        for k in range(out.shape[0]):
            i, j = pairs[k, 0], pairs[k, 1]
            first = _normalised_difference(_F32(before[i, y, x]), _F32(before[j, y, x]))
            p = _scaled(after[i, y, x], gain[i], offset[i])
            q = _scaled(after[j, y, x], gain[j], offset[j])
            out[k, y, x] = _normalised_difference(p, q) - first if valid[y, x] else _ZERO


# 4. The public functions.


def band_index(
    image: _check.Array,
    valid: npt.NDArray[np.bool_],
    pairs: _check.Pairs,
    *,
    device: Device = "cpu",
    out: npt.NDArray[np.float32] | None = None,
) -> npt.NDArray[np.float32]:
    """Compute normalised differences ``(b_i - b_j) / (b_i + b_j)``.

    Parameters
    ----------
    image : ndarray, (band, y, x), uint8, uint16 or float32
        One date. May hold anything, NaN too, where `valid` is False.
    valid : ndarray, (y, x), bool
        True where the image is usable.
    pairs : sequence of (int, int)
        Band indices (i, j) of each index.
    device : {"cpu", "cuda"}, optional
        Where to run; `cuda` raises `DeviceUnavailable` where there is none.
    out : ndarray, (k, y, x), float32, optional
        Filled and returned.

    Returns
    -------
    ndarray, (k, y, x), float32
        -1 to 1 for values of 0 or more; 0 where the sum is 0 or less, and where `valid` is False.

    Examples
    --------
    >>> red_nir = np.array([[[100]], [[300]]], np.uint16)
    >>> band_index(red_nir, np.ones((1, 1), bool), [(1, 0)])
    array([[[0.5]]], dtype=float32)
    """
    image = _check.check_image("image", image)
    bands, height, width = image.shape
    valid = _check.check_valid(valid, (height, width))
    table = _check.check_pairs(pairs, bands)
    out = _check.output(out, (len(table), height, width), np.float32)
    if resolve_device(device) == "cuda":
        launch(_index_cuda, (height, width), out, image, valid, table)
    else:
        _index_loop(image, valid, table, out)
    return out


def index_difference(
    before: _check.Array,
    after: _check.Array,
    valid: npt.NDArray[np.bool_],
    gain: npt.ArrayLike,
    offset: npt.ArrayLike,
    pairs: _check.Pairs,
    *,
    device: Device = "cpu",
    out: npt.NDArray[np.float32] | None = None,
) -> npt.NDArray[np.float32]:
    """Compute how normalised differences changed: the index of `after` less that of `before`.

    Parameters
    ----------
    before, after : ndarray, (band, y, x), uint8, uint16 or float32
        The two dates, 1 to 16 bands. May hold anything, NaN too, where `valid` is False.
    valid : ndarray, (y, x), bool
        True where both dates are usable.
    gain, offset : array_like, (band,)
        Radiometric normalisation of `after`: ``after' = gain * after + offset``.
    pairs : sequence of (int, int)
        Band indices (i, j) of each index ``(b_i - b_j) / (b_i + b_j)``.
    device : {"cpu", "cuda"}, optional
        Where to run; `cuda` raises `DeviceUnavailable` where there is none.
    out : ndarray, (k, y, x), float32, optional
        Filled and returned.

    Returns
    -------
    ndarray, (k, y, x), float32
        Positive where the index rose; 0 where `valid` is False. An index is 0 where its sum is 0 or less.

    Examples
    --------
    >>> before = np.array([[[100]], [[300]]], np.uint16)
    >>> after = np.array([[[200]], [[200]]], np.uint16)
    >>> index_difference(before, after, np.ones((1, 1), bool), [1, 1], [0, 0], [(1, 0)])
    array([[[-0.5]]], dtype=float32)
    """
    before, after = _check.check_pair(before, after)
    bands, height, width = before.shape
    valid = _check.check_valid(valid, (height, width))
    gains = _check.check_weights("gain", gain, (bands,)).astype(np.float32)
    offsets = _check.check_weights("offset", offset, (bands,)).astype(np.float32)
    table = _check.check_pairs(pairs, bands)
    out = _check.output(out, (len(table), height, width), np.float32)
    if resolve_device(device) == "cuda":
        launch(_difference_cuda, (height, width), out, before, after, valid, gains, offsets, table)
    else:
        _difference_loop(before, after, valid, gains, offsets, table, out)
    return out
