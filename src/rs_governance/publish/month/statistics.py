"""Figures of an issue: how many spots and how much ground, by everything that people ask for."""

import csv
import io
import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from rs_governance.errors import SchemaViolation
from rs_governance.publish.issue import LEVELS, IssueFigures, MonthlyIssue
from rs_governance.publish.json_file import write_json
from rs_governance.publish.output_folder import writing
from rs_governance.publish.schema import DAY_OR_NULL, closed_object, document_schema, schema_id, validate
from rs_governance.publish.titles import TITLES, titles_of
from rs_governance.rules import SPOTS
from rs_governance.rules.amounts import M2_PER_MU
from rs_governance.table import Column, day, measure, ratio, text

STATISTICS = "statistics"
"""Name of the schema of `statistics.json`."""

VERSION = "1.0"
"""Version of that schema."""

GROUPINGS = ("severity", "suspicion", "theme", "kind", "department", "basis")
"""Columns of the spots by whose values they are counted."""


def _count(name: str, alias_zh: str, en: str, zh: str) -> Column:
    return Column(name=name, alias_zh=alias_zh, dtype="int64", unit="1", minimum=0, meaning_en=en, meaning_zh=zh)


def _area(name: str, alias_zh: str, en: str, zh: str) -> Column:
    return Column(
        name=name, alias_zh=alias_zh, dtype="float64", unit="m2", decimals=2, minimum=0, nullable=True,
        meaning_en=en, meaning_zh=zh,
    )  # fmt: skip


FIGURES = (
    _count("count", "图斑数", "Number of spots.", "图斑个数。"),
    measure(
        "area_m2", "面积（平方米）", "m2", "Area of the spots, each counted once.", "图斑面积合计，每个图斑只计一次。"
    ),
    measure("area_mu", "面积（亩）", "mu", "The same in mu.", "同上，以亩计。"),
    *(
        _count(each, word.zh, f"Spots of severity {word.en}.", f"{word.zh}色图斑个数。")
        for each, word in TITLES["severity"].items()
    ),
    _count("suspected", "疑似", "Spots under suspicion.", "疑似图斑个数。"),
    _area("cropland_m2", "占耕地（平方米）", "Area on cropland; null without the layer.", "占耕地面积；缺图层时为空。"),
    _area(
        "basic_cropland_m2",
        "占永农（平方米）",
        "Area on permanent basic cropland; null without the layer.",
        "占永久基本农田面积；缺图层时为空。",
    ),
    _area(
        "protected_m2", "占保护区（平方米）", "Area protected; null without the layer.", "占保护区面积；缺图层时为空。"
    ),
    _area("woodland_m2", "占林地（平方米）", "Area on woodland; null without the layer.", "占林地面积；缺图层时为空。"),
)
"""Figures of a group of spots."""

UNIT_FIGURES = (
    _count(
        "count", "图斑数", "Spots with their largest part here; adds up over units.", "主体位于本单元的图斑数，可累加。"
    ),
    _count(
        "touching", "涉及图斑数", "Spots with any part here; does not add up.", "有部分位于本单元的图斑数，不可累加。"
    ),
    measure("area_m2", "单元内面积（平方米）", "m2", "Area of spots inside the unit.", "图斑在本单元内的面积。"),
    measure("area_mu", "单元内面积（亩）", "mu", "The same in mu.", "同上，以亩计。"),
    *(
        _count(each, word.zh, f"Of `count`, severity {word.en}.", f"其中{word.zh}色。")
        for each, word in TITLES["severity"].items()
    ),
    _count("suspected", "疑似", "Of `count`, under suspicion.", "其中疑似。"),
    _area("unit_area_m2", "辖区面积（平方米）", "Area of the unit.", "本单元面积。"),
    _area("observed_m2", "可观测面积（平方米）", "Area that could be compared.", "可比对的面积。"),
    ratio("observed_share", "可观测比例", "Share that could be compared.", "可比对的比例。", nullable=True),
    day("before_on_min", "前时相最早", "Earliest image compared with.", "所用前时相最早日期。"),
    day("before_on_max", "前时相最晚", "Latest image compared with.", "所用前时相最晚日期。"),
    day("after_on_min", "后时相最早", "Earliest new image.", "所用后时相最早日期。"),
    day("after_on_max", "后时相最晚", "Latest new image.", "所用后时相最晚日期。"),
)
"""Figures of a unit; what is inside comes from the parts of the spots in it, never from their whole area."""

