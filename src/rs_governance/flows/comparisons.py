"""From the scenes of a district to the findings of an issue: which images are compared where, and what they show."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Literal

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyproj
import shapely
from shapely.geometry.base import BaseGeometry

from rs_governance.detect import FINDINGS, MONTHLY, learn_model
from rs_governance.district import District, SceneSource
from rs_governance.errors import CrsRefused, NotAlignable
from rs_governance.flows.pair_notes import CLOUDED
from rs_governance.flows.setup import Progress, Setup, tell
from rs_governance.scenes import (
    Comparison,
    ComparisonPlan,
    Observation,
    PixelGrid,
    Registration,
    Scene,
    ScenePair,
    align,
    observe,
    open_scene,
    pair_scenes,
    plan_comparisons,
    register,
)
from rs_governance.scenes.crs import transformer
from rs_governance.scenes.ground import bring

Basis = Literal["monthly", "baseline"]

# Ground around a comparison that is looked at as well, so that what crosses its border is found whole.
_AROUND_M = 250.0
# A comparison of more of the ground than this is looked at as a whole.
_MOST = 0.9
# Two outlines of one thing, found in two comparisons, share more than this of the smaller one.
_SAME_SHARE = 0.3


@dataclass(frozen=True, kw_only=True)
class Compared:
    """Findings of all comparisons of an issue, each thing once."""

    findings: gpd.GeoDataFrame
    """Declared findings in the district's CRS, renumbered: comparisons in their order, then reading order."""
    basis: pd.Series
    """By finding_id: compared with the last usable image (monthly) or with the fixed baseline."""
    shrink_m: npt.NDArray[np.float64]
    """(n,): what the registration leaves, in metres on the ground."""
    plan: ComparisonPlan
    """Which images were compared where."""
    scenes: Mapping[str, Scene]
    """Opened scenes by image id, those that were compared."""
    registrations: Mapping[tuple[str, str], Registration]
    """Shift of the second against the first scene of each pair that was compared, in pixels of their grid."""
    shifts: Mapping[tuple[str, str], tuple[float, float]]
    """The same on the ground: east and north, in units of the district's CRS."""
    bases: Mapping[tuple[str, str], Basis]
    """Why each pair was compared."""
    areas: Mapping[str, BaseGeometry]
    """What can be seen in each of the scenes, in the district's CRS."""
    clouded: Mapping[str, float]
    """Share of each scene without a cloud mask that looks like clouds, where that is more than a little."""


@dataclass(frozen=True, kw_only=True)
class _Part:
    """What one comparison shows."""

    findings: gpd.GeoDataFrame
    basis: Basis
    shrink_m: float
    area: BaseGeometry
    registration: Registration
    shift: tuple[float, float]
    clouded: tuple[float, float]


def compare_scenes(
    district: District,
    *,
    issue: str,
    inside: BaseGeometry,
    setup: Setup,
    woods: BaseGeometry | None = None,
    known: BaseGeometry | None = None,
    progress: Progress | None = None,
) -> Compared:
    """Compare the scenes of an issue with the last usable image of each place, and with the baseline if there is one.

    Parameters
    ----------
    district
        Names the scenes.
    issue
        The issue to publish.
    inside
        Ground that matters, in the district's CRS.
    setup
        How to compute.
    woods
        Wooded ground, in the district's CRS; None where nobody knows.
    known
        What former issues published already: the baseline finds it again, and it is left out there.
    progress
        Told how far the work is.

    Raises
    ------
    RsgError
        One of its subclasses, when an image cannot be used or the issue has nothing to compare.
    """
    scenes = _Scenes(district)
    tell(progress, "look", 0.0)
    plan = plan_comparisons(map(scenes.observation, district.scenes), issue=issue, district=inside)
    tell(progress, "look", 1.0)
    comparisons: list[tuple[Comparison, Basis]] = [(one, "monthly") for one in plan.comparisons]
    base = _baseline_comparison(district, scenes, plan, issue=issue, inside=inside)
    if base is not None:
        comparisons.append((base, "baseline"))
    parts, learnt = [], _Pairs(scenes, inside, woods, district.crs, setup)
    for number, (comparison, basis) in enumerate(comparisons):

        def share(stage: str, done: float, at: int = number) -> None:
            tell(progress, "compare", (at + (done if stage == "detect" else 0.0)) / len(comparisons))

        parts.append(learnt.find(comparison, basis, progress=share))
    tell(progress, "compare", 1.0)
    pairs = [(one.before.image_id, one.after.image_id) for one, _ in comparisons]
    return Compared(
        **_merge(parts, district.crs, known),
        plan=plan,
        scenes={name: scenes.scene(name) for name in sorted({name for pair in pairs for name in pair})},
        registrations={pair: part.registration for pair, part in zip(pairs, parts, strict=True)},
        shifts={pair: part.shift for pair, part in zip(pairs, parts, strict=True)},
        bases={pair: part.basis for pair, part in zip(pairs, parts, strict=True)},
        areas={one.image_id: one.area for part, _ in comparisons for one in (part.before, part.after)},
        clouded=_clouded(scenes, pairs, parts),
    )


