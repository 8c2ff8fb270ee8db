"""Sums over a window along a row."""

from __future__ import annotations

from typing import Any

from numba import njit

from rs_kernels._device import RULE


@njit(**RULE)
def _pair_up(first: Any, second: Any, out: Any) -> None:
    for x in range(out.size):
        out[x] = first[x] + second[x]


@njit(**RULE)
def _add_to(values: Any, out: Any) -> None:
    for x in range(out.size):
        out[x] += values[x]


@njit(**RULE)
def add_up(values: Any, side: Any, work: Any, out: Any) -> None:
    """Fill ``out[x]`` with the sum of ``values[x : x + side]``, which has ``out.size + side - 1`` whole numbers.

    Sums of 1, 2, 4, ... values, of which the window is put together: unlike a running sum these vectorise, and whole
    numbers give the same either way.
    """
    n = out.size
    out[:] = 0
    position, span, sums = 0, 1, values
    for turn in range(32):
        if side & span:
            _add_to(sums[position : position + n], out)
            position += span
        if 2 * span > side:
            return
        left, wider = n + side - 2 * span, work[turn % 2]
        _pair_up(sums[:left], sums[span : span + left], wider[:left])
        sums = wider
        span *= 2
