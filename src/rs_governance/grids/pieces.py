"""Cutting many outlines by many features."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray

from rs_governance.grids.ellipsoid import FloatArray, geodesic_area_m2
from rs_governance.grids.placement import polygonal
from rs_governance.grids.sources import Objects

SLIVER_M2 = 0.01
"""Pieces smaller than this are rounding."""


class Outlines:
    """Outlines of findings, ready to be cut."""

    def __init__(self, geometry: Objects, crs: pyproj.CRS, area_m2: FloatArray) -> None:
        self.geometry, self.crs, self.area_m2 = geometry, crs, area_m2

    @cached_property
    def tree(self) -> shapely.STRtree:
        """Index of the outlines."""
        return shapely.STRtree(self.geometry)

    def ellipsoidal_m2(self, which: NDArray[np.intp]) -> FloatArray:
        """Return the areas of some outlines as measured here; `area_m2` may be rounded, or have another measure."""
        return geodesic_area_m2(self.geometry[which], self.crs)

    def cut(self, features: Objects) -> "Pieces":
        """Return what each outline and each feature have in common, by outline, then feature.

        Most outlines lie in one feature as a whole, which is asked first, of features prepared for it; the costly
        intersection is left for the others.
        """
        feature, outline = self.tree.query(features)
        shapely.prepare(features[np.unique(feature)])
        whole = shapely.covers(features[feature], self.geometry[outline])
        met = whole.copy()
        met[~whole] = shapely.intersects(features[feature[~whole]], self.geometry[outline[~whole]])
        feature, outline, whole = feature[met], outline[met], whole[met]
        geometry = self.geometry[outline]
        partly = np.flatnonzero(~whole)
        geometry[partly] = shapely.intersection(features[feature[partly]], geometry[partly])
        area_m2 = self.area_m2[outline]
        area_m2[partly] = self._in_measure(geometry[partly], outline[partly])
        found = np.flatnonzero(area_m2 > SLIVER_M2)
        found = found[np.lexsort((feature[found], outline[found]))]
        return Pieces(
            outlines=self,
            outline=outline[found],
            feature=feature[found],
            geometry=geometry[found],
            area_m2=area_m2[found],
        )

    def _in_measure(self, pieces: Objects, outline: NDArray[np.intp]) -> FloatArray:
        """Areas of pieces in the measure of their outlines' `area_m2`."""
        cut, back = np.unique(outline, return_inverse=True)
        whole_m2 = self.ellipsoidal_m2(cut)
        ratio = np.divide(self.area_m2[cut], whole_m2, out=np.ones_like(whole_m2), where=whole_m2 > 0)
        return np.minimum(geodesic_area_m2(pieces, self.crs) * ratio[back], self.area_m2[outline])


@dataclass(frozen=True, kw_only=True)
class Pieces:
    """Common ground of outlines and features, by outline, then feature."""

    outlines: Outlines
    """The outlines that were cut."""
    outline: NDArray[np.intp]
    """(n,) row of the outline."""
    feature: NDArray[np.intp]
    """(n,) row of the feature."""
    geometry: Objects
    """(n,) common ground; may hold points and lines where the two touch."""
    area_m2: FloatArray
    """(n,) geodesic area, in the measure of the outline's own."""

    def __len__(self) -> int:
        return len(self.outline)

    @property
    def share(self) -> FloatArray:
        """(n,) part of the outline that the piece is."""
        return np.minimum(1.0, self.area_m2 / self.outlines.area_m2[self.outline])

    def claimed_once(self) -> "Pieces":
        """Return pieces without the ground that an earlier feature has already claimed."""
        one, other = self._overlapping()
        if not len(one):
            return self
        geometry, area_m2 = self.geometry.copy(), self.area_m2.copy()
        for later in np.unique(other):
            before = shapely.union_all(polygonal(self.geometry[one[other == later]]))
            geometry[later] = shapely.difference(polygonal(geometry[[later]])[0], before)
        changed = np.unique(other)
        area_m2[changed] = self.outlines._in_measure(geometry[changed], self.outline[changed])
        left = area_m2 > SLIVER_M2
        return Pieces(
            outlines=self.outlines,
            outline=self.outline[left],
            feature=self.feature[left],
            geometry=geometry[left],
            area_m2=area_m2[left],
        )

    def _overlapping(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Return the pairs of pieces (earlier, later) of one outline that share more than a sliver."""
        none = np.array([], dtype=np.intp)
        if not len(self):
            return none, none
        starts = np.flatnonzero(np.diff(self.outline, prepend=-1))
        ends = np.append(starts[1:], len(self))
        behind = np.repeat(ends, ends - starts) - np.arange(len(self)) - 1  # pieces of the same outline that follow
        one = np.repeat(np.arange(len(self)), behind)
        first = np.repeat(np.cumsum(behind) - behind, behind)
        other = one + 1 + np.arange(len(one)) - first
        bounds = shapely.bounds(self.geometry)
        low, high = np.maximum(bounds[one, :2], bounds[other, :2]), np.minimum(bounds[one, 2:], bounds[other, 2:])
        near = (low < high).all(axis=1)
        one, other = one[near], other[near]
        # Interiors that meet in an area: neighbours share a border only.
        meet = shapely.relate_pattern(self.geometry[one], self.geometry[other], "2********")
        one, other = one[meet], other[meet]
        common = geodesic_area_m2(shapely.intersection(self.geometry[one], self.geometry[other]), self.outlines.crs)
        return one[common > SLIVER_M2], other[common > SLIVER_M2]
