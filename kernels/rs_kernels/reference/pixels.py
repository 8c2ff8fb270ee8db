"""Twins of the per-pixel and small-window kernels, in float64 and without a thought for speed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Float64 = npt.NDArray[np.float64]


def mad_score(
    before: Array, after: Array, valid: Array, a: npt.ArrayLike, b: npt.ArrayLike, c: npt.ArrayLike
) -> Float64:
    """Sum the squares of ``a_i . before - b_i . after - c_i``."""
    variates = np.tensordot(np.asarray(a), _known(before, valid), 1) - np.tensordot(
        np.asarray(b), _known(after, valid), 1
    )
    variates -= np.asarray(c)[:, None, None]
    return np.where(valid, (variates**2).sum(axis=0), 0.0)


def change_vector(
    before: Array,
    after: Array,
    valid: Array,
    gain: npt.ArrayLike,
    offset: npt.ArrayLike,
    weight: npt.ArrayLike,
    *,
    radius: int,
    steps: float = 1.0,
) -> Float64:
    """Take the larger of the distances from either date to the nearest pixel in the other date's window, in steps."""
    weights = np.asarray(weight)[:, None, None]
    x = weights * _known(before, valid)
    y = weights * _normalised(_known(after, valid), gain, offset)
    forth = np.full(valid.shape, np.inf)
    back = forth.copy()
    for here, there in _shifts(valid.shape, radius):
        usable = valid[there]
        distance = np.sqrt(((x[:, *there] - y[:, *here]) ** 2).sum(axis=0))
        forth[here] = np.where(usable, np.minimum(forth[here], distance), forth[here])
        distance = np.sqrt(((x[:, *here] - y[:, *there]) ** 2).sum(axis=0))
        back[here] = np.where(usable, np.minimum(back[here], distance), back[here])
    return np.where(valid, np.minimum(np.rint(steps * np.maximum(forth, back)), 65535.0), 0.0)


def levels_reached(score: Array, levels: Sequence[int], *, radius: int) -> npt.NDArray[np.uint8]:
    """Open the mask of each level by a square and count in how many of them a pixel is left."""
    reached = np.zeros(score.shape, np.uint8)
    side = 2 * radius + 1
    if min(score.shape) < side:
        return reached
    for level in levels:
        mask = (score >= level) & (score != 255)
        squares = np.lib.stride_tricks.sliding_window_view(mask, (side, side)).all(axis=(2, 3))
        opened = np.zeros_like(mask)
        for dy, dx in np.ndindex(side, side):
            opened[dy : dy + squares.shape[0], dx : dx + squares.shape[1]] |= squares
        reached += opened
    return reached


def band_index(image: Array, valid: Array, pairs: Sequence[tuple[int, int]]) -> Float64:
    """Compute ``(b_i - b_j) / (b_i + b_j)``, 0 where the sum is not positive."""
    known = _known(image, valid)
    return np.where(valid, np.stack([_normalised_difference(known[i], known[j]) for i, j in pairs]), 0.0)


def index_difference(
    before: Array,
    after: Array,
    valid: Array,
    gain: npt.ArrayLike,
    offset: npt.ArrayLike,
    pairs: Sequence[tuple[int, int]],
) -> Float64:
    """Subtract the index of `before` from that of the normalised `after`."""
    normalised = _normalised(_known(after, valid), gain, offset)
    return band_index(normalised, valid, pairs) - band_index(before, valid, pairs)


def local_norm(score: Array, valid: Array, *, radius: int, floor: float) -> Float64:
    """Standardise each valid pixel by the valid pixels of its window, cut out one by one."""
    result = np.zeros(score.shape)
    for y, x in np.argwhere(valid):
        window = _window(score, valid, y, x, radius)
        result[y, x] = (float(score[y, x]) - window.mean()) / max(window.std(), floor)
    return result


def local_mean(score: Array, valid: Array, radius: int, *, unit: float = 1.0) -> Float64:
    """Average the valid pixels of each valid pixel's window."""
    result = np.zeros(score.shape)
    for y, x in np.argwhere(valid):
        result[y, x] = unit * _window(score, valid, y, x, radius).mean()
    return result


