"""Finding room for a change: on the right ground, inside the image, clear of everything else."""

from collections.abc import Callable

import numpy as np
import shapely
from shapely.geometry import Polygon

from rs_governance.simulate.blocks import Use
from rs_governance.simulate.board import Board, Flags
from rs_governance.simulate.buildings import Building
from rs_governance.simulate.land import Cover, Land
from rs_governance.simulate.outlines import Shape, blob, largest, ragged, rectangle

_TRIES = 260
_GAP_M = 9.0
_CELL_M = 1.6

Maker = Callable[[float, float], Shape]
"""Makes a shape about a place x, y."""


class Sites:
    """What is still free of a land, and makers of shapes that fit in."""

    def __init__(self, land: Land, standing: list[Building], rng: np.random.Generator) -> None:
        self.land = land
        self.rng = rng
        self.standing = standing
        self.roofs = [building.outline for building in standing]
        self.roof_tree = shapely.STRtree(self.roofs)
        self.taken: list[Shape] = []
        count = int(np.ceil(land.size_m / _CELL_M)) + 4
        self.board = Board(seed=land.seed, cell_m=_CELL_M, column0=-2, row0=-2, columns=count, rows=count)
        label = land.blocks.label(self.board)
        use, self.cover = land.blocks.use[label], land.cover(self.board, label)
        self.fields: Flags = np.isin(self.cover, (Cover.FIELD, Cover.TRACK)) & (use != Use.ORCHARD)
        self.woods: Flags = np.isin(self.cover, (Cover.PLANTATION, Cover.BROADLEAF))
        self.plantations: Flags = self.cover == Cover.PLANTATION
        self.villages: Flags = self.cover == Cover.VILLAGE
        self.yards: Flags = self.cover == Cover.YARD
        self.open: Flags = self.fields | np.isin(self.cover, (Cover.VERGE, Cover.SCRUB))

    def inside(self, shape: Shape, margin_m: float) -> bool:
        """Tell whether a shape lies inside the image, a margin from its borders."""
        return bool(min(shape.bounds) > margin_m and max(shape.bounds) < self.land.size_m - margin_m)

    def free(self, shape: Shape, gap_m: float = _GAP_M, within: Shape | None = None) -> bool:
        """Tell whether a shape keeps a gap to all roofs and to all that is taken, but for what it lies `within`."""
        grown = shape.buffer(gap_m, quad_segs=2)
        if len(self.roof_tree.query(grown, predicate="intersects")):
            return False
        others = [other for other in self.taken if other is not within]
        return not others or not bool(shapely.intersects(grown, np.array(others, dtype=object)).any())

    def find(
        self,
        make: Maker,
        ground: Flags,
        share: float = 0.95,
        near: tuple[Shape, ...] = (),
        within: Shape | None = None,
        gap_m: float = _GAP_M,
    ) -> Shape | None:
        """Return the first of many tries that lies with a share of its area on its ground and is free.

        With `near`, the tries are about one of those shapes; with `within`, inside that one; otherwise
        all over the image.
        """
        rng, board = self.rng, self.board
        for _ in range(_TRIES):
            if within is not None:
                x0, y0, x1, y1 = within.bounds
                x, y = x0 + (x1 - x0) * rng.random(), y0 + (y1 - y0) * rng.random()
            elif near:
                home = near[int(len(near) * rng.random())]
                turn, far = 2 * np.pi * rng.random(), np.sqrt(home.area / np.pi) * (0.9 + 0.9 * rng.random())
                x, y = home.centroid.x + far * np.cos(turn), home.centroid.y + far * np.sin(turn)
            else:
                x, y = self.land.size_m * (0.02 + 0.96 * rng.random(2))
            if not ground[board.row_of(y), board.column_of(x)]:
                continue
            shape = make(float(x), float(y))
            fits = not shape.is_empty and self.inside(shape, 6.0) and (within is None or within.contains(shape))
            if fits and board.share(ground, shape) >= share and self.free(shape, gap_m, within):
                return shape
        return None

    def plot(self, length_m: float, width_m: float) -> Maker:
        """Return a maker of rectangles that lie along or across the parcels."""

        def make(x: float, y: float) -> Shape:
            quarter = np.pi / 2 if self.rng.random() < 0.5 else 0.0
            angle = self.land.blocks.angle[self.land.blocks.at(x, y)] + quarter + 0.04 * self.rng.standard_normal()
            return Polygon(rectangle(x, y, length_m, width_m, angle))

        return make

    def patch(self, low_m: float, high_m: float) -> Maker:
        """Return a maker of areas as diggers and saws leave them: half squared, half ragged."""

        def make(x: float, y: float) -> Shape:
            radius = low_m + (high_m - low_m) * self.rng.random()
            slim = 0.7 + 0.5 * self.rng.random()
            angle = self.land.blocks.angle[self.land.blocks.at(x, y)]
            core = Polygon(rectangle(x, y, 1.9 * radius, 1.9 * radius * slim, angle))
            off = 0.5 * radius * self.rng.standard_normal(2)
            lobe = Polygon(blob(self.rng, x + off[0], y + off[1], 0.75 * radius, 0.15)).buffer(0)
            area = shapely.segmentize(core.union(lobe).buffer(5).buffer(-5), 2.0)
            return largest(shapely.transform(area, lambda points: ragged(self.rng, points, 2.4)).buffer(0))

        return make
