"""The drawing board: a window of a fine grid in local metres, seeded streams and smooth noise.

Everything is drawn in metres with the origin at the image's upper left corner, x to the east and y to
the *south*. A district is drawn window by window; what a cell gets depends on where it lies and never on
the window, so that neighbouring windows fit.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from threading import Lock
from typing import TypeAlias
from zlib import crc32

import numpy as np
import numpy.typing as npt
import shapely
from affine import Affine
from rasterio.features import rasterize
from scipy import sparse

from rs_governance.simulate.outlines import Shape

Floats: TypeAlias = npt.NDArray[np.float32]
Bytes: TypeAlias = npt.NDArray[np.uint8]
Flags: TypeAlias = npt.NDArray[np.bool_]
Ints: TypeAlias = npt.NDArray[np.int32]

_ONE_AT_A_TIME = Lock()  # rasterize() mutes a warning by `catch_warnings`, which threads must not do at once
_TILE = 128
_FAR = 1 << 20  # keeps the numbers of tiles positive
_SPLINE_VARIANCE = 0.4794  # mean over t of the four squared weights; once for each axis under a root


def stream(seed: int, name: str) -> np.random.Generator:
    """Return the random stream of one named part, so that a new part leaves the others as they were."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, crc32(name.encode())])))


def white(seed: int, name: str, rows: range, columns: range) -> Floats:
    """Return a window (rows, columns) of endless white noise of unit variance."""
    return _gather(seed, name, rows, columns, lambda rng, shape: rng.standard_normal(shape, dtype=np.float32))


def uniform(seed: int, name: str, rows: range, columns: range) -> Floats:
    """Return a window (rows, columns) of an endless field of uniform numbers from 0 to 1."""
    return _gather(seed, name, rows, columns, lambda rng, shape: rng.random(shape, dtype=np.float32))


def _gather(
    seed: int,
    name: str,
    rows: range,
    columns: range,
    draw: Callable[[np.random.Generator, tuple[int, int]], Floats],
) -> Floats:
    """Put a window together from tiles that are each drawn whole."""
    field = np.empty((len(rows), len(columns)), np.float32)
    code = crc32(name.encode())
    for i in range(rows.start // _TILE, (rows.stop - 1) // _TILE + 1):
        for j in range(columns.start // _TILE, (columns.stop - 1) // _TILE + 1):
            top, left = max(rows.start, i * _TILE), max(columns.start, j * _TILE)
            bottom, right = min(rows.stop, (i + 1) * _TILE), min(columns.stop, (j + 1) * _TILE)
            tile = draw(
                np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, code, i + _FAR, j + _FAR]))),
                (_TILE, _TILE),
            )
            field[top - rows.start : bottom - rows.start, left - columns.start : right - columns.start] = tile[
                top - i * _TILE : bottom - i * _TILE, left - j * _TILE : right - j * _TILE
            ]
    return field


