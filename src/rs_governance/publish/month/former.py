"""What was published before: the issues of a district in the order of their names."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import pyproj
import shapely
from shapely.geometry.base import BaseGeometry

from rs_governance.district import ISSUE_PATTERN
from rs_governance.errors import ConfigInvalid, SchemaViolation
from rs_governance.publish.issue import IssueFigures
from rs_governance.publish.month.statistics import read_figures

FINDINGS_PARQUET, STATISTICS_JSON = "findings.parquet", "statistics.json"
"""Files of an issue that later issues are made with."""


@dataclass(frozen=True, kw_only=True)
class FormerIssue:
    """An issue that was published."""

    name: str
    """Its name, such as `2026-10` or `2026-10a`."""
    folder: Path
    """Where it lies."""

    @property
    def files(self) -> tuple[Path, Path]:
        """The files that later issues are made with."""
        return self.folder / FINDINGS_PARQUET, self.folder / STATISTICS_JSON

    def spots(self, crs: pyproj.CRS) -> gpd.GeoDataFrame:
        """Return its spots in a CRS.

        Raises
        ------
        ConfigInvalid
            When the file is missing or damaged.
        """
        path = self.folder / FINDINGS_PARQUET
        try:
            spots = gpd.read_parquet(path)
        except (OSError, ValueError) as error:
            raise ConfigInvalid(
                f"Issue {self.name} cannot be read: '{path.name}' is missing or damaged; publish it again "
                f"(rsg run --issue {self.name} --replace), or move its folder away."
            ) from error
        return spots if spots.crs == crs else spots.to_crs(crs)

    def figures(self) -> IssueFigures:
        """Return its main figures.

        Raises
        ------
        ConfigInvalid
            When the file is missing or damaged.
        """
        try:
            return read_figures(self.folder / STATISTICS_JSON)
        except (SchemaViolation, OSError) as error:
            raise ConfigInvalid(
                f"Issue {self.name} cannot be read: {error} Publish it again (rsg run --issue {self.name} --replace), or "
                "move its folder away."
            ) from error


def find_issues(folder: Path, *, before: str | None = None) -> tuple[FormerIssue, ...]:
    """Return the issues in a folder by name, which is by month.

    Parameters
    ----------
    folder
        Folder of the issues; it may be absent.
    before
        Only issues whose names come before this one.
    """
    names = sorted(entry.name for entry in folder.iterdir() if entry.is_dir()) if folder.is_dir() else []
    issues = (name for name in names if re.fullmatch(ISSUE_PATTERN, name))
    return tuple(FormerIssue(name=name, folder=folder / name) for name in issues if before is None or name < before)


def outlines_of(issues: Sequence[FormerIssue], crs: pyproj.CRS) -> BaseGeometry | None:
    """Return all ground that issues published, None without any.

    Raises
    ------
    ConfigInvalid
        When an issue is damaged.
    """
    outlines = [outline for issue in issues for outline in issue.spots(crs).geometry]
    return shapely.union_all(outlines) if outlines else None
