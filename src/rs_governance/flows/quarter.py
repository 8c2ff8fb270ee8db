"""From published issues to a published quarter."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import pandas as pd

from rs_governance.district import read_district
from rs_governance.errors import UsageError
from rs_governance.flows.setup import PathLike
from rs_governance.publish.month.former import find_issues
from rs_governance.publish.month.quarter import write_quarter
from rs_governance.publish.output_folder import OutputFolder
from rs_governance.rules.sites import Quarter, gather_sites

QUARTERS = "quarters"
"""Folder of the published quarters, beside that of the issues."""


@dataclass(frozen=True, kw_only=True)
class QuarterSummary:
    """What a quarter says, and where it lies."""

    out: Path
    """Folder of the quarter."""
    quarter: str
    """Name of the quarter."""
    issues: tuple[str, ...]
    """Issues that were gathered."""
    sites: int
    """Number of sites."""
    status: Mapping[str, int]
    """Number of sites of each status."""
    area_mu: float
    """Their area in mu, each counted once."""


def publish_quarter(
    district: PathLike,
    quarter: str,
    *,
    issues: PathLike | None = None,
    out: PathLike | None = None,
    replace: bool = False,
) -> QuarterSummary:
    """Make a quarter from the issues of its months: new, continuing, grown and gone sites, nothing counted twice.

    Parameters
    ----------
    district
        `district.toml`, or its folder.
    quarter
        Such as 2026Q4.
    issues
        Folder of the issues; `issues` beside `district.toml` by default.
    out
        Folder to make; `quarters/2026Q4` beside the folder of the issues by default.
    replace
        True to allow `out` to be a former result.

    Raises
    ------
    UsageError
        If the quarter is no quarter, or none of its months was published.
    RsgError
        One of its other subclasses, when an issue cannot be read or the folder cannot be written.
    """
    match = re.fullmatch(r"(\d{4})Q([1-4])", quarter)
    if match is None:
        raise UsageError(f"Expected a quarter such as 2026Q4, got '{quarter}'.")
    period = Quarter(year=int(match[1]), number=int(match[2]))
    about = read_district(district)
    folder = Path(issues) if issues is not None else about.folder / "issues"
    known = [issue for issue in find_issues(folder) if issue.name[:7] <= period.months[-1]]
    current = tuple(issue.name for issue in known if period.holds(issue.name))
    if not current:
        raise UsageError(
            f"None of {', '.join(period.months)} is published in '{folder}'; publish them first (rsg run --month ...)."
        )
    tables = [issue.spots(about.crs) for issue in known]
    spots = gpd.GeoDataFrame(pd.concat(tables, ignore_index=True), crs=about.crs)
    sites = gather_sites(spots, period, about.crs)
    target = Path(out) if out is not None else folder.parent / QUARTERS / period.name
    with OutputFolder(target, replace=replace) as part:
        figures = write_quarter(
            sites,
            part,
            quarter=period.name,
            district={"code": about.code, "name": about.name, "name_en": about.name_en},
            issues=current,
        )
    return QuarterSummary(
        out=target,
        quarter=period.name,
        issues=current,
        sites=len(sites),
        status={group["code"]: group["count"] for group in figures["by"]["status"]},
        area_mu=figures["total"]["area_mu"],
    )
