"""Borders laid on the edges that images show, under every shift, to see where they fit.

A border follows something that can be seen, or that others drew: a ditch, a road, the edge of a wood. Only in its place
does it lie on such lines over its whole length, running the way that they run.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import shapely
from affine import Affine
from numpy.typing import NDArray
from scipy import fft, ndimage

from rs_governance.scenes import PixelGrid
from rs_governance.scenes.edges import Edges

FloatArray = NDArray[np.float64]

# Shifts under which less of the borders than this lies on what was seen are not judged.
_LEAST_SEEN = 0.25
# Borders and images agree to this; a place is as good as the best one so near to it.
_TOLERANCE_M = 10.0
_USUAL = 0.99
_TINY = 1e-9


@dataclass(frozen=True, kw_only=True)
class Backdrop:
    """Lines of one square, ready to lay borders on them."""

    grid: PixelGrid
    """The square, with room around for every shift."""
    reach: int
    """That room, in cells: the largest shift each way."""
    lines: Edges
    """What was seen, or drawn by others."""

    @cached_property
    def _spectra(self) -> tuple[NDArray[Any], ...]:
        parts = self.lines.cosine, self.lines.sine, self.lines.seen.astype(np.float32)
        return tuple(fft.rfft2(part, self._shape) for part in parts)

    @property
    def _shape(self) -> tuple[int, int]:
        return fft.next_fast_len(self.grid.height, real=True), fft.next_fast_len(self.grid.width, real=True)

    def lay(self, borders: Edges) -> tuple[FloatArray, FloatArray]:
        """Lay borders on the lines under every shift up to `reach` cells.

        Parameters
        ----------
        borders
            On the same grid, inside the square.

        Returns
        -------
        tuple
            (2 reach + 1, 2 reach + 1) each, by shift of rows and columns: how well they run along the lines, and how many of their
            cells lie on what was seen.
        """
        cosine, sine, seen = self._spectra
        drawn = [fft.rfft2(part, self._shape).conj() for part in (borders.cosine, borders.sine)]
        marked = fft.rfft2(borders.seen.astype(np.float32), self._shape).conj()
        along = fft.irfft2(cosine * drawn[0] + sine * drawn[1], self._shape)
        count = fft.irfft2(seen * marked, self._shape)
        shifts = np.arange(-self.reach, self.reach + 1)
        around = np.ix_(shifts, shifts)
        return along[around].astype(np.float64), count[around].astype(np.float64)


@dataclass(frozen=True, kw_only=True)
class Fit:
    """How well borders fit under two shifts, in deviations of how they fit by chance."""

    here: float
    """As they are; minus infinity where that cannot be seen."""
    moved: float
    """Under the other shift; minus infinity where that cannot be seen."""
    chance: float
    """The best fit under any other shift."""
    usual: float
    """What one in a hundred places reaches by chance."""


def weigh(laid: Sequence[tuple[FloatArray, FloatArray]]) -> FloatArray:
    """Return the fit under each shift, in deviations, NaN where too little was seen.

    Parameters
    ----------
    laid
        What `Backdrop.lay` gave for some squares; their borders count together.
    """
    along, count = sum(one[0] for one in laid), sum(one[1] for one in laid)
    assert not isinstance(along, int)
    assert not isinstance(count, int)
    enough = count > max(1.0, _LEAST_SEEN * float(count.max()))
    fit = np.where(enough, along / np.sqrt(np.maximum(count, 1.0)), np.nan)
    return _in_deviations(fit)


def together(fits: Sequence[FloatArray]) -> FloatArray:
    """Return what independent fits say together, in deviations; one that is unknown somewhere says nothing there."""
    stack = np.stack(fits)
    known = np.isfinite(stack)
    total = np.where(known, stack, 0.0).sum(axis=0) / np.sqrt(np.maximum(known.sum(axis=0), 1))
    return _in_deviations(np.where(known.any(axis=0), total, np.nan))


def _in_deviations(fit: FloatArray) -> FloatArray:
    """Divide by the root of the mean square: the mean is 0, since directions cancel."""
    known = fit[np.isfinite(fit)]
    return fit / max(float(np.sqrt(np.mean(known * known))), _TINY) if len(known) else fit


def compare(fit: FloatArray, shift: tuple[float, float], cell_m: float) -> Fit:
    """Compare the fit of borders as they are with that under one shift.

    Parameters
    ----------
    fit
        By shift of rows and columns, see `weigh`.
    shift
        Rows and columns, in cells.
    cell_m
        Side of a cell in metres.
    """
    near = max(1, round(_TOLERANCE_M / cell_m))
    known = np.where(np.isfinite(fit), fit, -np.inf)
    best = ndimage.maximum_filter(known, 2 * near + 1, mode="constant", cval=-np.inf)
    middle = fit.shape[0] // 2
    places = [(middle, middle), (middle + round(shift[0]), middle + round(shift[1]))]
    others = known.copy()
    for row, col in places:
        others[max(row - 2 * near, 0) : row + 2 * near + 1, max(col - 2 * near, 0) : col + 2 * near + 1] = -np.inf
    squares = best[near :: 2 * near + 1, near :: 2 * near + 1]
    squares = squares[np.isfinite(squares)]
    return Fit(
        here=float(best[places[0]]),
        moved=float(best[places[1]]),
        chance=float(others.max()),
        usual=float(np.quantile(squares, _USUAL)) if len(squares) else np.inf,
    )


def draw_borders(lines: NDArray[np.object_], grid: PixelGrid, *, within: int, width: float = 0.0) -> Edges:
    """Draw lines on a grid, leaving out what is nearer than `within` cells to its sides.

    Parameters
    ----------
    lines
        Line strings in the CRS of the grid.
    grid
        The cells.
    within
        Cells at each side that stay empty.
    width
        Deviation, in cells, to which the lines are blurred.

    Returns
    -------
    Edges
        Strength 1 where a line runs; several in one cell give their mean.
    """
    ends, sides = _segments(lines, ~grid.transform)
    lengths = np.hypot(*sides.T)
    used = lengths > 0
    ends, sides, lengths = ends[used], sides[used], lengths[used]
    pieces = np.ceil(lengths).astype(np.intp)
    segment = np.repeat(np.arange(len(pieces)), pieces)
    part = (np.arange(len(segment)) - np.repeat(np.cumsum(pieces) - pieces, pieces) + 0.5) / pieces[segment]
    col, row = np.floor(ends[segment] + part[:, np.newaxis] * sides[segment]).astype(np.intp).T
    inner = (row >= within) & (row < grid.height - within) & (col >= within) & (col < grid.width - within)
    cell, segment = row[inner] * grid.width + col[inner], segment[inner]
    x, y = (-sides[:, 1] / lengths)[segment], (sides[:, 0] / lengths)[segment]
    size, shape = grid.height * grid.width, (grid.height, grid.width)
    count = np.bincount(cell, minlength=size)
    cosine, sine = (
        (np.bincount(cell, weights=part, minlength=size) / np.maximum(count, 1)).reshape(shape)
        for part in (x * x - y * y, 2 * x * y)
    )
    if width:
        cosine, sine = ndimage.gaussian_filter(cosine, width), ndimage.gaussian_filter(sine, width)
    return Edges(
        cosine=cosine.astype(np.float32), sine=sine.astype(np.float32), seen=(count > 0).reshape(shape).astype(np.bool_)
    )


def _segments(lines: NDArray[np.object_], to_cells: Affine) -> tuple[FloatArray, FloatArray]:
    """Return where the straight parts of lines begin and how they run, in columns and rows."""
    xy, line = shapely.get_coordinates(lines, return_index=True)
    x, y = xy.T
    t = to_cells
    at = np.column_stack([t.a * x + t.b * y + t.c, t.d * x + t.e * y + t.f])
    same = line[1:] == line[:-1]
    return at[:-1][same], np.diff(at, axis=0)[same]
