"""From a file's coordinates to valid outlines in the district's CRS."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray

from rs_governance.errors import CrsRefused
from rs_governance.grids.carriers import RowProblem
from rs_governance.grids.gcj02 import gcj02_to_wgs84
from rs_governance.grids.sources import Objects, Rows
from rs_governance.scenes.crs import Remedies, describe, misplacement, read_crs, transformer

GCJ02 = "GCJ-02"
"""Word that stands for the frame of phone maps where a CRS is declared."""

REMEDIES = Remedies(
    assign="crs = '...' of this source in district.toml",
    swap="exchange the two (ogr2ogr -ct '+proj=axisswap +order=2,1' right.gpkg wrong.gpkg)",
    parameters="towgs84 = [dx, dy, dz, rx, ry, rz, ds] in district.toml",
)
"""What to do about the coordinates of a vector file."""

_POINTS = (shapely.GeometryType.POINT, shapely.GeometryType.MULTIPOINT)
_POLYGONS = (shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON)
# A repair that changes the area by more than this is told of.
_REPAIRED_SHARE = 0.01
# A straight edge this long bends by less than 1 cm when the CRS changes (a parallel at 45 degrees).
_EDGE_M = 1000.0
_METRES_PER_DEGREE = 111_320.0
# Numbers beyond this are no degrees.
_MOST_DEGREES = 360.0
# No district is as wide: a row this far from the others has coordinates of another CRS.
_STRAY_M = 1_000_000.0


def place(rows: Rows, target: pyproj.CRS, *, towgs84: tuple[float, ...] | None, points: bool = False) -> Rows:
    """Bring rows to the district's CRS and leave out those without a usable outline.

    Parameters
    ----------
    rows
        As read.
    target
        The district's CRS.
    towgs84
        Seven parameters, for old datums.
    points
        Whether points are outlines too.

    Returns
    -------
    Rows
        Rows with valid polygons or multipolygons (or points), and what was wrong with the others.

    Raises
    ------
    CrsRefused
        If there is no CRS, its datum needs parameters, or the coordinates cannot be in it.
    """
    rows = _with_outlines(rows, points=points)
    if not len(rows):
        return rows
    is_gcj02 = rows.crs is not None and rows.crs.strip().upper().replace("_", "-") in {GCJ02, "GCJ02"}
    if is_gcj02:
        source, rows = pyproj.CRS.from_epsg(4326), _without_offset(rows, target)
    elif rows.crs is not None:
        source = read_crs(rows.crs, rows.path, towgs84=towgs84, remedies=REMEDIES)
    elif rows.path.suffix.lower() in {".csv", ".tsv", ".txt", ".xlsx", ".xlsm"}:
        source = target  # the WKT of a table says no CRS; what is no degrees is taken for the district's
    else:
        raise CrsRefused(
            f"[{rows.where}] '{rows.path}' has no CRS, so its place is unknown; say it: {REMEDIES.assign} (or add the .prj)."
        )
    rows = _without_strays(rows, source)
    x, y = _middle(rows.geometry)
    if reason := misplacement(source, x, y, REMEDIES):
        raise CrsRefused(
            f"[{rows.where}] '{rows.path}' cannot lie at x={x:.10g}, y={y:.10g} in {describe(source)}: {reason}"
        )
    rows = _repaired(replace(rows, crs=GCJ02 if is_gcj02 else name_crs(source)))
    return rows if source == target else _moved(rows, source, target)


def name_crs(crs: pyproj.CRS) -> str:
    """Return a CRS as authority and code, its name where it has none."""
    known = crs.to_authority()
    return crs.name if known is None else ":".join(known)


def project(geometry: Objects, source: pyproj.CRS, target: pyproj.CRS) -> Objects:
    """Bring geometries to another CRS, their long edges bent as the change of CRS bends them."""
    edge = _EDGE_M / (_METRES_PER_DEGREE if source.is_geographic else 1.0)
    way = transformer(source, target)
    moved: Objects = shapely.transform(
        shapely.segmentize(geometry, edge),
        lambda xy: np.column_stack(way.transform(xy[:, 0], xy[:, 1])),
    )
    return moved


def polygonal(geometry: Objects) -> Objects:
    """Return what is left of geometries without points and lines; empty polygons where nothing is."""
    result = np.asarray(geometry, dtype=object).copy()
    for index in np.flatnonzero(~np.isin(shapely.get_type_id(result), _POLYGONS)):
        parts = shapely.get_parts(shapely.get_parts(result[index]))
        polygons = parts[shapely.get_type_id(parts) == shapely.GeometryType.POLYGON]
        result[index] = shapely.union_all(polygons) if len(polygons) else shapely.Polygon()
    return result


def problem(
    rows: Rows,
    index: int | np.integer[Any],
    message_zh: str,
    message_en: str,
    *,
    field: str = "geometry",
    value: object = "",
    kept: bool = False,
) -> RowProblem:
    """Describe what is wrong with one row."""
    return RowProblem(
        source=rows.where,
        row=int(rows.numbers[index]),
        field=field,
        value="" if value is None else str(value),
        message_zh=message_zh,
        message_en=message_en,
        kept=kept,
    )


def _with_outlines(rows: Rows, *, points: bool) -> Rows:
    kinds = shapely.get_type_id(rows.geometry)
    allowed = (*_POLYGONS, *_POINTS) if points else _POLYGONS
    absent = shapely.is_missing(rows.geometry)
    empty = ~absent & shapely.is_empty(rows.geometry)
    wrong = ~absent & ~empty & ~np.isin(kinds, (*allowed, shapely.GeometryType.GEOMETRYCOLLECTION))
    bounds = shapely.bounds(rows.geometry)
    endless = ~absent & ~empty & ~np.isfinite(bounds).all(axis=1)
    wanted_zh, wanted_en = ("面或点", "a polygon or a point") if points else ("面", "a polygon")
    found: list[RowProblem] = []
    for bad, zh, en in (
        (absent, "没有图形，已略去", "no geometry; left out"),
        (empty, "图形为空，已略去", "the geometry is empty; left out"),
        (wrong, f"图形不是{wanted_zh}，已略去", f"the geometry is not {wanted_en}; left out"),
        (endless, "坐标不是有限数，已略去", "a coordinate is not finite; left out"),
    ):
        for index in np.flatnonzero(bad):
            geometry = rows.geometry[index]
            found.append(problem(rows, index, zh, en, value="" if geometry is None else geometry.geom_type))
    return rows.taken(~(absent | empty | wrong | endless), found)


def _without_offset(rows: Rows, target: pyproj.CRS) -> Rows:
    """Return rows in degrees, brought back from GCJ-02: the offset stays with outlines whatever they were projected to."""
    if any(abs(part) > _MOST_DEGREES for part in _middle(rows.geometry)):
        own = target if rows.own_crs is None else read_crs(rows.own_crs, rows.path, remedies=REMEDIES)
        rows = replace(rows, geometry=project(rows.geometry, own, pyproj.CRS.from_epsg(4326)))
    moved = shapely.transform(rows.geometry, lambda xy: np.column_stack(gcj02_to_wgs84(xy[:, 0], xy[:, 1])))
    return replace(rows, geometry=moved)


def _without_strays(rows: Rows, source: pyproj.CRS) -> Rows:
    bounds = shapely.bounds(rows.geometry)
    centres = (bounds[:, :2] + bounds[:, 2:]) / 2
    unit_m = _METRES_PER_DEGREE if source.is_geographic else source.axis_info[0].unit_conversion_factor
    stray = (np.abs(centres - np.median(centres, axis=0)) * unit_m > _STRAY_M).any(axis=1)
    found = [
        problem(
            rows,
            index,
            "坐标与其他行相差 1000 公里以上（带号或坐标系不同？），已略去",
            "more than 1,000 km from the other rows (another zone number or CRS?); left out",
            value=f"{centres[index, 0]:.10g} {centres[index, 1]:.10g}",
        )
        for index in np.flatnonzero(stray)
    ]
    return rows.taken(~stray, found)


def _middle(geometry: Objects) -> tuple[float, float]:
    bounds = shapely.bounds(geometry)
    x, y = np.median((bounds[:, :2] + bounds[:, 2:]) / 2, axis=0)
    return float(x), float(y)


def _repaired(rows: Rows) -> Rows:
    broken = np.flatnonzero(~shapely.is_valid(rows.geometry))
    mixed = np.flatnonzero(shapely.get_type_id(rows.geometry) == shapely.GeometryType.GEOMETRYCOLLECTION)
    if not len(broken) and not len(mixed):
        return rows
    geometry, good, found = rows.geometry.copy(), np.ones(len(rows), dtype=bool), []
    for index in np.union1d(broken, mixed):
        before = float(shapely.area(geometry[index]))  # with its crossing: lobes that turn the other way count against
        geometry[index] = polygonal(np.array([shapely.make_valid(geometry[index])], dtype=object))[0]
        after = float(shapely.area(geometry[index]))
        good[index] = after > 0
        if not good[index]:
            found.append(problem(rows, index, "图形没有面积，已略去", "the outline has no area; left out"))
        elif abs(after - before) > _REPAIRED_SHARE * after:
            share = f"{after / before - 1:+.1%}" if before else f"0 → {after:,.0f}"
            zh = f"自相交，已修复，面积变化 {share}"
            en = f"the outline crosses itself; repaired, which changed the area by {share}"
            found.append(problem(rows, index, zh, en, kept=True))
    return replace(rows, geometry=geometry).taken(good, found)


def _moved(rows: Rows, source: pyproj.CRS, target: pyproj.CRS) -> Rows:
    geometry = project(rows.geometry, source, target)
    good: NDArray[np.bool_] = np.isfinite(shapely.bounds(geometry)).all(axis=1)
    found: Sequence[RowProblem] = [
        problem(rows, index, "在本区坐标系中无法表示，已略去", "has no place in the district's CRS; left out")
        for index in np.flatnonzero(~good)
    ]
    placed = replace(rows, geometry=geometry).taken(good, found)
    bent = np.flatnonzero(~shapely.is_valid(placed.geometry))
    if len(bent):
        repaired = placed.geometry.copy()
        repaired[bent] = polygonal(shapely.make_valid(repaired[bent]))
        placed = replace(placed, geometry=repaired)
    return placed
