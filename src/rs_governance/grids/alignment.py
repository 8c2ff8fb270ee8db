"""Sources that lie where they cannot: elsewhere, or shifted as GCJ-02 is.

Whether coordinates are in GCJ-02 is written nowhere in a file. But sources of one district share borders: a village
ends where its fields end, a plan where the district ends. So points of the borders of one source are laid on the lines
of another, as they are and moved by the offset of GCJ-02, and counted where they meet.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray

from rs_governance.errors import CrsRefused
from rs_governance.grids.backdrops import METRES_PER_DEGREE
from rs_governance.grids.carriers import RowProblem
from rs_governance.grids.gcj02 import gcj02_to_wgs84, wgs84_to_gcj02
from rs_governance.grids.placement import GCJ02, REMEDIES, project
from rs_governance.grids.sources import Objects
from rs_governance.grids.traces import Fit

FloatArray = NDArray[np.float64]
Move = Callable[[FloatArray], FloatArray]

# Borders drawn twice meet exactly, generalised ones nearby: the closest distance that is conclusive decides.
_DISTANCES_M = (1.0, 3.0, 10.0, 30.0, 80.0)
_SAMPLE = 400
# Points of one spot may all meet a line by chance: one of each square counts, and few squares tell nothing.
_SQUARE_M = 100.0
_LEAST_POINTS = 20
# A distance that is no small part of the extent tells nothing either.
_PART_OF_EXTENT = 1 / 50
_EDGES = 32
# A shift is believed if this part of the points then meets, and far more than under other shifts.
_MEETING_SHARE = 0.35
_TIMES_THE_REST = 2.0
# Two directions of chance alone once let 75 points of homesteads, 41 % of them by chance, seem to be of moved cropland;
# all round 36 % met elsewhere. So the next best is asked for, and how far beyond it so few points can come by chance.
_DIRECTIONS = 16
_DEVIATIONS = 4.0
_LEAST_VARIANCE = 0.02
_ZONES = range(4534, 4555)
_REMOVE = f"remove its crs = '{GCJ02}' from district.toml."
_DECLARE = (
    f"Use the source in CGCS2000 or WGS 84, or say crs = '{GCJ02}' for it in district.toml, and it is brought back."
)


@dataclass(frozen=True, kw_only=True)
class Placed:
    """A source in the district's CRS."""

    where: str
    """Key in `district.toml`."""
    outlines: Objects
    """Its polygons."""
    file_crs: str | None = None
    """CRS of the file."""

    @cached_property
    def lines(self) -> shapely.STRtree:
        """Index of its borders, in short lines."""
        return shapely.STRtree(_short_lines(self.outlines))

    @cached_property
    def points(self) -> FloatArray:
        """(n, 2) points of its borders: the corners, and more along straight edges."""
        side = _SQUARE_M / METRES_PER_DEGREE if np.abs(self.bounds).max() <= 360 else _SQUARE_M
        xy: FloatArray = shapely.get_coordinates(shapely.segmentize(self.outlines, side))
        return xy

    @cached_property
    def bounds(self) -> FloatArray:
        """West, south, east, north."""
        bounds: FloatArray = shapely.total_bounds(self.outlines)
        return bounds


