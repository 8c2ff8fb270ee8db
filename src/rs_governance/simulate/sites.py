"""Finding room for a change: on the right ground, inside the image, clear of everything else."""

from collections.abc import Callable

import numpy as np
import shapely
from shapely.geometry import Polygon

from rs_governance.simulate.buildings import Building
from rs_governance.simulate.frame import Flags, Shape, blob, ragged, rectangle
from rs_governance.simulate.land import Cover, Land, Use

_TRIES = 260
_GAP_M = 9.0

Maker = Callable[[float, float], Shape]
"""Makes a shape about a place x, y."""


class Sites:
    """What is still free of a land, and makers of shapes that fit in."""

    def __init__(self, land: Land, standing: list[Building], rng: np.random.Generator) -> None:
        self.land = land
        self.rng = rng
        self.roofs = [building.outline for building in standing]
        self.roof_tree = shapely.STRtree(self.roofs)
        self.taken: list[Shape] = []
        use = land.blocks.use[np.minimum(land.blocks.label, len(land.blocks.use) - 1)]
        self.fields: Flags = np.isin(land.cover, (Cover.FIELD, Cover.TRACK)) & (use != Use.ORCHARD)
        self.woods: Flags = np.isin(land.cover, (Cover.PLANTATION, Cover.BROADLEAF))

    def block_at(self, x: float, y: float) -> int:
        """Return the number of the block at a place."""
        frame, blocks = self.land.frame, self.land.blocks
        return min(int(blocks.label[frame.indices(y), frame.indices(x)]), len(blocks.use) - 1)

    def inside(self, shape: Shape, margin_m: float) -> bool:
        """Tell whether a shape lies inside the image, a margin from its borders."""
        return bool(min(shape.bounds) > margin_m and max(shape.bounds) < self.land.frame.size_m - margin_m)

    def free(self, shape: Shape, gap_m: float = _GAP_M) -> bool:
        """Tell whether a shape keeps a gap to all roofs and to all that is taken."""
        grown = shape.buffer(gap_m)
        on_roofs = len(self.roof_tree.query(grown, predicate="intersects"))
        return not on_roofs and not any(grown.intersects(other) for other in self.taken)

    def find(self, make: Maker, ground: Flags, share: float = 0.95, near: tuple[Shape, ...] = ()) -> Shape | None:
        """Return the first of many tries that lies with a share of its area on its ground and is free.

        With `near`, the tries are about one of those shapes; otherwise all over the image.
        """
        frame, rng = self.land.frame, self.rng
        for _ in range(_TRIES):
            if near:
                home = near[int(len(near) * rng.random())]
                turn, far = 2 * np.pi * rng.random(), np.sqrt(home.area / np.pi) * (0.9 + 0.9 * rng.random())
                x, y = home.centroid.x + far * np.cos(turn), home.centroid.y + far * np.sin(turn)
            else:
                x, y = frame.size_m * (0.03 + 0.94 * rng.random(2))
            shape = make(float(x), float(y))
            if self.inside(shape, 6.0) and frame.share(ground, shape) >= share and self.free(shape):
                return shape
        return None

    def plot(self, length_m: float, width_m: float) -> Maker:
        """Return a maker of rectangles that lie along or across the parcels."""

        def make(x: float, y: float) -> Shape:
            quarter = np.pi / 2 if self.rng.random() < 0.5 else 0.0
            angle = self.land.blocks.angle[self.block_at(x, y)] + quarter + 0.04 * self.rng.standard_normal()
            return Polygon(rectangle(x, y, length_m, width_m, angle))

        return make

    def patch(self, low_m: float, high_m: float) -> Maker:
        """Return a maker of areas as diggers and saws leave them: half squared, half ragged."""

        def make(x: float, y: float) -> Shape:
            radius = low_m + (high_m - low_m) * self.rng.random()
            slim = 0.7 + 0.5 * self.rng.random()
            angle = self.land.blocks.angle[self.block_at(x, y)]
            core = Polygon(rectangle(x, y, 1.9 * radius, 1.9 * radius * slim, angle))
            off = 0.5 * radius * self.rng.standard_normal(2)
            lobe = Polygon(blob(self.rng, x + off[0], y + off[1], 0.75 * radius, 0.15)).buffer(0)
            area = shapely.segmentize(core.union(lobe).buffer(5).buffer(-5), 2.0)
            return largest(shapely.transform(area, lambda points: ragged(self.rng, points, 2.4)).buffer(0))

        return make


def largest(shape: Shape) -> Shape:
    """Return the largest part of a geometry, or an empty polygon."""
    return max(shapely.get_parts(shape), key=lambda part: part.area, default=Polygon())


def sides(plot: Shape) -> tuple[float, float, float, float, float]:
    """Return centre x, y, length, width and direction of a rectangle."""
    corners = shapely.get_coordinates(plot)[:4]
    along, deep = corners[1] - corners[0], corners[3] - corners[0]
    x, y = corners.mean(axis=0)
    return float(x), float(y), float(np.hypot(*along)), float(np.hypot(*deep)), float(np.arctan2(along[1], along[0]))
