"""The task list of a package as GeoJSON: small, in WGS 84, with the point to navigate to beside the place."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pyproj

from rs_governance.cases import CHANNELS, RELATIONS, STATES
from rs_governance.field.assignments import FIELD_STATES, FieldTask
from rs_governance.field.describing import navigation_of, reason_of
from rs_governance.field.documents import check_document
from rs_governance.field.handout import Handout, Order
from rs_governance.publish.formats.geojson import collection_head, rows_and_polygons, write_collection
from rs_governance.publish.formats.wgs84 import to_wgs84_outlines
from rs_governance.publish.schema import closed_object, table_schema
from rs_governance.publish.titles import titles_of
from rs_governance.rules import DEPARTMENTS, KINDS, SEVERITIES, SUSPICIONS, THEMES
from rs_governance.table import Column, Table, measure, text

_WORDED: Mapping[str, tuple[str, Mapping[Any, Any]]] = {
    "severity": ("等级", SEVERITIES),
    "suspicion": ("疑似情况", SUSPICIONS),
    "theme": ("专题", THEMES),
    "kind": ("变化类型", KINDS),
    "department": ("责任部门", DEPARTMENTS),
}
"""Coded columns of a finding: Chinese name and words."""


def _degrees(name: str, alias_zh: str, limit: float, en: str, zh: str, decimals: int) -> Column:
    return Column(
        name=name, alias_zh=alias_zh, dtype="float64", unit="degree", minimum=-limit, maximum=limit, decimals=decimals,
        meaning_en=en, meaning_zh=zh,
    )  # fmt: skip


def _count(name: str, alias_zh: str, en: str, zh: str, minimum: int) -> Column:
    return Column(
        name=name, alias_zh=alias_zh, dtype="int64", unit="1", minimum=minimum, meaning_en=en, meaning_zh=zh
    )  # fmt: skip


def _day(name: str, alias_zh: str, en: str, zh: str) -> Column:
    return Column(name=name, alias_zh=alias_zh, dtype="date", nullable=True, meaning_en=en, meaning_zh=zh)


def _coded(name: str, alias_zh: str, en: str, values: Sequence[str]) -> tuple[Column, Column]:
    return (
        text(name, alias_zh, f"{en.capitalize()}.", f"{alias_zh}代码。", values=tuple(values)),
        text(f"{name}_zh", f"{alias_zh}（中文）", f"Chinese words of {name}.", f"{alias_zh}的中文名称。"),
    )


_NAVIGATION_EN = "Point to navigate to, in GCJ-02, the frame of phone maps in China; good for nothing else."
_NAVIGATION_ZH = "导航点（GCJ-02，即手机地图坐标系），仅供导航，不得入库或叠加分析。"

FIELD_TASKS = Table(
    name="field-tasks",
    key="number",
    version="1.0",
    columns=(
        text("number", "案件号", "Number of the case.", "案件号。"),
        _count("version", "版本", "Version of the case when it was handed out.", "下发时案件的版本。", 1),
        _count("visit", "路线次序", "Place in the visit plan; 0 without one.", "在核查路线中的次序；无路线时为 0。", 0),
        *_coded("state", "办理状态", "State of the case", FIELD_STATES),
        *(column for name, (alias, words) in _WORDED.items() for column in _coded(name, alias, name, tuple(words))),
        *_coded("channel", "发现渠道", "How it was discovered", tuple(CHANNELS)),
        *_coded("relation", "延续关系", "What it is to the latest findings", tuple(RELATIONS)),
        text("reason_zh", "理由", "Why, in Chinese.", "疑似理由（中文）。"),
        text("reason_en", "理由（英文）", "Why, in English.", "疑似理由（英文）。"),
        text(
            "returned",
            "退回原因",
            "Why evidence was sent back; null where it was not.",
            "举证退回的原因；未退回时为空。",
            nullable=True,
        ),
        text("town_code", "街镇代码", "Code of the town.", "街镇代码。"),
        text("town_name", "街镇", "Name of the town.", "街镇名称。"),
        text("village_code", "村代码", "Code of the village.", "村（社区）代码。"),
        text("village_name", "村", "Name of the village.", "村（社区）名称。"),
        text("cell_code", "网格代码", "Code of the grid cell.", "网格代码。"),
        text("keeper", "网格员", "Keeper of the cell.", "网格员。"),
        text(
            "assignee",
            "派给",
            "To whom it was handed; null for whoever is responsible.",
            "派给；未指定时为空。",
            nullable=True,
        ),
        text("holder", "经办人", "Who has it in hand; null for nobody.", "经办人；无人经办时为空。", nullable=True),
        _day("due_on", "办理期限", "Last day of the term; null without one.", "办理期限；无期限时为空。"),
        measure("area_m2", "面积", "m2", "Area.", "面积。"),
        measure("cropland_m2", "占耕地", "m2", "Cropland inside.", "占耕地面积。"),
        measure("basic_cropland_m2", "占永农", "m2", "Permanent basic cropland inside.", "占永久基本农田面积。"),
        measure("protected_m2", "占保护区", "m2", "Protected area inside.", "占保护区面积。"),
        text(
            "known_permit",
            "已知手续",
            "Approval that is known; null for none.",
            "已知批准文号；没有时为空。",
            nullable=True,
        ),
        text(
            "issue",
            "期号",
            "Issue of the finding; null where no image saw it.",
            "图斑所在期号；非卫星发现时为空。",
            nullable=True,
        ),
        _day("before_on", "前时相", "Day of the earlier image.", "前时相影像日期。"),
        _day("after_on", "后时相", "Day of the later image.", "后时相影像日期。"),
        _degrees(
            "spot_lon", "图斑经度", 180.0, "Longitude of a point inside, WGS84.", "图斑内一点的经度（WGS84）。", 7
        ),
        _degrees("spot_lat", "图斑纬度", 90.0, "Latitude of that point, WGS84.", "该点纬度（WGS84）。", 7),
        _degrees("nav_gcj02_lon", "导航经度", 180.0, _NAVIGATION_EN, _NAVIGATION_ZH, 6),
        _degrees("nav_gcj02_lat", "导航纬度", 90.0, _NAVIGATION_EN, _NAVIGATION_ZH, 6),
    ),
)
"""One row is one case to be looked at. The place of the spot is not called lon and lat: in what comes back those are the
inspector's own."""


