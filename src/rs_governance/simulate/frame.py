"""The drawing board: a fine square grid in local metres, seeded streams and smooth noise.

Everything is drawn in metres with the origin at the image's upper left corner, x to the east and y to
the *south*, on cells finer than the pixels, with a margin around so that nothing ends at the border.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias
from zlib import crc32

import numpy as np
import numpy.typing as npt
from affine import Affine
from rasterio.features import rasterize
from scipy import sparse
from shapely.geometry.base import BaseGeometry

from rs_governance.errors import UsageError

Floats: TypeAlias = npt.NDArray[np.float32]
Bytes: TypeAlias = npt.NDArray[np.uint8]
Flags: TypeAlias = npt.NDArray[np.bool_]
Ints: TypeAlias = npt.NDArray[np.int32]
Shape: TypeAlias = BaseGeometry


def stream(seed: int, name: str) -> np.random.Generator:
    """Return the random stream of one named part, so that a new part leaves the others as they were."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, crc32(name.encode())])))


@dataclass(frozen=True, kw_only=True)
class Frame:
    """A square image of `size_px` pixels and the finer board that it is drawn on."""

    size_px: int
    """Pixels along one side of the image."""
    gsd_m: float
    """Size of a pixel in metres."""
    oversample: int = 2
    """Board cells along one pixel."""
    margin_px: int = 40
    """Pixels drawn beyond each border; shadows, crowns and blur reach in from there."""

    def __post_init__(self) -> None:
        if self.size_px < 64 or not 0.1 <= self.gsd_m <= 10 or self.oversample < 1:
            raise UsageError(
                f"A simulated image needs at least 64 pixels a side of 0.1 to 10 m, "
                f"not {self.size_px} of {self.gsd_m} m; give a larger size or another pixel size."
            )

    @property
    def size_m(self) -> float:
        """Side of the image in metres."""
        return self.size_px * self.gsd_m

    @property
    def margin_m(self) -> float:
        """Width of the margin in metres."""
        return self.margin_px * self.gsd_m

    @property
    def cell_m(self) -> float:
        """Size of a board cell in metres."""
        return self.gsd_m / self.oversample

    @property
    def side(self) -> int:
        """Cells along one side of the board, margins included."""
        return (self.size_px + 2 * self.margin_px) * self.oversample

    @property
    def area_km2(self) -> float:
        """Area of the image, margins excluded."""
        return (self.size_m / 1000.0) ** 2

    @cached_property
    def axis(self) -> Floats:
        """Centres of the cells in metres along either axis."""
        return (((np.arange(self.side) + 0.5) * self.cell_m) - self.margin_m).astype(np.float32)

    def indices(self, metres: npt.ArrayLike) -> npt.NDArray[np.intp]:
        """Return the cells that hold coordinates, clipped to the board."""
        cells = np.floor((np.asarray(metres) + self.margin_m) / self.cell_m).astype(np.intp)
        return np.clip(cells, 0, self.side - 1)

    def burn(self, shapes: Iterable[tuple[Shape, int]], background: int = 0) -> Bytes:
        """Draw geometries by their codes, later ones over earlier ones; returns (side, side) uint8."""
        pairs = [(shape, code) for shape, code in shapes if not shape.is_empty]
        board = np.full((self.side, self.side), background, np.uint8)
        if pairs:
            transform = Affine(self.cell_m, 0, -self.margin_m, 0, self.cell_m, -self.margin_m)
            rasterize(pairs, out=board, transform=transform)
        return board

    def share(self, flags: Flags, shape: Shape) -> float:
        """Return the share of a geometry's cells on which `flags` holds; 0 where it leaves the board."""
        x0, y0, x1, y1 = shape.bounds
        if min(x0, y0) < -self.margin_m or max(x1, y1) > self.size_m + self.margin_m:
            return 0.0
        columns, rows = self.indices([x0, x1]), self.indices([y0, y1])
        window = flags[rows[0] : rows[1] + 1, columns[0] : columns[1] + 1]
        west, north = self.axis[columns[0]] - self.cell_m / 2, self.axis[rows[0]] - self.cell_m / 2
        transform = Affine(self.cell_m, 0, float(west), 0, self.cell_m, float(north))
        inside = rasterize([(shape, 1)], out_shape=window.shape, transform=transform, dtype=np.uint8) > 0
        return float(window[inside].mean()) if inside.any() else 0.0

    def noise(self, rng: np.random.Generator, scale_m: float) -> Floats:
        """Return a smooth random field of about unit variance whose blobs are `scale_m` wide.

        White noise on a coarse lattice is the set of control points of a cubic B-spline; below the size
        of two cells it is white noise itself.
        """
        step = scale_m / 2.0 / self.cell_m
        if step <= 1.0:
            return rng.standard_normal((self.side, self.side), dtype=np.float32)
        knots = int(np.ceil(self.side / step)) + 4
        weights = _spline_weights(self.side, step, knots, float(rng.random()))
        control = rng.standard_normal((knots, knots), dtype=np.float32)
        rows = weights @ control
        # The variance of the spline of unit white noise, over one knot interval, in each of two directions.
        field: Floats = np.ascontiguousarray((weights @ rows.T).T)
        field /= np.float32(_SPLINE_VARIANCE)
        return field


