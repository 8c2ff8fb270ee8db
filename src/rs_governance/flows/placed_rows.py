"""Rows with a place, from files that others write: tables, GeoJSON, shapefiles; what is wrong is said row by row."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyproj
import shapely
import shapely.affinity

from rs_governance.district import LayerSource
from rs_governance.errors import LayerUnreadable
from rs_governance.grids.gcj02 import gcj02_to_wgs84
from rs_governance.grids.placement import GCJ02, polygonal, project
from rs_governance.grids.sources import Rows, find_field, read_rows
from rs_governance.grids.values import days, texts

_TABLES = {".csv", ".tsv", ".txt", ".xlsx", ".xlsm"}
_MOST_BYTES = 200_000_000
_DEGREES = pyproj.CRS.from_epsg(4490)
# Longitudes and latitudes of China, by which exchanged coordinates are known.
_LONS, _LATS = (73.0, 136.0), (3.0, 54.0)
# A cell that a spreadsheet would run: '=...', '@...', '+' or '-' before something that is no number.
_FORMULA = re.compile(r"[\t\r]|=|@|[+\-](?![\d\s().,/-]*$)[^\s]*[(!|]")


@dataclass(frozen=True, kw_only=True)
class RowError:
    """Why a row was not taken."""

    row: int
    """Its number in the file: in a table that of the spreadsheet, where the header is 1; elsewhere from 1."""
    field: str
    """Field of the file that is to blame; `geometry` for the place."""
    value: str
    """What was found there."""
    message_zh: str
    """What was expected and what to do, in Chinese."""
    message_en: str
    """The same in English."""


@dataclass(frozen=True, kw_only=True)
class PlacedRow:
    """A row that can be used."""

    row: int
    """Its number in the file, as that of an error."""
    texts: Mapping[str, str]
    """Values by our name of the column; empty where there is none."""
    days: Mapping[str, date | None]
    """Days by our name of the column."""
    outline: shapely.Geometry
    """Valid polygon or point in the CRS asked for."""
    fields: Mapping[str, Any] = field(default_factory=dict)
    """All fields of the file as plain values."""


@dataclass(frozen=True, kw_only=True)
class Columns:
    """What is wanted of a file."""

    texts: Mapping[str, Sequence[str]]
    """Our names of the columns of texts, and what they may be called."""
    days: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """The same of the columns of days."""
    needed: Sequence[str] = ()
    """Columns that have to be there, and without which a row is of no use."""
    mapped: Mapping[str, str] = field(default_factory=dict)
    """Names of the file's fields by our names, where the usual ones do not fit; also `lon`, `lat`, `wkt`."""


def read_placed_rows(
    path: Path,
    columns: Columns,
    *,
    crs: pyproj.CRS,
    ground: shapely.Geometry | None,
    file_crs: str | None = None,
    layer: str | None = None,
) -> tuple[list[PlacedRow], list[RowError]]:
    """Read a file of places; the good rows come back, the others with what is wrong.

    Parameters
    ----------
    path
        CSV or Excel (with lon and lat, or WKT), GeoJSON, GeoPackage or shapefile.
    columns
        What is wanted of it.
    crs
        CRS in which outlines are wanted.
    ground
        Where rows may lie, in that CRS; None for anywhere.
    file_crs
        CRS of the coordinates, `GCJ-02` for phone maps; None for what the file says. Numbers of a table that says nothing
        are degrees up to 180, else metres in `crs`.
    layer
        Layer or sheet, where there are several.

    Returns
    -------
    tuple of list
        Rows in their order, and errors in their order.

    Raises
    ------
    LayerUnreadable
        When the file cannot be read, or lacks a column that is needed.
    """
    if not path.is_file():
        raise LayerUnreadable(
            f"There is no file '{path}'; name a CSV, Excel, GeoJSON, GeoPackage or shapefile.",
            zh=f"没有文件 '{path}'；请指定 CSV、Excel、GeoJSON、GeoPackage 或 Shapefile。",
        )
    if path.stat().st_size > _MOST_BYTES:
        raise LayerUnreadable(
            f"'{path.name}' has more than {_MOST_BYTES // 1_000_000} MB; split it.",
            zh=f"'{path.name}' 超过 {_MOST_BYTES // 1_000_000} MB；请拆分。",
        )
    source = LayerSource(path=path, layer=layer, fields=columns.mapped)
    rows = read_rows(source, path.name)
    wanted = {**columns.texts, **columns.days}
    names = {name: find_field(rows, _names(name, words, columns.mapped)) for name, words in wanted.items()}
    if missing := [f"{name} ({', '.join(wanted[name][:3])})" for name in columns.needed if names.get(name) is None]:
        raise LayerUnreadable(
            f"'{path.name}' has no column {', '.join(missing)}; its columns are {', '.join(rows.columns) or 'none'}. Rename "
            "one, or say which it is: --field number=工单号.",
            zh=f"'{path.name}' 缺少列 {'、'.join(missing)}；现有 {'、'.join(rows.columns) or '无'}。请改列名，或用 --field number=工单号 指明。",
        )
    words = {name: texts(rows, names[name]) for name in columns.texts}
    read_days = {name: days(rows, names[name]) for name in columns.days}
    outlines, problems = _place(rows, crs, ground, file_crs)
    header = int(path.suffix.lower() in _TABLES)
    good = []
    errors = [
        RowError(
            row=one.row + header,
            field=one.field,
            value=one.value[:80],
            message_zh=one.message_zh,
            message_en=one.message_en,
        )
        for one in rows.problems
        if not one.kept and isinstance(one.row, int)
    ]
    for i in range(len(rows)):
        row = int(rows.numbers[i]) + header
        found = _check_formulas(rows, i) or _check(columns, names, words, read_days, rows, i) or problems[i]
        if found is not None:
            errors.append(
                RowError(row=row, field=found[0], value=found[1][:80], message_zh=found[2], message_en=found[3])
            )
            continue
        good.append(
            PlacedRow(
                row=row,
                texts={name: values[i] or "" for name, values in words.items()},
                days={name: values[i] for name, (values, _) in read_days.items()},
                outline=outlines[i],
                fields={name: _plain(values[i]) for name, values in rows.columns.items()},
            )
        )
    return good, sorted(errors, key=lambda error: error.row)


