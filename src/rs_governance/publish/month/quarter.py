"""The published quarter: its sites, each counted once, and their figures."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd

from rs_governance.publish.formats.geojson import write_geojson
from rs_governance.publish.formats.geopackage import write_sites_gpkg
from rs_governance.publish.formats.list_excel import write_list_xlsx
from rs_governance.publish.json_file import write_json
from rs_governance.publish.schema import document_schema, schema_id, validate
from rs_governance.publish.titles import TITLES
from rs_governance.rules import Word
from rs_governance.rules.sites import SITES, Quarter

QUARTER = "quarter"
"""Name of the schema of `quarter.json`."""

VERSION = "1.1"
"""Version of that schema."""

_GROUPINGS = ("status", "theme", "severity", "kind", "town_name", "department")


def write_quarter(
    sites: gpd.GeoDataFrame, folder: Path, *, quarter: Quarter, district: Mapping[str, str], issues: Sequence[str]
) -> dict[str, Any]:
    """Write the sites of a quarter as GeoJSON, GeoPackage and Excel, and their figures as JSON.

    Parameters
    ----------
    sites
        Table by `rules.sites.SITES`.
    folder
        Where to write; it is there.
    quarter
        The period.
    district
        Its code, name and name_en.
    issues
        Issues of the quarter that were gathered.

    Returns
    -------
    dict
        What `quarter.json` says.

    Raises
    ------
    SchemaViolation
        When the sites break their declaration.
    OutputFailed
        When a file cannot be written.
    """
    write_geojson(sites, folder / "sites.geojson", table=SITES)
    write_sites_gpkg(sites, folder / "sites.gpkg", title_zh=f"{district['name']}{quarter.name}点位")
    days = sites["last_seen_on"].dropna()
    write_list_xlsx(
        sites,
        folder / "sites.xlsx",
        table=SITES,
        title=f"{district['name']} {quarter.name} 季度点位清单",
        made_on=None if days.empty else days.max().date(),
        tint="severity",
    )
    document = {
        "schema_id": schema_id(QUARTER, VERSION),
        "schema_version": VERSION,
        "district": dict(district),
        "quarter": quarter.name,
        "issues": list(issues),
        "missing_months": list(quarter.missing(issues)),
        "total": _figures(sites),
        "by": {name: _groups(sites, name) for name in _GROUPINGS},
    }
    validate(document, QUARTER)
    write_json(folder / "quarter.json", document)
    return document


def quarter_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 7) of `quarter.json`."""
    text = {"type": "string"}
    figures = {
        "count": {"type": "integer", "minimum": 0, "description": "Number of sites. 点位个数。"},
        "spots": {"type": "integer", "minimum": 0, "description": "Number of their spots. 图斑个数。"},
        "area_m2": {"type": "number", "minimum": 0, "description": "Area, each site once. 面积，每个点位只计一次。"},
        "area_mu": {"type": "number", "minimum": 0, "description": "The same in mu. 同上，单位亩。"},
    }
    closed = {"type": "object", "additionalProperties": False, "required": list(figures), "properties": figures}
    group = {
        "type": "object",
        "additionalProperties": False,
        "required": ["code", "title_zh", "title_en", *figures],
        "properties": {"code": text, "title_zh": text, "title_en": text, **figures},
    }
    return document_schema(
        QUARTER,
        VERSION,
        title="Figures of a quarter",
        description="Sites of a quarter, each counted once however many spots it has.",
        members={
            "district": {"type": "object", "additionalProperties": text},
            "quarter": {"type": "string", "pattern": r"^\d{4}Q[1-4]$"},
            "issues": {"type": "array", "items": text},
            "missing_months": {
                "type": "array",
                "items": {"type": "string", "pattern": r"^\d{4}-\d{2}$"},
                "description": "Months of the quarter without an issue: the figures are not those of a whole quarter. "
                "本季度尚未发布的月份，统计不完整。",
            },
            "total": closed,
            "by": {
                "type": "object",
                "additionalProperties": False,
                "required": list(_GROUPINGS),
                "properties": {name: {"type": "array", "items": group} for name in _GROUPINGS},
            },
        },
    )


def _figures(sites: pd.DataFrame) -> dict[str, Any]:
    area = float(sites["area_m2"].sum())
    return {
        "count": len(sites),
        "spots": int(sites["spot_count"].sum()),
        "area_m2": round(area, 2),
        "area_mu": round(area * 3 / 2000, 2),
    }


def _groups(sites: gpd.GeoDataFrame, name: str) -> list[dict[str, Any]]:
    """Return figures of each value of a column: all declared values, or those that occur where none are."""
    words = TITLES.get(name)
    if words is None:
        there = sorted(sites[name].dropna().unique())
        words = {value: Word(value, value) for value in there}
        if sites[name].isna().any():
            words[""] = Word("范围以外", "outside")
    chosen = sites[name].fillna("")
    return [
        {"code": code, "title_zh": word.zh, "title_en": word.en, **_figures(sites[chosen == code])}
        for code, word in words.items()
    ]