def mean_difference(
    before: Array,
    after: Array,
    valid: Array,
    gain: npt.ArrayLike,
    offset: npt.ArrayLike,
    weight: npt.ArrayLike,
    *,
    radius: int,
) -> Float64:
    """Average the differences, in steps of 1/256 and bounded to 127, over each window; then over bands."""
    difference = _normalised(_known(after, valid), gain, offset) - _known(before, valid)
    difference = np.clip(np.asarray(weight)[:, None, None] * difference, -127.0, 127.0)
    means = np.stack([local_mean(band, valid, radius) for band in np.rint(256 * difference) / 256])
    length: Float64 = np.sqrt((means**2).mean(axis=0))
    return length


def context_score(here: Array, around: Array, valid: Array, *, full: float) -> npt.NDArray[np.uint8]:
    """Take the geometric mean to steps of 1/250 of `full`; 250 above that, 255 where not valid."""
    root = np.sqrt(np.where(valid, here, 0.0).astype(np.float64) * np.where(valid, around, 0.0))
    return np.where(valid, np.rint(np.minimum(250 * root / full, 250)), 255).astype(np.uint8)


def histogram(
    values: Array, valid: Array, bins: int, *, lo: float | None = None, hi: float | None = None
) -> npt.NDArray[np.int64]:
    """Count valid values in bins of equal width; those outside go to the first and the last."""
    low, high = 0 if lo is None else lo, bins if hi is None else hi
    position = np.floor((values[valid].astype(np.float64) - low) * (bins / (high - low)))
    return np.bincount(np.clip(position, 0, bins - 1).astype(np.int64), minlength=bins)


def translate(image: Array, dy: float, dx: float, *, margin: int) -> Array:
    """Convolve with Keys' cubic kernel, every tap of its support for every pixel."""
    bands, height, width = image.shape
    result = np.zeros((bands, height - 2 * margin, width - 2 * margin))
    for i in range(-margin, margin + 1):
        for j in range(-margin, margin + 1):
            weight = _keys(i - dy) * _keys(j - dx)
            if weight != 0.0:
                rows, columns = slice(margin + i, height - margin + i), slice(margin + j, width - margin + j)
                result += weight * image[:, rows, columns]
    if image.dtype.kind == "u":
        result = np.clip(np.rint(result), 0, np.iinfo(image.dtype).max)
    return result.astype(image.dtype)


def _keys(t: float) -> float:
    t = abs(t)
    if t < 1:
        return 1.5 * t**3 - 2.5 * t**2 + 1
    if t < 2:
        return -0.5 * t**3 + 2.5 * t**2 - 4 * t + 2
    return 0.0


def _known(image: Array, valid: Array) -> Float64:
    return np.where(valid, image, 0).astype(np.float64)


def _normalised(after: Float64, gain: npt.ArrayLike, offset: npt.ArrayLike) -> Float64:
    normalised: Float64 = np.asarray(gain)[:, None, None] * after + np.asarray(offset)[:, None, None]
    return normalised


def _normalised_difference(p: Float64, q: Float64) -> Float64:
    total = p + q
    return np.divide(p - q, total, out=np.zeros_like(total), where=total > 0)


def _window(score: Array, valid: Array, y: int, x: int, radius: int) -> Float64:
    cut = np.s_[max(y - radius, 0) : y + radius + 1, max(x - radius, 0) : x + radius + 1]
    return score[cut][valid[cut]].astype(np.float64)


def _shifts(shape: tuple[int, ...], radius: int) -> list[tuple[tuple[slice, slice], tuple[slice, slice]]]:
    """List, for each shift of the window, where it starts from and where it leads to inside of the array."""
    height, width = shape
    found = []
    for dy in range(-radius, radius + 1):
        for dx in range(-radius, radius + 1):
            here = slice(max(-dy, 0), height + min(-dy, 0)), slice(max(-dx, 0), width + min(-dx, 0))
            there = slice(max(dy, 0), height + min(dy, 0)), slice(max(dx, 0), width + min(dx, 0))
            found.append((here, there))
    return found
