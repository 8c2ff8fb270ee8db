"""Where the number of a place stands on a picture: beside it, on no neighbour and on no other number."""

import math
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import numpy.typing as npt
import shapely
from PIL import Image, ImageDraw

from rs_governance.publish.pictures.typography import Rgb, put_text
from rs_governance.publish.style import CASING_RGB

DIRECTIONS = tuple((math.cos(angle), -math.sin(angle)) for angle in np.deg2rad((45, 90, 0, 135, 315, 180, 270, 225)))
"""Where a number is looked for, as unit vectors (x to the right, y down): first above to the right."""

_PAPER: Rgb = (255, 255, 255)
_EDGE_PX = 2.0


class Badges:
    """Numbers in white discs, each where it covers least.

    Parameters
    ----------
    size
        (width, height) of the picture in pixels.
    obstacles
        What should stay in sight, in pixels of the picture.
    radius_px
        Radius of the discs.
    """

    def __init__(self, size: tuple[int, int], obstacles: Sequence[shapely.Geometry], *, radius_px: float) -> None:
        self.size = size
        self.radius_px = radius_px
        self._obstacles = shapely.STRtree(list(obstacles))
        self._taken: list[tuple[float, float]] = []

    def place(self, candidates: Iterable[tuple[float, float]]) -> tuple[float, float]:
        """Take the first of some places that covers nothing, or the one that covers least.

        Parameters
        ----------
        candidates
            Middles of the disc in pixels, the best first; at least one. Those too near the picture's edge are moved inside.
        """
        reach = self.radius_px + _EDGE_PX
        best, least = (0.0, 0.0), math.inf
        for x, y in candidates:
            inside = (
                min(max(x, reach + 1), max(self.size[0] - reach - 1, reach + 1)),
                min(max(y, reach + 1), max(self.size[1] - reach - 1, reach + 1)),
            )
            covered = self._covered(*inside, reach)
            if covered < least:
                best, least = inside, covered
            if covered == 0:
                break
        self._taken.append(best)
        return best

    def draw(self, image: Image.Image, number: int, at: tuple[float, float], target: tuple[float, float]) -> None:
        """Draw a number at a place, tied by a line to what it stands for where that is further off."""
        x, y = at
        draw = ImageDraw.Draw(image)
        draw.line((*target, x, y), fill=CASING_RGB, width=2)
        for radius, rgb in ((self.radius_px + _EDGE_PX, CASING_RGB), (self.radius_px, _PAPER)):
            draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=rgb)
        put_text(draw, (x + 0.5, y), str(number), round(self.radius_px * 1.36), fill=CASING_RGB, anchor="mm", bold=True)

    def _covered(self, x: float, y: float, reach: float) -> float:
        """Return how much of the obstacles a disc covers, in pixels; another number counts for all of it."""
        disc = shapely.Point(x, y).buffer(reach + 1, quad_segs=4)
        near = self._obstacles.geometries[self._obstacles.query(disc, predicate="intersects")]
        covered = float(shapely.area(shapely.intersection(disc, near)).sum()) + 0.01 * len(near)
        others = sum((x - a) ** 2 + (y - b) ** 2 < (2 * reach) ** 2 for a, b in self._taken)
        return round(covered + others * float(disc.area), 3)  # no choice by noise


def around(ring: npt.NDArray[np.float64], distances: Sequence[float]) -> Iterator[tuple[float, float]]:
    """Look for places around a ring, the nearer first.

    Parameters
    ----------
    ring
        (n, 2) points.
    distances
        How far off the ring's outermost points.

    Yields
    ------
    tuple
        A place (x, y).
    """
    for distance in distances:
        for across, down in DIRECTIONS:
            x, y = ring[np.argmax(ring @ (across, down))] + distance * np.array((across, down))
            yield float(x), float(y)