UNIT_KEYS = (
    text("level", "级别", "Level of the unit.", "单元级别。", values=LEVELS),
    text("code", "代码", "Code; empty outside every unit.", "单元代码；不在任何单元内时为空字符串。"),
    text("name", "名称", "Name; empty outside every unit.", "单元名称；不在任何单元内时为空字符串。"),
)
"""What a unit is called by."""


def summarise(month: MonthlyIssue) -> dict[str, Any]:
    """Return the figures of an issue as `statistics.json` holds them.

    Parameters
    ----------
    month
        The issue.

    Returns
    -------
    dict
        `total`, `by` (grouping to its groups, also empty ones), `severity_by_theme`, `units` (a row for each unit, and
        one for what lies outside all units of a level, where there is such), and what the issue is.

    Raises
    ------
    SchemaViolation
        When the figures break their schema.
    """
    spots = month.spots
    units = _units(month)
    document = {
        "schema_id": schema_id(STATISTICS, VERSION),
        "schema_version": VERSION,
        "district": {"code": month.district_code, "name": month.district_name, "name_en": month.district_name_en},
        "issue": month.issue,
        "first_image_on": _iso(month.first_image_on),
        "last_image_on": _iso(month.last_image_on),
        "observed_share": next((unit["observed_share"] for unit in units if unit["level"] == "district"), None),
        "total": _figures(spots, spots),
        "by": {name: _groups(spots, name) for name in GROUPINGS},
        "severity_by_theme": [
            {
                "theme": theme,
                "severity": severity,
                "count": int(chosen.sum()),
                "area_m2": _published_sum(spots[chosen], "area_m2"),
            }
            for theme in TITLES["theme"]
            for severity in TITLES["severity"]
            for chosen in [(spots["theme"] == theme) & (spots["severity"] == severity)]
        ],
        "units": units,
    }
    validate(document, STATISTICS)
    return document


def sum_urgent(statistics: Mapping[str, Any]) -> dict[str, Any]:
    """Return the figures of the red and yellow spots together: what somebody has to do something about.

    Parameters
    ----------
    statistics
        Figures by `summarise`.
    """
    groups = [row for row in statistics["by"]["severity"] if row["code"] in ("red", "yellow")]
    names = [column.name for column in FIGURES]
    return {name: None if groups[0][name] is None else round(sum(row[name] for row in groups), 2) for name in names}


def write_statistics_json(statistics: Mapping[str, Any], path: Path) -> None:
    """Write the figures by `summarise` as JSON.

    Raises
    ------
    OutputFailed
        When the file cannot be written.
    """
    write_json(path, statistics)


def write_statistics_csv(statistics: Mapping[str, Any], path: Path) -> None:
    """Write the figures by `summarise` as one long table: UTF-8 with a mark by which Excel knows it, Chinese heads.

    Raises
    ------
    OutputFailed
        When the file cannot be written.
    """
    columns = {column.name: column for column in (*FIGURES, *UNIT_FIGURES)}
    columns["area_m2"], columns["area_mu"] = FIGURES[1], FIGURES[2]
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow(["分组", "代码", "名称", *(column.alias_zh for column in columns.values())])
    for group, code, name, figures in _long(statistics):
        writer.writerow([group, code, name, *(figures.get(column) for column in columns)])
    with writing(path):
        path.write_bytes(b"\xef\xbb\xbf" + buffer.getvalue().encode())


