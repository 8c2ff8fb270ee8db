"""The published month: what every writer of an issue takes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import geopandas as gpd
import numpy.typing as npt
import pandas as pd
import pyproj
import shapely

from rs_governance.errors import SchemaViolation
from rs_governance.grids import RowProblem
from rs_governance.publish.feedback import IssueFeedback
from rs_governance.publish.formats.wgs84 import to_wgs84_outlines
from rs_governance.rules import SPOTS, Basis, Step

SceneRole = Literal["after", "before", "baseline"]
"""What an image is to the issue: looked at for the first time, compared with, or the fixed baseline."""

SourceKind = Literal["layer", "register", "units", "zones", "ledger"]
"""What a reference is to the rules."""

LEVELS = ("district", "town", "village", "cell")
"""Levels of units, from the whole to the smallest."""


@dataclass(frozen=True, kw_only=True)
class SceneFacts:
    """An image that the issue used."""

    id: str
    """Identifier, as in `before_image` and `after_image` of the spots."""
    acquired_on: date
    """Day on which it was taken."""
    issue: str
    """Issue that the image belongs to, as in `MonthlyIssue.issue`."""
    sensor: str
    """Name of the sensor, or of the camera's kind where it is unknown."""
    roles: tuple[str, ...]
    """Roles of its bands, in order: red, green, blue, nir, ..."""
    gsd_m: float
    """Side of a pixel on the ground in metres."""
    footprint: shapely.Geometry
    """Polygon or MultiPolygon in the issue's CRS in which the image has data."""
    files: tuple[Path, ...]
    """Files of the image as they were read; only their names may be published."""
    role: SceneRole
    """What the image is to the issue."""


@dataclass(frozen=True, kw_only=True)
class PairFacts:
    """Two images that were compared."""

    before_image: str
    """Identifier of the earlier image."""
    after_image: str
    """Identifier of the later image."""
    basis: Basis
    """Compared with the last usable observation, or with the fixed baseline."""
    residual_px: float | None
    """What the registration leaves, in pixels; None where it could not be measured."""


@dataclass(frozen=True, kw_only=True)
class SourceFacts:
    """A reference that the findings were joined with."""

    name: str
    """Name in the district's file and in the rules: land_use, building_permit, town, ..."""
    title_zh: str
    """Chinese name."""
    title_en: str
    """English name."""
    kind: SourceKind
    """What it is to the rules."""
    as_of: date | None
    """Day that it describes; None where nobody said."""
    scheme: str | None
    """Name and edition of the scheme of its codes; None without codes."""
    features: int
    """Rows that were used."""
    problems: tuple[RowProblem, ...]
    """Rows that were left out, or used with a doubt, and why."""


@dataclass(frozen=True, kw_only=True)
class IssueFigures:
    """Main figures of a former issue, for trends; `statistics.read_figures` reads them from what was published."""

    issue: str
    """Issue, such as `2026-09` or `2026-09a`."""
    first_image_on: date | None
    """Day of the earliest image that was new in the issue."""
    last_image_on: date | None
    """Day of the latest image that was new in the issue."""
    count: int
    """Number of spots."""
    area_m2: float
    """Their area in m2, each spot counted once."""
    severity: Mapping[str, int]
    """Number of spots of each severity."""
    theme: Mapping[str, int]
    """Number of spots of each theme."""
    kind: Mapping[str, int]
    """Number of spots of each kind of change."""
    observed_share: float | None
    """Share of the district that could be compared, 0..1; None where it is unknown."""


