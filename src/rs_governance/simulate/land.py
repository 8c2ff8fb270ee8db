"""What does not change between the dates, and what covers the ground.

`Cover` says what a cell is; how that looks on a date is told in `surfaces` and `crops`.
"""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from shapely.geometry import LineString, Polygon

from rs_governance.simulate.blocks import Blocks, Relief, Use
from rs_governance.simulate.board import Board, Bytes, Ints
from rs_governance.simulate.outlines import Shape


class Cover(IntEnum):
    """What the ground of a cell is."""

    SCRUB = 0
    FIELD = 1
    PLANTATION = 2
    BROADLEAF = 3
    BANK = 4
    VERGE = 5
    TRACK = 6
    LANE = 7
    ASPHALT = 8
    VILLAGE = 9
    YARD = 10
    POND = 11
    RIVER = 12
    SAND = 13
    EARTH = 14
    RUBBLE = 15
    SLASH = 16
    DYKE = 17
    MARKING = 18
    SHED_FLOOR = 19
    SAPLING = 20
    TERRACE = 21
    FOOTING = 22


@dataclass(frozen=True, kw_only=True)
class Land:
    """All that does not change between the dates."""

    seed: int
    size_m: float
    """Side of the image."""
    margin_m: float
    """What is laid out beyond the image on every side."""
    relief: Relief
    blocks: Blocks
    river: Polygon
    main_road: LineString
    lanes: tuple[LineString, ...]
    tracks: tuple[LineString, ...]
    villages: tuple[Polygon, ...]
    works: tuple[Polygon, ...]
    """Factory yards."""
    ponds: tuple[Polygon, ...]
    drawn: tuple[tuple[Shape, Cover], ...]
    """What lies over the blocks, in the order of drawing."""

    @property
    def area_km2(self) -> float:
        """Area of the image."""
        return (self.size_m / 1000.0) ** 2

    def cover(self, board: Board, label: Ints) -> Bytes:
        """Return the `Cover` codes (rows, columns) of a window with its block numbers."""
        table = np.full(len(self.blocks.use), Cover.FIELD, np.uint8)
        for use, code in (
            (Use.PLANTATION, Cover.PLANTATION),
            (Use.BROADLEAF, Cover.BROADLEAF),
            (Use.SCRUB, Cover.SCRUB),
        ):
            table[self.blocks.use == use] = code
        base = table[label]
        rough = board.noise("copses 34", 34) + 0.5 * board.noise("copses 11", 11) > 1.75
        base[rough & (base == Cover.PLANTATION)] = Cover.BROADLEAF
        over = board.burn([(shape, int(code)) for shape, code in self.drawn], background=255)
        return np.where(over == 255, base, over).astype(np.uint8)