_Problem = tuple[str, str, str, str]
_BEGINS_FORMULA = ("单元格以公式开头，请改为文字", "the cell begins a formula; write it as text")
_NO_RESULT = (
    "单元格是公式，没有存下结果；请直接填写数值或文字",
    "the cell holds a formula without a result; write its value",
)


def _names(name: str, words: Sequence[str], mapped: Mapping[str, str]) -> Sequence[str]:
    return (mapped[name],) if name in mapped else (name, *words)


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, str | int | bool):
        return value
    if isinstance(value, float):
        return value if np.isfinite(value) else None
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _check_formulas(rows: Rows, i: int) -> _Problem | None:
    """Refuse a formula that was never worked out, or went wrong: its cell would be lost unsaid."""
    for name, formula in rows.formulas.get(int(rows.numbers[i]), {}).items():
        value = rows.columns[name][i] if name in rows.columns else rows.geometry[i]
        if value is None:
            return name, formula, *_NO_RESULT
    return None


def _check(
    columns: Columns,
    names: Mapping[str, str | None],
    words: Mapping[str, Any],
    read_days: Mapping[str, Any],
    rows: Rows,
    i: int,
) -> _Problem | None:
    for name, values in words.items():
        value = values[i]
        if name in columns.needed and value is None:
            return str(names[name]), "", f"缺少 {name}，请补填", f"no {name}; fill it in"
        if value is not None and _FORMULA.match(value):
            return str(names[name]), value, *_BEGINS_FORMULA
    for name, (values, wrong) in read_days.items():
        if wrong[i]:
            value = str(rows.columns[str(names[name])][i])
            return str(names[name]), value, "不是日期，请写成 2026-10-08", "not a day; write it as 2026-10-08"
        if name in columns.needed and values[i] is None:
            return str(names[name]), "", f"缺少 {name}，请补填", f"no {name}; fill it in"
    return None


def _place(
    rows: Rows, crs: pyproj.CRS, ground: shapely.Geometry | None, file_crs: str | None
) -> tuple[list[shapely.Geometry | None], list[_Problem | None]]:
    """Bring every outline to a CRS; say of each that cannot be used why."""
    outlines: list[shapely.Geometry | None] = [None] * len(rows)
    problems: list[_Problem | None] = [None] * len(rows)
    groups: dict[str, list[int]] = {}
    for i, outline in enumerate(rows.geometry):
        if outline is None or outline.is_empty or not np.isfinite(outline.bounds).all():
            zh, en = (
                "没有位置，或坐标不是数；请填经度、纬度",
                "no place, or its coordinates are no numbers; fill in lon and lat",
            )
            problems[i] = ("geometry", "" if outline is None else outline.geom_type, zh, en)
        else:
            groups.setdefault(_source_of(rows, outline, file_crs), []).append(i)
    for source, members in groups.items():
        bring = _bringer(source, crs, rows.path)
        for i in members:
            brought = _tidy(bring(rows.geometry[i]))
            if brought is None:
                problems[i] = (
                    "geometry",
                    rows.geometry[i].geom_type,
                    "图形没有面积也不是点",
                    "neither an area nor a point",
                )
            elif not _is_on(brought, ground):
                problems[i] = _outside(rows.geometry[i], source, bring, ground)
            else:
                outlines[i] = brought
    return outlines, problems


