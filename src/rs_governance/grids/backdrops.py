"""Squares of a district and the edges that its images show there."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import ceil, cos, radians

import numpy as np
import pyproj
import shapely
from affine import Affine
from numpy.typing import NDArray
from scipy import ndimage

from rs_governance.grids.traces import Backdrop, draw_borders
from rs_governance.scenes import PixelGrid, Scene
from rs_governance.scenes.edges import Edges, find_edges
from rs_governance.scenes.ground import bring

FloatArray = NDArray[np.float64]
Square = tuple[int, int]
"""Column and row of a square, from the lower left corner of the lattice."""

METRES_PER_DEGREE = 111_320.0
# Larger squares need more memory, smaller ones more of the room around them.
_SIDE_CELLS = 640
# Finer edges than these are leaves and cars; coarser ones than these are not the borders of anything.
_CELLS_M = (3.0, 30.0)
# One image may be hazy, or of a day on which all fields were bare.
_IMAGES = 2
# An image that shows this part of what the best one shows is as good.
_NEARLY_ALL = 0.9
_BLUR_CELLS = 1.0
_AROUND_CELLS = 30


@dataclass(frozen=True, kw_only=True)
class Backdrops:
    """A lattice of squares over a district, and its images there."""

    crs: pyproj.CRS
    """CRS of the district."""
    bounds: FloatArray
    """West, south, east, north of all there is."""
    reach_m: float
    """Largest shift that matters."""
    scenes: Sequence[Scene]
    """Images, the ones to prefer first."""
    _looked: dict[Square, Backdrop] = field(default_factory=dict)

    @property
    def cell_m(self) -> float:
        """Side of a cell: as fine as the images are, within limits."""
        finest = min((min(scene.grid.pixel_size_m) for scene in self.scenes), default=0.0)
        return min(max(finest, _CELLS_M[0]), _CELLS_M[1])

    @property
    def reach(self) -> int:
        """Largest shift in cells."""
        return ceil(self.reach_m / self.cell_m)

    @property
    def cell(self) -> tuple[float, float]:
        """Sides (x, y) of a cell in units of the CRS."""
        if not self.crs.is_geographic:
            return self.cell_m, self.cell_m
        middle = radians(float(self.bounds[1] + self.bounds[3]) / 2)
        return self.cell_m / (METRES_PER_DEGREE * cos(middle)), self.cell_m / METRES_PER_DEGREE

    @property
    def side(self) -> int:
        """Side of a square in cells, smaller where the district is."""
        return min(_SIDE_CELLS, ceil(float(np.max((self.bounds[2:] - self.bounds[:2]) / self.cell))) + 1)

    @property
    def opened(self) -> frozenset[Square]:
        """Squares of which the images were read."""
        return frozenset(self._looked)

    def count(self, points: FloatArray) -> dict[Square, int]:
        """Count points in each square."""
        side = np.array(self.cell) * self.side
        squares, counts = np.unique(
            np.floor((points - self.bounds[:2]) / side).astype(np.int64), axis=0, return_counts=True
        )
        return {(int(col), int(row)): int(n) for (col, row), n in zip(squares, counts, strict=True)}

    def grid(self, square: Square) -> PixelGrid:
        """Return the cells of a square and of the room around it."""
        dx, dy = self.cell
        left = self.bounds[0] + square[0] * self.side * dx - self.reach * dx
        top = self.bounds[1] + (square[1] + 1) * self.side * dy + self.reach * dy
        side = self.side + 2 * self.reach
        return PixelGrid(crs=self.crs, transform=Affine(dx, 0, left, 0, -dy, top), height=side, width=side)

    def draw(self, lines: shapely.STRtree, square: Square) -> Edges:
        """Draw the lines in a square, without the room around it."""
        grid = self.grid(square)
        return draw_borders(_near(lines, grid), grid, within=self.reach)

    def images(self, square: Square) -> Backdrop:
        """Return the edges that the images show in and around a square.

        Raises
        ------
        SceneUnreadable
            If an image cannot be read there.
        """
        if square not in self._looked:
            grid = self.grid(square)
            shown = [
                float(shapely.area(shapely.intersection(_footprint(scene, self.crs), grid.footprint)))
                for scene in self.scenes
            ]
            enough = _NEARLY_ALL * max(shown)
            best = [scene for scene, area in zip(self.scenes, shown, strict=True) if area and area >= enough]
            lines = _mean([find_edges(scene, grid) for scene in best[:_IMAGES]], grid)
            self._looked[square] = Backdrop(grid=grid, reach=self.reach, lines=lines)
        return self._looked[square]

    def drawn(self, lines: Sequence[shapely.STRtree], square: Square) -> Backdrop:
        """Return the borders that other sources draw in and around a square."""
        grid = self.grid(square)
        near = np.concatenate([_near(tree, grid) for tree in lines])
        drawn = draw_borders(near, grid, within=0, width=_BLUR_CELLS)
        # Far from all lines there is nothing to fit, and nothing to miss.
        about = ndimage.maximum_filter(drawn.seen, 2 * _AROUND_CELLS + 1)
        return Backdrop(grid=grid, reach=self.reach, lines=Edges(cosine=drawn.cosine, sine=drawn.sine, seen=about))


def _near(lines: shapely.STRtree, grid: PixelGrid) -> NDArray[np.object_]:
    near: NDArray[np.object_] = lines.geometries[np.sort(lines.query(grid.footprint))]
    return near


def _footprint(scene: Scene, crs: pyproj.CRS) -> shapely.Geometry:
    assert scene.grid.crs is not None  # others are no images of a district
    return bring(scene.grid.footprint, scene.grid.crs, crs)


def _mean(edges: Sequence[Edges], grid: PixelGrid) -> Edges:
    """Return the mean of what some images show; nothing where none does."""
    shape = grid.height, grid.width
    times = np.zeros(shape, np.float32)
    sums = np.zeros((2, *shape), np.float32)
    for one in edges:
        sums += (one.cosine, one.sine)
        times += one.seen
    sums /= np.maximum(times, 1)
    return Edges(cosine=sums[0], sine=sums[1], seen=times > 0)
