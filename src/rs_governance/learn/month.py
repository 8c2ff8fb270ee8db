"""How good a published issue is, against the exact truth of a simulated district."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from rs_governance.grids.coverage import SeenPart
from rs_governance.learn.scoring import Counts

HIT_SHARE = 0.3
"""Share of a true change that has to be found, and of a spot that has to be true; as in `scoring`."""

KindGroup = Literal["building", "ground", "vegetation", "water", "removal"]
"""What the kinds are told apart as."""

KIND_GROUPS: Mapping[str, KindGroup] = {
    "new_building": "building",
    "new_structure": "building",
    "photovoltaic": "building",
    "greenhouse": "building",
    "earthwork": "ground",
    "hardened_ground": "ground",
    "road": "ground",
    "vegetation_loss": "vegetation",
    "water_gained": "water",
    "water_lost": "water",
    "demolition": "removal",
    "regrowth": "removal",
}
"""Group of each kind; kinds without one are not changes that a district follows."""

_NO_CHANGE = "exempt_no_land_taken"
_ON_SCREEN = ("exempt_unclear", "exempt_permit_mostly", "exempt_stage_unclear")
# A change that was built over since is seen as what came after it.
_HIDDEN_SHARE = 0.7
# A change counts where at least this share of it could be compared.
_SEEN_SHARE = 0.5
_SMALLEST_M2 = 25.0


@dataclass(frozen=True, kw_only=True)
class IssueScore:
    """Counts of one or more issues; they add up."""

    confusion: npt.NDArray[np.int64]
    """(5, 5): hit changes by true group (rows) and by the group of the spot that covers most of them (columns); the
    order is that of `groups`. Spots of no group are in `unnamed`."""
    unnamed: npt.NDArray[np.int64]
    """(5,): hit changes whose spot has no group, by true group."""
    by_kind: Mapping[str, tuple[int, int]]
    """True changes and hits by kind."""
    truths: int = 0
    """True changes of at least 25 m² that could be seen."""
    hits: int = 0
    """Those of which spots cover 30 %."""
    spots: int = 0
    """Spots that are said to be a change: all but crop rotation, and roofs, water and woods that look different."""
    right: int = 0
    """Those that lie on true changes with 30 % of their area."""
    on_screen: int = 0
    """Those spots that are suspected, but for the screen only: green, nobody is sent."""
    on_screen_right: int = 0
    """Those of them that lie on true changes."""
    quiet: int = 0
    """Spots said to be crop rotation, or no land taken."""
    quiet_right: int = 0
    """Those that lie on true changes: wrongly quiet."""
    urgent: int = 0
    """Red and yellow spots."""
    urgent_right: int = 0
    """Those that lie on true changes that no permit covers."""
    urgent_permitted: int = 0
    """Those that lie on fully permitted work: visits that nobody should make."""
    unlawful_on_screen: int = 0
    """Spots for the screen only that lie on true changes that no permit covers: visits that wait for somebody to look."""

    def __add__(self, other: "IssueScore") -> "IssueScore":
        """Pool two scores."""
        kinds = sorted({*self.by_kind, *other.by_kind})
        none = (0, 0)
        counts = {
            name: getattr(self, name) + getattr(other, name) for name in self.__dataclass_fields__ if name != "by_kind"
        }
        return IssueScore(
            **counts,
            by_kind={
                kind: tuple(np.add(self.by_kind.get(kind, none), other.by_kind.get(kind, none)).tolist())
                for kind in kinds
            },
        )

    @property
    def recall(self) -> float:
        """Share of the true changes that were found."""
        return _share(self.hits, self.truths)

    @property
    def precision(self) -> float:
        """Share of the spots that lie on true changes."""
        return _share(self.right, self.spots)

    @property
    def urgent_precision(self) -> float:
        """Share of red and yellow spots that lie on true changes without a permit."""
        return _share(self.urgent_right, self.urgent)

    @property
    def macro_f1(self) -> float:
        """Mean over the groups of the F1 of telling the kind of what was found; a spot without a group is a miss."""
        told = np.diag(self.confusion)
        f1 = 2 * told / np.maximum(1, self.confusion.sum(axis=0) + self.confusion.sum(axis=1) + self.unnamed)
        there = self.confusion.sum(axis=1) + self.unnamed > 0
        return float(f1[there].mean()) if there.any() else 0.0


@dataclass(frozen=True, kw_only=True)
class DistrictScore:
    """How good the issues of a district are."""

    issues: Mapping[str, IssueScore]
    """Score of each issue."""
    peers: Mapping[str, tuple[Counts, ...]]
    """Counts of the peers on each pair of consecutive images."""


def groups() -> tuple[KindGroup, ...]:
    """Return the groups in the order of `IssueScore.confusion`."""
    return tuple(dict.fromkeys(KIND_GROUPS.values()))


def score_issue(spots: gpd.GeoDataFrame, truth: gpd.GeoDataFrame, compared: Sequence[SeenPart]) -> IssueScore:
    """Score the spots of an issue.

    Parameters
    ----------
    spots
        Published spots: kind, rule, severity, geometry.
    truth
        All true changes of the district, in the same CRS: kind, happened_on, permitted, geometry.
    compared
        What the issue compared; a change counts where it happened between the two days of its place.

    Returns
    -------
    IssueScore
        Counts.
    """
    visible = truth.iloc[_visible(truth, compared)]
    outlines, changes = spots.geometry.to_numpy(), visible.geometry.to_numpy()
    quiet = (spots["kind"].eq("crop_rotation") | spots["rule"].eq(_NO_CHANGE)).to_numpy()
    on_screen = spots["rule"].isin(_ON_SCREEN).to_numpy() & ~quiet
    urgent = spots["severity"].isin(["red", "yellow"]).to_numpy()
    permitted = visible["permitted"].to_numpy(dtype=bool)
    right = _covered(outlines, changes) >= HIT_SHARE
    large = shapely.area(changes) >= _SMALLEST_M2
    hit = _covered(changes, outlines[~quiet]) >= HIT_SHARE
    confusion, unnamed = _confuse(spots, visible, hit & large)
    kinds = visible["kind"].to_numpy()
    lawful = _covered(outlines, changes[permitted])
    unlawful = _covered(outlines, changes[~permitted])
    return IssueScore(
        truths=int(large.sum()),
        hits=int((hit & large).sum()),
        spots=int((~quiet).sum()),
        right=int((right & ~quiet).sum()),
        on_screen=int(on_screen.sum()),
        on_screen_right=int((on_screen & right).sum()),
        unlawful_on_screen=int((on_screen & (unlawful >= HIT_SHARE)).sum()),
        quiet=int(quiet.sum()),
        quiet_right=int((right & quiet).sum()),
        urgent=int(urgent.sum()),
        urgent_right=int((urgent & (unlawful >= HIT_SHARE)).sum()),
        urgent_permitted=int((urgent & (lawful >= HIT_SHARE) & (unlawful < HIT_SHARE)).sum()),
        confusion=confusion,
        unnamed=unnamed,
        by_kind={
            str(kind): (int((large & (kinds == kind)).sum()), int((hit & large & (kinds == kind)).sum()))
            for kind in sorted(set(kinds[large]))
        },
    )


def _visible(truth: gpd.GeoDataFrame, compared: Sequence[SeenPart]) -> npt.NDArray[np.intp]:
    """Return the true changes that happened between the two days of their place and were not built over since."""
    outlines = truth.geometry.to_numpy()
    happened = pd.to_datetime(truth["happened_on"]).dt.date.to_numpy()
    chosen: list[int] = []
    for part in compared:
        shapely.prepare(part.area)
        inside = shapely.area(shapely.intersection(outlines, part.area)) >= _SEEN_SHARE * shapely.area(outlines)
        between = (happened > part.before_on) & (happened <= part.after_on)
        among = np.flatnonzero(inside & between)
        for number in among:
            later = among[happened[among] > happened[number]]
            over = shapely.union_all(outlines[later])
            if outlines[number].intersection(over).area < _HIDDEN_SHARE * outlines[number].area:
                chosen.append(int(number))
    return np.array(sorted(set(chosen)), np.intp)


def _covered(outlines: npt.NDArray[np.object_], by: npt.NDArray[np.object_]) -> npt.NDArray[np.float64]:
    """Return the share of each outline that others cover together."""
    if not len(outlines):
        return np.zeros(0)
    covered = shapely.area(shapely.intersection(outlines, shapely.union_all(by)))
    return np.asarray(covered / shapely.area(outlines), np.float64)


def _confuse(
    spots: gpd.GeoDataFrame, visible: gpd.GeoDataFrame, hit: npt.NDArray[np.bool_]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    order = {group: number for number, group in enumerate(groups())}
    confusion, unnamed = np.zeros((len(order), len(order)), np.int64), np.zeros(len(order), np.int64)
    outlines = spots.geometry.to_numpy()
    kinds = spots["kind"].to_numpy()
    for kind, change in zip(visible["kind"].to_numpy()[hit], visible.geometry.to_numpy()[hit], strict=True):
        if kind not in KIND_GROUPS:
            continue
        told = kinds[int(np.argmax(shapely.area(shapely.intersection(outlines, change))))]
        row = order[KIND_GROUPS[kind]]
        if told in KIND_GROUPS:
            confusion[row, order[KIND_GROUPS[told]]] += 1
        else:
            unnamed[row] += 1
    return confusion, unnamed


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