def _clouded(scenes: "_Scenes", pairs: list[tuple[str, str]], parts: list["_Part"]) -> dict[str, float]:
    shares: dict[str, float] = {}
    for pair, part in zip(pairs, parts, strict=True):
        for name, share in zip(pair, part.clouded, strict=True):
            shares[name] = max(share, shares.get(name, 0.0))
    return {
        name: share
        for name, share in sorted(shares.items())
        if share >= CLOUDED and scenes.scene(name).cloud_mask is None
    }


class _Scenes:
    """The scenes of a district, opened when they are first asked for."""

    def __init__(self, district: District) -> None:
        self._sources = {source.id: source for source in district.scenes}
        self._crs = district.crs
        self.unaligned = {source.id for source in district.scenes if source.unaligned}
        self._opened: dict[str, Scene] = {}
        self._seen: dict[str, BaseGeometry] = {}

    def scene(self, image_id: str) -> Scene:
        if image_id not in self._opened:
            source = self._sources[image_id]
            scene = open_scene(
                source.path, acquired_on=source.acquired_on, cloud_mask=source.clouds, **dict(source.options)
            )
            if scene.grid.crs is None:
                raise CrsRefused(
                    f"Scene '{image_id}' ('{source.path}') has no georeference; a district needs images in a CRS "
                    "(gdal_edit.py -a_srs EPSG:... -a_ullr ...)."
                )
            self._opened[image_id] = replace(scene, image_id=image_id)
        return self._opened[image_id]

    def observation(self, source: SceneSource) -> Observation:
        return Observation(
            image_id=source.id, acquired_on=source.acquired_on, issue=source.issue, look=partial(self._look, source.id)
        )

    def _look(self, image_id: str) -> BaseGeometry:
        if image_id not in self._seen:
            self._seen[image_id] = observe(self.scene(image_id), self._crs)
        return self._seen[image_id]


class _Pairs:
    """Pairs of scenes, registered and learnt once for all comparisons of the same two."""

    def __init__(
        self, scenes: _Scenes, inside: BaseGeometry, woods: BaseGeometry | None, crs: pyproj.CRS, setup: Setup
    ) -> None:
        self._scenes, self._inside, self._woods, self._crs, self._setup = scenes, inside, woods, crs, setup

    def find(self, comparison: Comparison, basis: Basis, *, progress: Progress) -> _Part:
        """Register and learn on all that both scenes share, look only at the comparison's ground and around it."""
        both = self._scenes.scene(comparison.before.image_id), self._scenes.scene(comparison.after.image_id)
        whole = pair_scenes(*both, aoi=(self._inside, self._crs))
        registration = self._register(whole, comparison)
        around = shapely.intersection(comparison.area.buffer(_AROUND_M), self._inside)
        with ExitStack() as stack:
            pair = stack.enter_context(align(whole, registration))
            model = learn_model(pair, MONTHLY, workers=self._setup.workers, device=self._setup.device)
            if around.area < _MOST * self._inside.area:
                cut = pair_scenes(*both, aoi=(around, self._crs))
                pair = stack.enter_context(align(cut, registration))
            woods = self._woods
            if woods is not None and pair.grid.crs is not None:
                woods = bring(woods, self._crs, pair.grid.crs)
            found = self._setup.find(pair, model=model, woods=woods, progress=progress).findings
            pixel_m = max(pair.grid.pixel_size_m)
        residual = registration.residual_px if registration.reliable else None
        return _Part(
            findings=_in_crs(found, self._crs),
            basis=basis,
            # Where no shift could be measured a pixel is assumed: an outline is never surer than that.
            shrink_m=pixel_m * (residual if residual is not None else 1.0),
            area=comparison.area,
            registration=registration,
            shift=_on_ground(registration, whole.grid, self._crs),
            clouded=model.clouded,
        )

    def _register(self, pair: ScenePair, comparison: Comparison) -> Registration:
        """Register two scenes; what cannot be aligned ends the run unless the district's file allows it."""
        names = {comparison.before.image_id, comparison.after.image_id}
        try:
            return register(pair, allow_unaligned=not names.isdisjoint(self._scenes.unaligned))
        except NotAlignable as error:
            raise NotAlignable(
                f"{str(error).split('; or compare them as delivered')[0].rstrip('.')}; or compare them as delivered: say unaligned = true in "
                f"one of their [[scene]] in district.toml."
            ) from error


