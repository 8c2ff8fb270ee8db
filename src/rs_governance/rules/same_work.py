"""Spots that may be parts of one work: told to those who verify them, never joined by the machine."""

from collections.abc import Mapping

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely

from rs_governance.grids.backdrops import METRES_PER_DEGREE
from rs_governance.rules.amounts import in_m2
from rs_governance.rules.facts import Words
from rs_governance.rules.words import SEVERITIES, Word

_NEAR_M = 6.0  # a ridge, a ditch or a track left standing; a road between two sites is wider
_URGENCY = {severity: rank for rank, severity in enumerate(SEVERITIES)}
_ALIKE = ("kind", "suspicion", "before_image", "after_image", "land_group")


def find_same_work(findings: gpd.GeoDataFrame, values: Mapping[str, Words]) -> dict[int, tuple[int, float]]:
    """Find for each spot that somebody is sent to the most urgent one that may be of the same work.

    Two spots may be if they are suspected, red or yellow, of one kind, from the same two images, on land of one group,
    and less than a track apart.

    Parameters
    ----------
    findings
        Outlines of n findings, in the CRS of the district.
    values
        (n,) values by column: `severity`, `spot_no`, `land_group` and the others that have to be alike.

    Returns
    -------
    dict
        Position of a spot to the position of the other and the gap between them in metres.
    """
    severity = values["severity"]
    urgent = np.flatnonzero((severity != "green") & (values["suspicion"] == "suspected"))
    outlines = findings.geometry.to_numpy()[urgent]
    unit_m = METRES_PER_DEGREE if findings.crs.is_geographic else 1.0
    pairs: npt.NDArray[np.intp] = urgent[
        shapely.STRtree(outlines).query(outlines, predicate="dwithin", distance=_NEAR_M / unit_m)
    ]
    area = findings["area_m2"].to_numpy()
    best: dict[int, tuple[tuple[int, float, str], int]] = {}
    for one, other in pairs.T.tolist():
        if one == other or any(values[name][one] != values[name][other] for name in _ALIKE):
            continue
        rank = (_URGENCY[severity[other]], -float(area[other]), str(values["spot_no"][other]))
        best[one] = min(best.get(one, (rank, other)), (rank, other))
    geometry = findings.geometry.to_numpy()
    return {
        one: (other, float(shapely.distance(geometry[one], geometry[other])) * unit_m)
        for one, (_, other) in best.items()
    }


def say_same_work(spot_no: str, gap_m: float) -> Word:
    """Return what is added to a spot's reason.

    Examples
    --------
    >>> say_same_work("450108-202610-0109", 4.21).en
    '; 4.2 m from spot 450108-202610-0109, of the same kind and days: perhaps one work, verify them together'
    """
    gap = in_m2(gap_m)
    return Word(
        f"；距图斑 {spot_no} 仅 {gap} 米，类型、时相相同，可能为同一处施工，请一并核查",
        f"; {gap} m from spot {spot_no}, of the same kind and days: perhaps one work, verify them together",
    )