def read_figures(path: Path) -> IssueFigures:
    """Read the main figures of a published issue from its `statistics.json`.

    Raises
    ------
    SchemaViolation
        When the file is damaged or of an unknown version.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        validate(document, STATISTICS)
    except (OSError, ValueError) as error:
        raise SchemaViolation(f"The figures of a former issue cannot be read from {path.name}: {error}.") from error
    counts = {name: {row["code"]: row["count"] for row in rows} for name, rows in document["by"].items()}
    return IssueFigures(
        issue=document["issue"],
        first_image_on=_day(document["first_image_on"]),
        last_image_on=_day(document["last_image_on"]),
        count=document["total"]["count"],
        area_m2=document["total"]["area_m2"],
        severity=counts["severity"],
        theme=counts["theme"],
        kind=counts["kind"],
        observed_share=document["observed_share"],
    )


def statistics_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 7) of `statistics.json`."""
    figures = {column.name: _member(column) for column in FIGURES}
    group = {"code": {"type": "string"}, "title_zh": {"type": "string"}, "title_en": {"type": "string"}}
    return document_schema(
        STATISTICS,
        VERSION,
        title="Statistics of an issue",
        description="Counts and areas of the spots. Areas of units come from the parts of spots inside them.",
        members={
            "district": closed_object({
                "code": {"type": "string"},
                "name": {"type": "string"},
                "name_en": {"type": ["string", "null"]},
            }),
            "issue": {"type": "string"},
            "first_image_on": DAY_OR_NULL,
            "last_image_on": DAY_OR_NULL,
            "observed_share": {"type": ["number", "null"], "minimum": 0, "maximum": 1},
            "total": closed_object(figures),
            "by": closed_object({
                name: {"type": "array", "items": closed_object({**group, **figures})} for name in GROUPINGS
            }),
            "severity_by_theme": {
                "type": "array",
                "items": closed_object({
                    "theme": {"enum": list(TITLES["theme"])},
                    "severity": {"enum": list(TITLES["severity"])},
                    "count": figures["count"],
                    "area_m2": figures["area_m2"],
                }),
            },
            "units": {
                "type": "array",
                "items": closed_object({column.name: _member(column) for column in (*UNIT_KEYS, *UNIT_FIGURES)}),
            },
        },
    )


def _member(column: Column) -> dict[str, Any]:
    kind = {"str": "string", "int64": "integer", "float64": "number", "date": "string"}[column.dtype]
    member: dict[str, Any] = {
        "title": column.alias_zh,
        "description": f"{column.meaning_en} {column.meaning_zh}",
        "type": [kind, "null"] if column.nullable else kind,
    }
    limits = {"minimum": column.minimum, "maximum": column.maximum, "x-unit": column.unit}
    if column.values is not None:
        member["enum"] = list(column.values)
    if column.dtype == "date":
        member |= DAY_OR_NULL
    return member | {name: limit for name, limit in limits.items() if limit is not None}


def _groups(spots: gpd.GeoDataFrame, name: str) -> list[dict[str, Any]]:
    return [
        {"code": code, "title_zh": word.zh, "title_en": word.en, **_figures(spots[spots[name] == code], spots)}
        for code, word in TITLES[name].items()
    ]


def _figures(group: gpd.GeoDataFrame, spots: gpd.GeoDataFrame) -> dict[str, Any]:
    area_m2 = _published_sum(group, "area_m2")
    figures: dict[str, Any] = {"count": len(group), "area_m2": area_m2, "area_mu": _rounded(area_m2 / M2_PER_MU)}
    figures |= {each: int((group["severity"] == each).sum()) for each in TITLES["severity"]}
    figures["suspected"] = int((group["suspicion"] == "suspected").sum())
    for name in ("cropland_m2", "basic_cropland_m2", "protected_m2", "woodland_m2"):
        unknown = len(spots) > 0 and bool(spots[name].isna().all())  # the layer is missing
        figures[name] = None if unknown else _published_sum(group, name)
    return figures


def _published_sum(group: gpd.GeoDataFrame, name: str) -> float:
    """Add areas up as they are published: whoever adds up the findings finds the same."""
    return round(float(group[name].round(SPOTS.by_name[name].decimals or 0).sum()), 2) + 0.0


