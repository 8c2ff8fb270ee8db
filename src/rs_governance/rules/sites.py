"""Sites: the spots of several issues that lie on one place, so that a quarter counts nothing twice."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyproj
import shapely

from rs_governance.grids.ellipsoid import geodesic_area_m2
from rs_governance.grids.lineage import group_sites
from rs_governance.grids.pieces import SLIVER_M2
from rs_governance.grids.placement import polygonal
from rs_governance.rules.amounts import M2_PER_MU
from rs_governance.rules.spots import SPOTS
from rs_governance.rules.words import SEVERITIES, Word
from rs_governance.table import Column, Table, day, measure, text

SiteStatus = Literal["new", "continuing", "grown", "gone"]
"""What became of a site in a period."""

SITE_STATUSES: Mapping[SiteStatus, Word] = {
    "new": Word("新增", "new"),
    "continuing": Word("延续", "continuing"),
    "grown": Word("扩大", "grown"),
    "gone": Word("已消除", "gone"),
}
"""The word shown for each `SiteStatus`."""

# A site has grown when its outline has become larger by a fifth and by more than the smallest finding.
_GROWN_SHARE, _GROWN_M2 = 0.2, 60.0
_ENDINGS = ("demolition", "regrowth")

# Taken from the last spot of a site.
_OF_LAST = (
    "district_code",
    "kind",
    "theme",
    "suspicion",
    "department",
    "town_code",
    "town_name",
    "village_code",
    "village_name",
)


def _count(name: str, alias_zh: str, en: str, zh: str, short: str) -> Column:
    return Column(
        name=name, alias_zh=alias_zh, dtype="int64", unit="1", minimum=1, meaning_en=en, meaning_zh=zh, short=short
    )


SITES = Table(
    name="sites",
    key="site_no",
    version="1.0",
    columns=(
        replace(
            SPOTS.by_name["spot_no"],
            name="site_no",
            alias_zh="点位号",
            meaning_en="Number of the site's first spot.",
            meaning_zh="该点位首次发布的图斑号。",
        ),
        text(
            "status",
            "状态",
            "What became of it in the period.",
            "本期内的变化：新增、延续、扩大、已消除。",
            values=get_args(SiteStatus),
        ),
        text("spots", "图斑号", "All its spots, by issue.", "该点位全部图斑号，按期号排列。"),
        _count("spot_count", "图斑数", "Number of its spots.", "该点位图斑个数。", "spot_count"),
        text("first_issue", "首次期号", "Issue that first had it.", "首次发布的期号。"),
        text("last_issue", "最近期号", "Issue that last had it.", "最近一次发布的期号。"),
        day("first_seen_on", "首次发现日期", "Day of the image that first showed it.", "首次发现的影像日期。"),
        day("last_seen_on", "最近发现日期", "Day of the image that last showed it.", "最近一次发现的影像日期。"),
        replace(
            SPOTS.by_name["severity"],
            meaning_en="The most urgent of its spots in the period.",
            meaning_zh="本期内该点位图斑的最高等级。",
        ),
        *(SPOTS.by_name[name] for name in (*_OF_LAST, "lon", "lat")),
        replace(
            SPOTS.by_name["area_m2"],
            meaning_en="Geodesic area of all its outlines together, common ground counted once, also between sites.",
            meaning_zh="全部图斑合并后的大地面积，重叠部分只计一次；与其他点位重叠的归先发布的点位。",
        ),
        measure(
            "area_mu", "面积（亩）", "mu", "The same in mu, 2000/3 m2 each.", "同上，单位亩，1 亩 = 2000/3 平方米。"
        ),
        measure(
            "earlier_m2",
            "期前面积",
            "m2",
            "What of it was published before the period.",
            "本期之前已发布的面积。",
        ),
    ),
)
"""One row is one place with one or more spots."""


@dataclass(frozen=True, kw_only=True)
class Quarter:
    """Three months of a year."""

    year: int
    """Year."""
    number: int
    """1 to 4."""

    @property
    def name(self) -> str:
        """Return the name, such as 2026Q4."""
        return f"{self.year}Q{self.number}"

    @property
    def months(self) -> tuple[str, ...]:
        """Names of its months, such as 2026-10."""
        return tuple(f"{self.year}-{month:02d}" for month in range(3 * self.number - 2, 3 * self.number + 1))

    def missing(self, issues: Iterable[str]) -> tuple[str, ...]:
        """Return the months of which no issue is among the given ones."""
        there = {issue[:7] for issue in issues}
        return tuple(month for month in self.months if month not in there)

    def holds(self, issue: str) -> bool:
        """Tell whether an issue, 2026-10 or 2026-10a, belongs to it."""
        return issue[:7] in self.months


def gather_sites(spots: gpd.GeoDataFrame, quarter: Quarter, crs: pyproj.CRS) -> gpd.GeoDataFrame:
    """Gather the spots of a quarter, and of what came before it, to sites.

    Parameters
    ----------
    spots
        Spots of any issues, by `SPOTS`, in one CRS; those of later issues, and crops that came and went, are left out.
    quarter
        The period.
    crs
        CRS of the outlines.

    Returns
    -------
    GeoDataFrame
        By `SITES`: every site with a spot in the quarter, by status, then number. A site is *new* when its first spot is
        of the quarter, *gone* when its last one is a demolition or regrowth on a place known before, *grown* when its
        outline has become larger by a fifth, else *continuing*. Ground that two of them share belongs to the one that was
        published first, so their areas add up to the area of them all.
    """
    month = spots["issue"].str[:7]
    counted = (month <= quarter.months[-1]) & (spots["kind"] != "crop_rotation")
    spots = spots[counted].sort_values(["issue", "spot_no"], ignore_index=True)
    current = spots["issue"].map(quarter.holds).to_numpy(dtype=bool)
    site = group_sites(spots.geometry.to_numpy(), spots["issue"].tolist())
    site, grounds = _share_out(spots, site, site[current], crs)
    rows = {
        number: _row(spots[site == number], current[site == number], ground, crs) for number, ground in grounds.items()
    }
    ranks = {status: rank for rank, status in enumerate(get_args(SiteStatus))}
    order = sorted(rows, key=lambda at: (ranks[str(rows[at]["status"])], str(rows[at]["site_no"])))
    outlines = [grounds[at] for at in order]
    # A point of the ground that is left to a site: the last spot's may lie in another.
    points = gpd.GeoSeries([outline.point_on_surface() for outline in outlines], crs=crs).to_crs(4326)
    places: dict[str, Any] = {"lon": points.x.to_numpy(), "lat": points.y.to_numpy()}
    told = {name: [rows[at][name] for at in order] for name in SITES.by_name if name not in places}
    return SITES.make(told | places, outlines, crs)


def _share_out(
    spots: gpd.GeoDataFrame, site: npt.NDArray[np.intp], wanted: npt.NDArray[np.intp], crs: pyproj.CRS
) -> tuple[npt.NDArray[np.intp], dict[int, shapely.Geometry]]:
    """Give every piece of ground to one of the wanted sites, the one that was published first.

    Sites are told apart where outlines have little in common, which may be more than nothing. One that has no ground of its
    own is part of the earlier one that it lies in for the most.
    """
    site = site.copy()
    grounds: dict[int, shapely.Geometry] = {}
    for number in np.unique(wanted).tolist():
        whole = shapely.union_all(spots.geometry.to_numpy()[site == number])
        earlier = [at for at, ground in grounds.items() if shapely.intersects(ground, whole)]
        left = whole
        if earlier:
            taken = shapely.union_all([grounds[at] for at in earlier])
            left = polygonal(np.array([shapely.difference(whole, taken)], dtype=object))[0]
        if earlier and geodesic_area_m2([left], crs)[0] <= SLIVER_M2:
            site[site == number] = max(earlier, key=lambda at: shapely.intersection(grounds[at], whole).area)
        else:
            grounds[number] = left
    return site, grounds


def _row(
    own: gpd.GeoDataFrame, current: npt.NDArray[np.bool_], ground: shapely.Geometry, crs: pyproj.CRS
) -> dict[str, object]:
    last = own.iloc[-1]
    before = shapely.intersection(shapely.union_all(own.geometry.to_numpy()[~current]), ground)
    area, earlier = geodesic_area_m2([ground, before], crs).tolist()
    return {
        "site_no": own["spot_no"].iloc[0],
        "status": _status(own, current, area, earlier),
        "spots": "; ".join(own["spot_no"]),
        "spot_count": len(own),
        "first_issue": own["issue"].iloc[0],
        "last_issue": last["issue"],
        "first_seen_on": _day(own["after_on"].min()),
        "last_seen_on": _day(own["after_on"].max()),
        "severity": min(own["severity"][current], key=list(SEVERITIES).index),
        **{name: last[name] for name in _OF_LAST},
        "area_m2": area,
        "area_mu": area / M2_PER_MU,
        "earlier_m2": earlier,
    }


def _status(own: gpd.GeoDataFrame, current: npt.NDArray[np.bool_], area: float, earlier: float) -> SiteStatus:
    if len(own) > 1 and own["kind"].iloc[-1] in _ENDINGS:
        return "gone"
    if current.all():
        return "new"
    grown = area - earlier
    return "grown" if grown > max(_GROWN_SHARE * earlier, _GROWN_M2) else "continuing"


def _day(value: object) -> object:
    return None if pd.isna(value) else value
