"""Task lists: who has to look at which spots, as small GeoJSON files that need no others."""

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pyproj

from rs_governance.grids.gcj02 import wgs84_to_gcj02
from rs_governance.publish.formats.geojson import collection_head, encode_features, write_collection
from rs_governance.publish.issue import MonthlyIssue
from rs_governance.publish.json_file import write_json
from rs_governance.publish.month.responsible import GROUPINGS, TaskList, assign, file_names
from rs_governance.publish.output_folder import writing
from rs_governance.publish.schema import closed_object, document_schema, schema_id, table_schema, validate
from rs_governance.publish.titles import TITLES, titles_of
from rs_governance.rules import SPOTS, Word
from rs_governance.table import Column, Table, text

AUDIT_SHARE = 0.05
"""Share of the green spots without suspicion that somebody looks at on screen."""

INDEX = "task-index"
"""Name of the schema of `tasks/index.json`."""

INDEX_VERSION = "1.1"
"""Version of that schema."""

_SCREEN: Mapping[str, Word] = {
    "screen_unclear": Word("不明确图斑内业判读", "unclear ones to look at on screen"),
    "screen_audit": Word("绿色图斑内业抽查", "greens to look at on screen"),
    "no_visit": Word("不派核查的绿色图斑", "greens that nobody is sent to"),
}
"""Lists that send nobody: every green spot that is suspected all the same, a random share of the others, and the rest."""

_WORDED = ("severity", "suspicion", "kind", "theme", "department")


def _navigation(name: str, alias_zh: str, limit: float) -> Column:
    return Column(
        name=name,
        alias_zh=alias_zh,
        dtype="float64",
        unit="degree",
        minimum=-limit,
        maximum=limit,
        decimals=6,
        meaning_en="Point to navigate to, in GCJ-02, the frame of phone maps in China; good for nothing else.",
        meaning_zh="导航点（GCJ-02，即手机地图坐标系），仅供导航，不得入库或叠加分析。",
    )


def _copied(*names: str) -> tuple[Column, ...]:
    return tuple(replace(SPOTS.by_name[name], short=None) for name in names)


def _words(name: str) -> Column:
    column = SPOTS.by_name[name]
    return text(
        f"{name}_zh", f"{column.alias_zh}（中文）", f"Chinese words of {name}.", f"{column.alias_zh}的中文名称。"
    )


TASKS = Table(
    name="task-list",
    key="spot_no",
    version="1.1",
    columns=(
        *_copied("spot_no", "issue", "district_code", *_WORDED, "stage"),
        *(_words(name) for name in _WORDED),
        *_copied("rule", "reason_zh", "reason_en", "national_type"),
        *_copied("town_code", "town_name", "village_code", "village_name", "cell_code", "keeper"),
        *_copied("area_m2", "area_mu", "cropland_m2", "basic_cropland_m2", "protected_m2", "woodland_m2"),
        *_copied("built_up_boundary", "land_code", "land_label"),
        *_copied("permit_register", "permit_number", "permit_share", "ledger_number"),
        *_copied("before_on", "after_on", "before_image", "after_image", "lon", "lat"),
        _navigation("nav_gcj02_lon", "导航经度", 180.0),
        _navigation("nav_gcj02_lat", "导航纬度", 90.0),
        text(
            "chip",
            "前后对比图",
            "Picture before and after, relative to this file; null where none was made.",
            "前后时相对比图（相对本文件的路径）；未制作时为空。",
            nullable=True,
        ),
        text(
            "card",
            "核查表",
            "Check card, relative to this file; null where none was made.",
            "图斑核查表（相对本文件的路径）；未制作时为空。",
            nullable=True,
        ),
    ),
)
"""One row is one spot that somebody has to look at."""