def _units(month: MonthlyIssue) -> list[dict[str, Any]]:
    """Return a row for each unit: what is inside from the parts, and what could be seen."""
    parts = month.in_units
    inside = parts.groupby(["level", "code"], sort=False)["area_in_unit_m2"].agg(["sum", "size"])
    main = _main_units(month)
    ofs = month.spots[["severity", "suspicion"]].set_index(month.spots["spot_no"].to_numpy())
    main = main.join(ofs, on="spot_no")
    main["suspected"] = main["suspicion"] == "suspected"
    counted = main.groupby(["level", "code"], sort=False)
    counts = counted.size()
    suspected = counted["suspected"].sum()
    severity = main.groupby(["level", "code", "severity"], sort=False).size()
    coverage = {
        (row["level"], row["code"]): row
        for row in month.coverage.drop(columns=month.coverage.geometry.name).to_dict("records")
    }
    names = {(row.level, row.code): row.name for row in month.units[["level", "code", "name"]].itertuples(index=False)}
    outside = sorted({level for level, code in inside.index if code == ""}, key=LEVELS.index)
    rows = []
    for level, code in [*names, *((level, "") for level in outside)]:
        key = (level, code)
        area, touching = (inside["sum"].get(key, 0.0), inside["size"].get(key, 0))
        seen = coverage.get(key, {})
        rows.append({
            "level": level,
            "code": code,
            "name": names.get(key, ""),
            "count": int(counts.get(key, 0)),
            "touching": int(touching),
            "area_m2": _rounded(area),
            "area_mu": _rounded(area / M2_PER_MU),
            **{each: int(severity.get((*key, each), 0)) for each in TITLES["severity"]},
            "suspected": int(suspected.get(key, 0)),
            "unit_area_m2": _rounded(seen.get("area_m2")),
            "observed_m2": _rounded(seen.get("observed_m2")),
            "observed_share": _rounded(seen.get("observed_share"), 4),
            **{
                name: _iso(seen.get(name))
                for name in ("before_on_min", "before_on_max", "after_on_min", "after_on_max")
            },
        })
    return rows


def _main_units(month: MonthlyIssue) -> pd.DataFrame:
    """Return spot_no, level and code of the unit with the largest part of each spot, at each level."""
    spots = month.spots
    parts = month.in_units[month.in_units["level"] == "district"]
    largest = parts.sort_values(["area_in_unit_m2", "code"], ascending=[False, True], kind="stable")
    district = largest.drop_duplicates("spot_no")[["spot_no", "code"]].assign(level="district")
    levels = [
        pd.DataFrame({"spot_no": spots["spot_no"], "code": spots[f"{level}_code"].fillna(""), "level": level})
        for level in ("town", "village", "cell")
        if level in set(month.in_units["level"])
    ]
    return pd.concat([district, *levels], ignore_index=True)


def _long(statistics: Mapping[str, Any]) -> list[tuple[str, str, str, Mapping[str, Any]]]:
    rows: list[tuple[str, str, str, Mapping[str, Any]]] = [
        ("合计", "", statistics["district"]["name"], statistics["total"])
    ]
    for name in GROUPINGS:
        rows.extend((GROUPING_TITLES[name], row["code"], row["title_zh"], row) for row in statistics["by"][name])
    for cell in statistics["severity_by_theme"]:
        theme, severity = titles_of("theme", cell["theme"]).zh, titles_of("severity", cell["severity"]).zh
        rows.append(("专题×等级", f"{cell['theme']}/{cell['severity']}", f"{theme}/{severity}", cell))
    rows.extend(
        (titles_of("level", unit["level"]).zh, unit["code"], unit["name"], unit) for unit in statistics["units"]
    )
    return rows


GROUPING_TITLES: Mapping[str, str] = {
    "severity": "等级",
    "suspicion": "疑似情况",
    "theme": "专题",
    "kind": "变化类型",
    "department": "责任部门",
    "basis": "对比基准",
}
"""Chinese name of each grouping."""


def _rounded(value: Any, decimals: int = 2) -> float | None:
    if value is None or np.isnan(value):
        return None
    return round(float(value), decimals) + 0.0


def _iso(value: Any) -> str | None:
    return None if value is None or pd.isna(value) else str(pd.Timestamp(value).date())


def _day(value: str | None) -> date | None:
    return None if value is None else date.fromisoformat(value)
