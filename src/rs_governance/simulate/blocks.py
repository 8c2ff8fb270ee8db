"""Relief, and the blocks of fields and woods that follow it."""

from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry import MultiPoint, box

from rs_governance.simulate.board import Board, Floats, Ints, noise_at
from rs_governance.simulate.outlines import Points


class Use(IntEnum):
    """What a block is mostly used for."""

    PADDY = 0
    CANE = 1
    VEGETABLE = 2
    DRYLAND = 3
    FALLOW = 4
    ORCHARD = 5
    PLANTATION = 6
    BROADLEAF = 7
    SCRUB = 8


@dataclass(frozen=True, kw_only=True)
class Relief:
    """Where the land is high and low."""

    seed: int
    size_m: float
    """Side of the image."""
    uphill: tuple[float, float]
    """Unit vector from the river to the hills: east, south."""

    def _noises(self) -> tuple[tuple[str, float, float], ...]:
        wide = min(0.3, max(0.0, 0.15 * (self.size_m / 1000 - 1)))
        return ("hill 1300", 1300.0, wide), ("hill 420", 420.0, 0.26), ("hill 150", 150.0, 0.1)

    def hill(self, board: Board) -> Floats:
        """Return about -1 at the low side to 1 in the hills, (rows, columns)."""
        half = self.size_m / 2
        east, south = ((board.x - half) / half * self.uphill[0]), ((board.y - half) / half * self.uphill[1])
        hill = east[None, :] + south[:, None]
        for name, scale_m, weight in self._noises():
            if weight:
                hill += np.float32(weight) * board.noise(name, scale_m)
        return hill.astype(np.float32)

    def hill_at(self, x: npt.ArrayLike, y: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Return the same at places (n)."""
        half = self.size_m / 2
        x, y = np.atleast_1d(x), np.atleast_1d(y)
        hill = (x - half) / half * self.uphill[0] + (y - half) / half * self.uphill[1]
        for name, scale_m, weight in self._noises():
            if weight:
                hill = hill + weight * noise_at(self.seed, name, scale_m, x, y)
        return np.asarray(hill, np.float64)

    def elevation(self, board: Board) -> Floats:
        """Return the height of the ground in metres, (rows, columns)."""
        high = np.clip((self.hill(board) - 0.3) / 0.9, 0, 1.2)
        high *= 34 + 18 * board.noise("relief 170", 170) + 7 * board.noise("relief 60", 60)
        elevation: Floats = (high + 1.2 * board.noise("relief 220", 220)).astype(np.float32)
        return elevation


@dataclass(frozen=True, kw_only=True)
class Blocks:
    """Blocks of fields or woods; the arrays have one row for each block."""

    outlines: npt.NDArray[np.object_]
    """Polygons in local metres."""
    centre: Points
    """(n, 2) x, y."""
    use: npt.NDArray[np.int64]
    """`Use` codes."""
    angle: npt.NDArray[np.float64]
    """Direction of the parcels' long sides in radians."""

    @cached_property
    def tree(self) -> shapely.STRtree:
        """The outlines, for asking which are near."""
        return shapely.STRtree(self.outlines)

    def label(self, board: Board) -> Ints:
        """Return the number of the block of every cell, (rows, columns)."""
        near = np.sort(self.tree.query(box(*board.bounds)))
        return board.burn([(self.outlines[number], int(number)) for number in near])

    def at(self, x: float, y: float) -> int:
        """Return the number of the block at a place."""
        return int(self.tree.nearest(shapely.Point(x, y)))


def divide_blocks(seed: int, rng: np.random.Generator, relief: Relief, margin_m: float, phi: float) -> Blocks:
    """Divide the land into blocks: warped Voronoi cells of a jittered, turned lattice."""
    spacing, half = 118.0, relief.size_m / 2
    count = int(np.ceil((relief.size_m + 2 * margin_m) * 0.95 / spacing)) + 2
    lattice = np.arange(-count, count + 1.0)
    u, v = np.meshgrid(lattice * spacing, lattice * spacing * 0.8)
    u = u + spacing * 0.62 * (rng.random(u.shape) - 0.5)
    v = v + spacing * 0.55 * (rng.random(v.shape) - 0.5) + 0.5 * spacing * (lattice[None, :] % 2)
    theta = phi + 0.5 * (rng.random() - 0.5)
    cos, sin = np.cos(theta), np.sin(theta)
    x, y = half + u * cos - v * sin, half + u * sin + v * cos
    reach = half + margin_m + 1.5 * spacing
    near = (abs(x - half) < reach) & (abs(y - half) < reach)
    seeds = np.stack([x[near], y[near]], axis=1)
    cells = shapely.get_parts(shapely.voronoi_polygons(MultiPoint(seeds), ordered=True))

    def warp(points: Points) -> Points:
        x, y = points.T
        bend = [
            10 * noise_at(seed, f"warp 150 {axis}", 150, x, y) + 2.5 * noise_at(seed, f"warp 40 {axis}", 40, x, y)
            for axis in "xy"
        ]
        return np.round(points + np.stack(bend, axis=1), 2)

    kept = shapely.intersects(cells, box(-margin_m - 40, -margin_m - 40, *(2 * [relief.size_m + margin_m + 40])))
    outlines = shapely.make_valid(shapely.transform(shapely.segmentize(cells[kept], 7.0), warp))
    seeds = seeds[kept]
    height = relief.hill_at(seeds[:, 0], seeds[:, 1]) + 0.06 * rng.standard_normal(len(seeds))
    pick = rng.random(len(seeds))
    low = np.select(
        [pick < 0.46, pick < 0.57, pick < 0.80, pick < 0.91],
        [Use.PADDY, Use.VEGETABLE, Use.CANE, Use.DRYLAND],
        Use.FALLOW,
    )
    middle = np.select(
        [pick < 0.42, pick < 0.62, pick < 0.76, pick < 0.86, pick < 0.94],
        [Use.CANE, Use.DRYLAND, Use.ORCHARD, Use.FALLOW, Use.PLANTATION],
        Use.BROADLEAF,
    )
    high = np.select([pick < 0.68, pick < 0.88, pick < 0.95], [Use.PLANTATION, Use.BROADLEAF, Use.SCRUB], Use.ORCHARD)
    use = np.where(height < 0.26, low, np.where(height < 0.58, middle, high)).astype(np.int64)
    angle = theta + 0.16 * rng.standard_normal(len(seeds)) + np.pi / 2 * (rng.random(len(seeds)) < 0.4)
    return Blocks(outlines=outlines, centre=seeds, use=use, angle=angle)
