"""What really changed, as a perfect observer under the same clouds would tell it, scene by scene."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely
from affine import Affine
from rasterio.features import rasterize

from rs_governance.simulate.changes import Change, Kind
from rs_governance.simulate.district import SimulatedDistrict
from rs_governance.simulate.layers import Layers

_BUILDINGS = (Kind.NEW_BUILDING, Kind.NEW_STRUCTURE)
_OCCUPIES = (
    Kind.EARTHWORK,
    Kind.HARDENED_GROUND,
    Kind.ROAD,
    Kind.PHOTOVOLTAIC,
    Kind.GREENHOUSE,
    Kind.WATER_GAINED,
    Kind.WATER_LOST,
)


@dataclass(frozen=True, kw_only=True)
class Truth:
    """What can be seen of the changes."""

    rasters: tuple[npt.NDArray[np.uint8], ...]
    """For each scene but the first, (size, size) `Kind` codes of what became visible in it, 0 elsewhere."""
    seen_from: tuple[str | None, ...]
    """For each change of the district the first scene that shows half of it; None where none does."""
    themes: tuple[str, ...]
    """For each change the theme that the usual rules give it."""


def observe(district: SimulatedDistrict, layers: Layers) -> Truth:
    """Tell what becomes visible in each scene.

    A place becomes visible as changed in the first scene that is clear there after the change, if an
    earlier scene was clear there too.
    """
    size, changes = district.size_px, district.changes
    transform = Affine.scale(district.gsd_m)
    last = np.full((size, size), -1, np.int32)  # what was last seen of a place; -1: it was never seen
    kinds = np.array([0, *(int(change.kind) for change in changes)], np.uint8)
    area = np.zeros(len(changes) + 1)
    shown = np.zeros(len(changes) + 1)
    seen_from: list[str | None] = [None] * (len(changes) + 1)
    rasters = []
    for take, clouded in zip(district.takes, district.clouded, strict=True):
        state = np.zeros((size, size), np.int32)
        done = [(change.outline, number) for number, change in enumerate(changes, 1) if change.happened_on <= take.on]
        if done:
            rasterize(done, out=state, transform=transform)
        clear = np.ones((size, size), bool)
        if not clouded.is_empty:
            hidden = rasterize([(clouded, 1)], out_shape=(size, size), transform=transform, dtype=np.uint8)
            clear = hidden == 0
        new = clear & (last >= 0) & (state != last)
        rasters.append(np.where(new, kinds[state], 0).astype(np.uint8))
        area = np.maximum(area, np.bincount(state.ravel(), minlength=len(area)))
        shown += np.bincount(state[new], minlength=len(shown))
        for number in np.flatnonzero((shown > 0.5 * area) & (area > 0)).tolist():
            seen_from[number] = seen_from[number] or take.name
        last = np.where(clear, state, last)
    return Truth(
        rasters=tuple(rasters[1:]),
        seen_from=tuple(seen_from[1:]),
        themes=tuple(_themes(changes, layers)),
    )


def _themes(changes: tuple[Change, ...], layers: Layers) -> list[str]:
    woods = [parcel.outline for parcel in layers.woods]
    fields = [parcel.outline for parcel in layers.land_use if parcel.cropland]
    trees = shapely.STRtree(woods), shapely.STRtree(fields)

    def share(change: Change, tree: shapely.STRtree) -> float:
        near = tree.geometries[np.sort(tree.query(change.outline, predicate="intersects"))]
        return float(shapely.area(shapely.intersection(near, change.outline)).sum() / change.outline.area)

    return [_theme(change, share(change, trees[0]) >= 0.5, share(change, trees[1]) >= 0.5) for change in changes]


def _theme(change: Change, in_woods: bool, on_cropland: bool) -> str:
    harvest = change.permit is not None and change.permit.register == "harvest_permit"
    if change.permitted and not harvest:
        return "major_project"
    if change.kind in (Kind.DEMOLITION, Kind.REGROWTH):
        return "other"
    if in_woods:
        return "protected_woodland"
    if on_cropland and change.kind in (*_BUILDINGS, *_OCCUPIES):
        return "farmland"
    if change.kind in _BUILDINGS:
        return "illegal_construction"
    return "illegal_occupation" if change.kind in _OCCUPIES else "other"