@dataclass(frozen=True, kw_only=True)
class MonthlyIssue:
    """An issue (期): the judged spots of a district and all that is published about them.

    Every table is in the order in which it is published. A missing date is None or NaT, a missing text None.
    """

    district_code: str
    """Six digits of the district."""
    district_name: str
    """Chinese name of the district."""
    district_name_en: str | None
    """English name of the district."""
    issue: str
    """Name of the issue: `2026-10`, or `2026-10a` when a late image gave the month another one."""
    crs: pyproj.CRS
    """CRS of the district and of every geometry here."""
    spots: gpd.GeoDataFrame
    """Spots as `rules.SPOTS` declares them, in the order of their numbers."""
    decisions: Mapping[str, tuple[Step, ...]]
    """The trace of every spot's decision, by spot number."""
    in_units: pd.DataFrame
    """Parts of the spots in the units: spot_no, level, code, name, area_in_unit_m2; at each level the parts of a spot
    sum to its area. What lies outside every unit of a level has the empty code and name."""
    units: gpd.GeoDataFrame
    """Units of all levels as `grids.Units.frame`: level, code, name, parent, keeper, geometry."""
    scenes: tuple[SceneFacts, ...]
    """Images that were compared, by date."""
    pairs: tuple[PairFacts, ...]
    """Pairs that were compared, in order."""
    coverage: gpd.GeoDataFrame
    """What of each unit could be compared: level, code, name, area_m2, observed_m2, observed_share (0..1), before_on_min,
    before_on_max, after_on_min, after_on_max (dates or missing), geometry."""
    unseen: gpd.GeoDataFrame
    """Polygons that could not be compared: reason (`not_observed` or `no_earlier_image`), geometry."""
    sources: tuple[SourceFacts, ...]
    """References that the findings were joined with."""
    trend: tuple[IssueFigures, ...]
    """Figures of the former issues, oldest first."""
    feedback: IssueFeedback | None = None
    """What became of the spots of former issues; None where nobody gave it."""

    def __post_init__(self) -> None:
        """Refuse tables that do not belong together."""
        SPOTS.validate(self.spots)
        for name in ("spots", "units", "coverage", "unseen"):
            crs = getattr(self, name).crs
            if crs != self.crs:
                raise SchemaViolation(
                    f"The table {name} of issue {self.issue} is in {crs and crs.name!r}, the issue in {self.crs.name!r}; "
                    "move it to the district's CRS first."
                )
        numbers = set(self.spots["spot_no"])
        for name, others in (("decisions", set(self.decisions)), ("in_units", set(self.in_units["spot_no"]))):
            if odd := sorted(numbers ^ others):
                raise SchemaViolation(
                    f"The spots and the {name} of issue {self.issue} differ in {odd[0]}; make them from the same join."
                )

    @property
    def first_image_on(self) -> date | None:
        """Day of the earliest image that is new in the issue."""
        return min((scene.acquired_on for scene in self.scenes if scene.role == "after"), default=None)

    @property
    def last_image_on(self) -> date | None:
        """Day of the latest image that is new in the issue."""
        return max((scene.acquired_on for scene in self.scenes if scene.role == "after"), default=None)

    @cached_property
    def outlines_wgs84(self) -> npt.NDArray[Any]:
        """Outlines of the spots in WGS84 by `to_wgs84_outlines`: longitude before latitude."""
        return to_wgs84_outlines(self.spots, key=SPOTS.key)


def unit_names(units: gpd.GeoDataFrame, lang: Literal["zh", "en"]) -> Mapping[str, str]:
    """Return what units are called in a language, by code; a unit without an English name keeps its Chinese one.

    Parameters
    ----------
    units
        Units as `grids.Units.frame`.
    lang
        Language of the names.
    """
    names = units["name"]
    if lang == "en" and "name_en" in units:
        names = units["name_en"].where(units["name_en"].notna(), names)
    return dict(zip(units["code"].astype(str), names.astype(str), strict=True))


def place_name(names: Mapping[str, str], row: Mapping[str, Any], lang: Literal["zh", "en"]) -> str:
    """Return the town and the village of a spot or a site in one phrase.

    Parameters
    ----------
    names
        From `unit_names`; a unit that is no more there keeps the name of the row.
    row
        Columns `town_code`, `town_name`, `village_code` and `village_name`; missing ones are left out.
    lang
        Language: Chinese names are written on, the larger first, English ones the other way round.

    Examples
    --------
    >>> row = {"town_code": "1", "town_name": "良庆镇", "village_code": "2", "village_name": "新丰村"}
    >>> place_name({}, row, "zh"), place_name({"1": "Liangqing Town"}, row, "en")
    ('良庆镇新丰村', '新丰村, Liangqing Town')
    """
    told = [
        names.get(str(row[f"{level}_code"]), str(row[f"{level}_name"]))
        for level in ("town", "village")
        if not pd.isna(row[f"{level}_name"]) and row[f"{level}_name"]
    ]
    return "".join(told) if lang == "zh" else ", ".join(reversed(told))