class Ground:
    """What is known of where the district lies, from the sources that were accepted so far."""

    def __init__(self, crs: pyproj.CRS) -> None:
        self.crs = crs
        """CRS of the district."""
        self.sources: list[Placed] = []
        """Those that lie in the district, in the order in which they came."""
        self.agreed: list[tuple[str, str]] = []
        """Keys of two that share borders."""
        self._accepted: list[Placed] = []
        self._extent: shapely.Geometry | None = None
        geodetic = crs.geodetic_crs
        assert geodetic is not None  # the district's CRS is projected or geographic
        self._to_lonlat = pyproj.Transformer.from_crs(crs, geodetic, always_xy=True)

    def admit(self, source: Placed, *, may_miss: bool = False) -> list[RowProblem]:
        """Check a source against those before it, then count on it.

        Parameters
        ----------
        source
            A source of the district, units first.
        may_miss
            Whether the source may lie outside the district as a whole; it is then only told of, and no later source is
            measured by it.

        Returns
        -------
        list of RowProblem
            That it shares no ground with the district, where it may.

        Raises
        ------
        CrsRefused
            If it lies elsewhere, or one of the two sources is in GCJ-02.
        """
        if not len(source.outlines):
            return []
        box = shapely.box(*source.bounds)
        if self._extent is not None and not shapely.intersects(box, self._extent):
            zh, en = self._elsewhere(source, box)
            if not may_miss:
                raise CrsRefused(f"[{source.where}] {en}")
            return [
                RowProblem(source=source.where, row="file", field="", value="", message_zh=zh, message_en=en, kept=True)
            ]
        found = [(other, *self._compared(source, other)) for other in self._accepted]
        other, wrong, share = max(found, key=lambda one: one[2], default=(source, None, 0.0))
        if wrong is not None:
            raise CrsRefused(self._message(wrong, source if wrong is other else other, share))
        self.agreed += [(source.where, one.where) for one, _, meeting in found if meeting > 0]
        self.sources.append(source)
        if not may_miss:
            self._accepted.append(source)
        if self._extent is None:
            self._extent = box
        return []

    def _elsewhere(self, source: Placed, box: shapely.Geometry) -> tuple[str, str]:
        assert self._extent is not None
        unit_km = 111.32 if self.crs.is_geographic else 0.001
        away = shapely.distance(box, self._extent) * unit_km
        zh = f"与本区没有重叠，最近处相距 {away:,.1f} 公里"
        en = f"shares no ground with the district, {away:,.1f} km away at the nearest"
        if zone := self._fitting_zone(source, box):
            zh += f"；若按 {zone} 解释则落在本区内"
            en += f"; read as {zone} it would lie inside: {REMEDIES.assign.replace('...', zone)}"
        elif self._inside_without_offset(source):
            zh += f"；若原为 GCJ-02（手机地图坐标）则落在本区内：为其写 crs = '{GCJ02}'"
            en += f"; brought back from GCJ-02 it would lie inside: {REMEDIES.assign.replace('...', GCJ02)}"
        return f"{zh}。", f"{en}."

    def _inside_without_offset(self, source: Placed) -> bool:
        corners = self._moved(shapely.get_coordinates(shapely.box(*source.bounds)), gcj02_to_wgs84)
        return source.file_crs != GCJ02 and bool(shapely.contains_properly(self._extent, shapely.Polygon(corners)))

    def _fitting_zone(self, source: Placed, box: shapely.Geometry) -> str | None:
        """Return the CGCS2000 zone in which the numbers of the file would lie in the district; None where none does."""
        file_crs = None if source.file_crs in {None, GCJ02} else pyproj.CRS.from_user_input(source.file_crs)
        if file_crs is None or not file_crs.is_projected:
            return None
        numbers = project(np.array([box], dtype=object), self.crs, file_crs)
        for code in _ZONES:
            read = project(numbers, pyproj.CRS.from_epsg(code), self.crs)[0]
            if np.isfinite(read.bounds).all() and shapely.intersects(read, self._extent):
                return f"EPSG:{code}"
        return None

    def _compared(self, source: Placed, other: Placed) -> tuple[Placed | None, float]:
        """Return which of the two is in GCJ-02, if any, and the share of points that then meet (0: cannot be told)."""
        votes = [self._vote(source, other), self._vote(other, source)]
        return max(votes, key=lambda vote: vote[1])

    def _vote(self, one: Placed, other: Placed) -> tuple[Placed | None, float]:
        """Lay points of the borders of one on the lines of the other under each shift; see `_compared`."""
        unit = 1 / METRES_PER_DEGREE if self.crs.is_geographic else 1.0
        points = _strewn(one.points, other.bounds, _SQUARE_M * unit)
        if len(points) < _LEAST_POINTS:
            return None, 0.0
        back, forth = self._moved(points, gcj02_to_wgs84) - points, self._moved(points, wgs84_to_gcj02) - points
        # Shifts of the same length in other directions: what meets then, meets by chance.
        shifts = [np.zeros_like(points), back, forth, *(back @ turned for turned in _turns())]
        reach = _DISTANCES_M[-1] * unit
        distances = np.array([_distances(other.lines, points + shift, reach) for shift in shifts]) / unit
        widest = np.ptp(points, axis=0).max() / unit * _PART_OF_EXTENT
        for limit in (distance for distance in _DISTANCES_M if distance <= widest):
            shares = (distances <= limit).mean(axis=1)
            winner = int(np.argmax(shares))
            rest = np.delete(shares, winner)
            chance = float(rest.max())
            beyond = chance + _DEVIATIONS * float(np.sqrt(max(chance * (1 - chance), _LEAST_VARIANCE) / len(points)))
            least = max(_MEETING_SHARE, _TIMES_THE_REST * float(rest.mean()), beyond)
            if winner < 3 and shares[winner] >= least:
                return (None, one, other)[winner], float(shares[winner])
        return None, 0.0

    def _moved(self, xy: FloatArray, move: Callable[..., tuple[FloatArray, FloatArray]]) -> FloatArray:
        lon, lat = self._to_lonlat.transform(xy[:, 0], xy[:, 1])
        return np.column_stack(self._to_lonlat.transform(*move(lon, lat), direction="INVERSE"))

    def offset_m(self, source: Placed) -> float:
        """Return how far GCJ-02 is off where a source lies."""
        return float(np.hypot(*self.way_m(source)))

    def way_m(self, source: Placed, *, forth: bool = False) -> tuple[float, float]:
        """Return the way (east, north) in metres that brings a source back from GCJ-02, or there."""
        middle = np.array([[source.bounds[[0, 2]].mean(), source.bounds[[1, 3]].mean()]])
        east, north = (self._moved(middle, wgs84_to_gcj02 if forth else gcj02_to_wgs84) - middle)[0]
        if self.crs.is_geographic:
            north *= METRES_PER_DEGREE
            east *= METRES_PER_DEGREE * np.cos(np.radians(middle[0, 1]))
        return float(east), float(north)

    def moved_message(self, source: Placed, fit: Fit, *, on_images: bool) -> str:
        """Return what to tell of a source whose borders fit when they are moved."""
        seen = "the edges that the images show" if on_images else "the borders of the other sources"
        grounds = f"its borders fit {seen} ({fit.moved:.1f} deviations beyond chance, as it is {max(fit.here, 0):.1f})"
        if source.file_crs == GCJ02:
            return f"[{source.where}] says that it is in GCJ-02, but {grounds} when it is not brought back; {_REMOVE}"
        return (
            f"[{source.where}] is in GCJ-02, the offset frame of phone maps, {self.offset_m(source):.0f} m off here: without that offset {grounds}. "
            f"{_DECLARE}"
        )

    def _message(self, wrong: Placed, other: Placed, share: float) -> str:
        if other.file_crs == GCJ02:
            return (
                f"[{other.where}] says that it is in GCJ-02, but {share:.0%} of the points of the borders meet those of "
                f"[{wrong.where}] when it is not brought back; {_REMOVE}"
            )
        return (
            f"[{wrong.where}] is in GCJ-02, the offset frame of phone maps, {self.offset_m(wrong):.0f} m off here: without that offset "
            f"{share:.0%} of the points of the borders fall on the lines of [{other.where}]. {_DECLARE}"
        )


