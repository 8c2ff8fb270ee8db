"""From published issues to a published quarter."""

import dataclasses
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import pandas as pd

from rs_governance.district import District, read_district
from rs_governance.errors import ConfigInvalid, UsageError
from rs_governance.flows.setup import PathLike
from rs_governance.grids.units import read_units
from rs_governance.publish import month as publish
from rs_governance.publish.month.quarter import write_quarter
from rs_governance.publish.report.quarter import QuarterContent, images_of, write_quarter_report
from rs_governance.rules.sites import Quarter, gather_sites
from rs_governance.scenes import Scene, open_scene

QUARTERS = "quarters"
"""Folder of the published quarters, beside that of the issues."""

_LOOK_AT = ("report.html", "report.pdf", "map.png", "sites.xlsx", "sites.gpkg", "quarter.json")


@dataclass(frozen=True, kw_only=True)
class QuarterSummary:
    """What a quarter says, and where it lies."""

    out: Path
    """Folder of the quarter."""
    quarter: str
    """Name of the quarter."""
    issues: tuple[str, ...]
    """Issues that were gathered."""
    missing: tuple[str, ...]
    """Months of the quarter without an issue: its figures are not those of a whole quarter."""
    sites: int
    """Number of sites."""
    status: Mapping[str, int]
    """Number of sites of each status."""
    area_mu: float
    """Their area in mu, each counted once."""
    files: tuple[str, ...]
    """What to open, in the order in which to look at it."""


def publish_quarter(
    district: PathLike,
    quarter: str,
    *,
    issues: PathLike | None = None,
    out: PathLike | None = None,
    replace: bool = False,
    pictures: bool = True,
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
    pictures
        False to leave out map and report, which need the images.

    Raises
    ------
    UsageError
        If the quarter is no quarter, or none of its months was published.
    ConfigInvalid
        If an image of the quarter is not in `district.toml` any more.
    RsgError
        One of its other subclasses, when an issue cannot be read or the folder cannot be written.
    """
    match = re.fullmatch(r"(\d{4})Q([1-4])", quarter)
    if match is None:
        raise UsageError(f"Expected a quarter such as 2026Q4, got '{quarter}'.")
    period = Quarter(year=int(match[1]), number=int(match[2]))
    about = read_district(district)
    folder = Path(issues) if issues is not None else about.folder / "issues"
    known = [issue for issue in publish.find_issues(folder) if issue.name[:7] <= period.months[-1]]
    current = tuple(issue.name for issue in known if period.holds(issue.name))
    if not current:
        raise UsageError(
            f"None of {', '.join(period.months)} is published in '{folder}'; publish them first (rsg run --month ...)."
        )
    tables = [issue.spots(about.crs) for issue in known]
    spots = gpd.GeoDataFrame(pd.concat(tables, ignore_index=True), crs=about.crs)
    sites = gather_sites(spots, period, about.crs)
    target = Path(out) if out is not None else folder.parent / QUARTERS / period.name
    with publish.OutputFolder(target, replace=replace) as part:
        figures = write_quarter(
            sites,
            part,
            quarter=period,
            district={"code": about.code, "name": about.name, "name_en": about.name_en},
            issues=current,
        )
        if pictures:
            content = _content(about, period, sites, spots, [issue for issue in known if issue.name in current])
            with publish.Imagery(_open_scenes(about, images_of(content))) as imagery:
                for lang in publish.LANGUAGES:
                    write_quarter_report(content, imagery, part, lang=lang)
        files = tuple(name for name in _LOOK_AT if (part / name).exists())
    return QuarterSummary(
        out=target,
        quarter=period.name,
        issues=current,
        missing=period.missing(current),
        sites=len(sites),
        status={group["code"]: group["count"] for group in figures["by"]["status"]},
        area_mu=figures["total"]["area_mu"],
        files=files,
    )


def _content(
    about: District,
    period: Quarter,
    sites: gpd.GeoDataFrame,
    spots: gpd.GeoDataFrame,
    issues: Sequence[publish.FormerIssue],
) -> QuarterContent:
    names = {issue.name for issue in issues}
    new = [source for source in about.scenes if source.issue in names]
    return QuarterContent(
        district_name=about.name,
        district_name_en=about.name_en,
        quarter=period,
        sites=sites,
        spots=spots,
        units=read_units(about).frame,
        issues=tuple(issue.figures() for issue in issues),
        image_ids=tuple(source.id for source in sorted(new, key=lambda each: (-each.acquired_on.toordinal(), each.id))),
    )


def _open_scenes(about: District, names: Sequence[str]) -> dict[str, Scene]:
    """Open the images that a report shows."""
    sources = {source.id: source for source in about.scenes}
    opened = {}
    for name in names:
        if name not in sources:
            raise ConfigInvalid(
                f"Image '{name}' of the quarter's spots is not in the district's file any more; put it back, or leave the "
                "report out (--no-pictures)."
            )
        source = sources[name]
        scene = open_scene(
            source.path, acquired_on=source.acquired_on, cloud_mask=source.clouds, **dict(source.options)
        )
        opened[name] = dataclasses.replace(scene, image_id=name)
    return opened