def frame_of(tasks: Sequence[FieldTask], crs: pyproj.CRS, orders: Mapping[str, Order]) -> gpd.GeoDataFrame:
    """Put tasks into a table.

    Parameters
    ----------
    tasks
        The tasks.
    crs
        CRS of their outlines.
    orders
        Order of the visits by the case's number.

    Returns
    -------
    GeoDataFrame
        Rows as `FIELD_TASKS` declares them, in the order of the tasks.
    """
    values: dict[str, list[Any]] = {column.name: [] for column in FIELD_TASKS.columns}
    for task in tasks:
        row = _row(task, orders)
        for name, cells in values.items():
            cells.append(row[name])
    return FIELD_TASKS.make(values, np.array([task.outline for task in tasks], dtype=object), crs)


def write_task_list(
    frame: gpd.GeoDataFrame, path: Path, *, handout: Handout, outlines: npt.NDArray[Any] | None = None
) -> None:
    """Write the task list of a package.

    Parameters
    ----------
    frame
        Table of `frame_of`.
    path
        File to create.
    handout
        For whom, until when.
    outlines
        What `to_wgs84_outlines` made of the table, where it is known.

    Raises
    ------
    SchemaViolation
        When the list breaks its schema.
    OutputFailed
        When the file cannot be written.
    """
    if outlines is None:
        outlines = to_wgs84_outlines(frame, key=FIELD_TASKS.key)
    head = collection_head(FIELD_TASKS, outlines) | {"package": handout.facts}
    features = []
    for properties, polygons in rows_and_polygons(FIELD_TASKS, frame, outlines):
        kind, coordinates = ("Polygon", polygons[0]) if len(polygons) == 1 else ("MultiPolygon", polygons)
        features.append({
            "type": "Feature",
            "id": properties["number"],
            "geometry": {"type": kind, "coordinates": coordinates},
            "properties": properties,
        })
    check_document({**head, "features": features}, FIELD_TASKS.name)
    write_collection(path, head, [json.dumps(each, ensure_ascii=False, allow_nan=False) for each in features])


def field_tasks_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 7) of the task list of a package."""
    return table_schema(
        FIELD_TASKS,
        title="Tasks of a package",
        description="A GeoJSON FeatureCollection (RFC 7946, WGS84), one feature a case to look at on the ground.",
        members={"package": closed_object({name: {"type": "string"} for name in PACKAGE_MEMBERS})},
    )


PACKAGE_MEMBERS = ("number", "receiver", "receiver_name", "district", "made_at", "expires_on")
"""What a package says of itself."""


def _row(task: FieldTask, orders: Mapping[str, Order]) -> dict[str, Any]:
    lon, lat = navigation_of(task)
    order = orders.get(task.number)
    same = ("number", "version", "state", *_WORDED, "channel", "relation", "town_code", "town_name", "village_code",
            "village_name", "cell_code", "keeper", "assignee", "holder", "due_on", "area_m2", "cropland_m2",
            "basic_cropland_m2", "protected_m2", "issue")  # fmt: skip
    words = {f"{name}_zh": titles_of(name, getattr(task, name)).zh for name in _WORDED}
    reason = reason_of(task)
    return {
        **{name: getattr(task, name) for name in same},
        **words,
        "state_zh": STATES[task.state].zh,  # type: ignore[index]
        "channel_zh": CHANNELS[task.channel].zh,  # type: ignore[index]
        "relation_zh": RELATIONS[task.relation].zh,  # type: ignore[index]
        "visit": 0 if order is None else order.place,
        "reason_zh": reason.zh,
        "reason_en": reason.en,
        "returned": task.returned,
        "known_permit": task.permit_number,
        "before_on": task.spot.get("before_on"),
        "after_on": task.spot.get("after_on"),
        "spot_lon": task.lon,
        "spot_lat": task.lat,
        "nav_gcj02_lon": lon,
        "nav_gcj02_lat": lat,
    }