def _baseline_comparison(
    district: District, scenes: _Scenes, plan: ComparisonPlan, *, issue: str, inside: BaseGeometry
) -> Comparison | None:
    """Compare the newest scene of the issue with the baseline; None where there is no baseline or it is not older."""
    sources = {source.id: source for source in district.scenes}
    newest = max((one for one in district.scenes if one.issue == issue), key=lambda one: (one.acquired_on, one.id))
    if district.baseline is None or sources[district.baseline].acquired_on >= newest.acquired_on:
        return None
    before, after = scenes.observation(sources[district.baseline]), scenes.observation(newest)
    monthly = [one.area for one in plan.comparisons if one.before.image_id == before.image_id]
    area = shapely.intersection(inside, shapely.intersection(before.area, after.area))
    area = shapely.difference(area, shapely.union_all(monthly)) if monthly else area
    return Comparison(before=before, after=after, area=area) if area.area > 0 else None


def _merge(parts: list[_Part], crs: pyproj.CRS, known: BaseGeometry | None) -> dict[str, Any]:
    """Put the findings of all comparisons together, each thing once: as the comparison that it mostly lies in saw it."""
    candidates = pd.concat(
        [
            part.findings.assign(
                _part=number,
                _own=shapely.area(shapely.intersection(part.findings.geometry.to_numpy(), part.area))
                / shapely.area(part.findings.geometry.to_numpy()),
            )
            for number, part in enumerate(parts)
        ],
        ignore_index=True,
    )
    outlines = candidates.geometry.to_numpy()
    of_baseline = np.array([part.basis == "baseline" for part in parts], bool)[candidates["_part"]]
    kept = candidates["_own"].to_numpy() > 0
    if known is not None:
        shared = shapely.area(shapely.intersection(outlines, known))
        kept &= ~(of_baseline & (shared > _SAME_SHARE * shapely.area(outlines)))
    # Monthly findings before those of the baseline, then the one that lies deepest in its own comparison.
    order = np.lexsort((np.arange(len(kept)), -candidates["_own"], of_baseline))
    for first, second in _same(outlines, np.flatnonzero(kept), order):
        if kept[first]:
            kept[second] = False
    chosen = candidates[kept]
    part_of = chosen["_part"].to_numpy()
    ids = [f"f{number:06d}" for number in range(1, len(chosen) + 1)]
    values = {column.name: chosen[column.name].to_numpy() for column in FINDINGS.columns}
    return {
        "findings": FINDINGS.make({**values, "finding_id": ids}, chosen.geometry.to_numpy(), crs),
        "basis": pd.Series([parts[number].basis for number in part_of], index=ids, dtype="str"),
        "shrink_m": np.array([parts[number].shrink_m for number in part_of], np.float64),
    }


def _same(
    outlines: npt.NDArray[Any], among: npt.NDArray[np.intp], order: npt.NDArray[np.intp]
) -> Iterator[tuple[int, int]]:
    # The one that is to stay comes first, and those that stay before those that go.
    rank = np.empty(len(order), np.intp)
    rank[order] = np.arange(len(order))
    one, other = among[shapely.STRtree(outlines[among]).query(outlines[among], predicate="intersects")]
    one, other = one[rank[one] < rank[other]], other[rank[one] < rank[other]]
    smaller = np.minimum(shapely.area(outlines[one]), shapely.area(outlines[other]))
    same = shapely.area(shapely.intersection(outlines[one], outlines[other])) > _SAME_SHARE * smaller
    pairs = sorted(zip(rank[one[same]].tolist(), rank[other[same]].tolist(), strict=True))
    for first, second in pairs:
        yield int(order[first]), int(order[second])


def _on_ground(registration: Registration, grid: PixelGrid, crs: pyproj.CRS) -> tuple[float, float]:
    """Return a shift in units of another CRS, as it is in the middle of the grid."""
    col, row = grid.width / 2, grid.height / 2
    ends = [grid.transform @ at for at in ((col, row), (col + registration.dx_px, row + registration.dy_px))]
    assert grid.crs is not None
    to_crs = transformer(grid.crs, crs)
    x, y = to_crs.transform([end[0] for end in ends], [end[1] for end in ends])
    return float(x[1] - x[0]), float(y[1] - y[0])


def _in_crs(findings: gpd.GeoDataFrame, crs: pyproj.CRS) -> gpd.GeoDataFrame:
    return findings if findings.crs == crs else findings.to_crs(crs)