def write_task_lists(month: MonthlyIssue, folder: Path, *, pictures: bool = True, seed: int | None = None) -> None:
    """Write the task lists of an issue, those of the greens, and an index of all.

    Each of `by_town`, `by_department`, `by_theme` and `by_inspector` has every red and yellow spot exactly once. A list
    has the most urgent first. What has no unit or keeper is in a list of its own, so nothing is lost. Every green spot is in
    one of three lists that send nobody: unclear ones for a look on screen, a draw of the others for the same, and the rest.

    Parameters
    ----------
    month
        The issue.
    folder
        Folder `tasks` of the issue; made here. Links assume `../chips` and `../cards` beside it.
    pictures
        True where every spot has a chip and a check card.
    seed
        Seed of the draw; by default one made from district and issue, so that a repeated run draws the same.

    Raises
    ------
    CrsRefused
        When the spots cannot be moved to WGS84.
    SchemaViolation
        When a list breaks its schema.
    OutputFailed
        When a file cannot be written.
    """
    seed = audit_seed(month) if seed is None else seed
    severity = month.spots["severity"].to_numpy()
    urgency = np.array([list(TITLES["severity"]).index(each) for each in severity], dtype=np.int64)
    to_visit = np.flatnonzero(severity != "green")
    to_visit = to_visit[np.argsort(urgency[to_visit], kind="stable")]
    green = severity == "green"
    unclear = green & (month.spots["suspicion"] == "suspected").to_numpy()
    greens = np.flatnonzero(green & ~unclear)
    drawn = greens[draw_audit(month.spots["spot_no"].iloc[greens].tolist(), seed=seed)]

    entries = []
    tasks, outlines = _tasks(month, to_visit, links="../../" if pictures else None)
    lines = encode_features(TASKS, tasks, outlines)
    for grouping in GROUPINGS:
        with writing(folder):
            (folder / f"by_{grouping}").mkdir(parents=True, exist_ok=True)
        members: dict[TaskList, list[int]] = {}
        for row, each in enumerate(assign(grouping, tasks, month.units)):
            members.setdefault(each, []).append(row)
        lists = sorted(members, key=lambda each: each.key)
        for each, name in zip(lists, file_names([each.key for each in lists]), strict=True):
            place, rows = f"by_{grouping}/{name}.geojson", members[each]
            _write_list(folder / place, month, each, outlines[rows], [lines[row] for row in rows], draw=None)
            entries.append(_entry(place, each, tasks.iloc[rows]))

    draw_facts = {"seed": seed, "share": AUDIT_SHARE, "of": len(greens), "drawn": len(drawn)}
    of_greens = (
        ("screen_unclear", np.flatnonzero(unclear), None),
        ("screen_audit", drawn, draw_facts),
        ("no_visit", np.setdiff1d(greens, drawn), None),
    )
    for name, chosen, draw in of_greens:
        looked_at, outlines = _tasks(month, chosen, links="../" if pictures else None)
        each = TaskList(grouping=name, key=name, title_zh=_SCREEN[name].zh, title_en=_SCREEN[name].en, responsible=None)
        lines = encode_features(TASKS, looked_at, outlines)
        _write_list(folder / f"{name}.geojson", month, each, outlines, lines, draw=draw)
        entries.append(_entry(f"{name}.geojson", each, looked_at))
    index = {
        "schema_id": schema_id(INDEX, INDEX_VERSION),
        "schema_version": INDEX_VERSION,
        "district": _district(month),
        "issue": month.issue,
        "tasks": len(tasks),
        "lists": entries,
        "draw": draw_facts,
    }
    validate(index, INDEX)
    write_json(folder / "index.json", index)


def audit_seed(month: MonthlyIssue) -> int:
    """Return the seed with which greens are drawn unless another is given: made from district and issue."""
    digest = hashlib.sha256(f"{month.district_code}/{month.issue}".encode()).digest()
    return int.from_bytes(digest[:4], "big")


def draw_audit(numbers: Sequence[str], *, seed: int, share: float = AUDIT_SHARE) -> npt.NDArray[np.intp]:
    """Draw spots at random, so that anybody can repeat it: the smallest SHA-256 digests of `seed/number` win.

    Parameters
    ----------
    numbers
        Numbers of the spots to draw from.
    seed
        Makes the draw; on record in the list.
    share
        Share to draw, 0..1, rounded up.

    Returns
    -------
    ndarray
        Positions of the drawn, ascending.

    Examples
    --------
    >>> draw_audit([f"450108-202610-{n:04d}" for n in range(40)], seed=7).size
    2
    """
    digests = [hashlib.sha256(f"{seed}/{number}".encode()).digest() for number in numbers]
    ranked = sorted(range(len(numbers)), key=digests.__getitem__)
    return np.sort(np.array(ranked[: math.ceil(round(len(numbers) * share, 9))], dtype=np.intp))