_SPLINE_VARIANCE = 0.4794  # mean over t of the four squared weights; once for each axis under a root


def _spline_weights(count: int, step: float, knots: int, phase: float) -> sparse.csr_array:
    """Return the (count, knots) matrix of cubic B-spline weights at regular positions."""
    position = np.arange(count) / step + phase
    first = np.floor(position).astype(np.int64)
    t = position - first
    values = np.stack([(1 - t) ** 3, 3 * t**3 - 6 * t**2 + 4, -3 * t**3 + 3 * t**2 + 3 * t + 1, t**3], axis=1).astype(
        np.float32
    ) / np.float32(6)
    columns = first[:, None] + np.arange(4)
    rows = np.repeat(np.arange(count), 4)
    return sparse.csr_array((values.ravel(), (rows, columns.ravel())), shape=(count, knots))


def bezier(
    start: tuple[float, float], control: tuple[float, float], end: tuple[float, float]
) -> npt.NDArray[np.float64]:
    """Return 40 points of a quadratic Bezier curve."""
    t = np.linspace(0, 1, 40)[:, None]
    curve: npt.NDArray[np.float64] = (
        (1 - t) ** 2 * np.array(start) + 2 * t * (1 - t) * np.array(control) + t**2 * np.array(end)
    )
    return curve


def blob(rng: np.random.Generator, x: float, y: float, radius_m: float, rough: float = 0.18) -> npt.NDArray[np.float64]:
    """Return the (72, 2) outline of a rounded irregular patch."""
    angle = np.linspace(0, 2 * np.pi, 72, endpoint=False)
    radius = np.ones_like(angle)
    for wave in range(2, 8):
        radius += rough * rng.standard_normal() / wave * 1.6 * np.cos(wave * angle + 2 * np.pi * rng.random())
    radius = radius_m * np.clip(radius, 0.45, 1.7)
    return np.stack([x + radius * np.cos(angle), y + radius * np.sin(angle)], axis=1)


def ragged(rng: np.random.Generator, points: npt.NDArray[np.float64], amount_m: float) -> npt.NDArray[np.float64]:
    """Return an outline's points moved about by smooth waves, as a digger leaves an edge."""
    moved = points.copy()
    for wave_m in (37.0, 17.0, 8.0):
        for axis in (0, 1):
            turn, phase = 2 * np.pi * rng.random(2)
            along = points[:, 0] * np.cos(turn) + points[:, 1] * np.sin(turn)
            moved[:, axis] += amount_m * (wave_m / 37) ** 0.9 * np.sin(2 * np.pi * along / wave_m + phase)
    return moved


def rectangle(x: float, y: float, length_m: float, width_m: float, angle: float) -> npt.NDArray[np.float64]:
    """Return the (4, 2) corners of a rectangle about its centre; `angle` in radians from the x axis."""
    corners = np.array([(-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5)]) * (length_m, width_m)
    cos, sin = np.cos(angle), np.sin(angle)
    turned: npt.NDArray[np.float64] = corners @ np.array([[cos, sin], [-sin, cos]]) + (x, y)
    return turned