def _turns() -> list[FloatArray]:
    """Return the rotations to the directions of chance: all round, but for those of the offset and against it."""
    angles = (2 * np.pi * step / _DIRECTIONS for step in range(_DIRECTIONS) if step % (_DIRECTIONS // 2))
    return [np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) for angle in angles]


def _strewn(xy: FloatArray, bounds: FloatArray, side: float) -> FloatArray:
    """Return the first point in each square of a lattice within bounds, a sample evenly from all of them."""
    xy = xy[((xy >= bounds[:2]) & (xy <= bounds[2:])).all(axis=1)]
    square = np.floor((xy - bounds[:2]) / side).astype(np.int64)
    _, first = np.unique(square[:, 0] * 2**32 + square[:, 1], return_index=True)
    xy = xy[np.sort(first)]
    return xy[np.linspace(0, len(xy) - 1, _SAMPLE).astype(np.intp)] if len(xy) > _SAMPLE else xy


def _short_lines(outlines: Objects) -> Objects:
    """Cut the borders of outlines into lines of some edges: what is near one is then found fast."""
    xy, ring = shapely.get_coordinates(shapely.get_rings(shapely.get_parts(outlines)), return_index=True)
    sizes = np.bincount(ring)
    place = np.arange(len(xy)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    line = ring * (sizes.max() // _EDGES + 1) + place // _EDGES
    # The first vertex of a line ends the line before it, too.
    joint = np.flatnonzero((place % _EDGES == 0) & (place > 0))
    xy, line = np.concatenate([xy, xy[joint]]), np.concatenate([line, line[joint] - 1])
    order = np.argsort(line, kind="stable")
    _, number, count = np.unique(line[order], return_inverse=True, return_counts=True)
    whole = count[number] > 1
    _, number = np.unique(number[whole], return_inverse=True)
    lines: Objects = shapely.linestrings(xy[order][whole], indices=number)
    return lines


def _distances(tree: shapely.STRtree, xy: FloatArray, reach: float) -> FloatArray:
    """Distance of each point to the nearest line; infinite beyond `reach`."""
    point, distance = tree.query_nearest(
        shapely.points(xy), max_distance=reach, return_distance=True, all_matches=False
    )
    result = np.full(len(xy), np.inf)
    result[point[0]] = distance
    return result
