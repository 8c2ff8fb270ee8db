"""Length of the change vector in whole steps, with tolerance for a shift between the dates."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import cuda, njit, prange

from rs_kernels import _check
from rs_kernels._device import LOOP, RULE, Device, launch, resolve_device
from rs_kernels._translate import _ROUNDER

MAX_RADIUS = 2

_F32 = np.float32
_ZERO = np.float32(0)
_FAR = np.float32(np.inf)
_NONE = np.uint16(0)
_MOST = np.float32(65535)
# A tile's rows of both dates stay in the second-level cache; a narrower one pays more for the calls on its rows.
_TILE_ROWS, _TILE_COLS = 32, 2048

# 1. The rule.


@njit(**RULE)
def _scaled(value: Any, gain: Any, offset: Any) -> Any:
    return _F32(value) * gain + offset


@njit(**RULE)
def _squared(p: Any, q: Any) -> Any:
    return (p - q) * (p - q)


@njit(**RULE)
def _stepped(length: Any, steps: Any) -> Any:
    stepped = length * steps
    return np.uint16((stepped if stepped < _MOST else _MOST) + _ROUNDER - _ROUNDER)


# 2. The CPU loop. Each row is scaled once into a buffer, where what must be skipped is infinitely far away, so that the
# search needs no test, and each distance between two pixels is taken once, for both. The shifts are outside, x is
# innermost, and the rows come as slices: an index x + shift, for all the compiler knows, may be negative and wrap
# around, and such a loop does not vectorise.


@njit(**RULE)
def _scale(values: Any, valid: Any, gain: Any, offset: Any, out: Any) -> None:
    for x in range(out.size):
        value = _scaled(values[x], gain, offset)
        out[x] = value if valid[x] else _FAR


@njit(**RULE)
def _scale_row(image: Any, valid: Any, gain: Any, offset: Any, y: Any, x0: Any, out: Any) -> None:
    """Fill `out` (band, x) with row y of the image from column x0 on, either of which may lie outside."""
    bands, height, width = image.shape
    first, last = max(x0, 0), min(x0 + out.shape[1], width)
    if not 0 <= y < height:
        out[:] = _FAR
        return
    out[:, : first - x0] = _FAR
    out[:, last - x0 :] = _FAR
    for band in range(bands):
        target = out[band, first - x0 : last - x0]
        _scale(image[band, y, first:last], valid[y, first:last], gain[band], offset[band], target)


@njit(**RULE)
def _distance_3(p0: Any, p1: Any, p2: Any, q0: Any, q1: Any, q2: Any, out: Any) -> None:
    for x in range(out.size):
        out[x] = _squared(p0[x], q0[x]) + _squared(p1[x], q1[x]) + _squared(p2[x], q2[x])


@njit(**RULE)
def _distance_4(p0: Any, p1: Any, p2: Any, p3: Any, q0: Any, q1: Any, q2: Any, q3: Any, out: Any) -> None:
    for x in range(out.size):
        out[x] = _squared(p0[x], q0[x]) + _squared(p1[x], q1[x]) + _squared(p2[x], q2[x]) + _squared(p3[x], q3[x])


@njit(**RULE)
def _add_squared(p: Any, q: Any, out: Any) -> None:
    for x in range(out.size):
        out[x] += _squared(p[x], q[x])


@njit(**RULE)
def _distance(p: Any, i: Any, q: Any, j: Any, out: Any) -> None:
    """Fill `out` with the squared distance between the rows p and q (band, x), read from columns i and j on."""
    m, n = i + out.size, j + out.size
    if p.shape[0] == 3:
        _distance_3(p[0, i:m], p[1, i:m], p[2, i:m], q[0, j:n], q[1, j:n], q[2, j:n], out)
    elif p.shape[0] == 4:
        _distance_4(p[0, i:m], p[1, i:m], p[2, i:m], p[3, i:m], q[0, j:n], q[1, j:n], q[2, j:n], q[3, j:n], out)
    else:
        out[:] = _ZERO
        for band in range(p.shape[0]):
            _add_squared(p[band, i:m], q[band, j:n], out)


@njit(**RULE)
def _lower(best: Any, distance: Any) -> None:
    for x in range(best.size):
        best[x] = distance[x] if distance[x] < best[x] else best[x]


@njit(**RULE)
def _match(p: Any, back: Any, q: Any, forth: Any, radius: Any, distance: Any) -> None:
    """Bring a row of either date to the knowledge of the other: the nearest so far to each of their pixels."""
    for shift in range(-radius, radius + 1):
        i, j = max(shift, 0), max(-shift, 0)
        n = forth.size - abs(shift)
        _distance(p, i, q, j, distance[:n])
        _lower(forth[j : j + n], distance[:n])
        _lower(back[i : i + n], distance[:n])


@njit(**RULE)
def _finish(forth: Any, back: Any, valid: Any, steps: Any, out: Any) -> None:
    for x in range(out.size):
        stepped = _stepped(np.sqrt(np.maximum(forth[x], back[x])), steps)
        out[x] = stepped if valid[x] else _NONE


@njit(**RULE)
def _tile(
    before: Any, after: Any, valid: Any, gains: Any, offsets: Any, radius: Any, steps: Any, y0: Any, x0: Any, out: Any
) -> None:
    bands, height, width = before.shape
    y1, x1 = min(y0 + _TILE_ROWS, height), min(x0 + _TILE_COLS, width)
    side = radius + 1
    p = np.empty((side, bands, x1 - x0 + 2 * radius), np.float32)
    q = np.empty_like(p)
    forth = np.empty((side, p.shape[2]), np.float32)
    back, distance = np.empty_like(forth), np.empty(p.shape[2], np.float32)
    inner = slice(radius, radius + x1 - x0)
    for newest in range(y0 - radius, y1 + radius):
        new = newest % side
        _scale_row(before, valid, gains[0], offsets[0], newest, x0 - radius, p[new])
        _scale_row(after, valid, gains[1], offsets[1], newest, x0 - radius, q[new])
        forth[new] = back[new] = _FAR
        _match(p[new], back[new], q[new], forth[new], radius, distance)
        for row in range(max(newest - radius, y0 - radius), newest):
            old = row % side
            _match(p[new], back[new], q[old], forth[old], radius, distance)
            _match(p[old], back[old], q[new], forth[new], radius, distance)
        y = newest - radius
        if y >= y0:
            _finish(forth[y % side, inner], back[y % side, inner], valid[y, x0:x1], steps, out[y, x0:x1])


@njit(**LOOP)
def _loop(before: Any, after: Any, valid: Any, gains: Any, offsets: Any, radius: Any, steps: Any, out: Any) -> None:
    height, width = out.shape
    across = (width + _TILE_COLS - 1) // _TILE_COLS
    down = (height + _TILE_ROWS - 1) // _TILE_ROWS
    for i in prange(down * across):
        y0, x0 = i // across * _TILE_ROWS, i % across * _TILE_COLS
        _tile(before, after, valid, gains, offsets, radius, steps, y0, x0, out)


# 3. The CUDA kernel: any number of bands, one thread for each pixel; the caches serve the neighbours.


@cuda.jit(cache=True)
def _cuda(before: Any, after: Any, valid: Any, gains: Any, offsets: Any, radius: Any, steps: Any, out: Any) -> None:
    x, y = cuda.grid(2)
    height, width = out.shape
    if y >= height or x >= width:
        return
    if not valid[y, x]:
        out[y, x] = _NONE
        return
    forth = back = _FAR
    for i in range(y - radius, y + radius + 1):
        for j in range(x - radius, x + radius + 1):
            if i < 0 or i >= height or j < 0 or j >= width or not valid[i, j]:
                continue
            there = here = _ZERO
            for band in range(before.shape[0]):
                gain_p, gain_q, offset_p, offset_q = gains[0, band], gains[1, band], offsets[0, band], offsets[1, band]
                there += _squared(
                    _scaled(before[band, i, j], gain_p, offset_p), _scaled(after[band, y, x], gain_q, offset_q)
                )
                here += _squared(
                    _scaled(before[band, y, x], gain_p, offset_p), _scaled(after[band, i, j], gain_q, offset_q)
                )
            forth = there if there < forth else forth
            back = here if here < back else back
    out[y, x] = _stepped(_F32(math.sqrt(forth if forth > back else back)), steps)


# 4. The public function.


def change_vector(
    before: _check.Array,
    after: _check.Array,
    valid: npt.NDArray[np.bool_],
    gain: npt.ArrayLike,
    offset: npt.ArrayLike,
    weight: npt.ArrayLike,
    *,
    radius: int,
    steps: float = 1.0,
    device: Device = "cpu",
    out: npt.NDArray[np.uint16] | None = None,
) -> npt.NDArray[np.uint16]:
    """Measure spectral change, forgiving a shift of up to `radius` pixels.

    ``after`` is first normalised to ``before``, ``after' = gain * after + offset``. A pixel is then compared with the
    most similar pixel in the other date's window, from both sides, and the larger of the two lengths counts: an edge
    that merely moved finds itself again, an object that came or went does not.

    Parameters
    ----------
    before, after : ndarray, (band, y, x), uint8, uint16 or float32
        The two dates, 1 to 16 bands. May hold anything, NaN too, where `valid` is False.
    valid : ndarray, (y, x), bool
        True where both dates are usable. Other pixels, and what lies outside of the array, are no candidates.
    gain, offset : array_like, (band,)
        Radiometric normalisation of `after`.
    weight : array_like, (band,)
        Factor of each band's difference, as a rule the reciprocal of its noise.
    radius : int
        Half the side of the square search window, 0 to 2 pixels; a block needs a halo as wide.
    steps : float, optional
        Steps that a length of 1 is counted in, more than 0: whole numbers, since `local_mean` slides over them.
    device : {"cpu", "cuda"}, optional
        Where to run; `cuda` raises `DeviceUnavailable` where there is none.
    out : ndarray, (y, x), uint16, optional
        Filled and returned.

    Returns
    -------
    ndarray, (y, x), uint16
        ``max(min_s |w (before(p + s) - after'(p))|, min_s |w (before(p) - after'(p + s))|)`` over shifts s of the
        window, times `steps`, rounded, at most 65535; 0 where `valid` is False.

    Raises
    ------
    ValueError
        If `steps` is not a positive number.

    References
    ----------
    F. Thonfeld, H. Feilhauer, M. Braun, G. Menz, "Robust Change Vector Analysis (RCVA) for multi-sensor very high
    resolution optical satellite data", International Journal of Applied Earth Observation and Geoinformation 50, 2016.

    Examples
    --------
    >>> before = np.array([[[10, 90, 10, 10]]], np.uint8)
    >>> after = np.array([[[10, 10, 90, 10]]], np.uint8)
    >>> usable = np.ones((1, 4), bool)
    >>> change_vector(before, after, usable, [1], [0], [1], radius=0)
    array([[ 0, 80, 80,  0]], dtype=uint16)
    >>> change_vector(before, after, usable, [1], [0], [1], radius=1)
    array([[0, 0, 0, 0]], dtype=uint16)
    """
    before, after = _check.check_pair(before, after)
    bands, height, width = before.shape
    valid = _check.check_valid(valid, (height, width))
    radius = _check.check_radius(radius, MAX_RADIUS)
    if not (math.isfinite(steps) and steps > 0):
        raise ValueError(f"'steps' must be more than 0, not {steps}.")
    weights = _check.check_weights("weight", weight, (bands,))
    gains = np.stack([weights, weights * _check.check_weights("gain", gain, (bands,))]).astype(np.float32)
    offsets = np.stack([0 * weights, weights * _check.check_weights("offset", offset, (bands,))]).astype(np.float32)
    out = _check.output(out, (height, width), np.uint16)
    if resolve_device(device) == "cuda":
        launch(_cuda, out.shape, out, before, after, valid, gains, offsets, radius, _F32(steps))
    else:
        _loop(before, after, valid, gains, offsets, radius, _F32(steps), out)
    return out


def kernels_compiled() -> bool:
    """Tell whether compiled kernels lie in the cache on disk, without compiling any.

    Returns
    -------
    bool
        True where they are newer than their source; False where the environment turns compilation off.

    Examples
    --------
    >>> kernels_compiled() in (True, False)
    True
    """
    if not hasattr(_loop, "stats"):
        return False
    source = Path(__file__)
    compiled = Path(_loop.stats.cache_path).glob(f"{source.stem}.{_loop.py_func.__name__}-*.nbi")
    return any(index.stat().st_mtime >= source.stat().st_mtime for index in compiled)


def compiles_anew() -> bool:
    """Fetch this kernel from the cache on disk, and tell whether it was not there: then the others will not be either.

    Returns
    -------
    bool
        True if kernels have to be compiled in this process, which takes most of a minute; False where the environment
        turns compilation off.

    Examples
    --------
    >>> compiles_anew() in (True, False)
    True
    """
    pixel = np.zeros((4, 1, 1), np.uint16)
    change_vector(pixel, pixel, np.ones((1, 1), np.bool_), *np.ones((3, 4)), radius=0)
    return bool(getattr(_loop, "stats", None) and _loop.stats.cache_misses)