def _source_of(rows: Rows, outline: shapely.Geometry, file_crs: str | None) -> str:
    if file_crs is not None:
        return file_crs
    if rows.path.suffix.lower() in _TABLES:
        return "degrees" if np.abs(outline.bounds).max() <= 180 else "metres"
    if rows.crs is None:
        raise LayerUnreadable(
            f"'{rows.path.name}' says no CRS; say it: --crs EPSG:4490.",
            zh=f"'{rows.path.name}' 没有说明坐标系；请用 --crs EPSG:4490 指明。",
        )
    return rows.crs


_Bring = Callable[[shapely.Geometry], shapely.Geometry]


def _bringer(source: str, crs: pyproj.CRS, path: Path) -> _Bring:
    if source == "metres":
        return lambda outline: outline
    is_gcj02 = source.strip().upper().replace("_", "-") in {GCJ02, "GCJ02"}
    try:
        known = pyproj.CRS.from_epsg(4326) if is_gcj02 else _DEGREES if source == "degrees" else pyproj.CRS(source)
    except pyproj.exceptions.CRSError as error:
        raise LayerUnreadable(
            f"'{source}' is no CRS that '{path.name}' can be in; write it as EPSG:4490.",
            zh=f"'{source}' 不能作为 '{path.name}' 的坐标系；请写成 EPSG:4490。",
        ) from error

    def bring(outline: shapely.Geometry) -> shapely.Geometry:
        if is_gcj02:
            outline = shapely.transform(outline, lambda xy: np.column_stack(gcj02_to_wgs84(xy[:, 0], xy[:, 1])))
        return project(np.array([outline], dtype=object), known, crs)[0]

    return bring


def _tidy(outline: shapely.Geometry) -> shapely.Geometry | None:
    if not np.isfinite(outline.bounds).all():
        return outline  # lies nowhere in this CRS: the next check says so
    if outline.geom_type == "MultiPoint":
        return outline.centroid
    if outline.geom_type == "Point":
        return outline
    if not outline.is_valid:
        outline = shapely.make_valid(outline)
    area = polygonal(np.array([outline], dtype=object))[0]
    return area if area.area > 0 else None


def _outside(outline: shapely.Geometry, source: str, bring: _Bring, ground: shapely.Geometry | None) -> _Problem:
    """Say that a row lies elsewhere, and what its coordinates may be instead."""
    x, y = (outline.bounds[0] + outline.bounds[2]) / 2, (outline.bounds[1] + outline.bounds[3]) / 2
    value = f"{x:.10g} {y:.10g}"
    swapped = shapely.transform(outline, lambda xy: xy[:, ::-1])
    if _lies(swapped, bring, ground) or (_LATS[0] <= x <= _LATS[1] and _LONS[0] <= y <= _LONS[1]):
        zh, en = "经度与纬度（或横纵坐标）颠倒，请对调", "longitude and latitude (or x and y) are exchanged; swap them"
    elif (
        source == "metres" and x > 1e6 and _lies(shapely.affinity.translate(outline, -(x // 1e6) * 1e6), bring, ground)
    ):
        zh, en = "横坐标带有带号，请去掉带号", "the easting begins with the number of its zone; leave it out"
    else:
        zh = "不在本区范围内，请核对坐标与坐标系"
        en = "lies outside the district; check the coordinates and their CRS"
    return "geometry", value, zh, en


def _lies(outline: shapely.Geometry, bring: _Bring, ground: shapely.Geometry | None) -> bool:
    return ground is not None and _is_on(bring(outline), ground)


def _is_on(outline: shapely.Geometry, ground: shapely.Geometry | None) -> bool:
    """Tell whether an outline lies on the ground that counts; one that has no place in the CRS lies nowhere."""
    return bool(np.isfinite(outline.bounds).all() and (ground is None or ground.intersects(outline)))