@dataclass(frozen=True, kw_only=True)
class Board:
    """A window of the endless grid of one cell size."""

    seed: int
    """Everything random on the board follows from it."""
    cell_m: float
    column0: int
    """The window's first column, counted from the image's left border."""
    row0: int
    columns: int
    rows: int

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.rows, self.columns

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """Smallest x, smallest y, largest x, largest y in local metres."""
        west, north = self.column0 * self.cell_m, self.row0 * self.cell_m
        return west, north, west + self.columns * self.cell_m, north + self.rows * self.cell_m

    @cached_property
    def x(self) -> Floats:
        """Centres of the columns in metres."""
        return ((self.column0 + np.arange(self.columns) + 0.5) * self.cell_m).astype(np.float32)

    @cached_property
    def y(self) -> Floats:
        """Centres of the rows in metres."""
        return ((self.row0 + np.arange(self.rows) + 0.5) * self.cell_m).astype(np.float32)

    def column_of(self, x: npt.ArrayLike) -> npt.NDArray[np.intp]:
        """Return the columns that hold coordinates, clipped to the board."""
        cells = np.floor(np.asarray(x) / self.cell_m).astype(np.intp) - self.column0
        return np.clip(cells, 0, self.columns - 1)

    def row_of(self, y: npt.ArrayLike) -> npt.NDArray[np.intp]:
        """Return the rows that hold coordinates, clipped to the board."""
        cells = np.floor(np.asarray(y) / self.cell_m).astype(np.intp) - self.row0
        return np.clip(cells, 0, self.rows - 1)

    def meets(self, shape: Shape) -> bool:
        """Tell whether a geometry may reach into the window."""
        west, north, east, south = self.bounds
        x0, y0, x1, y1 = shape.bounds
        return bool(x0 < east and x1 > west and y0 < south and y1 > north)

    def burn(self, shapes: Iterable[tuple[Shape, int]], background: int = 0) -> npt.NDArray[np.int32]:
        """Draw geometries by their codes, later ones over earlier ones; returns (rows, columns) int32."""
        pairs = [(shape, code) for shape, code in shapes if not shape.is_empty and self.meets(shape)]
        board = np.full(self.shape, background, np.int32)
        if pairs:
            west, north, _, _ = self.bounds
            with _ONE_AT_A_TIME:
                rasterize(pairs, out=board, transform=Affine(self.cell_m, 0, west, 0, self.cell_m, north))
        return board

    def share(self, flags: Flags, shape: Shape) -> float:
        """Return the share of a geometry's cells on which `flags` (rows, columns) holds; 0 off the board."""
        x0, y0, x1, y1 = shape.bounds
        west, north, east, south = self.bounds
        if shape.is_empty or x0 < west or y0 < north or x1 > east or y1 > south:
            return 0.0
        (left, right), (top, bottom) = self.column_of([x0, x1]), self.row_of([y0, y1])
        x, y = np.meshgrid(self.x[left : right + 1], self.y[top : bottom + 1])
        shapely.prepare(shape)
        inside = shapely.contains_xy(shape, x, y)
        return float(flags[top : bottom + 1, left : right + 1][inside].mean()) if inside.any() else 0.0

    def noise(self, name: str, scale_m: float) -> Floats:
        """Return a smooth random field of about unit variance whose blobs are `scale_m` wide.

        White noise on a coarse lattice is the set of control points of a cubic B-spline; below the size
        of two cells it is white noise itself, and belongs to the cell size.
        """
        step = scale_m / 2.0 / self.cell_m
        rows, columns = range(self.row0, self.row0 + self.rows), range(self.column0, self.column0 + self.columns)
        if step <= 1.0:
            return white(self.seed, name, rows, columns)
        phase = stream(self.seed, name).random()
        down, knot_rows = _spline_weights(np.array(rows) + 0.5, step, phase)
        across, knot_columns = _spline_weights(np.array(columns) + 0.5, step, phase)
        control = white(self.seed, name, knot_rows, knot_columns)
        field: Floats = np.ascontiguousarray((across @ (down @ control).T).T)
        field /= np.float32(_SPLINE_VARIANCE)
        return field


def noise_at(seed: int, name: str, scale_m: float, x: npt.ArrayLike, y: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Return the values of `Board.noise` at places in local metres (n)."""
    step = scale_m / 2.0
    phase = stream(seed, name).random()
    first_row, down = _weights(np.asarray(y, np.float64) / step + phase)
    first_column, across = _weights(np.asarray(x, np.float64) / step + phase)
    if not len(first_row):
        return np.empty(0)
    rows = range(int(first_row.min()), int(first_row.max()) + 4)
    columns = range(int(first_column.min()), int(first_column.max()) + 4)
    control = white(seed, name, rows, columns)
    values = np.zeros(len(first_row))
    for i in range(4):
        for j in range(4):
            knots = control[first_row - rows.start + i, first_column - columns.start + j]
            values += down[:, i] * across[:, j] * knots
    return values / _SPLINE_VARIANCE


def _weights(position: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Return the first knot (n) and the four cubic B-spline weights (n, 4) of each position."""
    first = np.floor(position).astype(np.int64)
    t = position - first
    weights = np.stack([(1 - t) ** 3, 3 * t**3 - 6 * t**2 + 4, -3 * t**3 + 3 * t**2 + 3 * t + 1, t**3], axis=1) / 6
    return first, weights


def _spline_weights(cells: npt.NDArray[np.float64], step: float, phase: float) -> tuple[sparse.csr_array, range]:
    """Return the (cells, knots) matrix of weights, and the knots."""
    first, weights = _weights(cells / step + phase)
    knots = range(int(first[0]), int(first[-1]) + 4)
    columns = first[:, None] - knots.start + np.arange(4)
    rows = np.repeat(np.arange(len(cells)), 4)
    matrix = sparse.csr_array(
        (weights.astype(np.float32).ravel(), (rows, columns.ravel())), shape=(len(cells), len(knots))
    )
    return matrix, knots