def task_list_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 7) of a task list."""
    return table_schema(
        TASKS,
        title="Task list of an issue",
        description="A GeoJSON FeatureCollection (RFC 7946, WGS84 longitude and latitude), one feature a spot to look at.",
        members={
            "district": _DISTRICT_SCHEMA,
            "issue": {"type": "string"},
            "list": closed_object(_LIST_SCHEMA),
            "draw": {"oneOf": [{"type": "null"}, _DRAW_SCHEMA]},
        },
    )


def task_index_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 7) of `tasks/index.json`."""
    count = {"type": "integer", "minimum": 0}
    entry = {
        "path": {"type": "string"},
        **_LIST_SCHEMA,
        "count": count,
        "red": count,
        "yellow": count,
        "area_m2": {"type": "number", "minimum": 0},
    }
    return document_schema(
        INDEX,
        INDEX_VERSION,
        title="Task lists of an issue",
        description="Every list with its file, relative to this one; each grouping holds every task exactly once.",
        members={
            "district": _DISTRICT_SCHEMA,
            "issue": {"type": "string"},
            "tasks": count,
            "lists": {"type": "array", "items": closed_object(entry)},
            "draw": _DRAW_SCHEMA,
        },
    )


_DISTRICT_SCHEMA = closed_object({
    "code": {"type": "string"},
    "name": {"type": "string"},
    "name_en": {"type": ["string", "null"]},
})
_LIST_SCHEMA = {
    "grouping": {"enum": [*GROUPINGS, *_SCREEN]},
    "key": {"type": "string"},
    "title_zh": {"type": "string"},
    "title_en": {"type": "string"},
    "responsible": {"type": ["string", "null"]},
}
_DRAW_SCHEMA = closed_object({
    "seed": {"type": "integer"},
    "share": {"type": "number", "minimum": 0, "maximum": 1},
    "of": {"type": "integer", "minimum": 0},
    "drawn": {"type": "integer", "minimum": 0},
})


def _tasks(month: MonthlyIssue, rows: npt.NDArray[np.intp], *, links: str | None) -> tuple[gpd.GeoDataFrame, Any]:
    """Return the tasks of some spots and their outlines in WGS84."""
    spots, outlines = month.spots.iloc[rows], month.outlines_wgs84[rows]
    values: dict[str, Any] = {column.name: spots[column.name] for column in TASKS.columns if column.name in spots}
    for name in _WORDED:
        values[f"{name}_zh"] = [titles_of(name, code).zh for code in spots[name]]
    values["nav_gcj02_lon"], values["nav_gcj02_lat"] = wgs84_to_gcj02(spots["lon"], spots["lat"])
    for name, place in (("chip", "chips/{}.png"), ("card", "cards/{}.pdf")):
        values[name] = [None if links is None else links + place.format(number) for number in spots["spot_no"]]
    return TASKS.make(values, outlines, pyproj.CRS(4326)), outlines


def _head(
    month: MonthlyIssue, each: TaskList, outlines: npt.NDArray[Any], *, draw: Mapping[str, Any] | None
) -> dict[str, Any]:
    return collection_head(TASKS, outlines) | {
        "district": _district(month),
        "issue": month.issue,
        "list": vars(each),
        "draw": draw,
    }


def _write_list(
    path: Path,
    month: MonthlyIssue,
    each: TaskList,
    outlines: npt.NDArray[Any],
    lines: Sequence[str],
    *,
    draw: Mapping[str, Any] | None,
) -> None:
    head = _head(month, each, outlines, draw=draw)
    validate({**head, "features": []}, TASKS.name)  # the features were checked when they were encoded
    write_collection(path, head, lines)


def _entry(place: str, each: TaskList, tasks: gpd.GeoDataFrame) -> dict[str, Any]:
    return {
        "path": place,
        **vars(each),
        "count": len(tasks),
        "red": int((tasks["severity"] == "red").sum()),
        "yellow": int((tasks["severity"] == "yellow").sum()),
        "area_m2": round(float(tasks["area_m2"].sum()), 2),
    }


def _district(month: MonthlyIssue) -> dict[str, Any]:
    return {"code": month.district_code, "name": month.district_name, "name_en": month.district_name_en}
